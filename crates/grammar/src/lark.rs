//! Grammars in Lark's notation: what is wrong with one, and where.

use crate::error::Fault;
use crate::{Place, pattern};

/// Deepest nesting of brackets: llguidance takes the stack for them.
///
/// Limit of constraints: brackets within each other in a grammar; 400.
const DEEPEST: usize = 100;

/// Checks what must be known before llguidance reads a grammar.
///
/// # Errors
/// If it is blank or nested too deeply.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        let hint = "Write rules such as start: \"yes\" | \"no\".";
        return Err(Fault { message: "CFG grammar is required".into(), place: None, hint });
    }
    // Brackets within texts and patterns count, too: they would have to nest as deeply.
    let mut depth = 0usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            // No rule spans a blank line, so unmatched brackets in texts add up no further.
            b'\n' if text.as_bytes().get(offset + 1) == Some(&b'\n') => depth = 0,
            _ => {}
        }
        if depth > DEEPEST {
            let message = format!("brackets are nested more than {DEEPEST} deep");
            let place = Some(Place::of(text, offset, offset + 1));
            return Err(Fault { message, place, hint: "Give the inner parts rules of their own." });
        }
    }
    Ok(())
}

/// Explains what llguidance said about a grammar. Its messages begin with the place as
/// `line(column): `, and draw it below. `original` tells which line of the text a line of the grammar is that was
/// compiled.
pub(crate) fn fault(text: &str, message: &str, original: impl Fn(usize) -> usize) -> Fault {
    let first = message.lines().next().unwrap_or_default();
    let (place, said) = match placed(first) {
        Some((line, column, said)) => (Some(Place::at(text, original(line), column)), said),
        None if first.starts_with("at EOF: ") => {
            (Some(Place::of(text, text.len(), text.len())), &first["at EOF: ".len()..])
        }
        None => (None, first),
    };
    let is_regex =
        message.contains("regex parse error") || message.contains("lookarounds not supported");
    if is_regex && let Some(fault) = pattern_fault(text, place.as_ref().map_or(1, |at| at.line)) {
        return fault;
    }
    let reason = message.lines().find_map(|line| line.trim().strip_prefix("error: "));
    let said = match reason {
        Some(reason) if is_regex => format!("a pattern cannot be read: {reason}"),
        // The list of special tokens that follows may be long.
        _ => said.split("; following special tokens").next().unwrap_or_default().to_owned(),
    };
    // llguidance points at the rule's beginning.
    let place = said
        .split_once("unknown name: \"")
        .and_then(|(_, rest)| {
            let name = rest.split('"').next()?;
            named(text, name, place.as_ref()?.line)
        })
        .or(place);
    let hint = if is_regex {
        "Patterns have the syntax of Rust's regex crate, without look-around and back-references."
    } else if said.contains("no start rule") {
        "One rule must be called start, as in start: answer."
    } else if said.contains("unknown name") {
        "Define it: rules are written in small letters (name: …), terminals in capitals (NAME: …)."
    } else if said.contains("lexer error") {
        "No token of the notation begins here: texts stand in \"…\" on one line, patterns in /…/."
    } else if said.contains("circular") {
        "Terminals (in capitals) cannot contain themselves; write a rule in small letters."
    } else if said.contains("special token") {
        "Special tokens are written as in the vocabulary, such as <|im_end|>."
    } else {
        "See docs/grammar.md for the notation."
    };
    Fault { message: said, place, hint }
}

/// What is wrong with a pattern of a grammar, of those from a line on or else of all.
fn pattern_fault(text: &str, line: usize) -> Option<Fault> {
    let faults = patterns(text).into_iter().filter_map(|(offset, written)| {
        let mut fault = pattern::checked(written).err()?;
        // Only what a place can be given is surely refused by llguidance, too.
        fault.place = Some(fault.place?.after(&text[..offset]));
        Some(fault)
    });
    let faults: Vec<Fault> = faults.collect();
    let is_behind = |fault: &&Fault| fault.place.as_ref().is_some_and(|place| place.line >= line);
    faults.iter().find(is_behind).or(faults.first()).cloned()
}

