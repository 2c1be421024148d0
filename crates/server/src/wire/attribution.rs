//! Attribution: requests, answers, and the lines of streams.

use serde::{Deserialize, Serialize};
use tokenscope_engine::EngineError;
use tokenscope_engine::attribution::{
    AttributionPlan, AttributionQuery, AttributionReport, Baseline, Group, Grouping, Method,
    Options, Partial, PathReport, Quantity, Replacement, SoftFailure,
};
use tokenscope_engine::query::Context;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{ErrorBody, TokenPill, name, object, whole};

/// `POST /api/attribution`. For `POST /api/attribution/matrix` the same, with `target_index` and
/// `target_token_id` ignored.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema, TS)]
#[serde(default)]
pub struct AttributionRequest {
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
    /// Token ids that follow the prompt. Those from the target on do not count.
    #[serde(deserialize_with = "whole::list")]
    #[ts(as = "Option<Vec<i64>>", optional)]
    pub completion_ids: Vec<i64>,
    /// The target's place in `completion_ids`; negative counts as 0.
    #[serde(deserialize_with = "whole::one")]
    #[ts(as = "Option<i64>", optional)]
    pub target_index: i64,
    /// The target, if it is another than the completion's token in that place: any candidate. Then the
    /// place may also be after the completion.
    #[serde(deserialize_with = "whole::option")]
    #[ts(optional = nullable)]
    pub target_token_id: Option<i64>,
    /// `off`, or a method of `/api/catalog`.
    #[ts(as = "Option<String>", optional)]
    pub method: String,
    /// What can be set about it.
    #[serde(deserialize_with = "object::only")]
    #[ts(as = "Option<AttributionOptions>", optional)]
    pub options: AttributionOptions,
}

impl Default for AttributionRequest {
    fn default() -> Self {
        AttributionRequest {
            branch_id: "default".into(),
            prompt: String::new(),
            system_prompt: "You are a helpful assistant.".into(),
            use_chat_template: None,
            completion_ids: Vec::new(),
            target_index: 0,
            target_token_id: None,
            method: "off".into(),
            options: AttributionOptions::default(),
        }
    }
}

/// The options; `/api/catalog` explains each, and names the methods that it has an effect on.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema, TS)]
#[serde(default, deny_unknown_fields)]
pub struct AttributionOptions {
    /// What is attributed.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<QuantityName>", optional)]
    pub quantity: QuantityName,
    /// The other candidate of `logit_difference`; null means the likeliest other one at the target's
    /// place, which the answer's options name.
    #[serde(deserialize_with = "whole::option")]
    #[ts(optional = nullable)]
    pub contrast_id: Option<i64>,
    /// Signed contributions instead of shares of 1.
    #[ts(as = "Option<bool>", optional)]
    pub signed: bool,
    /// Layers to average over, from 0; null means all.
    #[serde(deserialize_with = "whole::optional_list")]
    #[ts(optional = nullable)]
    pub layers: Option<Vec<i64>>,
    /// Heads to average over in each layer, from 0; null means all.
    #[serde(deserialize_with = "whole::optional_list")]
    #[ts(optional = nullable)]
    pub heads: Option<Vec<i64>>,
    /// Follow attention through the layers instead of averaging over them.
    #[ts(as = "Option<bool>", optional)]
    pub rollout: bool,
    /// Attention on the first token counts for nothing.
    #[ts(as = "Option<bool>", optional)]
    pub mask_sink: bool,
    /// Where the path of integrated gradients begins.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<BaselineName>", optional)]
    pub baseline: BaselineName,
    /// Points on the path, 1 to 1000.
    #[serde(deserialize_with = "whole::one")]
    #[ts(as = "Option<i64>", optional)]
    pub steps: i64,
    /// What scores are summed over, or occluded at once.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<GroupingName>", optional)]
    pub group: GroupingName,
    /// What occlusion puts in a token's place.
    #[serde(deserialize_with = "name::only")]
    #[ts(as = "Option<ReplacementName>", optional)]
    pub replacement: ReplacementName,
}

impl Default for AttributionOptions {
    fn default() -> Self {
        (&Options::default()).into()
    }
}

/// Defines the names of an engine's enum, and the way there and back.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident of $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $engines:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl From<$name> for $type {
            fn from(name: $name) -> Self {
                match name {
                    $($name::$variant => $type::$engines,)*
                }
            }
        }

        impl From<$type> for $name {
            fn from(value: $type) -> Self {
                match value {
                    $($type::$engines => $name::$variant,)*
                }
            }
        }
    };
}

