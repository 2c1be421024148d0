//! What can be asked. A query is complete: nothing of an earlier one is needed to answer it.

use tokenscope_sampling::Settings;

use crate::constraint::ConstraintQuery;

/// The input of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The user's text, verbatim.
    pub prompt: String,
    /// The system text; used only with a chat template, and only if not blank.
    pub system_prompt: String,
    /// Whether to use the chat template, if the model has one.
    pub use_chat_template: bool,
    /// Ids that follow the prompt. Unchecked: the model that answers decides which exist.
    pub completion: Vec<i64>,
}

/// Asks for the next token's distribution.
#[derive(Debug, Clone)]
pub struct PreviewQuery {
    /// The input.
    pub context: Context,
    /// The knobs.
    pub settings: Settings,
    /// Rows to report.
    pub n_rows: usize,
    /// A grammar for the completion, if one is switched on.
    pub constraint: Option<ConstraintQuery>,
    /// Tokens whose numbers are wanted wherever they rank.
    pub probes: Vec<i64>,
    /// Only tokenize; the model does not run and there is no distribution.
    pub tokens_only: bool,
}

/// Asks which tokens of the vocabulary contain a text.
#[derive(Debug, Clone)]
pub struct TokenQuery {
    /// The text; spaces and capitals count.
    pub text: String,
    /// Most tokens to name.
    pub limit: usize,
}

/// Asks for one or more tokens to be appended.
#[derive(Debug, Clone)]
pub struct StepQuery {
    /// The input and the knobs; `probes` and `tokens_only` are ignored.
    pub preview: PreviewQuery,
    /// How the token comes about.
    pub choice: Choice,
    /// Texts that end generation; empty ones are ignored.
    pub stop_sequences: Vec<String>,
}

/// How a step comes by its token.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Greedily or by chance, as the settings say.
    Sample,
    /// This token, whatever its probability.
    Token(i64),
    /// These tokens, in order.
    Tokens(Vec<i64>),
    /// The tokens of this text, tokenized on its own.
    Text(String),
}