/// The patterns of a grammar, each with the offset at which it begins behind its slash.
fn patterns(text: &str) -> Vec<(usize, &str)> {
    /// How many bytes there are before the first of some signs that no backslash escapes.
    fn len_until(text: &str, signs: &[char]) -> usize {
        let mut is_escaped = false;
        let end = text.find(|c: char| {
            let is_end = !is_escaped && signs.contains(&c);
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        end.unwrap_or(text.len())
    }
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = text[at..].find(['"', '/', '#']) {
        at += next + 1;
        let (sign, rest) = (text.as_bytes()[at - 1], &text[at..]);
        let len = match sign {
            b'"' => len_until(rest, &['"', '\n']),
            b'/' if !rest.starts_with('/') => {
                let len = len_until(rest, &['/']);
                found.push((at, &rest[..len]));
                len
            }
            // A comment.
            _ => rest.find('\n').unwrap_or(rest.len()),
        };
        at = (at + len + 1).min(text.len());
    }
    found
}

/// Takes `at 3(12): words` or `3(12): words` apart.
fn placed(message: &str) -> Option<(usize, usize, &str)> {
    let message = message.strip_prefix("at ").unwrap_or(message);
    let (line, rest) = message.split_once('(')?;
    let (column, said) = rest.split_once("): ")?;
    Some((line.parse().ok()?, column.parse().ok()?, said))
}

/// The first place of a name, as a whole word, from a line on.
fn named(text: &str, name: &str, line: usize) -> Option<Place> {
    // A text in quotes is no name.
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    let rest = text.get(start..)?;
    let (offset, _) = rest.match_indices(name).find(|(offset, _)| {
        let is_free = |neighbour: Option<char>| !neighbour.is_some_and(is_word);
        is_free(rest[..*offset].chars().next_back())
            && is_free(rest[offset + name.len()..].chars().next())
    })?;
    Some(Place::of(text, start + offset, start + offset + name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_from_the_message() {
        for (message, line, column, offending, said) in [
            ("at 2(4): unknown name: \"b\"\n   1 | ...", 2, 4, "bb", "unknown name: \"b\""),
            ("1(1): lexer error\n", 1, 1, "start", "lexer error"),
            ("at EOF: Expected value", 2, 6, "", "Expected value"),
            (
                "at 2(4): invalid regex \"(a\" (in regex): regex parse error:\n    (a\nerror: unclosed group\n",
                2,
                4,
                "bb",
                "a pattern cannot be read: unclosed group",
            ),
        ] {
            let fault = fault("start: a\na: bb", message, |line| line);
            assert_eq!(fault.message, said);
            assert_eq!(fault.place, Some(Place { line, column, offending: offending.into() }));
        }
        assert_eq!(fault("x", "no start rule found", |line| line).place, None);
        let text = "b: c\nstart: \"b\" bb | b c\n";
        for (line, name, column) in [(2, "b", 17), (2, "bb", 12), (2, "c", 19)] {
            let message = format!("at 2(8): unknown name: \"{name}\"");
            let expected = Place { line, column, offending: name.into() };
            assert_eq!(fault(text, &message, |line| line).place, Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_said_as_of_any_other() {
        let text = "// a/(\nstart: \"/(\\\"\" b /\\/é/ # /(/\nb: /(?=a)/ /x(/\n";
        let parts: Vec<&str> = patterns(text).into_iter().map(|(_, pattern)| pattern).collect();
        assert_eq!(parts, ["\\/é", "(?=a)", "x("]);
        let message =
            "at 3(4): invalid regex \"(?=a)\" (in regex): regex parse error:\nerror: look-around";
        let found = fault(text, message, |line| line);
        assert_eq!(found.message, "a look-ahead is not possible");
        assert_eq!(found.place, Some(Place { line: 3, column: 5, offending: "(?=".into() }));
        assert_eq!(patterns("\"a\n/b"), [(4, "b")]);
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused_before_it_is_read() {
        assert!(check(&format!("start: {}\"a\"{}", "(".repeat(100), ")".repeat(100))).is_ok());
        let fault = check(&format!("start: {}", "(".repeat(100_000))).unwrap_err();
        assert_eq!(fault.place, Some(Place { line: 1, column: 108, offending: "(".into() }));
        assert!(check(" \n").unwrap_err().message.contains("required"));
        let many = "a: \"(\"\n\n".repeat(1000);
        assert!(check(&many).is_ok());
    }
}
