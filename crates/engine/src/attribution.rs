//! Where in the input a token came from.
//!
//! 1. A [`query`](AttributionQuery) becomes a checked [`question`]: context ids, target, method, and
//!    the options that have an effect on it. Ids are the truth: nothing is tokenized again, so scores
//!    stand beside the tokens they are about, whatever those spell.
//! 2. What was asked before is answered from the [`cache`].
//! 3. One file per method computes a number for each context token: [`attention`], [`gradient`],
//!    [`occlusion`].
//! 4. Here the numbers become shares of one, or contributions with signs, and are summed over groups.
//!
//! An attribution may take seconds, and a user moves on within tenths of one. So it asks its [`Host`]
//! again and again whether to go on, and the host lets more urgent requests pass meanwhile.

mod attention;
mod baseline;
mod cache;
mod gradient;
mod grouping;
mod method;
mod occlusion;
mod options;
mod passes;
mod quantity;
mod question;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokenscope_tokens::TokenId;

pub(crate) use self::cache::AttributionCache;
pub(crate) use self::grouping::Roles;
pub use self::method::{Evidence, Method};
pub use self::options::{
    Baseline, Grouping, OPTIONS, OptionKind, OptionSpec, Options, Quantity, Replacement, STEPS,
};

use self::grouping::Piece;
use self::question::{Question, prepare};
use crate::EngineError;
use crate::loaded::LoadedModel;
use crate::query::Context;
use crate::report::{ModelFacts, TokenPill};

/// Asks where in the input a token came from.
#[derive(Debug, Clone)]
pub struct AttributionQuery {
    /// The input. Of its completion only the tokens before the target count.
    pub context: Context,
    /// The target's place in the completion; beyond its end means after it.
    pub target_index: usize,
    /// The target, if it is not the completion's token in that place.
    pub target_id: Option<i64>,
    /// How to answer.
    pub method: Method,
    /// What can be set about it.
    pub options: Options,
}

/// What will be answered, known before anything is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributionPlan {
    /// The model that answers.
    pub model: ModelFacts,
    /// Tokens before the target.
    pub context_len: usize,
    /// Those of them that are the prompt's.
    pub prompt_len: usize,
    /// The token in question.
    pub target: TokenId,
    /// The method.
    pub method: Method,
    /// The options; those without effect on the method are at their defaults.
    pub options: Options,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct AttributionReport {
    /// What is answered.
    pub plan: AttributionPlan,
    /// The answer, or why the model cannot give this one.
    pub outcome: Result<Attribution, SoftFailure>,
    /// The other candidate, where a difference to one is attributed.
    pub contrast: Option<TokenPill>,
    /// Time taken, waiting included.
    pub elapsed: Duration,
}

/// Scores and what belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// One per token of the context, in order, and 0 for the target. Without the option `signed` they
    /// are shares that add up to 1 (or all 0, where there is nothing to share); with it, contributions
    /// in units of the quantity.
    pub scores: Vec<f32>,
    /// The groups that were asked for; empty for single tokens, except that occlusion lists what it
    /// took out.
    pub groups: Vec<Group>,
    /// Where the work was done.
    pub device: &'static str,
    /// The quantity after the context; none for attention, which is not about it.
    pub value: Option<f64>,
    /// What integrated gradients say about themselves.
    pub path: Option<PathReport>,
}

/// A run of tokens that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Places in the context.
    pub range: Range<usize>,
    /// Who wrote them, if that is what they were grouped by: `template`, `system`, `user`, `prompt`
    /// (where those cannot be told apart) or `completion`.
    pub label: Option<&'static str>,
    /// The sum of its tokens' scores.
    pub score: f32,
    /// What the quantity becomes without it, if it was occluded. NaN if nothing is left then.
    pub without: Option<f64>,
}

