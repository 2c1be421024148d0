//! The vocabulary part of a GGUF file's metadata, as plain data.

use crate::{TokenId, TokenKind};

/// What a GGUF file says about its vocabulary; whoever reads the file fills this in. Field by
/// field these are the `tokenizer.*` keys of the GGUF specification.
#[derive(Debug, Clone, Default)]
pub struct GgufVocabulary {
    /// `tokenizer.ggml.model`: the kind of tokenizer, `gpt2` for byte-level BPE, `llama` for
    /// SentencePiece.
    pub model: String,
    /// `tokenizer.ggml.pre`: the pre-tokenizer's name; absent in old files.
    pub pre: Option<String>,
    /// `tokenizer.ggml.tokens`, by id.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.token_type`, by id; empty if the file has none (all normal).
    pub kinds: Vec<TokenKind>,
    /// `tokenizer.ggml.merges`, best first; each is two tokens with a space between.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.scores`, by id; only SentencePiece has them.
    pub scores: Vec<f32>,
    /// `tokenizer.ggml.unknown_token_id`.
    pub unknown: Option<TokenId>,
    /// `tokenizer.ggml.padding_token_id`.
    pub padding: Option<TokenId>,
    /// `tokenizer.ggml.add_space_prefix`; only SentencePiece heeds it, and there absent means yes.
    pub add_space_prefix: Option<bool>,
    /// Whether `general.name` says that this is a Phi-3. Its SentencePiece tokenizer drops white
    /// space after markers, which no other key of the file tells.
    pub is_phi3: bool,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<TokenId>,
    /// `tokenizer.ggml.eos_token_id`: the one that ends a turn.
    pub eos: Option<TokenId>,
    /// Further ids that end generation: `eot_token_id`, `eom_token_id`.
    pub other_ends: Vec<TokenId>,
    /// `tokenizer.ggml.add_bos_token`; absent means what the tokenizer's kind implies.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_eos_token`.
    pub add_eos: Option<bool>,
    /// `tokenizer.chat_template`.
    pub chat_template: Option<String>,
}

impl GgufVocabulary {
    /// The token for unknown text: the one that the file names, or else the first of that kind.
    pub(crate) fn unknown_token(&self) -> Option<TokenId> {
        self.unknown.or_else(|| {
            let kind = self.kinds.iter().position(|&kind| kind == TokenKind::Unknown);
            kind.map(|id| TokenId(id as u32))
        })
    }
}
