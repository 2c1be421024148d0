//! Preview and step, each one straight function from a query to a report.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokenscope_sampling::{Explained, History, Inputs, coin, explain, pick};
use tokenscope_tokens::TokenId;

use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prefix_cache::Logits;
use crate::prompt::{PromptIds, encode, known_ids};
use crate::query::{Choice, PreviewQuery, StepQuery};
use crate::report::{Appended, PreviewReport, ShownDistribution, StepReport, TokenPill};
use crate::stop;

/// Tokens of one forward pass of a long input. Between passes the job looks whether it is still
/// wanted.
const TOKENS_PER_PASS: usize = 64;

/// Most tokens that one step may force: each gets a full report, which adds up.
const MOST_FORCED_TOKENS: usize = 512;

/// Answers a preview.
pub(crate) fn preview(
    model: &mut LoadedModel,
    query: &PreviewQuery,
    cancelled: &Cancelled,
) -> Result<PreviewReport, EngineError> {
    refuse_constraint(query)?;
    let ids = PromptIds::of(model, &query.context)?;
    ids.check_length(model, 0)?;
    let distribution = if query.tokens_only {
        None
    } else {
        let logits = logits_after(model, &ids.all(), 1, cancelled)?;
        let explained = explain_at(model, query, &ids.prompt, &ids.completion, &logits[0])?;
        Some(shown(model, query, &explained))
    };
    let pills = |ids: &[TokenId]| {
        ids.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id)).collect()
    };
    Ok(PreviewReport {
        model: model.facts.clone(),
        prompt: pills(&ids.prompt),
        system_folded: ids.system_folded,
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
    let (appended, distributions, luck) = match &query.choice {
        Choice::Sample => {
            let (id, distribution, luck) = draw(model, query, &ids, cancelled)?;
            (vec![id], vec![distribution], Some(luck))
        }
        forced => {
            let tokens = match forced {
                Choice::Sample => Vec::new(),
                Choice::Token(token) => known_ids(model, "force_token_id", &[*token])?,
                Choice::Tokens(tokens) => known_ids(model, "force_token_ids", tokens)?,
                Choice::Text(text) => encode(model, text)?,
            };
            let distributions = force(model, &query.preview, &ids, &tokens, cancelled)?;
            (tokens, distributions, None)
        }
    };

    let completion = [ids.completion.as_slice(), &appended].concat();
    let stop = stop::reason(&model.tokenizer, &completion, &appended, &query.stop_sequences);
    let pills = appended.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id));
    Ok(StepReport {
        model: model.facts.clone(),
        appended: pills
            .zip(distributions)
            .map(|(pill, distribution)| Appended { pill, distribution })
            .collect(),
        p_final: luck.as_ref().map(|luck| luck.p_final),
        completion,
        stop,
        seed_used: luck.and_then(|luck| luck.seed),
        elapsed: Default::default(),
    })
}

/// How a drawn token came about.
struct Luck {
    p_final: f32,
    /// The seed that decided; none if the choice was greedy.
    seed: Option<i64>,
}

/// Takes the next token greedily or by chance.
fn draw(
    model: &mut LoadedModel,
    query: &StepQuery,
    ids: &PromptIds,
    cancelled: &Cancelled,
) -> Result<(TokenId, ShownDistribution, Luck), EngineError> {
    let settings = &query.preview.settings;
    ids.check_length(model, 0)?;
    let logits = logits_after(model, &ids.all(), 1, cancelled)?;
    let explained = explain_at(model, &query.preview, &ids.prompt, &ids.completion, &logits[0])?;
    let seed = (!settings.greedy).then(|| settings.seed.unwrap_or_else(draw_seed));
    let position = ids.completion.len() as u64;
    let id = pick(&explained, seed.map(|seed| coin(seed, position)));
    let luck = Luck { p_final: explained.final_probability(id), seed };
    Ok((id, shown(model, &query.preview, &explained), luck))
}

