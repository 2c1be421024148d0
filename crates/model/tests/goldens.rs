//! Tiny checkpoints against the numbers PyTorch computed for them (`fixtures/tiny`).

use std::path::PathBuf;

use tokenscope_model::{Decoder, GgufFile, KvCache, Model};
use tokenscope_tokens::TokenId;

const CHECKPOINTS: [&str; 3] = ["llama", "llama3_scaled_rope", "llama_bias"];

struct Golden {
    model: Decoder,
    ids: Vec<TokenId>,
    numbers: serde_json::Value,
}

impl Golden {
    fn load(name: &str) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(name);
        let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
        let numbers: serde_json::Value = serde_json::from_str(&text).unwrap();
        let model =
            Decoder::from_gguf(&GgufFile::open(&folder.join("model.gguf")).unwrap(), 2).unwrap();
        Golden { model, ids: ids(&numbers["input_ids"]), numbers }
    }

    fn floats(&self, key: &str) -> Vec<f32> {
        let numbers = self.numbers[key].as_array().unwrap();
        numbers.iter().map(|number| number.as_f64().unwrap() as f32).collect()
    }
}

fn ids(value: &serde_json::Value) -> Vec<TokenId> {
    value.as_array().unwrap().iter().map(|id| TokenId(id.as_u64().unwrap() as u32)).collect()
}

/// Asserts agreement to a fraction of the largest expected number.
#[track_caller]
fn assert_logits(found: &[f32], expected: &[f32], fraction: f32) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(worst <= fraction * largest, "logits differ by {worst}; the largest is {largest}");
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

#[test]
fn logits_are_pytorchs() {
    for name in CHECKPOINTS {
        let golden = Golden::load(name);
        let n = golden.ids.len();
        let logits = golden.model.forward(&KvCache::empty(), &golden.ids, n).logits;
        assert_logits(&logits[n - 1], &golden.floats("logits_last"), 2e-6);
        assert_logits(&logits[0], &golden.floats("logits_first"), 2e-6);
    }
}

#[test]
fn greedy_continuations_are_pytorchs() {
    for name in CHECKPOINTS {
        let golden = Golden::load(name);
        let mut forward = golden.model.forward(&KvCache::empty(), &golden.ids, 1);
        let mut continuation = Vec::new();
        for _ in 0..10 {
            continuation.push(argmax(&forward.logits[0]));
            forward =
                golden.model.forward(&forward.cache, &continuation[continuation.len() - 1..], 1);
        }
        assert_eq!(continuation, ids(&golden.numbers["greedy_10"]), "{name}");
    }
}

#[test]
fn cached_decoding_equals_the_full_forward_however_the_input_is_cut() {
    for name in CHECKPOINTS {
        let golden = Golden::load(name);
        let whole = golden.model.forward(&KvCache::empty(), &golden.ids, 1);
        for pieces in [&[1; 21][..], &[20, 1], &[3, 11, 7]] {
            let (mut cache, mut at, mut last) = (KvCache::empty(), 0, Vec::new());
            for piece in pieces {
                // Only the last piece is asked for logits, as when a long prompt is read.
                let outputs = usize::from(at + piece == golden.ids.len());
                let forward = golden.model.forward(&cache, &golden.ids[at..at + piece], outputs);
                (cache, at, last) = (forward.cache, at + piece, forward.logits);
            }
            assert_logits(&last[0], &whole.logits[0], 1e-6);
        }
    }
}

#[test]
fn a_rewound_cache_decodes_as_if_the_rest_had_never_been() {
    let golden = Golden::load("llama");
    let whole = golden.model.forward(&KvCache::empty(), &golden.ids, 21);
    let rewound = whole.cache.prefix(12);
    let again = golden.model.forward(&rewound, &golden.ids[12..15], 3);
    for (found, expected) in again.logits.iter().zip(&whole.logits[12..15]) {
        assert_logits(found, expected, 1e-6);
    }
}
