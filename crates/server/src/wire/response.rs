//! Responses to preview and step, and errors.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use tokenscope_engine::TokenId;
use tokenscope_engine::query::Choice;
use tokenscope_engine::report::{self, PreviewReport, StepReport, StopReason, TokensReport};
use tokenscope_sampling::{KnobValue, Row, StageId};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{GrammarDebug, ModelInfo};

/// Every error.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ErrorBody {
    /// What is wrong, in a sentence.
    pub detail: String,
    /// A stable name.
    pub code: String,
    /// What to do about it.
    pub hint: String,
    /// Line of a constraint's text, from 1, if what is wrong is at one place in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub line: Option<usize>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub column: Option<usize>,
    /// The text that offends there; empty at the end of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub offending: Option<String>,
    /// Index in `completion_ids` of the first token that a constraint doesn't allow, if that is what is
    /// wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token_index: Option<usize>,
}

/// `POST /api/model/load`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct LoadResponse {
    /// Always true; the load goes on in the background.
    pub ok: bool,
    /// The name, trimmed.
    pub model_id: String,
}

/// A token as the page shows it.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct TokenPill {
    /// The token.
    pub id: u32,
    /// Its text.
    pub text: String,
    /// Its text with every invisible character marked.
    pub display: String,
    /// Whether it is a declared special token.
    pub special: bool,
}

/// A candidate with all its numbers.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct DistributionRow {
    /// The token.
    #[serde(flatten)]
    #[ts(flatten)]
    pub pill: TokenPill,
    /// Raw probability.
    pub p_base: f32,
    /// Probability of being drawn; 0 if cut.
    pub p_final: f32,
    /// Whether it can be drawn.
    pub kept: bool,
    /// Whether the constraint allows it; true without one.
    pub valid: bool,
    /// Raw logit.
    pub logit: f32,
    /// Place by raw probability among all tokens, from 1.
    pub rank_base: usize,
    /// Place by final probability among kept tokens, from 1; null if cut.
    pub rank_final: Option<usize>,
    /// Id of the stage that cut it.
    pub cut_by: Option<String>,
    /// Probability after each of the distribution's stages.
    pub after: Vec<f32>,
}

/// A token that the raw model finds most probable.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct RawFavourite {
    /// Its row.
    #[serde(flatten)]
    #[ts(flatten)]
    pub row: DistributionRow,
    /// Id of the stage that cost it most places by changing logits; null if none cost it any. A cut
    /// costs no place, so this can be another stage than `cut_by`.
    pub sunk_by: Option<String>,
}

/// What one stage did to the whole distribution.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct StageSummary {
    /// `raw`, or the stage's id.
    pub id: String,
    /// What the page calls it.
    pub label: String,
    /// The values of its knobs.
    #[ts(type = "Record<string, unknown>")]
    pub knobs: BTreeMap<String, serde_json::Value>,
    /// Tokens not cut so far.
    pub kept: usize,
    /// Probability, before it, of the tokens it cut.
    pub removed_mass: f64,
    /// Entropy after it, in bits.
    pub entropy_bits: f64,
}

/// A next-token distribution.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct Distribution {
    /// Rows that were asked for, clamped.
    pub top_k: usize,
    /// The rows, by probability before the nucleus.
    pub tokens: Vec<DistributionRow>,
    /// The three tokens that the raw model finds most probable, best first, wherever they rank after
    /// the stages and whether they have a row or not.
    pub raw_top: Vec<RawFavourite>,
    /// The tokens of a preview's `probe_ids`, each once; in a step, the token that was appended.
    pub probes: Vec<DistributionRow>,
    /// Raw probability of all tokens without a row.
    pub other_p_base: f64,
    /// Final probability of all tokens without a row.
    pub other_p_final: f64,
    /// Tokens that can be drawn.
    pub kept_token_count: usize,
    /// Whether a constraint is on.
    pub constraint_active: bool,
    /// Its kind.
    pub constraint_type: Option<String>,
    /// The raw model, then every stage in order.
    pub stages: Vec<StageSummary>,
    /// Raw probability of the tokens the constraint allows; null without one.
    pub legal_mass: Option<f64>,
}

/// `GET /api/tokens`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct TokensResponse {
    /// The model whose tokens they are.
    pub model_id: String,
    /// The best matches: the text itself, then what begins with it, then what contains it.
    pub tokens: Vec<TokenPill>,
    /// How many tokens match.
    pub found: usize,
}

