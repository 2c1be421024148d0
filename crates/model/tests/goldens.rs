//! Tiny checkpoints against the numbers PyTorch computed for them (`fixtures/tiny`).

use std::path::{Path, PathBuf};

use tokenscope_model::{Decoder, GgufFile, HfFolder, KvCache, Model};
use tokenscope_tokens::TokenId;

struct Golden {
    name: String,
    model: Decoder,
    ids: Vec<TokenId>,
    numbers: serde_json::Value,
}

/// Every checkpoint in Hugging Face's layout, and those that have a GGUF twin a second time.
fn goldens() -> Vec<Golden> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let from_folder = |folder: &PathBuf| Decoder::from_folder(&HfFolder::open(folder).unwrap(), 2);
    let mut goldens: Vec<Golden> = folders
        .iter()
        .map(|folder| Golden::new(folder, "folder", from_folder(folder).unwrap()))
        .collect();
    for folder in &folders {
        let file = folder.join("model.gguf");
        if file.is_file() {
            let file = GgufFile::open(&file).unwrap();
            let model = Decoder::from_gguf(&file, 2).unwrap();
            goldens.push(Golden::new(folder, "gguf", model));
        }
    }
    assert_eq!(goldens.len(), 16 + 3);
    goldens
}

fn llama() -> Golden {
    goldens().into_iter().find(|golden| golden.name == "llama folder").unwrap()
}

impl Golden {
    fn new(folder: &Path, source: &str, model: Decoder) -> Self {
        let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
        let numbers: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = format!("{} {source}", folder.file_name().unwrap().to_str().unwrap());
        Golden { name, model, ids: ids(&numbers["input_ids"]), numbers }
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
fn assert_close(name: &str, found: &[f32], expected: &[f32], fraction: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(
        worst <= fraction * largest,
        "{name}: numbers differ by {worst}; the largest is {largest}"
    );
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
    for golden in goldens() {
        let n = golden.ids.len();
        let logits = golden.model.forward(&KvCache::empty(), &golden.ids, n).logits;
        assert_close(&golden.name, &logits[n - 1], &golden.floats("logits_last"), 2e-6);
        assert_close(&golden.name, &logits[0], &golden.floats("logits_first"), 2e-6);
    }
}

#[test]
fn greedy_continuations_are_pytorchs() {
    for golden in goldens() {
        let mut forward = golden.model.forward(&KvCache::empty(), &golden.ids, 1);
        let mut continuation = Vec::new();
        for _ in 0..10 {
            continuation.push(argmax(&forward.logits[0]));
            forward =
                golden.model.forward(&forward.cache, &continuation[continuation.len() - 1..], 1);
        }
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
    let golden = llama();
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
    let golden = llama();
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