names! {
    /// What is attributed, from raw logits.
    QuantityName of Quantity {
        /// The target's softmax probability.
        Probability = Probability,
        /// Its natural logarithm.
        LogProbability = LogProbability,
        /// The target's logit.
        Logit = Logit,
        /// The target's logit less that of `contrast_id`.
        LogitDifference = LogitDifference,
    }
}

names! {
    /// Where the path of integrated gradients begins.
    BaselineName of Baseline {
        /// The token for unknown text, or what stands in for it.
        Unk = Unknown,
        /// Zeros.
        Zero = Zero,
        /// The mean of all tokens' embeddings.
        Mean = Mean,
    }
}

names! {
    /// What belongs together.
    GroupingName of Grouping {
        /// Every token for itself.
        Token = Token,
        /// What stands between white space.
        Word = Word,
        /// Up to and with a line break.
        Line = Line,
        /// Who wrote it.
        Role = Role,
    }
}

names! {
    /// What occlusion puts in a token's place.
    ReplacementName of Replacement {
        /// Nothing.
        Drop = Drop,
        /// The baseline token.
        Baseline = Baseline,
    }
}

impl From<&Options> for AttributionOptions {
    fn from(options: &Options) -> Self {
        AttributionOptions {
            quantity: options.quantity.into(),
            contrast_id: options.contrast_id,
            signed: options.signed,
            layers: options.layers.clone(),
            heads: options.heads.clone(),
            rollout: options.rollout,
            mask_sink: options.mask_sink,
            baseline: options.baseline.into(),
            steps: options.steps,
            group: options.group.into(),
            replacement: options.replacement.into(),
        }
    }
}

impl From<AttributionOptions> for Options {
    fn from(options: AttributionOptions) -> Self {
        Options {
            quantity: options.quantity.into(),
            contrast_id: options.contrast_id,
            signed: options.signed,
            layers: options.layers,
            heads: options.heads,
            rollout: options.rollout,
            mask_sink: options.mask_sink,
            baseline: options.baseline.into(),
            steps: options.steps,
            group: options.group.into(),
            replacement: options.replacement.into(),
        }
    }
}

impl AttributionRequest {
    /// The query, or none if nothing is asked for.
    ///
    /// # Errors
    /// If there is no such method.
    pub fn query(self) -> Result<Option<AttributionQuery>, EngineError> {
        let method = self.method.trim().to_lowercase();
        if matches!(method.as_str(), "" | "off") {
            return Ok(None);
        }
        let method = Method::from_name(&method).ok_or(EngineError::UnsupportedMethod)?;
        Ok(Some(AttributionQuery {
            context: Context {
                prompt: self.prompt,
                system_prompt: self.system_prompt,
                use_chat_template: self.use_chat_template != Some(false),
                completion: self.completion_ids,
            },
            target_index: usize::try_from(self.target_index.max(0)).unwrap_or(usize::MAX),
            target_id: self.target_token_id,
            method,
            options: self.options.into(),
        }))
    }
}

/// `POST /api/attribution`
#[derive(Debug, Serialize, ToSchema, TS)]
#[serde(untagged)]
pub enum AttributionResponse {
    /// The answer.
    Scores(Box<AttributionScores>),
    /// Nothing was asked for, or this model cannot answer.
    Nothing(NoAttribution),
}

/// Nothing to show.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct NoAttribution {
    /// True if nothing was asked for.
    pub ok: bool,
    /// `attention_not_supported` or `attention_no_scores`, if this model cannot answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<String>,
    /// Always empty.
    #[schema(max_items = 0)]
    pub attributions: Vec<f32>,
    /// Always 0.
    #[schema(maximum = 0)]
    pub source_len: usize,
}

