//! Schemas within grammars: `%json {…}` becomes a grammar of our own, so that its masks are as right as those of a
//! schema alone.

use serde_json::{Deserializer, Value};

use crate::error::Fault;
use crate::schema;

/// What stands before a schema.
const KEYWORD: &str = "%json";

/// A grammar whose schemas were replaced.
pub(crate) struct Replaced {
    pub(crate) text: String,
    /// For each schema the lines of the new text that came for it: the first, and how many there are more than before.
    blocks: Vec<(usize, usize)>,
}

impl Replaced {
    /// The line of the old text for one of the new.
    pub(crate) fn line(&self, line: usize) -> usize {
        let mut more = 0;
        for (first, extra) in &self.blocks {
            if line > *first {
                more += (line - first).min(*extra);
            }
        }
        line - more
    }
}

/// Replaces the schemas in a grammar.
///
/// # Errors
/// What is wrong with one of them, at its place in the grammar.
pub(crate) fn replaced(text: &str) -> Result<Replaced, Fault> {
    let mut replaced = Replaced { text: String::new(), blocks: Vec::new() };
    let mut done = 0;
    while let Some(place) = next(text, done) {
        let start = place + KEYWORD.len();
        let mut values = Deserializer::from_str(&text[start..]).into_iter::<Value>();
        // What is no JSON is told by whoever reads the grammar.
        let Some(Ok(_)) = values.next() else { break };
        let end = start + values.byte_offset();
        let schema = &text[start..end];
        let grammar = schema::within_a_grammar(schema).map_err(|fault| Fault {
            place: fault.place.map(|at| at.after(&text[..start])),
            ..fault
        })?;
        replaced.text += &text[done..place];
        let first = replaced.text.matches('\n').count() + 1;
        replaced.text += &format!("%lark {{\n{grammar}}}");
        let lines = grammar.matches('\n').count() + 1;
        replaced.blocks.push((first, lines.saturating_sub(schema.matches('\n').count())));
        done = end;
    }
    replaced.text += &text[done..];
    Ok(replaced)
}

/// The next place of the keyword outside of texts, patterns and comments.
fn next(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut place = from;
    while place < bytes.len() {
        let rest = &text.as_bytes()[place..];
        match rest[0] {
            quote @ (b'"' | b'/') if !rest.starts_with(b"//") => {
                place += 1;
                while place < bytes.len() && bytes[place] != quote && bytes[place] != b'\n' {
                    place += if bytes[place] == b'\\' { 2 } else { 1 };
                }
                place += 1;
            }
            b'/' | b'#' => {
                place += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            }
            b'%' if rest.starts_with(KEYWORD.as_bytes()) => return Some(place),
            _ => place += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_where_they_are_some() {
        for (text, found) in [
            ("start: %json {\"type\": \"null\"}", 1),
            ("start: \"%json {}\" /%json {}/\n// %json {}\n# %json {}\n", 0),
            ("start: \"\\\"\" %json {} a\na: %json {\n\"const\": 1}\n", 2),
            ("start: %json {", 0),
        ] {
            let replaced = replaced(text).unwrap();
            assert_eq!(replaced.blocks.len(), found, "{text}: {}", replaced.text);
            assert_eq!(replaced.text.matches("%lark {").count(), found);
        }
    }

    #[test]
    fn lines_behind_a_schema_are_those_of_the_text() {
        let text = "a: \"x\"\nstart: %json {\n\"const\": 1\n} b\nb: c\n";
        let replaced = replaced(text).unwrap();
        let line = replaced.text.lines().position(|line| line == "b: c").unwrap() + 1;
        assert_eq!(replaced.line(line), 5);
        assert_eq!(replaced.line(1), 1);
        assert_eq!(replaced.line(2), 2);
        let fault = super::replaced("start: \"a\"\nb: %json {\"minProperties\": 2}").err().unwrap();
        let place = fault.place.unwrap();
        assert_eq!((place.line, place.column), (2, 11));
    }
}
