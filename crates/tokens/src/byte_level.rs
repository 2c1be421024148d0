//! The alphabet of byte-level vocabularies: 256 printable characters that stand for bytes.

use std::collections::HashMap;

/// The inverse of GPT-2's `bytes_to_unicode`: printable Latin-1 bytes stand for themselves, the
/// other 68 for the characters from U+0100 on, in order.
pub(crate) fn byte_of_character() -> HashMap<char, u8> {
    let mut next_stand_in = 0x100;
    (0..=255u8)
        .map(|byte| {
            let printable = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
            let character = if printable {
                char::from(byte)
            } else {
                next_stand_in += 1;
                char::from_u32(next_stand_in - 1).expect("U+0100..U+0143 are characters")
            };
            (character, byte)
        })
        .collect()
}

/// The bytes a token stands for. A stray token with characters outside the alphabet is plain text.
pub(crate) fn bytes_of(byte_of: &HashMap<char, u8>, text: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| byte_of.get(&c).copied()).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}
