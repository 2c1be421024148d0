//! Tiny checkpoints against the numbers PyTorch computed for them (`fixtures/tiny`).

mod numbers;

use std::path::Path;

use numbers::{assert_logits, fixture, floats, greedy_10, ids, json};
use tokenscope_model::{Decoder, HfFolder, KvCache, Model};
use tokenscope_tokens::TokenId;

struct Golden {
    name: String,
    model: Decoder,
    ids: Vec<TokenId>,
    numbers: serde_json::Value,
}

/// Every checkpoint in Hugging Face's layout.
fn goldens() -> Vec<Golden> {
    let folders = std::fs::read_dir(fixture("tiny")).unwrap();
    let mut goldens: Vec<Golden> =
        folders.map(|folder| Golden::of(&folder.unwrap().path())).collect();
    goldens.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(goldens.len(), 16);
    goldens
}

impl Golden {
    fn of(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let model = Decoder::from_folder(&HfFolder::open(folder).unwrap(), 2).unwrap();
        let numbers = json(&folder.join("golden.json"));
        Golden { name, model, ids: ids(&numbers["input_ids"]), numbers }
    }
}

#[test]
fn logits_are_pytorchs() {
    for golden in goldens() {
        let n = golden.ids.len();
        let logits = golden.model.forward(&KvCache::empty(), &golden.ids, n).logits;
        let expected = |key: &str| floats(&golden.numbers[key]);
        assert_logits(&golden.name, &logits[n - 1], &expected("logits_last"), 2e-6);
        assert_logits(&golden.name, &logits[0], &expected("logits_first"), 2e-6);
    }
}

#[test]
fn greedy_continuations_are_pytorchs() {
    for golden in goldens() {
        let continuation = greedy_10(&golden.model, &golden.ids);
        assert_eq!(continuation, ids(&golden.numbers["greedy_10"]), "{}", golden.name);
    }
}

#[test]
fn cached_decoding_equals_the_full_forward_however_the_input_is_cut() {
    for golden in goldens() {
        let whole = golden.model.forward(&KvCache::empty(), &golden.ids, 1);
        for pieces in [&[1; 21][..], &[20, 1], &[3, 11, 7]] {
            let (mut cache, mut at, mut last) = (KvCache::empty(), 0, Vec::new());
            for piece in pieces {
                // Only the last piece is asked for logits, as when a long prompt is read.
                let outputs = usize::from(at + piece == golden.ids.len());
                let forward = golden.model.forward(&cache, &golden.ids[at..at + piece], outputs);
                (cache, at, last) = (forward.cache, at + piece, forward.logits);
            }
            assert_logits(&golden.name, &last[0], &whole.logits[0], 1e-6);
        }
    }
}

#[test]
fn a_rewound_cache_decodes_as_if_the_rest_had_never_been() {
    let golden = Golden::of(&fixture("tiny/llama"));
    let whole = golden.model.forward(&KvCache::empty(), &golden.ids, 21);
    let rewound = whole.cache.prefix(12);
    let again = golden.model.forward(&rewound, &golden.ids[12..15], 3);
    for (found, expected) in again.logits.iter().zip(&whole.logits[12..15]) {
        assert_logits(&golden.name, found, expected, 1e-6);
    }
}
