//! Constraints: what the debugger says about a position, and the two questions about a constraint
//! itself.

use serde::{Deserialize, Serialize};
use tokenscope_engine::constraint::{
    CheckReport, ChoiceReport, ChoicesReport, GrammarReport, StallKind,
};
use ts_rs::TS;
use utoipa::ToSchema;

use super::request::ConstraintParams;
use super::{ErrorBody, ModelInfo, TokenPill, object};

/// What a grammar does to one position, and has done on the way there.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct GrammarDebug {
    /// Raw probability of all tokens that it allows.
    pub legal_mass: f64,
    /// How many they are.
    pub legal_tokens: usize,
    /// Whether the completion may end here.
    pub may_end: bool,
    /// Whether it has ended.
    pub ended: bool,
    /// The completion's index from which the grammar counts.
    pub anchor: usize,
    /// The forbidden tokens that the model wanted most.
    pub wanted: Vec<WantedToken>,
    /// What must come next; null where there is a choice.
    pub forced: Option<ForcedRun>,
    /// For JSON, the place in the document, such as `$.items[0].name`; null if it cannot be told.
    pub path: Option<String>,
    /// The parts of the schema's text that are about that place: a property with its name, the schema of
    /// an array's items, or all of it. More than one where two options of an anyOf have the property.
    pub schema_places: Vec<TextRange>,
    /// Whether the completion goes round in circles.
    pub stall: Option<StallAlarm>,
    /// The legal mass at every position from the anchor to this one; null where there was no
    /// distribution.
    pub history: Vec<Option<f64>>,
    /// Log-probability that the constraint has cost so far: the sum of the natural logarithms of the
    /// masses before this one. Null if one of them was zero.
    pub log_cost: Option<f64>,
    /// What the constraint says but does not enforce.
    pub warnings: Vec<String>,
    /// How long the mask took when it was found; it is remembered.
    pub mask_ms: f64,
}

/// A part of a text. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct TextRange {
    /// Line of its first character.
    pub line: usize,
    /// Column of its first character.
    pub column: usize,
    /// Line of the first character behind it.
    pub end_line: usize,
    /// Column of that.
    pub end_column: usize,
}

/// A forbidden token.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct WantedToken {
    /// The token.
    #[serde(flatten)]
    #[ts(flatten)]
    pub pill: TokenPill,
    /// Raw probability.
    pub p_base: f32,
    /// Place by raw probability among all tokens, from 1.
    pub rank_base: usize,
    /// How many of its bytes the grammar allows, and so the index of the byte at which it leaves it.
    pub legal_bytes: usize,
    /// Those bytes as shown on screen.
    pub legal_display: String,
    /// The bytes after them.
    pub illegal_display: String,
}

/// What a grammar leaves no choice about.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ForcedRun {
    /// The text.
    pub text: String,
    /// Its tokens, to be taken with `force_token_ids`; without the last ones if they might become
    /// others together with what follows.
    pub tokens: Vec<TokenPill>,
}

/// A completion that goes round in circles.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct StallAlarm {
    /// `whitespace` or `repetition`.
    pub kind: String,
    /// How many tokens of it.
    pub tokens: usize,
    /// What is repeated.
    pub text: String,
}

/// `POST /api/constraint/check`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct CheckRequest {
    /// The constraint; whether it is enabled, and its anchor, do not matter.
    #[serde(deserialize_with = "object::only")]
    #[ts(as = "Option<ConstraintParams>", optional)]
    pub constraint: ConstraintParams,
}

/// Whether a constraint can be used.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CheckResponse {
    /// Whether it can.
    pub ok: bool,
    /// Why not; what a preview would answer with status 400.
    pub error: Option<ErrorBody>,
    /// How many tokens it allows at its beginning; null if it cannot be used.
    pub legal_tokens: Option<usize>,
    /// Whether the empty text is one it allows.
    pub may_be_empty: Option<bool>,
    /// What it says but does not enforce.
    pub warnings: Vec<String>,
    /// Time taken on the server.
    pub elapsed_ms: Option<f64>,
}

