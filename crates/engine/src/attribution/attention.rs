//! Where the last position of the context looks.
//!
//! The default is inseq's: weights of the query at the last context position, averaged over heads, then
//! over layers, divided by their sum after each. Only that position is needed, so with its keys known
//! from a preview the cost is one token.
//!
//! Rollout (Abnar and Zuidema 2020, arXiv:2005.00928, section 3) follows attention downwards instead.
//! With `A_l` the mean over heads of layer `l`, its rows divided by their sums, what flows from layer to
//! layer is `(A_l + I) / 2`, and the answer is the last row of the product over all layers, the first
//! layer's on the right.

use std::sync::Arc;

use tokenscope_model::{KvCache, Model, Trace};

use super::passes;
use super::question::Question;
use super::{Findings, Host, SoftFailure};
use crate::EngineError;

/// What the model's own backend cannot give is asked of the fallback, if there is one.
pub(super) fn find(
    host: &mut dyn Host,
    question: &Question,
) -> Result<Result<Findings, SoftFailure>, EngineError> {
    let model = host.model();
    let (own, fallback) = (Arc::clone(&model.model), model.fallback.clone());
    let device = model.facts.device;
    let regime = own.config().regime(question.context.len());
    let before = &question.context[..question.context.len() - 1];
    let past = passes::keys(host, regime, before)?;
    let findings = |sizes, device| Findings { sizes, device, ..Findings::default() };
    let failure = match weights(host, &*own, &past, question)? {
        Ok(sizes) => return Ok(Ok(findings(sizes, device))),
        Err(failure) => failure,
    };
    let Some(fallback) = fallback else { return Ok(Err(failure)) };
    // The keys that one backend computed mean nothing to another.
    let past = passes::run(host, &*fallback, &KvCache::empty(regime), before, 0)?.cache;
    Ok(weights(host, &*fallback, &past, question)?.map(|sizes| findings(sizes, "cpu")))
}

/// A weight for each context token. `past` holds the keys of all but the last one.
fn weights(
    host: &mut dyn Host,
    backend: &dyn Model,
    past: &KvCache,
    question: &Question,
) -> Result<Result<Vec<f64>, SoftFailure>, EngineError> {
    let options = &question.options;
    let weights = if options.rollout {
        rolled_out(host, backend, past, question)?
    } else {
        host.give_way()?;
        let last = &question.context[question.context.len() - 1..];
        averaged(&backend.trace(past, last), question, backend.config().n_heads)
    };
    Ok(weights.and_then(|mut weights| {
        let some =
            weights.iter().all(|weight| weight.is_finite()) && weights.iter().any(|w| *w > 0.0);
        if !some {
            return Err(SoftFailure::NoAttentionScores);
        }
        if options.mask_sink {
            weights[0] = 0.0;
        }
        Ok(weights)
    }))
}

/// The mean over heads and then layers of a trace of one token.
fn averaged(trace: &Trace, question: &Question, n_heads: usize) -> Result<Vec<f64>, SoftFailure> {
    let n = question.context.len();
    check(trace)?;
    let all_layers = 0..trace.attention.len() as i64;
    let layers = question.options.layers.clone().unwrap_or_else(|| all_layers.collect());
    let mut mean = vec![0.0; n];
    for layer in layers {
        let weights = mean_over_heads(&trace.attention[layer as usize], n_heads, question);
        mean.iter_mut().zip(weights).for_each(|(mean, weight)| *mean += weight);
    }
    divide_by_sum(&mut mean);
    Ok(mean)
}

/// A backend that does not say where it looks leaves layers out or empty.
fn check(trace: &Trace) -> Result<(), SoftFailure> {
    let tells = !trace.attention.is_empty() && trace.attention.iter().all(|w| !w.is_empty());
    if tells { Ok(()) } else { Err(SoftFailure::AttentionNotSupported) }
}

/// The mean over heads of one query's weights `[n_heads][keys]`, divided by its sum.
fn mean_over_heads(weights: &[f32], n_heads: usize, question: &Question) -> Vec<f64> {
    let n_keys = weights.len() / n_heads;
    let mut mean = vec![0.0; n_keys];
    let mut add = |head: usize| {
        let head = &weights[head * n_keys..][..n_keys];
        mean.iter_mut().zip(head).for_each(|(mean, weight)| *mean += f64::from(*weight));
    };
    match &question.options.heads {
        Some(heads) => heads.iter().for_each(|head| add(*head as usize)),
        None => (0..n_heads).for_each(&mut add),
    }
    divide_by_sum(&mut mean);
    mean
}

fn divide_by_sum(weights: &mut [f64]) {
    let sum: f64 = weights.iter().sum();
    // A head's weights may all be on a key that is not there (an attention sink).
    if sum > 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }
}

/// Positions whose attention is traced at once: as few as keeps one trace short, since it cannot be
/// interrupted.
const TRACED_AT_ONCE: usize = 16;

/// Memory for the attention of all positions to each other.
///
/// Limit of memory: bytes of attention for a rollout; 400.
const MOST_ROLLOUT_BYTES: usize = 1 << 30;

fn rolled_out(
    host: &mut dyn Host,
    backend: &dyn Model,
    past: &KvCache,
    question: &Question,
) -> Result<Result<Vec<f64>, SoftFailure>, EngineError> {
    let context = &question.context;
    let (n, config) = (context.len(), backend.config());
    let n_layers = config.layers.len();
    let bytes = |n: usize| size_of::<f32>() * n_layers * (n * (n + 1) / 2);
    if bytes(n) > MOST_ROLLOUT_BYTES {
        let limit = (0..n).rev().find(|n| bytes(*n) <= MOST_ROLLOUT_BYTES).unwrap_or(0);
        return Err(EngineError::TooLongForRollout { tokens: n, limit });
    }

    // Of each layer, the rows of the lower triangle one after the other.
    let mut rows: Vec<Vec<f32>> = vec![Vec::with_capacity(n * (n + 1) / 2); n_layers];
    for start in (0..n).step_by(TRACED_AT_ONCE) {
        host.tell(start as f64 / n as f64);
        host.give_way()?;
        let end = (start + TRACED_AT_ONCE).min(n);
        let trace = backend.trace(&past.prefix(start), &context[start..end]);
        if let Err(failure) = check(&trace) {
            return Ok(Err(failure));
        }
        for (rows, layer) in rows.iter_mut().zip(&trace.attention) {
            for (query, weights) in (start..end).zip(layer.chunks_exact(config.n_heads * end)) {
                let mean = mean_over_heads(weights, config.n_heads, question);
                rows.extend(mean[..=query].iter().map(|weight| *weight as f32));
            }
        }
    }

    // Half of the flow stays where it is whatever the heads do, which must not pass for an answer.
    if rows.iter().flatten().all(|weight| *weight == 0.0) {
        return Ok(Err(SoftFailure::NoAttentionScores));
    }
    let mut flow = vec![0.0; n];
    flow[n - 1] = 1.0;
    for rows in rows.iter().rev() {
        host.give_way()?;
        let mut below = vec![0.0; n];
        let mut first = 0;
        for (query, flow) in flow.iter().enumerate() {
            below[query] += flow / 2.0;
            let row = &rows[first..=first + query];
            below.iter_mut().zip(row).for_each(|(below, w)| *below += flow / 2.0 * f64::from(*w));
            first += query + 1;
        }
        flow = below;
    }
    Ok(Ok(flow))
}
