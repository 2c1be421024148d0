//! A vocabulary as llguidance sees it.

use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::toktrie::{TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use tokenscope_tokens::{TokenId, TokenKind, Vocabulary};

/// Longest token, in bytes, that the trie can hold (1,024 less its root). Longer ones are never
/// legal; known vocabularies have none.
const LONGEST_TOKEN: usize = 1_000;

/// Marks the name of a special token, so that no text is taken for one. It occurs in no UTF-8.
const SPECIAL: u8 = TokTrie::SPECIAL_TOKEN_MARKER;

/// The tokens by their bytes.
///
/// Behind the vocabulary's ids there are 256 more, one for each byte: with them a grammar can be
/// followed byte by byte, which vocabularies without a token for each would not allow. They are
/// in no [`TokenMask`](tokenscope_tokens::TokenMask).
pub(crate) struct Environment {
    trie: TokTrie,
    /// Ids of the vocabulary, those included that only pad the logits.
    n_tokens: usize,
}

impl Environment {
    /// Makes a trie of `n_tokens` tokens. Special tokens are no text; `ends` end it.
    pub(crate) fn new(vocabulary: &Vocabulary, n_tokens: usize, ends: &[TokenId]) -> Self {
        let ids = (0..n_tokens as u32).map(TokenId);
        let mut words: Vec<Vec<u8>> = ids.map(|id| word(vocabulary, id)).collect();
        words.extend((0..=u8::MAX).map(|byte| if byte == SPECIAL { vec![] } else { vec![byte] }));
        // llguidance wants an end token. A vocabulary without one gets one that is in no mask.
        let none = words.len() as u32;
        words.push(Vec::new());
        let mut ends: Vec<u32> = ends.iter().map(|id| id.0).collect();
        ends.retain(|id| (*id as usize) < n_tokens);
        if ends.is_empty() {
            ends.push(none);
        }
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, ends[0]), &words);
        Environment { trie: trie.with_eos_tokens(&ends), n_tokens }
    }

    /// A factory of matchers, for any number of grammars.
    ///
    /// # Errors
    /// If llguidance cannot use the vocabulary.
    pub(crate) fn factory(self) -> Result<ParserFactory, String> {
        let environment: TokEnv = Arc::new(self);
        let mut factory =
            ParserFactory::new_simple(&environment).map_err(|error| error.to_string())?;
        factory.quiet();
        let limits = factory.limits_mut();
        // The state of a parser means nothing to whoever wrote the grammar.
        limits.verbose_errors = false;
        // A grammar is compiled while somebody waits.
        limits.precompute_large_lexemes = false;
        Ok(factory)
    }

    /// The id that stands for a byte.
    pub(crate) fn byte_token(n_tokens: usize, byte: u8) -> u32 {
        n_tokens as u32 + u32::from(byte)
    }
}

fn word(vocabulary: &Vocabulary, id: TokenId) -> Vec<u8> {
    let bytes = vocabulary.bytes(id);
    match vocabulary.kind(id) {
        TokenKind::Control => [&[SPECIAL], bytes].concat(),
        TokenKind::Unknown | TokenKind::Unused => Vec::new(),
        // No text has this byte, so that a token with it can never be legal.
        _ if bytes.contains(&SPECIAL) || bytes.len() > LONGEST_TOKEN => Vec::new(),
        _ => bytes.to_vec(),
    }
}

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        let mut ids = self.trie.greedy_tokenize(bytes);
        ids.retain(|id| (*id as usize) < self.n_tokens);
        ids
    }

    /// Every way to split a text into tokens is legal, not only the tokenizer's own.
    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}
