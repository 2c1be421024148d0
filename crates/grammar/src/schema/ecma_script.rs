//! Regular expressions as schemas write them (ECMA-262, with its flag `u`), in the syntax of the regex crate.

use std::iter::Peekable;
use std::str::Chars;

/// White space and ends of lines (ECMA-262, 22.2.2.9, `CharacterClassEscape :: s`).
const SPACE: &str = r"\t\n\x0b\x0c\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";

/// # Errors
/// What is in it that a mask cannot follow.
pub(super) fn translated(expression: &str) -> Result<String, String> {
    let mut chars = expression.chars().peekable();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out += &escape(&mut chars, false)?,
            '[' => out += &class(&mut chars)?,
            '.' => out += r"[^\n\r\u{2028}\u{2029}]",
            '^' => out += r"\A",
            '$' => out += r"\z",
            '(' => {
                out.push('(');
                let rest: String = chars.clone().take(3).collect();
                if ["?=", "?!"].iter().any(|look| rest.starts_with(look))
                    || ["?<=", "?<!"].contains(&rest.as_str())
                {
                    return Err("look-around in a pattern".into());
                }
            }
            // Where it is no count, it is a character.
            '{' if count(chars.clone()).is_none() => out += r"\{",
            '{' => {
                let text = count(chars.clone()).expect("it is one");
                chars.nth(text.chars().count() - 1);
                out.push('{');
                out += &text;
            }
            '}' | ']' | '#' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The text of a count behind its bracket, with the closing one.
fn count(chars: Peekable<Chars<'_>>) -> Option<String> {
    let text: String = chars.take_while(|c| *c != '}').collect();
    let (least, most) = text.split_once(',').unwrap_or((&text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let closes = !least.is_empty() && is_number(least) && is_number(most);
    closes.then(|| format!("{text}}}"))
}

fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool) -> Result<String, String> {
    let c = chars.next().ok_or("a pattern that ends with \\")?;
    let set = |inner: &str, is_not: bool| format!("[{}{inner}]", if is_not { "^" } else { "" });
    Ok(match c {
        'd' | 'D' => set(DIGIT, c == 'D'),
        'w' | 'W' => set(WORD, c == 'W'),
        's' | 'S' => set(SPACE, c == 'S'),
        'b' if in_class => r"\x08".into(),
        'b' | 'B' => return Err("word boundaries in a pattern".into()),
        'n' | 'r' | 't' | 'f' | 'v' => format!("\\{c}"),
        '0' if !chars.peek().is_some_and(char::is_ascii_digit) => r"\x00".into(),
        '0'..='9' | 'k' => return Err("back-references in a pattern".into()),
        'c' => {
            let letter = chars.next().filter(char::is_ascii_alphabetic);
            let letter = letter.ok_or(r"\c in a pattern without a letter")?;
            format!(r"\x{:02x}", letter as u32 % 32)
        }
        'x' => format!(r"\u{{{:x}}}", hexadecimal(chars, 2)?),
        'u' if chars.peek() == Some(&'{') => {
            chars.next();
            let digits: String = chars.by_ref().take_while(|c| *c != '}').collect();
            format!(r"\u{{{digits}}}")
        }
        'u' => {
            let mut code = hexadecimal(chars, 4)?;
            if (0xD800..0xDC00).contains(&code) {
                let mut ahead = chars.clone();
                if ahead.next() == Some('\\')
                    && ahead.next() == Some('u')
                    && let Ok(low @ 0xDC00..0xE000) = hexadecimal(&mut ahead, 4)
                {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    *chars = ahead;
                }
            }
            if char::from_u32(code).is_none() {
                return Err("half a surrogate pair in a pattern".into());
            }
            format!(r"\u{{{code:x}}}")
        }
        // A property's name in brackets, as the regex crate has it.
        'p' | 'P' => {
            let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
            format!("\\{c}{name}}}")
        }
        c if c.is_ascii_alphabetic() => {
            return Err(format!(r"\{c} in a pattern, which schemas do not know"));
        }
        c => regex_syntax::escape(&c.to_string()),
    })
}

fn hexadecimal(chars: &mut Peekable<Chars<'_>>, n: usize) -> Result<u32, String> {
    let digits: String = chars.by_ref().take(n).collect();
    let is_whole = digits.chars().count() == n && digits.chars().all(|c| c.is_ascii_hexdigit());
    let code = is_whole.then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
    code.ok_or_else(|| format!("an escape in a pattern without its {n} hexadecimal digits"))
}

/// A class of characters, from behind its bracket.
fn class(chars: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let is_not = chars.next_if_eq(&'^').is_some();
    let mut out = String::new();
    while let Some(first) = class_atom(chars)? {
        if chars.peek() != Some(&'-') {
            out += &first.text;
            continue;
        }
        chars.next();
        let Some(last) = class_atom(chars)? else {
            // At the end it is a character.
            out += &first.text;
            out += r"\-";
            return Ok(closed(&out, is_not));
        };
        out += &first.text;
        // Beside a class it is a character, too (ECMA-262, annex B, `CharacterRangeOrUnion`).
        out += if first.is_character && last.is_character { "-" } else { r"\-" };
        out += &last.text;
    }
    Ok(closed(&out, is_not))
}

/// A class of what is in it; nothing, or all, if that is nothing.
fn closed(inner: &str, is_not: bool) -> String {
    match (inner.is_empty(), is_not) {
        (true, false) => r"[^\s\S]".into(),
        (true, true) => r"[\s\S]".into(),
        (false, _) => format!("[{}{inner}]", if is_not { "^" } else { "" }),
    }
}

/// A character of a class, or a class within it, in the syntax of the regex crate.
struct ClassAtom {
    text: String,
    is_character: bool,
}

/// The next part of a class; none at its end.
fn class_atom(chars: &mut Peekable<Chars<'_>>) -> Result<Option<ClassAtom>, String> {
    let c = chars.next().ok_or("an unclosed class of characters in a pattern")?;
    Ok(match c {
        ']' => None,
        '\\' => {
            let is_character = !chars.peek().is_some_and(|c| "dDwWsSpP".contains(*c));
            Some(ClassAtom { text: escape(chars, true)?, is_character })
        }
        '[' | '&' | '~' | '^' | '-' => {
            Some(ClassAtom { text: format!("\\{c}"), is_character: true })
        }
        c => Some(ClassAtom { text: c.into(), is_character: true }),
    })
}
