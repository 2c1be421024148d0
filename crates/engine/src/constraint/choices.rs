//! The options of a multiple choice as whole texts.

use std::time::Duration;

use tokenscope_grammar::Kind;
use tokenscope_sampling::log_probabilities;
use tokenscope_tokens::TokenId;

use super::{ActiveConstraint, GrammarError};
use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prompt::{PromptIds, encode_literally};
use crate::query::PreviewQuery;
use crate::report::{ModelFacts, TokenPill};
use crate::step::logits_after;

/// Most tokens of all options together: some seconds of a small model.
///
/// Limit of requests: tokens of all options whose probabilities are asked for; 400.
const MOST_TOKENS: usize = 4_000;

/// The options, in the order in which they were written.
#[derive(Debug, Clone)]
pub struct ChoicesReport {
    /// The model that answered.
    pub model: ModelFacts,
    /// The options.
    pub choices: Vec<ChoiceReport>,
    /// Time taken, waiting included.
    pub elapsed: Duration,
}

/// One option. Its probability is that of one way to write it, the tokens that the tokenizer gives,
/// and of ending after it, by the raw model.
#[derive(Debug, Clone)]
pub struct ChoiceReport {
    /// The option.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<TokenPill>,
    /// Natural logarithms of the tokens' raw probabilities, each given those before.
    pub log_probabilities: Vec<f64>,
    /// Natural logarithm of the summed raw probability of the model's end tokens after it.
    pub end_log_probability: f64,
    /// Natural logarithm of the product of all those.
    pub log_probability: f64,
    /// That product.
    pub p: f64,
    /// Its share of the sum over all options.
    pub p_normalised: f64,
}

/// Compares the options, from where the grammar counts.
///
/// # Errors
/// If the constraint is no multiple choice, cannot be used, or has too many options, or an option does
/// not fit into the context.
pub(crate) fn choices(
    model: &mut LoadedModel,
    query: &PreviewQuery,
    cancelled: &Cancelled,
) -> Result<ChoicesReport, EngineError> {
    let mut ids = PromptIds::of(model, &query.context)?;
    let active = ActiveConstraint::of(model, query.constraint.as_ref(), &ids)?;
    let active = active.filter(|active| active.constraint.kind == Kind::MultipleChoice);
    let active = active.ok_or(EngineError::NoChoices)?;
    ids.completion.truncate(active.anchor);
    let texts =
        tokenscope_grammar::choices(&active.constraint.text).map_err(GrammarError::Invalid)?;
    let options = texts
        .into_iter()
        .map(|text| Ok((encode_literally(model, &text)?, text)))
        .collect::<Result<Vec<_>, EngineError>>()?;
    let tokens = options.iter().map(|(tokens, _)| tokens.len()).sum();
    if tokens > MOST_TOKENS {
        return Err(EngineError::TooManyChoices { tokens, limit: MOST_TOKENS });
    }
    let longest = options.iter().map(|(tokens, _)| tokens.len()).max().unwrap_or(0);
    ids.check_length(model, longest)?;

    let context = ids.all();
    let mut choices = Vec::with_capacity(options.len());
    for (tokens, text) in options {
        cancelled.check()?;
        choices.push(score(model, &context, tokens, text, cancelled)?);
    }
    // Shares of the best are exact where all probabilities underflow.
    let best = choices.iter().map(|choice| choice.log_probability).fold(f64::MIN, f64::max);
    let share = |choice: &ChoiceReport| (choice.log_probability - best).exp();
    let sum: f64 = choices.iter().map(share).sum();
    for choice in &mut choices {
        choice.p_normalised = share(choice) / sum;
    }
    Ok(ChoicesReport { model: model.facts.clone(), choices, elapsed: Duration::ZERO })
}

/// The prefix cache shares what options have in common, among each other and with the context.
fn score(
    model: &mut LoadedModel,
    context: &[TokenId],
    tokens: Vec<TokenId>,
    text: String,
    cancelled: &Cancelled,
) -> Result<ChoiceReport, EngineError> {
    let ids = [context, &tokens].concat();
    let logits = logits_after(model, &ids, tokens.len() + 1, cancelled)?;
    let mut logs = Vec::with_capacity(tokens.len());
    for (id, logits) in tokens.iter().zip(&logits) {
        logs.extend(log_probabilities(logits, &[*id])?);
    }
    let ends = model.tokenizer.ends();
    let ends: Vec<TokenId> =
        ends.iter().copied().filter(|id| id.index() < model.facts.logit_size).collect();
    let p_end: f64 =
        log_probabilities(&logits[tokens.len()], &ends)?.into_iter().map(f64::exp).sum();
    let end_log_probability = p_end.ln();
    let log_probability = logs.iter().sum::<f64>() + end_log_probability;
    let vocabulary = model.tokenizer.vocabulary();
    Ok(ChoiceReport {
        text,
        tokens: tokens.iter().map(|id| TokenPill::of(vocabulary, *id)).collect(),
        log_probabilities: logs,
        end_log_probability,
        log_probability,
        p: log_probability.exp(),
        p_normalised: 0.0,
    })
}
