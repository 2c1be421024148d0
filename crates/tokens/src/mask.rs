//! A set of allowed tokens.

use crate::TokenId;

/// Which tokens of a vocabulary are allowed at one position: one bit per token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMask {
    words: Vec<u64>,
    len: usize,
}

impl TokenMask {
    /// A mask over `len` tokens that allows none of them.
    pub fn none(len: usize) -> Self {
        TokenMask { words: vec![0; len.div_ceil(64)], len }
    }

    /// A mask over `len` tokens that allows exactly those given; ids at or beyond `len` are
    /// ignored.
    pub fn from_allowed(len: usize, allowed: impl IntoIterator<Item = TokenId>) -> Self {
        let mut mask = TokenMask::none(len);
        for id in allowed {
            mask.allow(id);
        }
        mask
    }

    /// A mask over `len` tokens whose bits come in words of 64 tokens, the first of them lowest.
    pub fn from_words(len: usize, word: impl Fn(usize) -> u64) -> Self {
        let mut words: Vec<u64> = (0..len.div_ceil(64)).map(word).collect();
        if let Some(last) = words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last &= (1 << (len % 64)) - 1;
        }
        TokenMask { words, len }
    }

    /// The mask's bits, 64 tokens to a word, the first of them lowest.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The token that alone is allowed, if there is just one.
    pub fn only(&self) -> Option<TokenId> {
        let word = self.words.iter().position(|word| *word != 0)?;
        let id = TokenId((word * 64) as u32 + self.words[word].trailing_zeros());
        (self.count() == 1).then_some(id)
    }

    /// Allows a token; ids beyond the mask are ignored.
    pub fn allow(&mut self, id: TokenId) {
        if id.index() < self.len {
            self.words[id.index() / 64] |= 1 << (id.index() % 64);
        }
    }

    /// Whether a token is allowed; ids beyond the mask are not.
    pub fn allows(&self, id: TokenId) -> bool {
        id.index() < self.len && self.words[id.index() / 64] >> (id.index() % 64) & 1 == 1
    }

    /// How many tokens are allowed.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_allowed_is_allowed() {
        let mask = TokenMask::from_allowed(70, [TokenId(0), TokenId(63), TokenId(64), TokenId(99)]);
        assert_eq!(mask.count(), 3);
        for (id, allowed) in
            [(0, true), (1, false), (63, true), (64, true), (69, false), (99, false)]
        {
            assert_eq!(mask.allows(TokenId(id)), allowed, "{id}");
        }
        assert_eq!(mask.only(), None);
        assert_eq!(TokenMask::from_allowed(70, [TokenId(65)]).only(), Some(TokenId(65)));
        assert_eq!(TokenMask::none(70).only(), None);
    }

    #[test]
    fn words_beyond_the_last_token_do_not_count() {
        let mask = TokenMask::from_words(70, |index| if index == 0 { 1 << 63 | 1 } else { !0 });
        assert_eq!(mask, TokenMask::from_allowed(70, [0, 63, 64, 65, 66, 67, 68, 69].map(TokenId)));
    }
}