/// Scores and what belongs to them.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AttributionScores {
    /// Always true.
    pub ok: bool,
    /// A score for each token of the context, and 0 for the target. Without `signed` they add up to 1
    /// (or are all 0); with it they are contributions in units of the quantity.
    pub attributions: Vec<f32>,
    /// Their number.
    pub source_len: usize,
    /// Tokens of the context.
    pub context_len: usize,
    /// Those of them that are the prompt's.
    pub prompt_len: usize,
    /// The target.
    pub target_id: u32,
    /// The model that answered.
    pub model_id: String,
    /// The method.
    pub method: String,
    /// `correlational`, `gradient` or `causal`.
    pub evidence: String,
    /// Where the work was done.
    pub device: String,
    /// The options; those without effect on the method are at their defaults.
    pub options: AttributionOptions,
    /// The other candidate of `logit_difference`; null for other quantities.
    pub contrast: Option<TokenPill>,
    /// The groups that were asked for; empty for single tokens, except that occlusion lists what it
    /// took out.
    pub groups: Vec<AttributionGroup>,
    /// The quantity after the context; null for attention.
    pub value: Option<f64>,
    /// The quantity of the neutral input; null unless by integrated gradients, as the next three.
    pub baseline_value: Option<f64>,
    /// The token that the neutral input consists of; null if it does not consist of one.
    pub baseline_id: Option<u32>,
    /// By how much the signed scores fail to add up to `value - baseline_value`.
    pub completeness_error: Option<f64>,
    /// The same as a share of that difference; null also if the difference is 0.
    pub completeness_error_share: Option<f64>,
    /// Time taken on the server.
    pub elapsed_ms: f64,
}

/// A run of tokens that belong together.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AttributionGroup {
    /// The first token's place in the context.
    pub start: usize,
    /// One past the last token's.
    pub end: usize,
    /// `template`, `system`, `user`, `prompt` (where those cannot be told apart) or `completion`; null
    /// unless grouped by role.
    pub label: Option<String>,
    /// The sum of its tokens' scores.
    pub score: f32,
    /// What the quantity becomes without it; null unless occluded, or if nothing is left then.
    pub value_without: Option<f64>,
}

impl From<&Group> for AttributionGroup {
    fn from(group: &Group) -> Self {
        AttributionGroup {
            start: group.range.start,
            end: group.range.end,
            label: group.label.map(str::to_owned),
            score: group.score,
            value_without: group.without.and_then(finite),
        }
    }
}

impl AttributionResponse {
    /// The answer to `off`.
    pub fn off() -> Self {
        AttributionResponse::Nothing(NoAttribution {
            ok: true,
            error: None,
            attributions: Vec::new(),
            source_len: 0,
        })
    }
}

impl From<SoftFailure> for AttributionResponse {
    fn from(failure: SoftFailure) -> Self {
        AttributionResponse::Nothing(NoAttribution {
            ok: false,
            error: Some(failure.name().into()),
            attributions: Vec::new(),
            source_len: 0,
        })
    }
}

impl From<&AttributionReport> for AttributionResponse {
    fn from(report: &AttributionReport) -> Self {
        let found = match &report.outcome {
            Ok(found) => found,
            Err(failure) => return (*failure).into(),
        };
        let plan = &report.plan;
        let of_path = |number: fn(&PathReport) -> Option<f64>| {
            found.path.as_ref().and_then(number).and_then(finite)
        };
        AttributionResponse::Scores(Box::new(AttributionScores {
            ok: true,
            attributions: found.scores.clone(),
            source_len: found.scores.len(),
            context_len: plan.context_len,
            prompt_len: plan.prompt_len,
            target_id: plan.target.0,
            model_id: plan.model.model_id.clone(),
            method: plan.method.name().into(),
            evidence: plan.method.evidence().name().into(),
            device: found.device.into(),
            options: (&plan.options).into(),
            contrast: report.contrast.as_ref().map(TokenPill::from),
            groups: found.groups.iter().map(AttributionGroup::from).collect(),
            value: found.value.and_then(finite),
            baseline_value: of_path(|path| Some(path.baseline_value)),
            baseline_id: found.path.and_then(|path| path.baseline_id).map(|id| id.0),
            completeness_error: of_path(|path| Some(path.error)),
            completeness_error_share: of_path(|path| path.error_share),
            elapsed_ms: report.elapsed.as_secs_f64() * 1e3,
        }))
    }
}

/// JSON has no other numbers.
fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// A line of `POST /api/attribution` with `Accept: application/x-ndjson`. The last one is the answer or an
/// error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AttributionLine {
    /// What is known so far.
    SoFar(AttributionSoFar),
    /// How far it is.
    Progress(AttributionProgress),
    /// The answer.
    Answer(AttributionResponse),
    /// Why there is none.
    Error(ErrorBody),
}

/// A line that says how far an attribution is, and nothing else.
#[derive(Debug, Serialize, ToSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct AttributionProgress {
    /// The share of the work that is done, from 0 to 1.
    pub progress: f64,
}

