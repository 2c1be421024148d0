//! Tiny checkpoints against the numbers PyTorch computed for them (`fixtures/tiny`).

mod numbers;

use std::path::Path;

use numbers::{assert_close, fixture, floats, greedy_10, ids, json};
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
        assert_close(&golden.name, &logits[n - 1], &expected("logits_last"), 2e-6);
        assert_close(&golden.name, &logits[0], &expected("logits_first"), 2e-6);
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
            assert_close(&golden.name, &last[0], &whole.logits[0], 1e-6);
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
        assert_close(&golden.name, found, expected, 1e-6);
    }
}

/// The numbers of a nested list, in order.
fn flat(value: &serde_json::Value) -> Vec<f32> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(flat).collect(),
        None => vec![value.as_f64().unwrap() as f32],
    }
}

#[test]
fn hidden_states_and_attention_are_pytorchs() {
    for golden in goldens() {
        let (n, config) = (golden.ids.len(), golden.model.config());
        let trace = golden.model.trace(&KvCache::empty(), &golden.ids);
        let last_hidden: Vec<f32> = trace
            .hidden
            .iter()
            .flat_map(|hidden| hidden[(n - 1) * config.d_model..].to_vec())
            .collect();
        let expected = flat(&golden.numbers["hidden_last_position"]);
        assert_close(&golden.name, &last_hidden, &expected, 1e-5);

        // [n][heads][keys] here, [heads][n][keys] there.
        let heads = config.n_heads;
        let row = |layer: usize, query: usize, head: usize| {
            trace.attention[layer][(query * heads + head) * n..][..n].to_vec()
        };
        let last: Vec<f32> = (0..config.layers.len())
            .flat_map(|layer| (0..heads).flat_map(move |head| row(layer, n - 1, head)))
            .collect();
        let expected = flat(&golden.numbers["attention_last_query"]);
        assert_close(&golden.name, &last, &expected, 1e-5);
        let first_layer: Vec<f32> =
            (0..heads).flat_map(|head| (0..n).flat_map(move |query| row(0, query, head))).collect();
        let expected = flat(&golden.numbers["attention_layer0_full"]);
        assert_close(&golden.name, &first_layer, &expected, 1e-5);
    }
}

#[test]
fn a_trace_of_the_last_token_is_the_end_of_a_trace_of_all() {
    let golden = Golden::of(&fixture("tiny/llama"));
    let n = golden.ids.len();
    let all = golden.model.trace(&KvCache::empty(), &golden.ids);
    let past = golden.model.forward(&KvCache::empty(), &golden.ids[..n - 1], 0).cache;
    let last = golden.model.trace(&past, &golden.ids[n - 1..]);
    let ends = |of: &[Vec<f32>], which: &[Vec<f32>]| {
        for (all, last) in of.iter().zip(which) {
            assert_close(&golden.name, last, &all[all.len() - last.len()..], 1e-6);
        }
    };
    ends(&all.hidden, &last.hidden);
    ends(&all.attention, &last.attention);
}
