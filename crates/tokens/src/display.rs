//! How a token looks on screen.
//!
//! A token is often a space and a word, a lone newline, or half of an emoji. The rule here is that
//! nothing is invisible: every character without ink becomes a mark, and bytes that are not
//! UTF-8 are written as bytes. The four commonest marks are those of the page this app set out
//! from: `␠` space, `⏎` newline, `⇥` tab, `∅` nothing.

use std::fmt::Write as _;

/// The display form of a token's bytes.
pub fn display_form(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "∅".to_owned();
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_character(&mut out, character);
        }
        push_bytes(&mut out, chunk.invalid());
    }
    out
}

fn push_character(out: &mut String, character: char) {
    match character {
        ' ' => out.push('␠'),
        '\n' => out.push('⏎'),
        '\t' => out.push('⇥'),
        // U+2400.. are pictures of the control characters U+0000..U+001F.
        '\0'..='\u{1F}' => out.push(char::from_u32(0x2400 + character as u32).unwrap_or('␀')),
        '\u{7F}' => out.push('␡'),
        _ if has_no_ink(character) => {
            let _ = write!(out, "⟨U+{:04X}⟩", character as u32);
        }
        _ => out.push(character),
    }
}

/// `⟨F0 9F⟩`: bytes that are only part of a character.
fn push_bytes(out: &mut String, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    // Broken pieces arrive one at a time; neighbours read better inside one bracket.
    let joined = out.ends_with('⟩') && !out.rsplit('⟨').next().unwrap_or("").starts_with("U+");
    if joined {
        out.pop();
        out.push(' ');
    } else {
        out.push('⟨');
    }
    for (i, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02X}", if i == 0 { "" } else { " " });
    }
    out.push('⟩');
}

/// Characters that draw nothing: separators (Zs, Zl, Zp), C1 controls, and Unicode's
/// Default_Ignorable_Code_Point (DerivedCoreProperties.txt) plus the remaining format characters
/// (Cf) that have no glyph of their own.
fn has_no_ink(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{A0}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}'
        | '\u{1680}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{2000}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}'
        | '\u{3000}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_invisible() {
        for (bytes, shown) in [
            (&b""[..], "∅"),
            (b" the", "␠the"),
            (b"  ", "␠␠"),
            (b"a b ", "a␠b␠"),
            (b"\n", "⏎"),
            (b"\t", "⇥"),
            (b" \n", "␠⏎"),
            (b"\r\n", "␍⏎"),
            (b"\x00\x1b\x7f", "␀␛␡"),
            ("\u{A0}".as_bytes(), "⟨U+00A0⟩"),
            ("a\u{200B}b".as_bytes(), "a⟨U+200B⟩b"),
            ("\u{200D}\u{FE0F}".as_bytes(), "⟨U+200D⟩⟨U+FE0F⟩"),
            ("\u{3000}".as_bytes(), "⟨U+3000⟩"),
            ("巴黎".as_bytes(), "巴黎"),
            ("🎉".as_bytes(), "🎉"),
            (b"\xF0\x9F", "⟨F0 9F⟩"),
            (b" \xF0\x9F", "␠⟨F0 9F⟩"),
            (b"\x8E\x89", "⟨8E 89⟩"),
            (b"\x89 ok", "⟨89⟩␠ok"),
            ("\u{200B}\u{7FF}".as_bytes(), "⟨U+200B⟩\u{7FF}"),
            (b"\xE2\x80\x8B\x80", "⟨U+200B⟩⟨80⟩"),
            (b"<|im_end|>", "<|im_end|>"),
        ] {
            assert_eq!(display_form(bytes), shown, "{bytes:?}");
        }
    }
}
