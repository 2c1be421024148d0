//! The filter `tojson`, as transformers has it: Python's `json.dumps(value, ensure_ascii=False)`.

use super::sorted as in_order;
use crate::call::{Values, flag_or};
use crate::error::{Result, failed};
use crate::print::float_repr;
use crate::render::Renderer;
use crate::value::Value;

/// How JSON is laid out.
struct Style {
    ascii: bool,
    /// What a level is indented by; with none, all is one line.
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
    sorted: bool,
}

pub(crate) fn tojson(renderer: &Renderer, value: Value, arguments: Values) -> Result<Value> {
    let [ascii, indent, separators, sorted] =
        arguments.bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])?;
    let indent = match indent {
        None | Some(Value::None) => None,
        Some(Value::Str(margin)) => Some(margin.to_string()),
        Some(other) => match other.as_int() {
            Some(width) => {
                let width = usize::try_from(width).unwrap_or(0);
                renderer.budget.spend(width)?;
                Some(" ".repeat(width))
            }
            None => return failed("indent must be a number or a text"),
        },
    };
    let (item_separator, key_separator) = match separators {
        None | Some(Value::None) => (if indent.is_some() { "," } else { ", " }.into(), ": ".into()),
        Some(pair) => match renderer.walk(&pair)?.as_slice() {
            [Value::Str(item), Value::Str(key)] => (item.to_string(), key.to_string()),
            _ => return failed("separators must be two texts"),
        },
    };
    let sorted = flag_or(sorted, false);
    let style =
        Style { ascii: flag_or(ascii, false), indent, item_separator, key_separator, sorted };
    let mut out = String::new();
    style.write(renderer, &value, 0, &mut out)?;
    Ok(Value::from(out))
}

impl Style {
    fn write(
        &self,
        renderer: &Renderer,
        value: &Value,
        level: usize,
        out: &mut String,
    ) -> Result<()> {
        match value {
            Value::None => out.push_str("null"),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Float(number) => out.push_str(&json_float(*number)),
            Value::Str(text) => self.write_text(text, out),
            Value::Seq(seq) => {
                let items = seq.items();
                self.write_all(renderer, items, ['[', ']'], level, out, |item, out| {
                    self.write(renderer, item, level + 1, out)
                })?;
            }
            Value::Dict(dict) => {
                let mut keys: Vec<Value> = dict.iter().map(|(key, _)| key.clone()).collect();
                if self.sorted {
                    keys =
                        in_order(keys.into_iter().map(|key| (key.clone(), key)).collect(), false)?;
                }
                self.write_all(renderer, &keys, ['{', '}'], level, out, |key, out| {
                    self.write_text(&key_text(key)?, out);
                    out.push_str(&self.key_separator);
                    let value = dict.get(key)?.unwrap_or(&Value::None);
                    self.write(renderer, value, level + 1, out)
                })?;
            }
            other => {
                let kind = other.type_name();
                return failed(format!("Object of type {kind} is not JSON serializable"));
            }
        }
        Ok(())
    }

    fn write_all<T>(
        &self,
        renderer: &Renderer,
        items: &[T],
        [open, close]: [char; 2],
        level: usize,
        out: &mut String,
        mut write: impl FnMut(&T, &mut String) -> Result<()>,
    ) -> Result<()> {
        out.push(open);
        let new_line = |level: usize, out: &mut String| match &self.indent {
            Some(margin) if !items.is_empty() => {
                renderer.budget.spend(1 + margin.len().saturating_mul(level))?;
                out.push('\n');
                out.push_str(&margin.repeat(level));
                Ok(())
            }
            _ => Ok(()),
        };
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                renderer.budget.spend(self.item_separator.len())?;
                out.push_str(&self.item_separator);
            }
            new_line(level + 1, out)?;
            renderer.budget.spend(self.key_separator.len())?;
            write(item, out)?;
        }
        new_line(level, out)?;
        out.push(close);
        Ok(())
    }

    fn write_text(&self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if c < ' ' || (self.ascii && !matches!(c, ' '..='~')) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn json_float(number: f64) -> String {
    match number {
        number if number.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        number => float_repr(number),
    }
}

fn key_text(key: &Value) -> Result<String> {
    Ok(match key {
        Value::Str(text) => text.to_string(),
        Value::None => "null".into(),
        Value::Bool(flag) => if *flag { "true" } else { "false" }.into(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => json_float(*number),
        other => {
            let kind = other.type_name();
            return failed(format!("keys must be str, int, float, bool or None, not {kind}"));
        }
    })
}
