//! What is known about each token: its bytes, its kind, how it reads.

use std::borrow::Cow;

use crate::{TokenId, display};

/// What a token is for. The numbers are those of `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Ordinary text.
    Normal,
    /// Stands for text the vocabulary cannot spell.
    Unknown,
    /// A marker such as `<|im_end|>`; never written by ordinary text.
    Control,
    /// Added after training, but plain text for all that follows.
    UserDefined,
    /// A hole in the vocabulary.
    Unused,
    /// One raw byte of a byte-fallback vocabulary.
    Byte,
}

impl TokenKind {
    /// Reads the GGUF number. Unlisted numbers mean nothing, so they are not guessed at.
    pub fn from_gguf(number: i64) -> Option<Self> {
        Some(match number {
            1 => TokenKind::Normal,
            2 => TokenKind::Unknown,
            3 => TokenKind::Control,
            4 => TokenKind::UserDefined,
            5 => TokenKind::Unused,
            6 => TokenKind::Byte,
            _ => return None,
        })
    }

    /// Whether tokens of this kind stand for their bytes.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, TokenKind::Normal | TokenKind::UserDefined | TokenKind::Byte)
    }

    /// Whether tokens of this kind are looked for in text before anything else is done to it.
    pub(crate) fn is_marker(self) -> bool {
        matches!(self, TokenKind::Control | TokenKind::UserDefined | TokenKind::Unknown)
    }
}

/// The tokens of a model, by id.
///
/// All bytes lie in one buffer with an offset per token: 50,000 small allocations would cost more
/// than everything else at load time.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    /// `offsets[id]..offsets[id + 1]` is the token's place in `bytes`; one more than tokens.
    offsets: Vec<u32>,
    kinds: Vec<TokenKind>,
}

impl Vocabulary {
    /// Collects (bytes, kind) per token, in id order.
    pub fn new<B: AsRef<[u8]>>(tokens: impl IntoIterator<Item = (B, TokenKind)>) -> Self {
        let mut vocabulary = Vocabulary { bytes: Vec::new(), offsets: vec![0], kinds: Vec::new() };
        for (bytes, kind) in tokens {
            vocabulary.bytes.extend_from_slice(bytes.as_ref());
            vocabulary.offsets.push(vocabulary.bytes.len() as u32);
            vocabulary.kinds.push(kind);
        }
        vocabulary
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The bytes the token stands for; for a control token, the bytes of its name. Ids beyond the
    /// vocabulary (a model's logits may be padded past it) have none.
    pub fn bytes(&self, id: TokenId) -> &[u8] {
        let index = id.index();
        match self.offsets.get(index + 1) {
            Some(&end) => &self.bytes[self.offsets[index] as usize..end as usize],
            None => &[],
        }
    }

    /// Bytes of the longest token.
    pub fn longest(&self) -> usize {
        self.offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0) as usize
    }

    /// The token's kind; padding beyond the vocabulary counts as unused.
    pub fn kind(&self, id: TokenId) -> TokenKind {
        self.kinds.get(id.index()).copied().unwrap_or(TokenKind::Unused)
    }

    /// Whether the token is a declared special one (a marker rather than text).
    pub fn is_special(&self, id: TokenId) -> bool {
        matches!(self.kind(id), TokenKind::Control | TokenKind::Unknown)
    }

    /// The token's text; bytes that are not UTF-8 on their own read as U+FFFD. Ids beyond the
    /// vocabulary read as `<id:N>`.
    pub fn text(&self, id: TokenId) -> Cow<'_, str> {
        if id.index() >= self.len() {
            return Cow::Owned(format!("<id:{id}>"));
        }
        String::from_utf8_lossy(self.bytes(id))
    }

    /// The token as shown on screen: every invisible character marked, broken UTF-8 as its bytes.
    pub fn display(&self, id: TokenId) -> String {
        if id.index() >= self.len() {
            return format!("<id:{id}>");
        }
        display::display_form(self.bytes(id))
    }

    /// The text of a sequence. Characters split over several tokens come out whole.
    pub fn decode(&self, ids: &[TokenId]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.bytes(id)).copied().collect();
        String::from_utf8(bytes)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::new([
            (&b"<end>"[..], TokenKind::Control),
            (b" hi", TokenKind::Normal),
            (b"\xF0\x9F", TokenKind::Normal),
            (b"\x8E\x89", TokenKind::Normal),
        ])
    }

    #[test]
    fn a_character_split_over_tokens_is_decoded_whole() {
        assert_eq!(vocabulary().decode(&[TokenId(1), TokenId(2), TokenId(3)]), " hi🎉");
        assert_eq!(vocabulary().decode(&[TokenId(2)]), "\u{FFFD}");
    }

    #[test]
    fn ids_beyond_the_vocabulary_are_named_by_number() {
        let v = vocabulary();
        assert_eq!(v.text(TokenId(9)), "<id:9>");
        assert_eq!(v.display(TokenId(9)), "<id:9>");
        assert!(!v.is_special(TokenId(9)));
        assert!(v.bytes(TokenId(9)).is_empty());
    }
}