/// The options of a multiple choice as whole texts.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ChoicesResponse {
    /// The model that answered.
    pub model: ModelInfo,
    /// The options, in the order in which they were written.
    pub choices: Vec<ChoiceScore>,
    /// Time taken on the server.
    pub elapsed_ms: f64,
}

/// One option: the raw probability of one way to write it, the tokens that the tokenizer gives, and of
/// ending after it.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ChoiceScore {
    /// The option.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<TokenPill>,
    /// Natural logarithms of the tokens' probabilities, each given those before.
    pub log_probabilities: Vec<f64>,
    /// Natural logarithm of the summed probability of the model's end tokens; null if that is zero.
    pub end_log_probability: Option<f64>,
    /// The sum of them all; null if the probability is zero.
    pub log_probability: Option<f64>,
    /// The product of the probabilities.
    pub p: f64,
    /// Its share of the sum over all options.
    pub p_normalised: f64,
}

impl From<&GrammarReport> for GrammarDebug {
    fn from(report: &GrammarReport) -> Self {
        let wanted = report.wanted.iter().map(|wanted| WantedToken {
            pill: (&wanted.pill).into(),
            p_base: wanted.p_base,
            rank_base: wanted.rank_base,
            legal_bytes: wanted.legal_bytes,
            legal_display: wanted.split.0.clone(),
            illegal_display: wanted.split.1.clone(),
        });
        GrammarDebug {
            legal_mass: report.legal_mass,
            legal_tokens: report.legal_tokens,
            may_end: report.may_end,
            ended: report.has_ended,
            anchor: report.anchor,
            wanted: wanted.collect(),
            forced: report.forced.as_ref().map(|forced| ForcedRun {
                text: forced.text.clone(),
                tokens: forced.tokens.iter().map(TokenPill::from).collect(),
            }),
            path: report.path.clone(),
            schema_places: report
                .schema_places
                .iter()
                .map(|range| TextRange {
                    line: range.line,
                    column: range.column,
                    end_line: range.end_line,
                    end_column: range.end_column,
                })
                .collect(),
            stall: report.stall.as_ref().map(|stall| StallAlarm {
                kind: match stall.kind {
                    StallKind::Whitespace => "whitespace",
                    StallKind::Repetition => "repetition",
                }
                .into(),
                tokens: stall.tokens,
                text: stall.text.clone(),
            }),
            history: report.history.iter().copied().map(finite).collect(),
            log_cost: finite(report.log_cost),
            warnings: report.warnings.clone(),
            mask_ms: report.mask_time.as_secs_f64() * 1e3,
        }
    }
}

impl CheckResponse {
    /// Of a constraint that can be used.
    pub fn good(report: CheckReport) -> Self {
        CheckResponse {
            ok: true,
            error: None,
            legal_tokens: Some(report.legal_tokens),
            may_be_empty: Some(report.may_be_empty),
            warnings: report.warnings,
            elapsed_ms: Some(report.elapsed.as_secs_f64() * 1e3),
        }
    }

    /// Of one that cannot.
    pub fn bad(error: ErrorBody) -> Self {
        CheckResponse {
            ok: false,
            error: Some(error),
            legal_tokens: None,
            may_be_empty: None,
            warnings: Vec::new(),
            elapsed_ms: None,
        }
    }
}

impl From<&ChoicesReport> for ChoicesResponse {
    fn from(report: &ChoicesReport) -> Self {
        ChoicesResponse {
            model: (&report.model).into(),
            choices: report.choices.iter().map(ChoiceScore::from).collect(),
            elapsed_ms: report.elapsed.as_secs_f64() * 1e3,
        }
    }
}

impl From<&ChoiceReport> for ChoiceScore {
    fn from(choice: &ChoiceReport) -> Self {
        ChoiceScore {
            text: choice.text.clone(),
            tokens: choice.tokens.iter().map(TokenPill::from).collect(),
            log_probabilities: choice.log_probabilities.clone(),
            end_log_probability: finite(choice.end_log_probability),
            log_probability: finite(choice.log_probability),
            p: choice.p,
            p_normalised: choice.p_normalised,
        }
    }
}

/// JSON knows no infinities and no NaN.
fn finite(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}
