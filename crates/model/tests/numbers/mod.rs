//! Numbers that others computed, and how to compare with them.

use std::path::{Path, PathBuf};

use tokenscope_model::{Decoder, Forward, KvCache, Model};
use tokenscope_tokens::TokenId;

/// A file or folder of `fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn floats(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

pub(crate) fn ids(value: &serde_json::Value) -> Vec<TokenId> {
    value.as_array().unwrap().iter().map(|id| TokenId(id.as_u64().unwrap() as u32)).collect()
}

/// Asserts agreement to a fraction of the largest expected number.
#[track_caller]
pub(crate) fn assert_close(name: &str, found: &[f32], expected: &[f32], fraction: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(
        worst <= fraction * largest,
        "{name}: numbers differ by {worst}; the largest is {largest}"
    );
}

/// A pass that nobody stops.
pub(crate) fn forward(model: &Decoder, past: &KvCache, ids: &[TokenId], outputs: usize) -> Forward {
    model.forward(past, ids, outputs, &|| true).expect("nobody stops it")
}

/// The logits after the last `outputs` of some ids, computed in one pass.
pub(crate) fn whole(model: &Decoder, ids: &[TokenId], outputs: usize) -> Forward {
    forward(model, &KvCache::empty(model.config().regime(ids.len())), ids, outputs)
}

/// Ten tokens after `ids`, the likeliest each time, with their probabilities.
pub(crate) fn greedy_10(model: &Decoder, ids: &[TokenId]) -> (Vec<TokenId>, Vec<f64>) {
    let (mut all, mut last) = (ids.to_vec(), whole(model, ids, 1));
    let mut probabilities = Vec::new();
    for _ in 0..10 {
        let next = argmax(&last.logits[0]);
        probabilities.push(softmax(&last.logits[0])[next.index()]);
        all.push(next);
        // Where long sequences begin, nothing of the short one can be kept.
        let stays = model.config().regime(all.len()) == last.cache.regime();
        last = match stays {
            true => forward(model, &last.cache, &all[all.len() - 1..], 1),
            false => whole(model, &all, 1),
        };
    }
    (all.split_off(ids.len()), probabilities)
}

pub(crate) fn softmax(logits: &[f32]) -> Vec<f64> {
    let exponentials: Vec<f64> = logits.iter().map(|logit| f64::from(*logit).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}

fn argmax(logits: &[f32]) -> TokenId {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    TokenId(best as u32)
}
