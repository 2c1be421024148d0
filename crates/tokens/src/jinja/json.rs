//! The filter `tojson`.

use std::io::Write;

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};
use serde::Serialize;

use super::budget::refusal;

/// Spaces that one level of JSON is indented by, and bytes of what separates its items.
const MAX_JSON_SPACING: usize = 8;

/// JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it, with its other arguments.
pub(super) fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    let failed =
        |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let sort_keys: Option<bool> = options.get("sort_keys")?;
    let ensure_ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    if ensure_ascii == Some(true) {
        return Err(refusal("JSON in ASCII alone is not supported"));
    }
    if indent.is_some_and(|width| width > MAX_JSON_SPACING) {
        return Err(refusal("JSON is indented by 8 spaces at most"));
    }
    let [item_separator, key_separator] = match separators.as_deref() {
        None => [if indent.is_some() { "," } else { ", " }, ": "],
        Some([item, key]) if item.len().max(key.len()) <= MAX_JSON_SPACING => {
            [item.as_str(), key.as_str()]
        }
        Some(_) => return Err(refusal("JSON is separated by two texts of 8 bytes at most")),
    };
    let style = PythonStyle { item_separator, key_separator, indent, depth: 0, is_empty: true };
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, style);
    if sort_keys == Some(true) {
        let mut sorted = serde_json::to_value(value).map_err(failed)?;
        sorted.sort_all_objects();
        sorted.serialize(&mut serializer).map_err(failed)?;
    } else {
        value.serialize(&mut serializer).map_err(failed)?;
    }
    String::from_utf8(json).map_err(|_| refusal("JSON that is not UTF-8"))
}

/// What stands between the values of JSON.
struct PythonStyle<'a> {
    item_separator: &'a str,
    key_separator: &'a str,
    /// Spaces per level; with none given, all is one line.
    indent: Option<usize>,
    depth: usize,
    /// Whether nothing stands in the innermost list or object yet.
    is_empty: bool,
}

impl PythonStyle<'_> {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        self.depth -= 1;
        if !self.is_empty {
            self.new_line(out)?;
        }
        // It is itself an item of what is around it.
        self.is_empty = false;
        out.write_all(bracket)
    }

    fn separate<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        self.is_empty = false;
        if !first {
            out.write_all(self.item_separator.as_bytes())?;
        }
        self.new_line(out)
    }

    fn new_line<W: ?Sized + Write>(&self, out: &mut W) -> std::io::Result<()> {
        match self.indent {
            Some(width) => write!(out, "\n{:1$}", "", width * self.depth),
            None => Ok(()),
        }
    }
}

impl serde_json::ser::Formatter for PythonStyle<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(self.key_separator.as_bytes())
    }
}