/// The distributions at the positions of given tokens. They come from passes over many tokens at
/// once, and their logits are let go pass by pass: those of a long text would fill the memory.
fn force(
    model: &mut LoadedModel,
    query: &PreviewQuery,
    ids: &PromptIds,
    tokens: &[TokenId],
    cancelled: &Cancelled,
) -> Result<Vec<ShownDistribution>, EngineError> {
    if tokens.len() > MOST_FORCED_TOKENS {
        return Err(EngineError::TooManyForced { tokens: tokens.len(), limit: MOST_FORCED_TOKENS });
    }
    ids.check_length(model, tokens.len().saturating_sub(1))?;
    let mut distributions = Vec::with_capacity(tokens.len());
    for chunk in tokens.chunks(TOKENS_PER_PASS) {
        let first = distributions.len();
        // The last token of a chunk is not input for any of the chunk's distributions.
        let input = [&ids.all(), &tokens[..first + chunk.len() - 1]].concat();
        let all_logits = logits_after(model, &input, chunk.len(), cancelled)?;
        for (place, logits) in (first..).zip(&all_logits) {
            cancelled.check()?;
            let completion = [&ids.completion, &tokens[..place]].concat();
            let explained = explain_at(model, query, &ids.prompt, &completion, logits)?;
            distributions.push(shown(model, query, &explained));
        }
    }
    Ok(distributions)
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
    if ids.len() < n_outputs || ids.is_empty() {
        return Err(EngineError::EmptyContext);
    }
    let lengths = ids.len() - n_outputs + 1..=ids.len();
    let known = |length: usize| {
        let regime = model.model.config().regime(length);
        model.cache.logits(regime, &ids[..length])
    };
    let known: Option<Vec<Logits>> = lengths.clone().map(known).collect();
    model.cache.count(known.is_some());
    if let Some(known) = known {
        return Ok(known);
    }
    // Where the wanted lengths go over into the other regime, the input is run in both.
    let (mut outputs, mut first) = (Vec::with_capacity(n_outputs), *lengths.start());
    while first <= ids.len() {
        let regime = |length| model.model.config().regime(length);
        let n_alike = (first..=ids.len()).take_while(|length| regime(*length) == regime(first));
        let last = first + n_alike.count() - 1;
        outputs.extend(run(model, &ids[..last], first, cancelled)?);
        first = last + 1;
    }
    Ok(outputs)
}

/// The logits after each beginning of `ids` from length `first_output` on, which must all be of one
/// regime.
fn run(
    model: &mut LoadedModel,
    ids: &[TokenId],
    first_output: usize,
    cancelled: &Cancelled,
) -> Result<Vec<Logits>, EngineError> {
    let regime = model.model.config().regime(ids.len());
    // Every position whose logits are wanted must be run, known or not.
    let mut kv = model.cache.longest_prefix(regime, ids, first_output - 1);
    let mut outputs = Vec::new();
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
            model.cache.insert(&ids[..length], kv.prefix(length), Some(Arc::clone(&logits)));
            outputs.push(logits);
        }
        // A pass without outputs is remembered too, so that a cancelled prompt resumes there.
        if wanted == 0 {
            model.cache.insert(&ids[..end], kv.clone(), None);
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
    Ok(explain(Arc::clone(logits), &inputs)?)
}

fn shown(model: &LoadedModel, query: &PreviewQuery, explained: &Explained) -> ShownDistribution {
    let numbers = explained.report(&query.settings, query.n_rows);
    let vocabulary = model.tokenizer.vocabulary();
    let pills = numbers.rows.iter().map(|row| TokenPill::of(vocabulary, row.id)).collect();
    ShownDistribution { n_rows: query.n_rows, numbers, pills }
}

/// A seed from the system's randomness, short enough to read aloud and exact in JSON.
fn draw_seed() -> i64 {
    i64::from(RandomState::new().hash_one(()) as u32)
}
