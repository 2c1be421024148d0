//! Strings as texts of JSON: with their quotes, and with escapes where they are needed. Every string is written in
//! one way, so that sets of strings can be cut, joined and subtracted as languages.

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look};

use super::ecma_script;

/// A character within a string.
const ANY: &str = r#"(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00(?:0[0-7bef]|1[0-9a-f]))"#;

/// All strings.
pub(super) fn all() -> String {
    format!("\"{ANY}*\"")
}

/// Strings of some numbers of characters.
pub(super) fn of_length(least: u64, most: Option<u64>) -> String {
    let most = most.map_or(String::new(), |most| most.to_string());
    format!("\"{ANY}{{{least},{most}}}\"")
}

/// One string as JSON.
pub(super) fn quoted(text: &str) -> String {
    let inner: String = text.chars().map(written).collect();
    format!("\"{inner}\"")
}

/// A pattern for one string.
pub(super) fn literal(text: &str) -> String {
    regex_syntax::escape(&quoted(text))
}

/// A character as it is written within a string.
fn written(c: char) -> String {
    match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{8}' => "\\b".into(),
        '\u{c}' => "\\f".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        c if c < ' ' => format!("\\u{:04x}", c as u32),
        c => c.into(),
    }
}

/// A pattern for the strings in which an expression of a schema is found.
///
/// # Errors
/// What cannot be said of it.
pub(super) fn found(expression: &str) -> Result<String, String> {
    let hir = parsed(&ecma_script::translated(expression)?)?;
    let mut options = Vec::new();
    for branch in branches(&hir) {
        let (mut parts, mut starts, mut ends) = (flat(branch), false, false);
        while matches!(parts.first().map(|part| part.kind()), Some(HirKind::Look(Look::Start))) {
            parts.remove(0);
            starts = true;
        }
        while matches!(parts.last().map(|part| part.kind()), Some(HirKind::Look(Look::End))) {
            parts.pop();
            ends = true;
        }
        let mut option = String::new();
        if !starts {
            option += &format!("{ANY}*");
        }
        for part in parts {
            option += &text(part)?;
        }
        if !ends {
            option += &format!("{ANY}*");
        }
        options.push(option);
    }
    Ok(format!("\"(?:{})\"", options.join("|")))
}

/// A pattern for the strings that an expression matches as a whole, in the syntax of the regex crate.
pub(super) fn whole(expression: &str) -> String {
    let hir = parsed(expression).expect("formats are expressions");
    format!("\"{}\"", text(&hir).expect("formats have no anchors"))
}

fn parsed(expression: &str) -> Result<Hir, String> {
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(100).build();
    parser.parse(expression).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "no regular expression".into(),
    })
}

/// The alternatives of an expression, those within a group that is all of it included.
fn branches(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Alternation(parts) => parts.iter().flat_map(branches).collect(),
        HirKind::Capture(group) => branches(&group.sub),
        _ => vec![hir],
    }
}

/// What follows each other in an expression. Groups at its ends may hold anchors.
fn flat(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(flat).collect(),
        HirKind::Capture(group) => flat(&group.sub),
        HirKind::Empty => Vec::new(),
        _ => vec![hir],
    }
}

/// A pattern for the expression's texts within a string of JSON.
fn text(hir: &Hir) -> Result<String, String> {
    Ok(match hir.kind() {
        HirKind::Empty => String::new(),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| "bytes that are no text")?;
            text.chars().map(|c| regex_syntax::escape(&written(c))).collect()
        }
        HirKind::Class(class) => of_class(class)?,
        HirKind::Look(Look::Start | Look::End) => {
            return Err("anchors within a pattern; ^ and $ may stand at the ends of it or of its \
                        alternatives"
                .into());
        }
        HirKind::Look(_) => return Err("word boundaries".into()),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.map_or(String::new(), |most| most.to_string());
            format!("(?:{}){{{},{most}}}", text(&repetition.sub)?, repetition.min)
        }
        HirKind::Capture(group) => format!("(?:{})", text(&group.sub)?),
        HirKind::Concat(parts) => parts.iter().map(text).collect::<Result<_, _>>()?,
        HirKind::Alternation(parts) => {
            let parts = parts.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            format!("(?:{})", parts.join("|"))
        }
    })
}

