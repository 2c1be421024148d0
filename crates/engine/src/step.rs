//! Preview and step, each one straight function from a query to a report.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokenscope_sampling::{Explained, History, Inputs, coin, explain, pick};
use tokenscope_tokens::TokenId;

use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prefix_cache::Logits;
use crate::prompt::{PromptIds, known_ids};
use crate::query::{Choice, PreviewQuery, StepQuery};
use crate::report::{Appended, Distribution, PreviewReport, StepReport, TokenPill};
use crate::stop;

/// Tokens of one forward pass of a long input. Between passes the job looks whether it is still
/// wanted.
const TOKENS_PER_PASS: usize = 64;

/// Answers a preview.
pub(crate) fn preview(
    model: &mut LoadedModel,
    query: &PreviewQuery,
    cancelled: &Cancelled,
) -> Result<PreviewReport, EngineError> {
    refuse_constraint(query)?;
    let ids = PromptIds::of(model, &query.context)?;
    let distribution = if query.tokens_only {
        None
    } else {
        let logits = logits_after(model, &ids.all(), 1, cancelled)?;
        let explained = explain_at(model, query, &ids.prompt, &ids.completion, &logits[0])?;
        Some(distribution(model, query, &explained))
    };
    let pills = |ids: &[TokenId]| {
        ids.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id)).collect()
    };
    Ok(PreviewReport {
        model: model.facts.clone(),
        prompt: pills(&ids.prompt),
        completion: pills(&ids.completion),
        distribution,
        elapsed: Default::default(),
    })
}

/// Answers a step.
pub(crate) fn step(
    model: &mut LoadedModel,
    query: &StepQuery,
    cancelled: &Cancelled,
) -> Result<StepReport, EngineError> {
    refuse_constraint(&query.preview)?;
    let ids = PromptIds::of(model, &query.preview.context)?;
    let forced = match &query.choice {
        Choice::Sample => None,
        Choice::Tokens(tokens) => Some(known_ids(model, "force_token_id", tokens)?),
        Choice::Text(text) => {
            let tokens = model.tokenizer.encode(text);
            Some(tokens.map_err(|error| EngineError::Internal(error.to_string()))?)
        }
    };
    let settings = &query.preview.settings;
    let mut steps = Vec::new();
    let (appended, p_final, seed_used) = match forced {
        None => {
            let logits = logits_after(model, &ids.all(), 1, cancelled)?;
            let explained =
                explain_at(model, &query.preview, &ids.prompt, &ids.completion, &logits[0])?;
            let seed = (!settings.greedy).then(|| settings.seed.unwrap_or_else(draw_seed));
            let position = ids.completion.len() as u64;
            let id = pick(&explained, seed.map(|seed| coin(seed, position)));
            let p_final = explained.final_probabilities()[id.index()];
            steps.push(distribution(model, &query.preview, &explained));
            (vec![id], Some(p_final), seed)
        }
        Some(tokens) => {
            // The distributions at all forced positions come from one pass over all but the last.
            if let Some((_, all_but_last)) = tokens.split_last() {
                let input = [ids.all().as_slice(), all_but_last].concat();
                let all_logits = logits_after(model, &input, tokens.len(), cancelled)?;
                for (done, logits) in all_logits.iter().enumerate() {
                    let completion = [ids.completion.as_slice(), &tokens[..done]].concat();
                    let explained =
                        explain_at(model, &query.preview, &ids.prompt, &completion, logits)?;
                    steps.push(distribution(model, &query.preview, &explained));
                }
            }
            (tokens, None, settings.seed)
        }
    };

    let completion = [ids.completion.as_slice(), &appended].concat();
    let stop = stop::reason(&model.tokenizer, &completion, &appended, &query.stop_sequences);
    let pills = appended.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id));
    Ok(StepReport {
        model: model.facts.clone(),
        appended: pills
            .zip(steps)
            .map(|(pill, distribution)| Appended { pill, distribution })
            .collect(),
        p_final,
        completion,
        stop,
        seed_used,
        elapsed: Default::default(),
    })
}

fn refuse_constraint(query: &PreviewQuery) -> Result<(), EngineError> {
    if query.constrained { Err(EngineError::ConstraintUnavailable) } else { Ok(()) }
}

/// The logits that follow each of the last `n_outputs` ids, in order; from the cache as far as it
/// goes.
fn logits_after(
    model: &mut LoadedModel,
    ids: &[TokenId],
    n_outputs: usize,
    cancelled: &Cancelled,
) -> Result<Vec<Logits>, EngineError> {
    let limit = model.facts.context_length;
    if ids.len() < n_outputs || ids.is_empty() {
        return Err(EngineError::EmptyContext);
    }
    if ids.len() > limit {
        return Err(EngineError::ContextTooLong { tokens: ids.len(), limit });
    }
    let first_output = ids.len() - n_outputs + 1;
    let known: Option<Vec<Logits>> =
        (first_output..=ids.len()).map(|length| model.cache.logits(&ids[..length])).collect();
    model.cache.count(known.is_some());
    if let Some(known) = known {
        return Ok(known);
    }

    // Every position whose logits are wanted must be run, known or not.
    let mut kv = model.cache.longest_prefix(ids, first_output - 1);
    let mut outputs = Vec::with_capacity(n_outputs);
    while kv.len() < ids.len() {
        cancelled.check()?;
        let start = kv.len();
        let end = (start + TOKENS_PER_PASS).min(ids.len());
        let wanted = (end + 1).saturating_sub(first_output.max(start + 1));
        let forward = model.model.forward(&kv, &ids[start..end], wanted);
        kv = forward.cache;
        let first_wanted = end + 1 - wanted;
        for (length, logits) in (first_wanted..=end).zip(forward.logits) {
            let logits = Arc::new(logits);
            model.cache.insert(&ids[..length], kv.prefix(length), Some(Arc::clone(&logits)), 1);
            outputs.push(logits);
        }
        // A pass without outputs is remembered too, so that a cancelled prompt resumes there.
        if wanted == 0 {
            model.cache.insert(&ids[..end], kv.clone(), None, end - start);
        }
    }
    Ok(outputs)
}

fn explain_at(
    model: &LoadedModel,
    query: &PreviewQuery,
    prompt: &[TokenId],
    completion: &[TokenId],
    logits: &Logits,
) -> Result<Explained, EngineError> {
    let vocabulary = model.tokenizer.vocabulary();
    let mut specials: Vec<TokenId> =
        prompt.iter().chain(completion).copied().filter(|id| vocabulary.is_special(*id)).collect();
    specials.sort_unstable();
    specials.dedup();
    let history = History { prompt, completion, specials: &specials };
    let inputs = Inputs { settings: &query.settings, history, mask: None };
    Ok(explain(logits, &inputs)?)
}

fn distribution(model: &LoadedModel, query: &PreviewQuery, explained: &Explained) -> Distribution {
    let numbers = explained.report(&query.settings, query.n_rows);
    let vocabulary = model.tokenizer.vocabulary();
    let pills = numbers.rows.iter().map(|row| TokenPill::of(vocabulary, row.id)).collect();
    Distribution { n_rows: query.n_rows, numbers, pills }
}

/// A seed from the system's randomness, short enough to read aloud and exact in JSON.
fn draw_seed() -> i64 {
    i64::from(RandomState::new().hash_one(()) as u32)
}
