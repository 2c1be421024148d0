//! Regular expressions: what is wrong with one, and what llguidance gets of one that is right.

mod faults;
mod plain;
mod spelling;

use regex_syntax::ast::{self, AssertionKind, Ast, RepetitionKind, RepetitionOp, RepetitionRange};

use crate::error::Fault;
use faults::Source;
use spelling::Spelling;

/// Deepest nesting of groups. regex-syntax takes the stack for them.
///
/// Limit of constraints: groups within each other in a regex; 400.
const DEEPEST: u32 = 100;

/// Checks a regular expression and returns one that means the same, which llguidance reads as it is meant. Every
/// character of it counts, white space at its ends, too.
///
/// It is matched as a whole, so anchors at its ends say nothing and are left out. So are flags, comments and
/// spaces of the verbose mode and the names of groups: llguidance writes line breaks as `\n`, which a comment
/// does not end at, and takes a group that is named `stop` for something of its own.
///
/// # Errors
/// If it is empty or white space alone, no regular expression, or uses what an automaton over bytes cannot do.
pub(crate) fn checked(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        let hint = if text.is_empty() {
            "Write a pattern such as (yes|no) or [0-9]{4}-[0-9]{2}-[0-9]{2}."
        } else {
            "There is white space alone. If that is meant, write [ ] for a space, \\n for a line break, \
             or \\s+ for any."
        };
        return Err(Fault { message: "Regex pattern is required".into(), place: None, hint });
    }
    let spelling = Spelling::of(text);
    let source = Source { written: text, spelling: &spelling };
    let ast = ast::parse::ParserBuilder::new().nest_limit(DEEPEST).build().parse(&spelling.text);
    let ast = ast.map_err(|error| source.syntax_fault(&error))?;
    check_automaton(&ast, Ends { start: true, end: true }, &source)?;
    // What is left can only be a class or a flag that there is not.
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(DEEPEST).build();
    parser.parse(&spelling.text).map_err(|error| source.meaning_fault(&error))?;
    Ok(plain::written(&ast, &spelling.text))
}

/// Whether a part of a pattern stands where the text begins, and where it ends.
#[derive(Clone, Copy)]
struct Ends {
    start: bool,
    end: bool,
}

/// Checks that assertions say nothing where they stand, and that no repetition is meant to be possessive.
///
/// # Errors
/// The first of them that does.
fn check_automaton(ast: &Ast, ends: Ends, source: &Source) -> Result<(), Fault> {
    match ast {
        Ast::Assertion(assertion) => {
            use AssertionKind::{EndLine, EndText, StartLine, StartText};
            let is_void = match assertion.kind {
                StartLine | StartText => ends.start,
                EndLine | EndText => ends.end,
                _ => false,
            };
            if is_void { Ok(()) } else { Err(source.assertion_fault(assertion)) }
        }
        Ast::Repetition(repetition) => {
            if let (Ast::Repetition(_), RepetitionKind::OneOrMore) =
                (&*repetition.ast, &repetition.op.kind)
            {
                return Err(source.possessive_fault(&repetition.op.span));
            }
            let once = at_most_once(&repetition.op) || is_void(&repetition.ast);
            let ends = Ends { start: ends.start && once, end: ends.end && once };
            check_automaton(&repetition.ast, ends, source)
        }
        Ast::Group(group) => check_automaton(&group.ast, ends, source),
        Ast::Alternation(alternation) => {
            alternation.asts.iter().try_for_each(|branch| check_automaton(branch, ends, source))
        }
        Ast::Concat(concat) => {
            let parts = &concat.asts;
            let first = parts.iter().position(|part| !is_void(part)).unwrap_or(parts.len());
            let last = parts.iter().rposition(|part| !is_void(part)).unwrap_or(0);
            parts.iter().enumerate().try_for_each(|(index, part)| {
                let ends =
                    Ends { start: ends.start && index <= first, end: ends.end && index >= last };
                check_automaton(part, ends, source)
            })
        }
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => Ok(()),
    }
}

/// Whether a part matches nothing but the empty text.
fn is_void(ast: &Ast) -> bool {
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => true,
        Ast::Group(group) => is_void(&group.ast),
        Ast::Repetition(repetition) => is_void(&repetition.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().all(is_void),
        Ast::Concat(concat) => concat.asts.iter().all(is_void),
        _ => false,
    }
}

