//! Where in a JSON document an unfinished text stands.

use std::fmt;

/// A place in a JSON document, which is printed as `$.items[0].name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPath(Vec<Step>);

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item.
    Index(usize),
}

impl DocumentPath {
    /// The steps from the document to the place.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::Key(key) if is_name(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What is open around a place.
enum Open {
    /// An object; the key whose value is being written.
    Object(Option<String>),
    /// An array; the index of the item being written.
    Array(usize),
}

/// What may come next within what is open.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Key,
    Colon,
    Value,
    CommaOrEnd,
    Nothing,
}

/// The place at the end of an unfinished JSON document, such as `$.items[0].name`: the value that is
/// being written, or the innermost object in which a key comes next. None if the text is no
/// beginning of a document, so far as is looked at: whether strings, numbers and names are well
/// formed is the grammar's business.
pub fn document_path(text: &[u8]) -> Option<DocumentPath> {
    let mut open: Vec<Open> = Vec::new();
    let mut next = Next::Value;
    let mut bytes = text.iter().copied().enumerate().peekable();
    while let Some((start, byte)) = bytes.next() {
        match (byte, next) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => {}
            (b'{', Next::Value) => {
                open.push(Open::Object(None));
                next = Next::Key;
            }
            (b'[', Next::Value) => open.push(Open::Array(0)),
            (b'"', Next::Key | Next::Value) => {
                let mut is_escaped = false;
                let end = bytes.find(|(_, byte)| {
                    let is_end = *byte == b'"' && !is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    is_end
                });
                let Some((end, _)) = end else { break };
                if next == Next::Value {
                    next = after_value(&open);
                } else {
                    let literal = &text[start..=end];
                    let key = serde_json::from_slice(literal);
                    let as_written =
                        || String::from_utf8_lossy(&literal[1..literal.len() - 1]).into();
                    *open.last_mut()? = Open::Object(Some(key.unwrap_or_else(|_| as_written())));
                    next = Next::Colon;
                }
            }
            (b':', Next::Colon) => next = Next::Value,
            (b',', Next::CommaOrEnd) => match open.last_mut()? {
                Open::Object(key) => {
                    *key = None;
                    next = Next::Key;
                }
                Open::Array(index) => {
                    *index += 1;
                    next = Next::Value;
                }
            },
            (b'}', Next::Key | Next::CommaOrEnd)
                if matches!(open.last(), Some(Open::Object(_))) =>
            {
                open.pop();
                next = after_value(&open);
            }
            // An array may be empty.
            (b']', Next::Value | Next::CommaOrEnd)
                if matches!(open.last(), Some(Open::Array(_))) =>
            {
                open.pop();
                next = after_value(&open);
            }
            (_, Next::Value) => {
                let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
                if !is_word(byte) {
                    return None;
                }
                while bytes.next_if(|(_, byte)| is_word(*byte)).is_some() {}
                // More of a number or a name may follow.
                if bytes.peek().is_some() {
                    next = after_value(&open);
                }
            }
            _ => return None,
        }
    }
    Some(path(&open, next))
}

fn after_value(open: &[Open]) -> Next {
    if open.is_empty() { Next::Nothing } else { Next::CommaOrEnd }
}

fn path(open: &[Open], next: Next) -> DocumentPath {
    // Behind a value, what surrounds it is the place.
    let open = if next == Next::CommaOrEnd { &open[..open.len() - 1] } else { open };
    let steps = open.iter().filter_map(|level| match level {
        Open::Object(key) => key.clone().map(Step::Key),
        Open::Array(index) => Some(Step::Index(*index)),
    });
    DocumentPath(steps.collect())
}

/// Whether a key needs no quotes in a path.
fn is_name(key: &str) -> bool {
    let mut characters = key.chars();
    let is_start = |c: char| c.is_alphabetic() || c == '_';
    characters.next().is_some_and(is_start) && characters.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_value_being_written() {
        for (text, path) in [
            ("", "$"),
            ("{", "$"),
            (r#"{"na"#, "$"),
            (r#"{"name""#, "$.name"),
            (r#"{"name":"#, "$.name"),
            (r#"{"name": "Jo \" {"#, "$.name"),
            (r#"{"name": "Jo""#, "$"),
            (r#"{"name": "Jo", "#, "$"),
            (r#"{"a": 1"#, "$.a"),
            (r#"{"a": 1 "#, "$"),
            ("[", "$[0]"),
            ("[1, tru", "$[1]"),
            ("[[], ", "$[1]"),
            (r#"{"items": [{"x": 1}, {"name": ["#, "$.items[1].name[0]"),
            (r#"{"two words": {"é": "#, r#"$["two words"].é"#),
            (r#"{"\u0061": "#, "$.a"),
            (r#"{"a\\": "#, r#"$["a\\"]"#),
            (r#"{"a": {}}"#, "$"),
            ("3", "$"),
        ] {
            let found = document_path(text.as_bytes()).map(|found| found.to_string());
            assert_eq!(found.as_deref(), Some(path), "{text}");
        }
        for text in ["}", "{]", "[}", "{1", "yes no", "{\"a\" 1", "[1 2", "*", "{}{"] {
            assert_eq!(document_path(text.as_bytes()), None, "{text}");
        }
    }
}
