//! Lines for the terminal.
//!
//! Names of models, files and users' paths come from strangers and go into lines about them. A name with a line
//! end in it could write a line of its own, and one with an escape sequence could do to a terminal what a
//! program can. So characters that are not printed are written as escapes.

use std::borrow::Cow;
use std::fmt::Debug;
use std::io::{self, IsTerminal as _};

use tracing::Level;
use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, Writer};

/// Sends the program's log to standard error from now on.
pub(crate) fn start(level: Level) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .fmt_fields(format::debug_fn(write_field).delimited(" "))
        .init();
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let text = format!("{value:?}");
    let text = one_line(&text);
    match field.name() {
        "message" => write!(writer, "{text}"),
        name => write!(writer, "{name}={text}"),
    }
}

/// A text with escapes for what would end the line, change the terminal or turn the direction of writing.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprinted) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_unprinted(character) {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    Cow::Owned(line)
}

fn is_unprinted(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}')
        || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_writes_no_line_of_its_own() {
        for (text, expected) in [
            ("models/naïve 模型 🦀", "models/naïve 模型 🦀"),
            ("a\nERROR all is lost", "a\\nERROR all is lost"),
            ("a\r\tb", "a\\r\\tb"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J\u{85}", "\\u{9b}2J\\u{85}"),
            ("gguf.\u{202e}txt", "gguf.\\u{202e}txt"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }
}
