//! Text ⇄ token ids. This crate knows no model, no sampling and no HTTP.
//!
//! Reading order:
//!
//! 1. [`TokenId`]: the number every other crate passes around.
//! 2. [`Vocabulary`]: for each id its bytes, its kind and how it is shown on screen
//!    ([`display`]).
//! 3. [`Tokenizer`]: text to ids and back; built from plain data ([`GgufVocabulary`],
//!    [`HfVocabulary`]), never from a file.
//! 4. [`ChatTemplate`]: messages to prompt text, by the templates of `tokenscope-jinja`.
//! 5. [`TokenMask`]: a set of allowed ids, as a grammar produces and sampling consumes it.

mod byte_level;
pub mod chat;
pub mod display;
mod gguf;
mod huggingface;
mod markers;
pub mod mask;
mod panics;
mod pre_tokenizer;
mod sentence_piece;
mod tokenizer;
mod vocabulary;

pub use chat::{ChatSpans, ChatTemplate, RenderedChat, SpecialTokens, TemplateError};
pub use gguf::GgufVocabulary;
pub use huggingface::HfVocabulary;
pub use mask::TokenMask;
pub use tokenizer::{Tokenizer, TokenizerError};
pub use vocabulary::{TokenKind, Vocabulary};

/// Position of a token in the vocabulary, and so also the row of its embedding and of its logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

impl TokenId {
    /// The id as an index into vocabulary-sized slices.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for TokenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