/// `POST /api/preview`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct PreviewResponse {
    /// The model that answered.
    pub model: ModelInfo,
    /// The prompt as the model gets it.
    pub prompt_tokens: Vec<TokenPill>,
    /// What was done to the texts before they became tokens, if it may surprise.
    pub prompt_note: Option<String>,
    /// The completion.
    pub completion_tokens: Vec<TokenPill>,
    /// Both lengths together.
    pub context_token_count: usize,
    /// For the next position; null if only tokens were asked for.
    pub dist: Option<Distribution>,
    /// The request's seed; a preview draws none.
    pub seed_used: Option<i64>,
    /// Time taken on the server.
    pub elapsed_ms: f64,
    /// The grammar at that position; null while no constraint is on.
    pub grammar: Option<GrammarDebug>,
}

/// What a response shows in two places, but is made once.
#[derive(Debug)]
pub struct Shared<T>(Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A token that was taken.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct SelectedToken {
    /// The token.
    pub id: u32,
    /// Its text.
    pub text: String,
    /// Its text with every invisible character marked.
    pub display: String,
    /// The probability it was drawn with; null if forced.
    pub p_final: Option<f32>,
}

/// The record of an appended token.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AppendedMeta {
    /// The distribution at its position.
    #[schema(value_type = Distribution)]
    #[ts(as = "Distribution")]
    pub dist: Shared<Distribution>,
    /// The token.
    pub selected_id: u32,
    /// Whether it was forced.
    pub forced: bool,
    /// `token` or `text`; null if drawn.
    pub forced_by: Option<String>,
}

/// `POST /api/step`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct StepResponse {
    /// The model that answered.
    pub model: ModelInfo,
    /// Before the append (of the first token, if there are several); null if nothing was appended.
    #[schema(value_type = Option<Distribution>)]
    #[ts(as = "Option<Distribution>")]
    pub dist: Option<Shared<Distribution>>,
    /// The token; null for forced text and lists.
    pub selected: Option<SelectedToken>,
    /// All appended tokens.
    pub appended: Vec<TokenPill>,
    /// One record per appended token.
    pub appended_meta: Vec<AppendedMeta>,
    /// The completion with the appended tokens.
    pub new_completion_ids: Vec<u32>,
    /// Whether generation is over.
    pub done: bool,
    /// `eos_token` or `stop_sequence`; null if it is not over.
    pub stop_reason: Option<String>,
    /// The seed that decided; null if chance did not.
    pub seed_used: Option<i64>,
    /// Time taken on the server.
    pub elapsed_ms: f64,
    /// The grammar at that position; null while no constraint is on.
    pub grammar: Option<GrammarDebug>,
}

impl From<&report::TokenPill> for TokenPill {
    fn from(pill: &report::TokenPill) -> Self {
        TokenPill {
            id: pill.id.0,
            text: pill.text.clone(),
            display: pill.display.clone(),
            special: pill.special,
        }
    }
}

impl From<(&report::TokenPill, &Row)> for DistributionRow {
    fn from((pill, row): (&report::TokenPill, &Row)) -> Self {
        DistributionRow {
            pill: pill.into(),
            p_base: row.p_base,
            p_final: row.p_final,
            kept: row.cut_by.is_none(),
            valid: row.valid,
            logit: row.logit,
            rank_base: row.rank_base,
            rank_final: row.rank_final,
            cut_by: row.cut_by.map(|stage| stage.name().to_owned()),
            after: row.after.clone(),
        }
    }
}

