//! A query, checked against the model that answers it.

use std::collections::HashSet;

use tokenscope_tokens::TokenId;

use super::options::{Grouping, Options, Quantity, STEPS};
use super::quantity::Measure;
use super::{AttributionPlan, AttributionQuery, Method, Roles};
use crate::EngineError;
use crate::loaded::LoadedModel;
use crate::prompt::{PromptIds, known_id};

/// All that the answer depends on, and nothing else: so two questions that are equal have one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// The ids before the target; at least one.
    pub(super) context: Vec<TokenId>,
    /// Those of them that are the prompt's; 0 where nobody looks at it.
    pub(super) n_prompt: usize,
    /// None for attention, which does not depend on it.
    pub(super) target: Option<TokenId>,
    pub(super) method: Method,
    pub(super) options: Options,
    /// Who wrote the prompt; empty where nobody looks at it.
    pub(super) roles: Roles,
}

impl Question {
    /// Bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let places = [&self.options.layers, &self.options.heads].into_iter().flatten();
        size_of::<Self>()
            + size_of_val(self.context.as_slice())
            + size_of_val(self.roles.as_slice())
            + places.map(|places| size_of_val(places.as_slice())).sum::<usize>()
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

/// Checks a query.
///
/// # Errors
/// If the prompt cannot be had, an id or option is impossible, there is no target or no context, or
/// the context is too long.
pub(crate) fn plan(
    model: &LoadedModel,
    query: &AttributionQuery,
) -> Result<(AttributionPlan, Question), EngineError> {
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
    let question = Question {
        context,
        n_prompt: if options.group == Grouping::Token { 0 } else { prompt_len },
        target: (query.method != Method::Attention).then_some(target),
        method: query.method,
        options,
        roles,
    };
    Ok((plan, question))
}

fn check(options: &Options, model: &LoadedModel) -> Result<(), EngineError> {
    let config = model.model.config();
    if options.quantity == Quantity::LogitDifference && options.contrast_id.is_none() {
        return Err(EngineError::Option {
            field: "contrast_id",
            found: "absent".into(),
            expected: "a token id, since quantity is \"logit_difference\"".into(),
        });
    }
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
