//! A query, checked against the model that answers it.

use std::collections::HashSet;
use std::ops::Range;

use tokenscope_tokens::TokenId;

use super::grouping::{Piece, Roles, pieces};
use super::options::{Grouping, Options, Quantity, STEPS};
use super::quantity::Measure;
use super::{AttributionPlan, AttributionQuery, Method};
use crate::EngineError;
use crate::loaded::LoadedModel;
use crate::prompt::{PromptIds, known_id};

/// All that a method's findings depend on, and nothing else: so questions that are equal have the same
/// findings. Whether scores have signs, and what they are summed over, is settled afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// The ids before the target; at least one.
    pub(super) context: Vec<TokenId>,
    /// None for attention, which does not depend on it.
    pub(super) target: Option<TokenId>,
    pub(super) method: Method,
    /// Those that have an effect on the findings; the others are at their defaults.
    pub(super) options: Options,
    /// What occlusion takes out, one after the other; empty for other methods.
    pub(super) occluded: Vec<Range<usize>>,
}

impl Question {
    /// Bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let places = [&self.options.layers, &self.options.heads].into_iter().flatten();
        size_of::<Self>()
            + size_of_val(self.context.as_slice())
            + size_of_val(self.occluded.as_slice())
            + places.map(|places| size_of_val(places.as_slice())).sum::<usize>()
    }

    /// Whether a difference is asked about, but not to which other candidate.
    pub(super) fn lacks_contrast(&self) -> bool {
        let Options { quantity, contrast_id, .. } = &self.options;
        *quantity == Quantity::LogitDifference && contrast_id.is_none()
    }

    /// The number in question.
    ///
    /// # Panics
    /// If the method is not about one.
    pub(super) fn measure(&self) -> Measure {
        let target = self.target.expect("the method has a target");
        // Checked when the question was made.
        let contrast = self.options.contrast_id.map_or(target, |id| TokenId(id as u32));
        Measure { quantity: self.options.quantity, target, contrast }
    }
}

/// Checks a query. Beside what will be answered and what has to be found out, it gives the pieces that
/// the context is divided into.
///
/// # Errors
/// If the prompt cannot be had, an id or option is impossible, there is no target or no context, or
/// the context is too long.
pub(super) fn prepare(
    model: &LoadedModel,
    query: &AttributionQuery,
) -> Result<(AttributionPlan, Question, Vec<Piece>), EngineError> {
    let options = query.options.of_method(query.method);
    check(&options, model)?;
    let mut ids = PromptIds::of(model, &query.context)?;
    let target = match query.target_id {
        Some(id) => known_id(model, "target_token_id", id)?,
        None => *ids.completion.get(query.target_index).ok_or(EngineError::TargetOutOfRange)?,
    };
    ids.completion.truncate(query.target_index);
    ids.check_length(model, 0)?;
    let context = ids.all();
    if context.is_empty() {
        return Err(EngineError::EmptyContext);
    }
    let prompt_len = ids.prompt.len();
    let plan = AttributionPlan {
        model: model.facts.clone(),
        context_len: context.len(),
        prompt_len,
        target,
        method: query.method,
        options: options.clone(),
    };
    let roles = match options.group {
        Grouping::Role => ids.roles(model, &query.context),
        _ => Roles::new(),
    };
    let vocabulary = model.tokenizer.vocabulary();
    let pieces = pieces(options.group, vocabulary, &context, prompt_len, &roles);
    let occluded = match query.method {
        Method::Occlusion => pieces.iter().map(|piece| piece.range.clone()).collect(),
        _ => Vec::new(),
    };
    let question = Question {
        context,
        target: (query.method != Method::Attention).then_some(target),
        method: query.method,
        options: Options { signed: false, group: Grouping::Token, ..options },
        occluded,
    };
    Ok((plan, question, pieces))
}

fn check(options: &Options, model: &LoadedModel) -> Result<(), EngineError> {
    let config = model.model.config();
    if let Some(id) = options.contrast_id {
        known_id(model, "options.contrast_id", id)?;
    }
    if !STEPS.contains(&options.steps) {
        return Err(EngineError::Option {
            field: "steps",
            found: options.steps.to_string(),
            expected: format!("a whole number from {} to {}", STEPS.start(), STEPS.end()),
        });
    }
    for (field, places, n) in [
        ("layers", &options.layers, config.layers.len()),
        ("heads", &options.heads, config.n_heads),
    ] {
        let Some(places) = places else { continue };
        let exists = |place: &i64| usize::try_from(*place).is_ok_and(|place| place < n);
        let distinct: HashSet<&i64> = places.iter().collect();
        if places.is_empty() || !places.iter().all(exists) || distinct.len() != places.len() {
            return Err(EngineError::Option {
                field,
                found: shortened(places),
                expected: format!(
                    "null, which means all, or different numbers from 0 to {}",
                    n - 1
                ),
            });
        }
    }
    Ok(())
}

/// A list as in the request, but not all of a long one.
fn shortened(places: &[i64]) -> String {
    const MOST: usize = 8;
    if places.len() <= MOST {
        return format!("{places:?}");
    }
    format!("a list of {} numbers that begins with {:?}", places.len(), &places[..MOST])
}
