//! Requests. Every field but `model_id` may be absent; unknown fields are ignored. `null` stands
//! only where a type is an `Option`.

use serde::{Deserialize, Serialize};
use tokenscope_engine::constraint::{ConstraintQuery, Whitespace};
use tokenscope_engine::query::{Choice, Context, PreviewQuery, StepQuery, TokenQuery};
use tokenscope_sampling::{NucleusRule, PenaltyScope, Settings};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::{name, object, whole};

/// `POST /api/model/load`
#[derive(Debug, Deserialize, Serialize, ToSchema, TS)]
pub struct LoadRequest {
    /// `builtin:smollm2-135m-instruct`, the path of a `.gguf` file, or that of a folder with a
    /// Hugging Face checkpoint.
    pub model_id: String,
}

/// `POST /api/preview`
#[derive(Debug, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct PreviewRequest {
    /// Accepted for compatibility; has no effect, since the server keeps no session.
    #[ts(as = "Option<String>", optional)]
    pub branch_id: String,
    /// The user's text, verbatim.
    #[ts(as = "Option<String>", optional)]
    pub prompt: String,
    /// The system text; blank means none. Used only with the chat template.
    #[ts(as = "Option<String>", optional)]
    pub system_prompt: String,
    /// Only `false` switches the chat template off.
    #[ts(optional = nullable)]
    pub use_chat_template: Option<bool>,
    /// Token ids that follow the prompt.
    #[serde(deserialize_with = "whole::list")]
    #[ts(as = "Option<Vec<i64>>", optional)]
    pub completion_ids: Vec<i64>,
    /// Rows to show, clamped to 1..50. Has no effect on sampling.
    #[serde(deserialize_with = "whole::one")]
    #[ts(as = "Option<i64>", optional)]
    pub top_k: i64,
    /// The sampling knobs.
    #[serde(deserialize_with = "object::only")]
    #[ts(as = "Option<SamplingParams>", optional)]
    pub params: SamplingParams,
    /// A grammar for the completion.
    #[serde(deserialize_with = "object::only")]
    #[ts(as = "Option<ConstraintParams>", optional)]
    pub constraint: ConstraintParams,
    /// Tokens to report in `dist.probes`, wherever they rank; at most 50. A step ignores them: it
    /// reports the token that it appends.
    #[serde(deserialize_with = "whole::list")]
    #[ts(as = "Option<Vec<i64>>", optional)]
    pub probe_ids: Vec<i64>,
    /// Only tokenize: the model does not run and `dist` is null. A step, which needs the model, ignores it.
    #[ts(as = "Option<bool>", optional)]
    pub tokens_only: bool,
}

impl Default for PreviewRequest {
    fn default() -> Self {
        PreviewRequest {
            branch_id: "default".into(),
            prompt: String::new(),
            system_prompt: "You are a helpful assistant.".into(),
            use_chat_template: None,
            completion_ids: Vec::new(),
            top_k: 10,
            params: SamplingParams::default(),
            constraint: ConstraintParams::default(),
            probe_ids: Vec::new(),
            tokens_only: false,
        }
    }
}

/// `GET /api/tokens`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct TokensRequest {
    /// What the tokens' texts contain; spaces and capitals count.
    pub query: String,
    /// Most tokens to list, clamped to 1..50.
    #[param(default = 10)]
    pub limit: i64,
}

impl Default for TokensRequest {
    fn default() -> Self {
        TokensRequest { query: String::new(), limit: 10 }
    }
}

impl From<TokensRequest> for TokenQuery {
    fn from(request: TokensRequest) -> Self {
        TokenQuery { text: request.query, limit: request.limit.clamp(1, MAX_ROWS) as usize }
    }
}

/// `POST /api/step`: as preview, and how to come by the token.
///
/// The two halves are read from one body one after the other: serde's `flatten` would lose the
/// names of fields from error messages.
#[derive(Debug, Default, Serialize, ToSchema, TS)]
pub struct StepRequest {
    /// The input and the knobs.
    #[serde(flatten)]
    #[ts(flatten)]
    pub preview: PreviewRequest,
    /// How to come by the token.
    #[serde(flatten)]
    #[ts(flatten)]
    pub choice: StepChoice,
}

/// What `POST /api/step` has beyond a preview.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct StepChoice {
    /// Accepted for compatibility; has no effect, since chance depends on seed and position only.
    #[ts(as = "Option<bool>", optional)]
    pub reset_rng: bool,
    /// Append this token, whatever its probability.
    #[serde(deserialize_with = "whole::option")]
    #[ts(optional = nullable)]
    pub force_token_id: Option<i64>,
    /// Append the tokens of this text. Wins over the other two; empty means absent.
    #[ts(optional = nullable)]
    pub force_text: Option<String>,
    /// Append these tokens in one go.
    #[serde(deserialize_with = "whole::list")]
    #[ts(as = "Option<Vec<i64>>", optional)]
    pub force_token_ids: Vec<i64>,
}

/// The sampling knobs; `/api/catalog` explains each.
#[derive(Debug, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct SamplingParams {
    /// Take the most probable token instead of drawing.
    #[ts(as = "Option<bool>", optional)]
    pub greedy: bool,
    /// Zero or less counts as 1e-6.
    #[ts(as = "Option<f64>", optional)]
    pub temperature: f64,
    /// 1 or more is off; 0 or less keeps one token.
    #[ts(as = "Option<f64>", optional)]
    pub top_p: f64,
    /// 1 is off.
    #[ts(as = "Option<f64>", optional)]
    pub repetition_penalty: f64,
    /// 0 is off.
    #[ts(as = "Option<f64>", optional)]
    pub presence_penalty: f64,
    /// 0 is off.
    #[ts(as = "Option<f64>", optional)]
    pub frequency_penalty: f64,
    /// Null lets the server draw one.
    #[serde(deserialize_with = "whole::option")]
    #[ts(optional = nullable)]
    pub seed: Option<i64>,
    /// Texts that end generation; empty ones are ignored.
    #[ts(as = "Option<Vec<String>>", optional)]
    pub stop_sequences: Vec<String>,
    /// What happens to the token that carries the sum across top-p.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<NucleusRuleName>", optional)]
    pub nucleus_rule: NucleusRuleName,
    /// Which occurrences count for the penalties.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<PenaltyScopeName>", optional)]
    pub penalty_scope: PenaltyScopeName,
}