impl From<&report::ShownDistribution> for Distribution {
    fn from(distribution: &report::ShownDistribution) -> Self {
        let numbers = &distribution.numbers;
        let rows = numbers
            .rows
            .iter()
            .zip(&distribution.pills)
            .map(|(row, pill)| DistributionRow::from((pill, row)));
        let raw_top = numbers.favourites.iter().zip(&distribution.favourites);
        let raw_top = raw_top.map(|(favourite, pill)| RawFavourite {
            row: (pill, &favourite.row).into(),
            sunk_by: favourite.sunk_by.map(|stage| stage.name().to_owned()),
        });
        let probes = distribution.probes.iter().map(|(pill, row)| (pill, row).into());
        let stages = numbers.stages.iter().map(|stage| StageSummary {
            id: stage.stage.map_or("raw", StageId::name).to_owned(),
            label: stage.label.to_owned(),
            knobs: stage.knobs.iter().map(|(id, value)| ((*id).to_owned(), json(*value))).collect(),
            kept: stage.kept,
            removed_mass: stage.removed_mass,
            entropy_bits: stage.entropy_bits,
        });
        Distribution {
            top_k: distribution.n_rows,
            tokens: rows.collect(),
            raw_top: raw_top.collect(),
            probes: probes.collect(),
            other_p_base: numbers.other_p_base,
            other_p_final: numbers.other_p_final,
            kept_token_count: numbers.kept_count,
            constraint_active: numbers.legal_mass.is_some(),
            constraint_type: distribution.constraint.map(|kind| kind.name().to_owned()),
            stages: stages.collect(),
            legal_mass: numbers.legal_mass,
        }
    }
}

/// A knob's value in JSON.
pub(super) fn json(value: KnobValue) -> serde_json::Value {
    match value {
        KnobValue::None => serde_json::Value::Null,
        KnobValue::Number(number) => number.into(),
        KnobValue::Switch(on) => on.into(),
        KnobValue::Choice(name) => name.into(),
        KnobValue::NoTexts => serde_json::Value::Array(Vec::new()),
    }
}

impl From<&TokensReport> for TokensResponse {
    fn from(report: &TokensReport) -> Self {
        TokensResponse {
            model_id: report.model_id.clone(),
            tokens: report.tokens.iter().map(TokenPill::from).collect(),
            found: report.found,
        }
    }
}

impl PreviewResponse {
    /// `seed` is the request's.
    pub fn new(report: &PreviewReport, seed: Option<i64>) -> Self {
        PreviewResponse {
            model: (&report.model).into(),
            prompt_tokens: report.prompt.iter().map(TokenPill::from).collect(),
            prompt_note: report.system_folded.then(|| SYSTEM_FOLDED.to_owned()),
            completion_tokens: report.completion.iter().map(TokenPill::from).collect(),
            context_token_count: report.prompt.len() + report.completion.len(),
            dist: report.distribution.as_ref().map(Distribution::from),
            seed_used: seed,
            elapsed_ms: report.elapsed.as_secs_f64() * 1e3,
            grammar: report.grammar.as_ref().map(GrammarDebug::from),
        }
    }
}

const SYSTEM_FOLDED: &str = "This model's chat template knows no system message: the text stands at \
                             the beginning of the user message instead.";

impl StepResponse {
    /// `asked` decides what counts as the one selected token.
    pub fn new(report: &StepReport, asked: &Choice) -> Self {
        let forced_by = match asked {
            Choice::Sample => None,
            Choice::Token(_) | Choice::Tokens(_) => Some("token"),
            Choice::Text(_) => Some("text"),
        };
        let single = matches!(asked, Choice::Sample | Choice::Token(_));
        let selected = report.appended.first().filter(|_| single).map(|appended| SelectedToken {
            id: appended.pill.id.0,
            text: appended.pill.text.clone(),
            display: appended.pill.display.clone(),
            p_final: report.p_final,
        });
        let meta = report.appended.iter().map(|appended| AppendedMeta {
            dist: Shared(Arc::new((&appended.distribution).into())),
            selected_id: appended.pill.id.0,
            forced: forced_by.is_some(),
            forced_by: forced_by.map(str::to_owned),
        });
        let meta: Vec<AppendedMeta> = meta.collect();
        StepResponse {
            model: (&report.model).into(),
            dist: meta.first().map(|first| first.dist.clone()),
            selected,
            appended: report.appended.iter().map(|appended| (&appended.pill).into()).collect(),
            appended_meta: meta,
            new_completion_ids: report.completion.iter().map(|TokenId(id)| *id).collect(),
            done: report.stop.is_some(),
            stop_reason: report.stop.map(|reason| {
                match reason {
                    StopReason::EndToken => "eos_token",
                    StopReason::StopSequence => "stop_sequence",
                }
                .to_owned()
            }),
            seed_used: report.seed_used,
            elapsed_ms: report.elapsed.as_secs_f64() * 1e3,
            grammar: report.grammar.as_ref().map(GrammarDebug::from),
        }
    }
}
