//! What the quantity becomes when a part of the input is taken out: the only method here that shows an
//! effect rather than an inclination.

use std::ops::Range;
use std::sync::Arc;

use tokenscope_model::KvCache;
use tokenscope_tokens::TokenId;

use super::options::Replacement;
use super::question::Question;
use super::{Findings, Host, Shown, baseline, passes};
use crate::EngineError;

/// Takes each piece out, one at a time. What stands before it is known, so what is run is the rest. The
/// tokens of a piece, taken out together, are equals: each has its part of the effect.
pub(super) fn find(
    host: &mut dyn Host,
    question: &Question,
    shown: &Shown<'_>,
) -> Result<Findings, EngineError> {
    let pieces = &question.occluded;
    let (context, measure) = (&question.context, question.measure());
    let neutral = match question.options.replacement {
        Replacement::Drop => None,
        Replacement::Baseline => {
            let model = host.model();
            let neutral = baseline::ids(&model.tokenizer, model.facts.logit_size, context);
            Some(neutral.ok_or(EngineError::NoBaselineToken)?)
        }
    };
    let value = measure.of(&passes::logits(host, context)?);
    let backend = Arc::clone(&host.model().model);
    let regime = backend.config().regime(context.len());
    let known = passes::keys(host, regime, &context[..context.len() - 1])?;

    // The earlier a piece, the longer the rest.
    let work = |piece: &Range<usize>| context.len() - piece.start;
    let device = host.model().facts.device;
    let findings = |without: &[f64]| findings(pieces, value, without, device);
    let (mut done, all) = (0, pieces.iter().map(work).sum::<usize>());
    let mut without = Vec::with_capacity(pieces.len());
    for piece in pieces {
        host.tell(done as f64 / all as f64);
        if !without.is_empty() && host.is_watched() {
            host.show(shown.partial(&findings(&without), without.len()));
        }
        done += work(piece);
        let in_place = neutral.as_ref().map_or(&[][..], |ids| &ids[piece.clone()]);
        if in_place == &context[piece.clone()] {
            without.push(value);
            continue;
        }
        let before = &context[..piece.start];
        let changed: Vec<TokenId> = [before, in_place, &context[piece.end..]].concat();
        if changed.is_empty() {
            without.push(f64::NAN);
            continue;
        }
        // The last token must be run for its logits, known or not.
        let shared = before.len().min(changed.len() - 1);
        // A shorter sequence may have its positions turned otherwise, and then nothing is known of it.
        let regime = backend.config().regime(changed.len());
        let past =
            if regime == known.regime() { known.prefix(shared) } else { KvCache::empty(regime) };
        let pass = passes::run(host, &*backend, &past, &changed[past.len()..], 1)?;
        without.push(measure.of(&pass.logits[0]));
    }
    Ok(findings(&without))
}

/// What is known once the first pieces have been taken out.
fn findings(
    pieces: &[Range<usize>],
    value: f64,
    without: &[f64],
    device: &'static str,
) -> Findings {
    let effects: Vec<f64> = pieces
        .iter()
        .zip(without)
        .flat_map(|(piece, without)| vec![(value - without) / piece.len() as f64; piece.len()])
        .collect();
    Findings {
        sizes: effects.iter().map(|effect| effect.abs()).collect(),
        contributions: Some(effects),
        device,
        value: Some(value),
        without: Some(without.to_vec()),
        path: None,
    }
}
