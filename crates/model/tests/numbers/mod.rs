//! Numbers that others computed, and how to compare with them.

use std::path::{Path, PathBuf};

use tokenscope_model::{Decoder, KvCache, Model};
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

/// Ten tokens after `ids`, the likeliest each time.
pub(crate) fn greedy_10(model: &Decoder, ids: &[TokenId]) -> Vec<TokenId> {
    let mut forward = model.forward(&KvCache::empty(), ids, 1);
    let mut continuation = Vec::new();
    for _ in 0..10 {
        continuation.push(argmax(&forward.logits[0]));
        forward = model.forward(&forward.cache, &continuation[continuation.len() - 1..], 1);
    }
    continuation
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
