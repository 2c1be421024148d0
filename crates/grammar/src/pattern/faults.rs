//! What is wrong with a pattern, in our words, and what is possible instead.

use regex_syntax::ast::{self, Assertion, AssertionKind, ErrorKind, Span};
use regex_syntax::hir;

use super::spelling::Spelling;
use crate::Place;
use crate::error::Fault;

const SYNTAX: &str = "The syntax is that of Rust's regex crate (docs.rs/regex).";

const REMEMBERS: &str =
    "A grammar cannot remember what a group matched; write the alternatives out.";

const LOOKS_ONCE: &str =
    "A grammar looks at each byte once; say what may come instead, with | and classes.";

const ONE_WAY: &str =
    "A grammar follows all ways at once and never goes back; write (?:…) for a group.";

/// A pattern as it was written, and as it was read.
pub(super) struct Source<'a> {
    pub(super) written: &'a str,
    pub(super) spelling: &'a Spelling,
}

impl Source<'_> {
    fn fault(&self, span: &Span, message: impl Into<String>, hint: &'static str) -> Fault {
        let [start, end] =
            [span.start.offset, span.end.offset].map(|offset| self.spelling.origin(offset));
        // An empty span is where something is missing; what stands there is shown.
        let place = Place::of(self.written, start, end.max(start + 1));
        Fault { message: message.into(), place: Some(place), hint }
    }

    /// What is read of a part.
    fn text(&self, span: &Span) -> &str {
        &self.spelling.text[span.start.offset..span.end.offset]
    }

    /// About an anchor within a pattern, or a word boundary.
    pub(super) fn assertion_fault(&self, assertion: &Assertion) -> Fault {
        use AssertionKind::{EndLine, EndText, StartLine, StartText};
        let (message, hint) = match assertion.kind {
            StartLine | StartText => (
                "an anchor of the start stands where the text may have begun before",
                "The whole completion has to match, so anchors say nothing at the ends of a pattern, and \
                 within it they cannot be followed. Leave it out; for a ^ itself write \\^, for a new line \\n.",
            ),
            EndLine | EndText => (
                "an anchor of the end stands where the text may go on",
                "The whole completion has to match, so anchors say nothing at the ends of a pattern, and \
                 within it they cannot be followed. Leave it out; for a $ itself write \\$, for a new line \\n.",
            ),
            _ => (
                "a word boundary cannot be followed",
                "A grammar looks at each byte once; write what may stand beside the word, such as ( word)+.",
            ),
        };
        self.fault(&assertion.span, message, hint)
    }

    /// About a `+` behind a repetition, as in `a*+`.
    pub(super) fn possessive_fault(&self, span: &Span) -> Fault {
        let hint = "A grammar never goes back, so nothing can be kept from it: leave the + out. To repeat a \
                    repetition, put it into a group: (?:…)+.";
        self.fault(span, "a possessive repetition is not possible", hint)
    }

    /// About a text that is no pattern.
    pub(super) fn syntax_fault(&self, error: &ast::Error) -> Fault {
        let span = error.span();
        let (message, hint) = match error.kind() {
            ErrorKind::UnsupportedLookAround => {
                let behind = self.text(span).contains('<');
                let message = if behind {
                    "a look-behind is not possible"
                } else {
                    "a look-ahead is not possible"
                };
                (message.to_owned(), LOOKS_ONCE)
            }
            ErrorKind::UnsupportedBackreference if self.text(span) == "\\0" => (
                "an escape in octal digits is not possible".into(),
                "Write the code in hexadecimal digits, such as \\x00 or \\x{1f600}.",
            ),
            ErrorKind::UnsupportedBackreference => {
                (format!("a back-reference ({}) is not possible", self.text(span)), REMEMBERS)
            }
            ErrorKind::FlagUnrecognized => return self.group_fault(span),
            kind => {
                let (message, hint) = words(kind);
                (message.map_or_else(|| kind.to_string(), str::to_owned), hint)
            }
        };
        self.fault(span, message, hint)
    }

    /// About a group that begins with `(?` and goes on as none does.
    fn group_fault(&self, span: &Span) -> Fault {
        let at = span.start.offset;
        let start = self.spelling.text[..at].rfind("(?").unwrap_or(at);
        let group = &self.spelling.text[start..];
        let (len, message, hint) = if group.starts_with("(?>") {
            (3, "an atomic group is not possible", ONE_WAY)
        } else if group.starts_with("(?|") {
            (3, "a group that counts its branches alike is not possible", ONE_WAY)
        } else if group.starts_with("(?P=") {
            (4, "a back-reference by name is not possible", REMEMBERS)
        } else if group.starts_with("(?P>") || group.starts_with("(?&") {
            let hint = "Patterns cannot contain themselves; the kind CFG has rules that can.";
            (3, "a group cannot be called", hint)
        } else if group.starts_with("(?(") {
            (3, "a condition is not possible", REMEMBERS)
        } else if group.starts_with("(?'") {
            (3, "a name does not stand in quotes", "Write (?<name>…) or (?P<name>…).")
        } else if group.starts_with("(?#") {
            (3, "a comment has no end", "Close it with ).")
        } else {
            let c = self.text(span);
            let hint = "Flags are i, m, s, x, u, U and R. For the digits and letters of ASCII alone write [0-9] \
                        and [A-Za-z0-9_], or (?-u:\\d) and (?-u:\\w).";
            return self.fault(span, format!("{c} is no flag"), hint);
        };
        let mut span = *span;
        span.start.offset = start;
        span.end.offset = start + len;
        self.fault(&span, message, hint)
    }

    /// About a pattern that can be read, and means what cannot be.
    pub(super) fn meaning_fault(&self, error: &regex_syntax::Error) -> Fault {
        let error = match error {
            regex_syntax::Error::Translate(error) => error,
            // It has been read before.
            other => return Fault { message: other.to_string(), place: None, hint: SYNTAX },
        };
        use hir::ErrorKind as Kind;
        let (message, hint) = match error.kind() {
            Kind::UnicodeNotAllowed => (
                "this class needs the flag u, which is off here",
                "Leave -u out of the flags around it.",
            ),
            Kind::InvalidUtf8 => (
                "this matches bytes that are no text in UTF-8",
                "Leave -u out of the flags around it, or write (?-u:…) around \\d, \\w or \\s alone.",
            ),
            Kind::UnicodePropertyNotFound | Kind::UnicodePropertyValueNotFound => (
                "there is no such class of Unicode",
                "Write \\p{…} with a script or a category, such as \\p{Greek}, \\p{L} or \\p{Lu}.",
            ),
            other => return self.fault(error.span(), other.to_string(), SYNTAX),
        };
        self.fault(error.span(), message, hint)
    }
}