/// How well integrated gradients add up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathReport {
    /// The quantity of the neutral input that the path begins at.
    pub baseline_value: f64,
    /// The token that the neutral input consists of, if it consists of one.
    pub baseline_id: Option<TokenId>,
    /// `|sum of signed scores - (value - baseline_value)|`, in units of the quantity.
    pub error: f64,
    /// The error as a share of `|value - baseline_value|`; none if that is 0.
    pub error_share: Option<f64>,
}

/// How far an attribution has come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// The share of the work that is done, from 0 to 1.
    pub share: f64,
    /// What is known so far, if anything is.
    pub partial: Option<Arc<Partial>>,
}

/// What is known of an answer before all of it is: by integrated gradients the whole answer of fewer
/// points, by occlusion the part of it that is about the pieces taken out so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial {
    /// As in the answer; none for tokens about which nothing is known. Shares are of what is known.
    pub scores: Vec<Option<f32>>,
    /// The groups that are known.
    pub groups: Vec<Group>,
    /// The quantity after the context.
    pub value: Option<f64>,
    /// What integrated gradients say about themselves.
    pub path: Option<PathReport>,
    /// The points that they have used.
    pub points: Option<usize>,
}

/// Why a model cannot give an answer of this kind, though nothing is wrong with the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftFailure {
    /// The backend does not tell what its attention does.
    AttentionNotSupported,
    /// The backend tells nothing but zeros.
    NoAttentionScores,
}

impl SoftFailure {
    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            SoftFailure::AttentionNotSupported => "attention_not_supported",
            SoftFailure::NoAttentionScores => "attention_no_scores",
        }
    }
}

/// What an attribution needs of the thread it runs on.
pub(crate) trait Host {
    /// The model. The same one from the beginning to the end.
    fn model(&mut self) -> &mut LoadedModel;

    /// Whether [`Host::give_way`] has something to do. Never waits.
    fn is_wanted(&self) -> bool;

    /// Lets others go first.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] if the answer is no longer wanted.
    fn give_way(&mut self) -> Result<(), EngineError>;

    /// Tells what share of the work is done.
    fn tell(&mut self, share: f64);

    /// Whether anybody looks at what is known before all is. If not, it need not be made.
    fn is_watched(&self) -> bool;

    /// Shows what is known.
    fn show(&mut self, partial: Partial);
}

/// Checks a query.
///
/// # Errors
/// As [`attribute`].
pub(crate) fn plan(
    model: &LoadedModel,
    query: &AttributionQuery,
) -> Result<AttributionPlan, EngineError> {
    Ok(prepare(model, query)?.0)
}

/// Answers a query.
///
/// # Errors
/// If the prompt cannot be had, something in the query is impossible, or the answer is no longer wanted.
pub(crate) fn attribute(
    host: &mut dyn Host,
    query: &AttributionQuery,
) -> Result<AttributionReport, EngineError> {
    let (mut plan, mut question, pieces) = prepare(host.model(), query)?;
    if question.lacks_contrast() {
        question.options.contrast_id = Some(runner_up(host, &question)?);
        plan.options.contrast_id = question.options.contrast_id;
    }
    let shown = Shown { options: &plan.options, pieces: &pieces };
    let findings = match host.model().attributions.get(&question) {
        Some(known) => Ok(known),
        None => find(host, &question, &shown)?.map(|findings| {
            let findings = Arc::new(findings);
            host.model().attributions.insert(question, Arc::clone(&findings));
            findings
        }),
    };
    let outcome = findings.map(|findings| shown.answer(&findings));
    let vocabulary = host.model().tokenizer.vocabulary();
    // Checked when the question was made.
    let contrast = plan.options.contrast_id.map(|id| TokenPill::of(vocabulary, TokenId(id as u32)));
    Ok(AttributionReport { plan, outcome, contrast, elapsed: Duration::default() })
}

/// The candidate that a target is compared with if the request names none: the likeliest other, by raw
/// logits; of equals that with the lower id.
fn runner_up(host: &mut dyn Host, question: &Question) -> Result<i64, EngineError> {
    let logits = passes::logits(host, &question.context)?;
    let others = (0..logits.len()).filter(|id| question.target.is_none_or(|t| t.index() != *id));
    let best = others.reduce(|best, id| if logits[id] > logits[best] { id } else { best });
    let none = || EngineError::Internal("the model has only one token".into());
    best.map(|id| id as i64).ok_or_else(none)
}