fn of_class(class: &Class) -> Result<String, String> {
    let class = match class {
        Class::Unicode(class) => class.clone(),
        // No character at all is of this kind, too.
        Class::Bytes(bytes) => bytes.to_unicode_class().ok_or("bytes that are no text")?,
    };
    let (mut plain, mut options) = (String::new(), Vec::new());
    for range in class.ranges() {
        let (mut start, end) = (range.start() as u32, range.end() as u32);
        for special in (0..0x20).chain([u32::from('"'), u32::from('\\')]) {
            if !(start..=end).contains(&special) {
                continue;
            }
            let c = char::from_u32(special).expect("ASCII");
            options.push(regex_syntax::escape(&written(c)));
            if special > start {
                push(&mut plain, start, special - 1);
            }
            start = special + 1;
        }
        if start <= end {
            push(&mut plain, start, end);
        }
    }
    if !plain.is_empty() {
        options.push(format!("[{plain}]"));
    }
    if options.is_empty() {
        // No character at all.
        return Ok(r"[^\s\S]".into());
    }
    Ok(format!("(?:{})", options.join("|")))
}

/// Adds a range of characters to a class, without those that are no characters.
fn push(class: &mut String, start: u32, end: u32) {
    let range = |a: u32, b: u32| {
        let (a, b) = (char::from_u32(a)?, char::from_u32(b)?);
        Some(ClassUnicodeRange::new(a, b))
    };
    if let Some(range) = range(start, end) {
        *class += &format!("\\u{{{:x}}}-\\u{{{:x}}}", range.start() as u32, range.end() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(pattern: &str) -> regex::Regex {
        regex::Regex::new(&format!("^(?:{pattern})$")).unwrap()
    }

    #[test]
    fn expressions_are_found_as_in_ecma_script() {
        for (expression, text, expected) in [
            ("a", "bab", true),
            ("^a", "ba", false),
            ("^a", "ab", true),
            ("a$", "ba", true),
            ("^(a|b)$", "b", true),
            ("^a|b$", "ax", true),
            ("^a|b$", "xb", true),
            ("^a|b$", "xax", false),
            ("(^a|b$)", "xb", true),
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{664}", false),
            (r"^\w$", "\u{e9}", false),
            (r"^\S$", "\u{feff}", false),
            (r"^\s$", "\u{feff}", true),
            (r"^[\s]$", "\u{2029}", true),
            (r"^[^\s]$", "x", true),
            (r"^\S$", "\u{1680}", false),
            ("^.$", "\n", false),
            ("^.$", "\u{2028}", false),
            ("^.$", "\"", true),
            ("^[^a]$", "\n", true),
            ("^[^a]$", "\\", true),
            (r"^\n$", "\n", true),
            (r"^\cA\u0041\x42$", "\u{1}AB", true),
            (r"^\ud83d\ude00$", "\u{1f600}", true),
            ("^a{,2}$", "a{,2}", true),
            (r"^[[&&b]$", "&", true),
            (r"^a\/b$", "a/b", true),
            (r"^\p{Lu}$", "\u{c9}", true),
            ("", "anything", true),
            ("[]", "anything", false),
            ("^[^]$", "\n", true),
            (r"^\$$", "$", true),
            ("^(?<year>[0-9]{4})-x$", "2026-x", true),
            ("^\u{1f600}{2}$", "\u{1f600}\u{1f600}", true),
        ] {
            let pattern = found(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
            let matches = full(&pattern).is_match(&quoted(text));
            assert_eq!(matches, expected, "{expression} {text:?} {pattern}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        for (expression, what) in [
            ("(?=a)", "look-around"),
            ("(?<!a)b", "look-around"),
            (r"(a)\1", "back-references"),
            (r"\bword", "word boundaries"),
            ("a^b", "anchors within"),
            (r"\Z", r"\Z"),
            ("(", "unclosed"),
            (r"\a", r"\a"),
        ] {
            let error = found(expression).unwrap_err();
            assert!(error.contains(what), "{expression}: {error}");
        }
    }

    #[test]
    fn strings_are_written_in_one_way() {
        let all = full(&all());
        for (text, expected) in [
            (r#""a""#, true),
            (r#""\u0061""#, false),
            (r#""\/""#, false),
            (r#""\n""#, true),
            (r#""\u000a""#, false),
            (r#""\u0001""#, true),
            (r#""\u001F""#, false),
            (r#""\u001f""#, true),
            ("\"\n\"", false),
            ("\"\u{7f}é\u{1f600}\"", true),
        ] {
            assert_eq!(all.is_match(text), expected, "{text}");
        }
        for c in ('\0'..=' ').chain(['"', '\\', '/', 'é']) {
            assert!(all.is_match(&quoted(&c.to_string())), "{c:?}");
        }
        let two = full(&of_length(2, Some(2)));
        assert!(two.is_match(&quoted("\u{1f600}\n")) && !two.is_match(&quoted("a")));
    }
}