/// What is said about errors whose words do not depend on the text, and what to do; no words where regex-syntax's
/// own are the best.
fn words(kind: &ErrorKind) -> (Option<&'static str>, &'static str) {
    use ErrorKind::{
        ClassEscapeInvalid, ClassRangeInvalid, ClassRangeLiteral, ClassUnclosed, DecimalInvalid,
        EscapeHexEmpty, EscapeHexInvalid, EscapeHexInvalidDigit, EscapeUnexpectedEof,
        EscapeUnrecognized, FlagDanglingNegation, FlagDuplicate, FlagRepeatedNegation,
        FlagUnexpectedEof, GroupNameDuplicate, GroupNameEmpty, GroupNameInvalid,
        GroupNameUnexpectedEof, GroupUnclosed, GroupUnopened, NestLimitExceeded,
        RepetitionCountDecimalEmpty, RepetitionCountInvalid, RepetitionCountUnclosed,
        RepetitionMissing, SpecialWordBoundaryUnclosed, SpecialWordBoundaryUnrecognized,
        SpecialWordOrRepetitionUnexpectedEof, UnicodeClassInvalid,
    };
    let (message, hint) = match kind {
        GroupUnclosed => {
            ("a group is not closed", "Close it with ), or write \\( for the character itself.")
        }
        GroupUnopened => (
            "a group is closed that was not opened",
            "Remove the ), or write \\) for the character itself.",
        ),
        ClassUnclosed => {
            ("a class is not closed", "Close it with ], or write \\[ for the character itself.")
        }
        ClassRangeInvalid => {
            ("a range in a class runs backwards", "Write the smaller character first, as in [a-z].")
        }
        ClassRangeLiteral => (
            "a range in a class begins or ends with what is no single character",
            "Write - at the class's end, or \\-, for the character itself.",
        ),
        ClassEscapeInvalid => (
            "this escape means nothing in a class",
            "For a backspace write \\x08; anchors and boundaries cannot stand in a class.",
        ),
        RepetitionMissing => (
            "there is nothing to repeat",
            "Put something before *, +, ? or {, or write \\*, \\+, \\?, \\{ for the character itself.",
        ),
        RepetitionCountInvalid => {
            ("a count runs backwards", "Write the smaller count first, as in a{2,5}.")
        }
        RepetitionCountUnclosed | RepetitionCountDecimalEmpty => (
            "a { begins a count, and here is none",
            "Write a{3}, a{2,} or a{0,5}, or \\{ for the character itself.",
        ),
        DecimalInvalid => ("a count is too large", "Write a smaller one, or * or +."),
        NestLimitExceeded(_) => ("groups are nested too deeply", "Nest groups less deeply."),
        EscapeUnexpectedEof => ("nothing comes after the backslash", "Write \\\\ for a backslash."),
        EscapeUnrecognized => (
            "this escape means nothing",
            "Write \\\\ for a backslash; letters can be escaped only where that means something, as in \\d, \\n \
             or \\x41.",
        ),
        EscapeHexEmpty | EscapeHexInvalid | EscapeHexInvalidDigit => (
            "this is no code of a character",
            "Write two hexadecimal digits behind \\x, four behind \\u, or any number in braces: \\x{1f600}.",
        ),
        FlagDanglingNegation | FlagRepeatedNegation { .. } | FlagDuplicate { .. } => {
            ("these flags cannot be set so", "Name each flag once, as in (?i), (?i-s) or (?i:…).")
        }
        FlagUnexpectedEof => {
            ("flags have no end", "Close them with ), or write \\( for the character itself.")
        }
        GroupNameEmpty | GroupNameInvalid | GroupNameUnexpectedEof => (
            "this is no name of a group",
            "Write letters, digits and _ between < and >, as in (?P<year>[0-9]{4}).",
        ),
        GroupNameDuplicate { .. } => (
            "two groups have the same name",
            "Names do nothing in a constraint: leave one out, or write (?:…).",
        ),
        SpecialWordBoundaryUnclosed
        | SpecialWordBoundaryUnrecognized
        | SpecialWordOrRepetitionUnexpectedEof => (
            "a word boundary cannot be followed",
            "A grammar looks at each byte once; write what may stand beside the word, such as ( word)+.",
        ),
        UnicodeClassInvalid => {
            ("\\p is not followed by a class", "Write \\p{L}, \\p{Greek} or \\pL.")
        }
        _ => return (None, SYNTAX),
    };
    (Some(message), hint)
}