/// What a method has found out, before scores are made of it.
#[derive(Debug, Default)]
struct Findings {
    /// A size without a sign for each context token.
    sizes: Vec<f64>,
    /// A contribution in units of the quantity for each context token; none if the method knows none.
    contributions: Option<Vec<f64>>,
    device: &'static str,
    value: Option<f64>,
    path: Option<PathReport>,
    /// What the quantity becomes without each occluded piece.
    without: Option<Vec<f64>>,
}

fn find(
    host: &mut dyn Host,
    question: &Question,
    shown: &Shown<'_>,
) -> Result<Result<Findings, SoftFailure>, EngineError> {
    match question.method {
        Method::Attention => attention::find(host, question),
        Method::Saliency | Method::InputXGradient | Method::IntegratedGradients => {
            gradient::find(host, question, shown).map(Ok)
        }
        Method::Occlusion => occlusion::find(host, question, shown).map(Ok),
    }
}

/// How findings are shown, which they do not depend on.
struct Shown<'a> {
    options: &'a Options,
    /// What the context is divided into.
    pieces: &'a [Piece],
}

impl Shown<'_> {
    fn answer(&self, findings: &Findings) -> Attribution {
        let scores = match &findings.contributions {
            Some(contributions) if self.options.signed => signed(contributions),
            _ => shares(&findings.sizes),
        };
        let groups = if self.options.group == Grouping::Token && findings.without.is_none() {
            Vec::new()
        } else {
            groups(self.pieces, &scores, findings.without.as_deref())
        };
        let Findings { device, value, path, .. } = *findings;
        Attribution { scores, groups, device, value, path }
    }

    /// What findings about the first `n_pieces` pieces say, and nothing about the others.
    fn partial(&self, findings: &Findings, n_pieces: usize) -> Partial {
        let (known, unknown) = self.pieces.split_at(n_pieces);
        let Attribution { scores, groups, value, path, .. } =
            Shown { pieces: known, ..*self }.answer(findings);
        // The last score is the target's.
        let known = scores[..scores.len() - 1].iter().copied().map(Some);
        let n_unknown = unknown.iter().map(|piece| piece.range.len()).sum();
        let unknown = std::iter::repeat_n(None, n_unknown);
        let scores = known.chain(unknown).chain([Some(0.0)]).collect();
        Partial { scores, groups, value, path, points: None }
    }
}

impl Findings {
    /// Bytes they take in memory.
    fn bytes(&self) -> usize {
        let numbers = [&self.contributions, &self.without].into_iter().flatten();
        let numbers = numbers.map(Vec::len).sum::<usize>() + self.sizes.len();
        size_of::<Self>() + numbers * size_of::<f64>()
    }
}

/// A sum that is smaller than this is not divided by.
const SMALLEST_SUM: f64 = 1e-12;

/// Sizes as shares of their sum, and 0 for the target.
fn shares(sizes: &[f64]) -> Vec<f32> {
    let sizes = sizes.iter().map(|size| finite(*size));
    let sum = sizes.clone().sum::<f64>().max(SMALLEST_SUM);
    sizes.map(|size| (size / sum) as f32).chain([0.0]).collect()
}

/// Contributions as they are, and 0 for the target.
fn signed(contributions: &[f64]) -> Vec<f32> {
    contributions.iter().map(|number| finite(*number) as f32).chain([0.0]).collect()
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

fn groups(pieces: &[Piece], scores: &[f32], without: Option<&[f64]>) -> Vec<Group> {
    let groups = pieces.iter().enumerate().map(|(index, Piece { range, label })| Group {
        score: scores[range.clone()].iter().sum(),
        range: range.clone(),
        label: *label,
        without: without.map(|without| without[index]),
    });
    groups.collect()
}
