//! A vocabulary as llguidance sees it.

use std::io::{self, Read, Write};
use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::toktrie::{TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use tokenscope_tokens::{TokenId, TokenKind, Vocabulary};

/// Longest token, in bytes, that the trie can hold (1,024 less its root). Longer ones are never
/// legal; known vocabularies have none.
const LONGEST_TOKEN: usize = 1_000;

/// Marks the name of a special token, so that no text is taken for one. It occurs in no UTF-8.
const SPECIAL: u8 = TokTrie::SPECIAL_TOKEN_MARKER;

/// Most states that a grammar's lexer may have, at one to two kilobytes each. They come one by one while
/// masks are found, so what a constraint takes when it is compiled says little about them.
///
/// Limit of constraints: states of a grammar's lexer; 400.
const MOST_LEXER_STATES: usize = 25_000;

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

/// A vocabulary's tokens as llguidance wants them. They can be sent to another process.
#[derive(Clone)]
pub(crate) struct Words {
    words: Vec<Vec<u8>>,
    ends: Vec<u32>,
    n_tokens: usize,
}

impl Words {
    /// The words of `n_tokens` tokens. Special tokens are no text; `ends` end it.
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
        Words { words, ends, n_tokens }
    }

    /// Writes them for [`Words::read`].
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        for number in [self.n_tokens, self.ends.len(), self.words.len()] {
            write_number(to, number as u32)?;
        }
        for end in &self.ends {
            write_number(to, *end)?;
        }
        for word in &self.words {
            write_bytes(to, word)?;
        }
        to.flush()
    }

    /// Reads what [`Words::write`] wrote.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let [n_tokens, n_ends, n_words] =
            [read_number(from)?, read_number(from)?, read_number(from)?];
        let ends = (0..n_ends).map(|_| read_number(from)).collect::<io::Result<_>>()?;
        let words = (0..n_words).map(|_| read_bytes(from)).collect::<io::Result<_>>()?;
        Ok(Words { words, ends, n_tokens: n_tokens as usize })
    }
}

pub(crate) fn write_number(to: &mut impl Write, number: u32) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

pub(crate) fn read_number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Writes the length and then the bytes.
pub(crate) fn write_bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    write_number(to, bytes.len() as u32)?;
    to.write_all(bytes)
}

/// Reads what [`write_bytes`] wrote.
pub(crate) fn read_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; read_number(from)? as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Environment {
    /// Makes a trie of the words.
    pub(crate) fn new(words: &Words) -> Self {
        let Words { words, ends, n_tokens } = words;
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, ends[0]), words);
        Environment { trie: trie.with_eos_tokens(ends), n_tokens: *n_tokens }
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
        limits.max_lexer_states = MOST_LEXER_STATES;
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