impl Default for SamplingParams {
    fn default() -> Self {
        let settings = Settings::default();
        SamplingParams {
            greedy: settings.greedy,
            temperature: settings.temperature,
            top_p: settings.top_p,
            repetition_penalty: settings.repetition_penalty,
            presence_penalty: settings.presence_penalty,
            frequency_penalty: settings.frequency_penalty,
            seed: settings.seed,
            stop_sequences: Vec::new(),
            nucleus_rule: NucleusRuleName::Standard,
            penalty_scope: PenaltyScopeName::All,
        }
    }
}

/// Names of [`NucleusRule`].
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum NucleusRuleName {
    /// The crossing token is kept.
    Standard,
    /// The crossing token is dropped.
    Seed,
}

/// Names of [`PenaltyScope`].
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyScopeName {
    /// Prompt and completion.
    All,
    /// Completion only.
    Completion,
    /// Prompt and completion without special tokens.
    NoSpecials,
}

/// Names of [`Whitespace`].
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum WhitespaceName {
    /// At most one space at each place.
    Single,
    /// As JSON allows it.
    Flexible,
}

/// A grammar for the completion.
#[derive(Debug, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct ConstraintParams {
    /// Whether it applies; if not, the rest is not looked at.
    #[ts(as = "Option<bool>", optional)]
    pub enabled: bool,
    /// `multiple_choice`, `regex`, `cfg` or `json_schema`.
    #[serde(rename = "type")]
    #[ts(as = "Option<String>", optional)]
    pub kind: String,
    /// The choices, pattern, grammar or schema.
    #[ts(as = "Option<String>", optional)]
    pub schema: String,
    /// Another name for `schema`, which wins if it is not empty.
    #[ts(as = "Option<String>", optional)]
    pub schema_text: String,
    /// White space between the parts of a JSON document.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<WhitespaceName>", optional)]
    pub whitespace: WhitespaceName,
    /// The completion's index from which the grammar counts.
    #[serde(deserialize_with = "whole::one")]
    #[ts(as = "Option<i64>", optional)]
    pub anchor: i64,
}

impl Default for ConstraintParams {
    fn default() -> Self {
        ConstraintParams {
            enabled: false,
            kind: "multiple_choice".into(),
            schema: String::new(),
            schema_text: String::new(),
            whitespace: WhitespaceName::Single,
            anchor: 0,
        }
    }
}

/// Most rows a request can ask for.
///
/// Limit of answers: rows of a distribution, and tokens of a search; clamped.
const MAX_ROWS: i64 = 50;

impl From<PreviewRequest> for PreviewQuery {
    fn from(request: PreviewRequest) -> Self {
        PreviewQuery {
            context: Context {
                prompt: request.prompt,
                system_prompt: request.system_prompt,
                use_chat_template: request.use_chat_template != Some(false),
                completion: request.completion_ids,
            },
            settings: request.params.into(),
            n_rows: request.top_k.clamp(1, MAX_ROWS) as usize,
            constraint: request.constraint.enabled.then(|| request.constraint.into()),
            probes: request.probe_ids,
            tokens_only: request.tokens_only,
        }
    }
}

impl From<ConstraintParams> for ConstraintQuery {
    fn from(params: ConstraintParams) -> Self {
        ConstraintQuery {
            kind: params.kind,
            text: if params.schema.is_empty() { params.schema_text } else { params.schema },
            whitespace: match params.whitespace {
                WhitespaceName::Single => Whitespace::Single,
                WhitespaceName::Flexible => Whitespace::Flexible,
            },
            anchor: params.anchor,
        }
    }
}

impl From<StepRequest> for StepQuery {
    fn from(request: StepRequest) -> Self {
        let StepChoice { force_text, force_token_id, force_token_ids, .. } = request.choice;
        let choice = match (force_text, force_token_id) {
            (Some(text), _) if !text.is_empty() => Choice::Text(text),
            (_, Some(id)) => Choice::Token(id),
            _ if !force_token_ids.is_empty() => Choice::Tokens(force_token_ids),
            _ => Choice::Sample,
        };
        let stop_sequences = request.preview.params.stop_sequences.clone();
        StepQuery { preview: request.preview.into(), choice, stop_sequences }
    }
}

impl From<SamplingParams> for Settings {
    fn from(params: SamplingParams) -> Self {
        Settings {
            greedy: params.greedy,
            temperature: params.temperature,
            top_p: params.top_p,
            repetition_penalty: params.repetition_penalty,
            presence_penalty: params.presence_penalty,
            frequency_penalty: params.frequency_penalty,
            seed: params.seed,
            nucleus_rule: match params.nucleus_rule {
                NucleusRuleName::Standard => NucleusRule::Standard,
                NucleusRuleName::Seed => NucleusRule::Seed,
            },
            penalty_scope: match params.penalty_scope {
                PenaltyScopeName::All => PenaltyScope::All,
                PenaltyScopeName::Completion => PenaltyScope::Completion,
                PenaltyScopeName::NoSpecials => PenaltyScope::NoSpecials,
            },
        }
    }
}
