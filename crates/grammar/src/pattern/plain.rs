//! A pattern that was read, written again in a plain way.

use regex_syntax::ast::{
    Ast, Flag, Flags, FlagsItemKind, GroupKind, RepetitionKind, RepetitionRange,
};

/// Writes a pattern without anchors, comments, names of groups and the flag x, and with all that is no letter or
/// digit as its code. `source` is the text that was read.
pub(super) fn written(ast: &Ast, source: &str) -> String {
    let mut text = String::new();
    write(ast, source, &mut text);
    if text.is_empty() {
        // Nothing between two slashes would be a comment to llguidance.
        text.push_str("(?:)");
    }
    text
}

fn write(ast: &Ast, source: &str, text: &mut String) {
    let mut copy = |start: usize, end: usize| text.push_str(&source[start..end]);
    match ast {
        Ast::Empty(_) | Ast::Assertion(_) => {}
        Ast::Dot(span) => copy(span.start.offset, span.end.offset),
        Ast::ClassPerl(class) => copy(class.span.start.offset, class.span.end.offset),
        Ast::ClassBracketed(class) => copy(class.span.start.offset, class.span.end.offset),
        // In verbose mode there may be white space in it.
        Ast::ClassUnicode(class) => {
            let name = &source[class.span.start.offset..class.span.end.offset];
            text.extend(name.chars().filter(|c| !c.is_whitespace()));
        }
        Ast::Literal(literal) if literal.c.is_ascii_alphanumeric() => text.push(literal.c),
        Ast::Literal(literal) => text.push_str(&format!("\\x{{{:x}}}", u32::from(literal.c))),
        Ast::Flags(set) => {
            let flags = flags(&set.flags);
            if !flags.is_empty() {
                text.push_str(&format!("(?{flags})"));
            }
        }
        Ast::Group(group) => {
            text.push_str("(?");
            if let GroupKind::NonCapturing(set) = &group.kind {
                text.push_str(&flags(set));
            }
            text.push(':');
            write(&group.ast, source, text);
            text.push(')');
        }
        Ast::Repetition(repetition) => {
            if matches!(*repetition.ast, Ast::Repetition(_) | Ast::Assertion(_)) {
                text.push_str("(?:");
                write(&repetition.ast, source, text);
                text.push(')');
            } else {
                write(&repetition.ast, source, text);
            }
            text.push_str(&times(&repetition.op.kind));
        }
        Ast::Concat(concat) => concat.asts.iter().for_each(|part| write(part, source, text)),
        Ast::Alternation(alternation) => {
            for (index, branch) in alternation.asts.iter().enumerate() {
                if index > 0 {
                    text.push('|');
                }
                write(branch, source, text);
            }
        }
    }
}

/// Flags but x; nothing if there are no others.
fn flags(set: &Flags) -> String {
    let letter = |flag: &Flag| match flag {
        Flag::CaseInsensitive => "i",
        Flag::MultiLine => "m",
        Flag::DotMatchesNewLine => "s",
        Flag::SwapGreed => "U",
        Flag::Unicode => "u",
        Flag::CRLF => "R",
        Flag::IgnoreWhitespace => "",
    };
    let letters = set.items.iter().map(|item| match &item.kind {
        FlagsItemKind::Negation => "-",
        FlagsItemKind::Flag(flag) => letter(flag),
    });
    let letters: String = letters.collect();
    letters.strip_suffix('-').unwrap_or(&letters).to_owned()
}

/// How often something is repeated. What is taken first, the most or the least, is all the same for a whole text.
fn times(kind: &RepetitionKind) -> String {
    match kind {
        RepetitionKind::ZeroOrOne => "?".into(),
        RepetitionKind::ZeroOrMore => "*".into(),
        RepetitionKind::OneOrMore => "+".into(),
        RepetitionKind::Range(RepetitionRange::Exactly(times)) => format!("{{{times}}}"),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => format!("{{{least},}}"),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => {
            format!("{{{least},{most}}}")
        }
    }
}
