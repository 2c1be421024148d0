//! Forward passes that give way: as soon as somebody more urgent asks, a pass is dropped, the other
//! one is served, and the pass begins again. So nobody waits for more than one layer of it, and what is
//! lost is one pass of bounded size.

use std::sync::Arc;

use tokenscope_model::{Forward, KvCache, Model, RopeRegime};
use tokenscope_tokens::TokenId;

use super::Host;
use crate::EngineError;
use crate::prefix_cache::Logits;
use crate::step::tokens_per_pass;

/// The logits that follow `ids`, of which there must be one at least; from the prefix cache, if they
/// are there.
pub(super) fn logits(host: &mut dyn Host, ids: &[TokenId]) -> Result<Logits, EngineError> {
    let model = host.model();
    let regime = model.model.config().regime(ids.len());
    match model.cache.logits(regime, ids, ids.len()).pop() {
        Some(known) => Ok(known),
        None => Ok(extend(host, regime, ids, 1)?.1.expect("one output was asked for")),
    }
}

/// The keys and values of `ids` in a regime; from the prefix cache as far as it goes.
pub(super) fn keys(
    host: &mut dyn Host,
    regime: RopeRegime,
    ids: &[TokenId],
) -> Result<KvCache, EngineError> {
    Ok(extend(host, regime, ids, 0)?.0)
}

/// Runs what the prefix cache lacks of `ids`, with the last one's logits or without, and leaves the
/// results there.
fn extend(
    host: &mut dyn Host,
    regime: RopeRegime,
    ids: &[TokenId],
    outputs: usize,
) -> Result<(KvCache, Option<Logits>), EngineError> {
    loop {
        // Anew in each round: whoever was served meanwhile may have run some of it, or driven it out.
        let model = host.model();
        let known = model.cache.longest_prefix(regime, &ids[..ids.len() - outputs]);
        if known.len() == ids.len() {
            return Ok((known, None));
        }
        let backend = Arc::clone(&model.model);
        let end = (known.len() + tokens_per_pass(model)).min(ids.len());
        let outputs = if end == ids.len() { outputs } else { 0 };
        let pass = forward(host, &*backend, &known, &ids[known.len()..end], outputs)?;
        let logits: Vec<Logits> = pass.logits.into_iter().map(Arc::new).collect();
        host.model().cache.insert(&ids[..end], pass.cache.clone(), logits.clone());
        if end == ids.len() {
            return Ok((pass.cache, logits.into_iter().next()));
        }
    }
}

/// Runs `ids` on any backend and remembers nothing of it. Returns the last one's logits if `outputs`
/// is 1.
pub(super) fn run(
    host: &mut dyn Host,
    backend: &dyn Model,
    past: &KvCache,
    ids: &[TokenId],
    outputs: usize,
) -> Result<Forward, EngineError> {
    let mut result = Forward { logits: Vec::new(), cache: past.clone() };
    let per_pass = tokens_per_pass(host.model());
    let n_passes = ids.len().div_ceil(per_pass);
    for (index, ids) in ids.chunks(per_pass).enumerate() {
        let outputs = if index + 1 == n_passes { outputs } else { 0 };
        result = forward(host, backend, &result.cache, ids, outputs)?;
    }
    Ok(result)
}

fn forward(
    host: &mut dyn Host,
    backend: &dyn Model,
    past: &KvCache,
    ids: &[TokenId],
    outputs: usize,
) -> Result<Forward, EngineError> {
    loop {
        host.give_way()?;
        if let Some(pass) = backend.forward(past, ids, outputs, &|| !host.is_wanted()) {
            return Ok(pass);
        }
    }
}
