//! What comes back.

use std::time::Duration;

use tokenscope_sampling::{DistributionReport, Row};
use tokenscope_tokens::{TokenId, Vocabulary};

use crate::constraint::{GrammarReport, Kind};

/// A token as the screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPill {
    /// The token.
    pub id: TokenId,
    /// Its text; U+FFFD where it is only part of a character.
    pub text: String,
    /// Its text with every invisible character marked.
    pub display: String,
    /// Whether it is a declared special token.
    pub special: bool,
}

impl TokenPill {
    pub(crate) fn of(vocabulary: &Vocabulary, id: TokenId) -> Self {
        TokenPill {
            id,
            text: vocabulary.text(id).into_owned(),
            display: vocabulary.display(id),
            special: vocabulary.is_special(id),
        }
    }
}

/// A distribution with the texts of its rows.
#[derive(Debug, Clone)]
pub struct ShownDistribution {
    /// Rows that were asked for.
    pub n_rows: usize,
    /// The numbers.
    pub numbers: DistributionReport,
    /// The tokens of the numbers' rows, in their order.
    pub pills: Vec<TokenPill>,
    /// The tokens of the numbers' favourites, in their order.
    pub favourites: Vec<TokenPill>,
    /// The kind of the constraint, if one is on.
    pub constraint: Option<Kind>,
    /// The tokens that were asked about by id; in a step, the one that was appended.
    pub probes: Vec<(TokenPill, Row)>,
}

/// Tokens that contain a text.
#[derive(Debug, Clone)]
pub struct TokensReport {
    /// The model whose tokens they are.
    pub model_id: String,
    /// The best matches, as many as were asked for.
    pub tokens: Vec<TokenPill>,
    /// How many there are.
    pub found: usize,
}

/// What a model is, as far as clients care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
    /// The name it was loaded by.
    pub model_id: String,
    /// Where it computes.
    pub device: &'static str,
    /// Type of its activations.
    pub dtype: &'static str,
    /// How most of its weights are stored.
    pub quantization: String,
    /// Whether it brings a chat template.
    pub has_chat_template: bool,
    /// Its declared end token.
    pub eos: Option<TokenId>,
    /// Tokens in its vocabulary.
    pub vocab_size: usize,
    /// Logits per position.
    pub logit_size: usize,
    /// Longest input, in tokens.
    pub context_length: usize,
    /// Number of weights.
    pub parameters: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads of each layer.
    pub heads: usize,
    /// Where it came from: `builtin`, `file`, `folder` or `hub`.
    pub source: &'static str,
    /// Time it took to load, download included.
    pub load_time: Duration,
}

/// The next token's distribution.
#[derive(Debug, Clone)]
pub struct PreviewReport {
    /// The model that answered.
    pub model: ModelFacts,
    /// The prompt as the model gets it, template included.
    pub prompt: Vec<TokenPill>,
    /// Whether the chat template knows no system role, so that the system text was put in front of
    /// the user's message.
    pub system_folded: bool,
    /// The completion.
    pub completion: Vec<TokenPill>,
    /// None if only tokens were asked for.
    pub distribution: Option<ShownDistribution>,
    /// What the grammar says about that position, if one is on and the distribution was asked for.
    pub grammar: Option<GrammarReport>,
    /// Time taken, waiting included.
    pub elapsed: Duration,
}

/// One or more tokens appended.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The model that answered.
    pub model: ModelFacts,
    /// The tokens, in order, each with the distribution it came from.
    pub appended: Vec<Appended>,
    /// The final probability of the token, if it was drawn rather than forced.
    pub p_final: Option<f32>,
    /// The whole completion.
    pub completion: Vec<TokenId>,
    /// Why generation is over, if it is.
    pub stop: Option<StopReason>,
    /// The seed that decided, if chance did.
    pub seed_used: Option<i64>,
    /// What the grammar says about the position of the first appended token, if one is on.
    pub grammar: Option<GrammarReport>,
    /// Time taken, waiting included.
    pub elapsed: Duration,
}

/// An appended token and what it was taken from.
#[derive(Debug, Clone)]
pub struct Appended {
    /// The token.
    pub pill: TokenPill,
    /// The distribution at its position.
    pub distribution: ShownDistribution,
}

/// Why generation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model's end token was appended.
    EndToken,
    /// The completion contains a stop sequence.
    StopSequence,
}