fn at_most_once(op: &RepetitionOp) -> bool {
    match &op.kind {
        RepetitionKind::ZeroOrOne => true,
        RepetitionKind::Range(
            RepetitionRange::Exactly(most) | RepetitionRange::Bounded(_, most),
        ) => *most <= 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    #[test]
    fn anchors_at_the_ends_mean_what_is_meant_anyway() {
        for (text, expected) in [
            ("yes|no", "yes|no"),
            ("^yes$", "yes"),
            (r"\Ayes\z", "yes"),
            (r"\Ayes\Z", "yes"),
            ("^a$|^b$", "a|b"),
            ("(^a$)", "(?:a)"),
            ("^", "(?:)"),
            (r"\^a\$", r"\x{5e}a\x{24}"),
            ("(?i)^a$", "(?i)a"),
            ("(?m)(?i)^^a$$", "(?m)(?i)a"),
            ("(?ims:^a$)", "(?ims:a)"),
            ("()^a(?i)$()", "(?:)a(?i)(?:)"),
            ("(^|,)a(,|$)", r"(?:|\x{2c})a(?:\x{2c}|)"),
            ("(?:^a)?b", "(?:a)?b"),
            ("^*a", "(?:)*a"),
        ] {
            assert_eq!(checked(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_part_of_the_language_is_left_out() {
        for (text, expected) in [
            (" yes\n", r"\x{20}yes\x{a}"),
            ("(?x) a b # c ) [ \n c", "abc"),
            ("(?x)\n  a\\ b\\#[ #]\n", r"a\x{20}b\x{23}[\x{20}\x{23}]"),
            ("(?x: a b ) c", r"(?:ab)\x{20}c"),
            ("(?ix-s: a (?-x: b) c ) d", r"(?i-s:a(?:\x{20}b)c)\x{20}d"),
            ("(?x)(a b (?-x) c d) e f", r"(?:ab\x{20}c\x{20}d)ef"),
            ("(?x)(?i) # nothing", "(?i)"),
            ("(?x)", "(?:)"),
            ("(?P<stop>a)(?<n>b)(c)", "(?:a)(?:b)(?:c)"),
            ("a(?#b)c{2,}?", "ac{2,}"),
            ("(?x)a {2}  b", "a{2}b"),
            ("(?x)a* ?", "(?:a*)?"),
            ("(?x)\\p { L }", "\\p{L}"),
            ("/\u{e9}", r"\x{2f}\x{e9}"),
            (r"[\]/ é]\pL\p{Greek}\d\s.", r"[\]/ é]\pL\p{Greek}\d\s."),
        ] {
            assert_eq!(checked(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (text, message, line, column, offending) in [
            ("a(b", "a group is not closed", 1, 2, "("),
            ("ab)", "a group is closed that was not opened", 1, 3, ")"),
            ("\n ab)", "a group is closed that was not opened", 2, 4, ")"),
            ("[a-", "a class is not closed", 1, 1, "["),
            ("[z-a]", "a range in a class runs backwards", 1, 2, "z-a"),
            (
                r"[a-\d]",
                "a range in a class begins or ends with what is no single character",
                1,
                4,
                r"\d",
            ),
            (r"[\b]", "this escape means nothing in a class", 1, 2, r"\b"),
            ("x\n(?=a)b", "a look-ahead is not possible", 2, 1, "(?="),
            ("(?!a)b", "a look-ahead is not possible", 1, 1, "(?!"),
            ("a(?<=a)", "a look-behind is not possible", 1, 2, "(?<="),
            ("a(?<!a)", "a look-behind is not possible", 1, 2, "(?<!"),
            (r"(a)\1", r"a back-reference (\1) is not possible", 1, 4, r"\1"),
            ("(?P<n>a)(?P=n)", "a back-reference by name is not possible", 1, 9, "(?P="),
            (r"\0", "an escape in octal digits is not possible", 1, 1, r"\0"),
            ("a(?>b)", "an atomic group is not possible", 1, 2, "(?>"),
            ("(?P<n>a)(?&n)", "a group cannot be called", 1, 9, "(?&"),
            ("(a)?(?(1)b|c)", "a condition is not possible", 1, 5, "(?("),
            ("(?a)b", "a is no flag", 1, 3, "a"),
            ("(?#a", "a comment has no end", 1, 1, "(?#"),
            ("(?P<1>a)", "this is no name of a group", 1, 5, "1"),
            ("(?<n>a)(?<n>b)", "two groups have the same name", 1, 11, "n"),
            ("a*+", "a possessive repetition is not possible", 1, 3, "+"),
            ("(?x)a{2} # b\n +", "a possessive repetition is not possible", 2, 2, "+"),
            ("*a", "there is nothing to repeat", 1, 1, "*"),
            ("{\"a\": 1}", "there is nothing to repeat", 1, 1, "{"),
            ("a{b}", "a { begins a count, and here is none", 1, 3, "b"),
            ("a{5,2}", "a count runs backwards", 1, 2, "{5,2}"),
            ("a{1,99999999999}", "a count is too large", 1, 5, "99999999999"),
            (r"a\q", "this escape means nothing", 1, 2, r"\q"),
            ("a\\", "nothing comes after the backslash", 1, 2, "\\"),
            (r"\xg1", "this is no code of a character", 1, 3, "g"),
            (r"ä\bb", "a word boundary cannot be followed", 1, 2, r"\b"),
            (r"a\B", "a word boundary cannot be followed", 1, 2, r"\B"),
            (
                "a^b",
                "an anchor of the start stands where the text may have begun before",
                1,
                2,
                "^",
            ),
            (
                "(?m)a\n^b",
                "an anchor of the start stands where the text may have begun before",
                2,
                1,
                "^",
            ),
            (
                "a*^b",
                "an anchor of the start stands where the text may have begun before",
                1,
                3,
                "^",
            ),
            ("(a$)*", "an anchor of the end stands where the text may go on", 1, 3, "$"),
            ("a$\n?", "an anchor of the end stands where the text may go on", 1, 2, "$"),
            (
                r"(?x)[ ](?#é)a\Zb",
                "an anchor of the end stands where the text may go on",
                1,
                14,
                r"\Z",
            ),
            (r"\p{Nonsense}", "there is no such class of Unicode", 1, 1, r"\p{Nonsense}"),
            (r"(?-u:\xff)", "this matches bytes that are no text in UTF-8", 1, 6, r"\xff"),
            (r"(?-u:\pL)", "this class needs the flag u, which is off here", 1, 6, r"\pL"),
        ] {
            let fault = checked(text).unwrap_err();
            assert_eq!(fault.message, message, "{text}");
            let expected = Place { line, column, offending: offending.into() };
            assert_eq!(fault.place, Some(expected), "{text}");
        }
        for text in ["", " ", " \n\t"] {
            assert_eq!(checked(text).unwrap_err().message, "Regex pattern is required");
        }
        let deep = checked(&["(".repeat(100_000), ")".repeat(100_000)].concat()).unwrap_err();
        assert!(deep.message.contains("nested"), "{deep}");
    }
}
