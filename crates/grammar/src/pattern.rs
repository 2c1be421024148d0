//! Regular expressions: what is wrong with one, and where.

use regex_syntax::ast::{self, AssertionKind, Ast, Span};

use crate::Place;
use crate::error::Fault;

/// Deepest nesting of groups. regex-syntax takes the stack for them.
///
/// Limit of constraints: groups within each other in a regex; 400.
const DEEPEST: u32 = 100;

/// Checks a regular expression in the syntax of the regex crate, which is the one that derivre
/// compiles, and returns it without the anchors at its ends: it is matched as a whole anyway.
///
/// # Errors
/// If it is empty, no regular expression, or uses what an automaton over bytes cannot do.
pub(crate) fn checked(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        let hint = "Write a pattern such as (yes|no) or [0-9]{4}-[0-9]{2}-[0-9]{2}.";
        return Err(Fault { message: "Regex pattern is required".into(), place: None, hint });
    }
    let ast = ast::parse::ParserBuilder::new().nest_limit(DEEPEST).build().parse(text);
    let ast = ast.map_err(|error| syntax_fault(text, error))?;
    let mut anchors = Vec::new();
    find_anchors(&ast, true, true, &mut anchors).map_err(|(span, kind)| {
        let message = format!("{} is not supported here", assertion_name(&kind));
        let hint = "The pattern is matched from the completion's first byte to its last; ^ and $ \
                    are possible at its ends only, and word boundaries nowhere.";
        fault(text, &span, message, hint)
    })?;
    // What is left can only be a class or a flag that there is not.
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(DEEPEST).build();
    parser.parse(text).map_err(|error| match error {
        regex_syntax::Error::Translate(error) => {
            let hint = "See the syntax at docs.rs/regex; patterns match text, so they cannot match \
                        bytes that are no UTF-8.";
            fault(text, error.span(), error.kind().to_string(), hint)
        }
        other => Fault { message: other.to_string(), place: None, hint: SYNTAX },
    })?;
    let mut kept = String::new();
    let mut from = 0;
    for anchor in anchors {
        kept.push_str(&text[from..anchor.start.offset]);
        from = anchor.end.offset;
    }
    kept.push_str(&text[from..]);
    Ok(kept)
}

const SYNTAX: &str = "The syntax is that of Rust's regex crate (docs.rs/regex).";

fn syntax_fault(text: &str, error: ast::Error) -> Fault {
    use ast::ErrorKind;
    let hint = match error.kind() {
        ErrorKind::GroupUnclosed => {
            "Close the group with ), or write \\( for the character itself."
        }
        ErrorKind::GroupUnopened => "Remove the ), or write \\) for the character itself.",
        ErrorKind::ClassUnclosed => {
            "Close the class with ], or write \\[ for the character itself."
        }
        ErrorKind::UnsupportedLookAround => {
            "A grammar looks at each byte once; say what may come instead, with | and classes."
        }
        ErrorKind::UnsupportedBackreference => {
            "A grammar cannot remember what a group matched; write the alternatives out."
        }
        ErrorKind::RepetitionMissing => {
            "Put something before *, + or ?, or write \\* for the character itself."
        }
        ErrorKind::RepetitionCountInvalid => "Write the smaller count first, as in a{2,5}.",
        ErrorKind::NestLimitExceeded(_) => "Nest groups less deeply.",
        ErrorKind::EscapeUnexpectedEof | ErrorKind::EscapeUnrecognized => {
            "Write \\\\ for a backslash; letters can be escaped only where that means something."
        }
        _ => SYNTAX,
    };
    fault(text, error.span(), error.kind().to_string(), hint)
}

fn fault(text: &str, span: &Span, message: String, hint: &'static str) -> Fault {
    // An empty span is where something is missing; what stands there is shown.
    let end = span.end.offset.max(span.start.offset + 1);
    Fault { message, place: Some(Place::of(text, span.start.offset, end)), hint }
}

/// The anchors that stand at the ends, in order.
///
/// # Errors
/// The first assertion that stands anywhere else.
fn find_anchors(
    ast: &Ast,
    at_start: bool,
    at_end: bool,
    found: &mut Vec<Span>,
) -> Result<(), (Span, AssertionKind)> {
    match ast {
        Ast::Assertion(assertion) => {
            use AssertionKind::{EndLine, EndText, StartLine, StartText};
            let at_its_place = match assertion.kind {
                StartLine | StartText => at_start,
                EndLine | EndText => at_end,
                _ => false,
            };
            if !at_its_place {
                return Err((assertion.span, assertion.kind.clone()));
            }
            found.push(assertion.span);
        }
        Ast::Repetition(repetition) => find_anchors(&repetition.ast, false, false, found)?,
        Ast::Group(group) => find_anchors(&group.ast, at_start, at_end, found)?,
        Ast::Alternation(alternation) => {
            for branch in &alternation.asts {
                find_anchors(branch, at_start, at_end, found)?;
            }
        }
        Ast::Concat(concat) => {
            let last = concat.asts.len() - 1;
            for (index, part) in concat.asts.iter().enumerate() {
                find_anchors(part, at_start && index == 0, at_end && index == last, found)?;
            }
        }
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => {}
    }
    Ok(())
}

fn assertion_name(kind: &AssertionKind) -> &'static str {
    match kind {
        AssertionKind::StartLine | AssertionKind::StartText => "a start anchor",
        AssertionKind::EndLine | AssertionKind::EndText => "an end anchor",
        _ => "a word boundary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_at_the_ends_mean_what_is_meant_anyway() {
        for (text, expected) in [
            ("yes|no", "yes|no"),
            ("^yes$", "yes"),
            (r"\Ayes\z", "yes"),
            ("^a$|^b$", "a|b"),
            ("(^a$)", "(a)"),
            ("^", ""),
            (r"\^a\$", r"\^a\$"),
        ] {
            assert_eq!(checked(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (text, message, line, column, offending) in [
            ("a(b", "unclosed group", 1, 2, "("),
            ("ab)", "unopened group", 1, 3, ")"),
            ("[a-", "unclosed character class", 1, 1, "["),
            (
                "x\n(?=a)b",
                "look-around, including look-ahead and look-behind, is not supported",
                2,
                1,
                "(?=",
            ),
            (r"(a)\1", "backreferences are not supported", 1, 4, r"\1"),
            ("*a", "repetition operator missing expression", 1, 1, "*"),
            (
                "a{5,2}",
                "invalid repetition count range, the start must be <= the end",
                1,
                2,
                "{5,2}",
            ),
            (r"a\q", "unrecognized escape sequence", 1, 2, r"\q"),
            (r"ä\bb", "a word boundary is not supported here", 1, 2, r"\b"),
            ("a^b", "a start anchor is not supported here", 1, 2, "^"),
            ("(a$)*", "an end anchor is not supported here", 1, 3, "$"),
            (r"\p{Nonsense}", "Unicode property not found", 1, 1, r"\p{Nonsense}"),
            (r"(?-u:\xff)", "pattern can match invalid UTF-8", 1, 6, r"\xff"),
        ] {
            let fault = checked(text).unwrap_err();
            assert_eq!(fault.message, message, "{text}");
            let expected = Place { line, column, offending: offending.into() };
            assert_eq!(fault.place, Some(expected), "{text}");
        }
        assert_eq!(checked("").unwrap_err().message, "Regex pattern is required");
        let deep = checked(&["(".repeat(100_000), ")".repeat(100_000)].concat()).unwrap_err();
        assert!(deep.message.contains("nested"), "{deep}");
    }
}