/// A line of progress that says what is known so far. Some lines of integrated gradients and occlusion
/// are of this kind; those between them have only `progress`, and change nothing of what is known. By
/// integrated gradients it is the answer of fewer points, by occlusion the part of the answer that is
/// about the pieces taken out so far.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AttributionSoFar {
    /// The share of the work that is done, from 0 to 1.
    pub progress: f64,
    /// As in the answer; null for tokens about which nothing is known. Without `signed`, shares of what
    /// is known.
    pub attributions: Vec<Option<f32>>,
    /// Tokens of the context.
    pub context_len: usize,
    /// As in the answer; those that are known.
    pub groups: Vec<AttributionGroup>,
    /// The quantity after the context.
    pub value: Option<f64>,
    /// The points that integrated gradients have used; null for occlusion, as the next three.
    pub points: Option<usize>,
    /// The quantity of the neutral input.
    pub baseline_value: Option<f64>,
    /// As in the answer, of the points used.
    pub completeness_error: Option<f64>,
    /// As in the answer, of the points used.
    pub completeness_error_share: Option<f64>,
}

impl AttributionSoFar {
    /// What is known when a share of the work is done.
    pub fn new(progress: f64, partial: &Partial) -> Self {
        let path = partial.path.as_ref();
        AttributionSoFar {
            progress,
            attributions: partial.scores.clone(),
            context_len: partial.scores.len() - 1,
            groups: partial.groups.iter().map(AttributionGroup::from).collect(),
            value: partial.value.and_then(finite),
            points: partial.points,
            baseline_value: path.and_then(|path| finite(path.baseline_value)),
            completeness_error: path.and_then(|path| finite(path.error)),
            completeness_error_share: path.and_then(|path| path.error_share).and_then(finite),
        }
    }
}

/// A line of `POST /api/attribution/matrix`: first the header, then the rows, and last `{"done": true}` or an
/// error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MatrixLine {
    /// The first line.
    Header(MatrixHeader),
    /// One row.
    Row(MatrixRow),
    /// The last line of a matrix that is complete.
    End(MatrixEnd),
    /// The last line of one that is not.
    Error(ErrorBody),
}

/// The first line of a matrix.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct MatrixHeader {
    /// Rows that will come.
    pub rows: usize,
    /// The first row's `target_index`: 0, or 1 if nothing stands before the completion.
    pub first_index: usize,
    /// Tokens of the prompt; they come first in each row.
    pub prompt_len: usize,
    /// The model that answers.
    pub model_id: String,
    /// The method.
    pub method: String,
    /// `correlational`, `gradient` or `causal`.
    pub evidence: String,
    /// The options; those without effect on the method are at their defaults.
    pub options: AttributionOptions,
}

impl MatrixHeader {
    /// `plan` is that of any row.
    pub fn new(plan: &AttributionPlan, first_index: usize, rows: usize) -> Self {
        MatrixHeader {
            rows,
            first_index,
            prompt_len: plan.prompt_len,
            model_id: plan.model.model_id.clone(),
            method: plan.method.name().into(),
            evidence: plan.method.evidence().name().into(),
            options: (&plan.options).into(),
        }
    }
}

/// One row of a matrix.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct MatrixRow {
    /// The target's place in the completion.
    pub target_index: usize,
    /// Scores over everything before it.
    #[serde(flatten)]
    #[ts(flatten)]
    pub row: AttributionResponse,
}

/// The last line of a matrix that is complete.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct MatrixEnd {
    /// Always true.
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_model_cannot_give_is_said_in_the_seeds_words() {
        for (failure, error) in [
            (SoftFailure::AttentionNotSupported, "attention_not_supported"),
            (SoftFailure::NoAttentionScores, "attention_no_scores"),
        ] {
            let found = serde_json::to_value(AttributionResponse::from(failure)).unwrap();
            let expected =
                json!({"ok": false, "error": error, "attributions": [], "source_len": 0});
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn names_are_those_of_the_engine() {
        fn check<N: for<'de> Deserialize<'de> + Serialize, E: From<N> + Copy>(
            names: &[&str],
            name: fn(E) -> &'static str,
        ) {
            for known in names {
                let parsed: N = serde_json::from_value(json!(known)).unwrap();
                assert_eq!(serde_json::to_value(&parsed).unwrap(), json!(known));
                assert_eq!(name(E::from(parsed)), *known);
            }
        }
        check::<QuantityName, Quantity>(Quantity::NAMES, Quantity::name);
        check::<BaselineName, Baseline>(Baseline::NAMES, Baseline::name);
        check::<GroupingName, Grouping>(Grouping::NAMES, Grouping::name);
        check::<ReplacementName, Replacement>(Replacement::NAMES, Replacement::name);
    }
}
