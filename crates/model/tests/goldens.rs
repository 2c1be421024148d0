//! Tiny checkpoints against the numbers PyTorch computed for them (`fixtures/tiny`).

mod changed;
mod numbers;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokenscope_model::{Decoder, Forward, HfFolder, KvCache, Model, RopeRegime, Trace};
use tokenscope_tokens::TokenId;

use changed::{Changed, tiny};
use numbers::{assert_close, fixture, floats, greedy_10, ids, whole};

struct Golden {
    name: String,
    model: Decoder,
    ids: Vec<TokenId>,
    numbers: Value,
}

/// Every checkpoint in Hugging Face's layout. Some have the numbers of a second, short input.
fn goldens() -> Vec<Golden> {
    let folders = std::fs::read_dir(fixture("tiny")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    let mut goldens = Vec::new();
    for folder in &folders {
        goldens.push(Golden::of_folder(folder, "golden.json"));
        if folder.join("golden_short.json").is_file() {
            goldens.push(Golden::of_folder(folder, "golden_short.json"));
        }
    }
    assert_eq!(goldens.len(), 29 + 2);
    goldens
}

impl Golden {
    fn of_folder(folder: &Path, file: &str) -> Self {
        let model = Decoder::from_folder(&HfFolder::open(folder).unwrap(), 2).unwrap();
        Golden::new(folder, file, file, model)
    }

    /// A model that should give a folder's numbers.
    fn new(folder: &Path, file: &str, what: &str, model: Decoder) -> Self {
        let numbers = numbers::json(&folder.join(file));
        let name = format!("{} {what}", folder.file_name().unwrap().to_str().unwrap());
        Golden { name, model, ids: ids(&numbers["input_ids"]), numbers }
    }

    fn whole(&self, ids: &[TokenId], outputs: usize) -> Forward {
        whole(&self.model, ids, outputs)
    }

    fn trace(&self) -> Trace {
        let regime = self.model.config().regime(self.ids.len());
        self.model.trace(&KvCache::empty(regime), &self.ids)
    }

    #[track_caller]
    fn assert_logits(&self) {
        let n = self.ids.len();
        let logits = self.whole(&self.ids, n).logits;
        let expected = |key: &str| floats(&self.numbers[key]);
        assert_close(&self.name, &logits[n - 1], &expected("logits_last"), 2e-6);
        assert_close(&self.name, &logits[0], &expected("logits_first"), 2e-6);
    }
}

#[test]
fn logits_are_pytorchs() {
    for golden in goldens() {
        golden.assert_logits();
    }
}

#[test]
fn greedy_continuations_are_pytorchs() {
    for golden in goldens() {
        let (continuation, probabilities) = greedy_10(&golden.model, &golden.ids);
        assert_eq!(continuation, ids(&golden.numbers["greedy_10"]), "{}", golden.name);
        // Near a border of regimes the ids alone would not tell which one was used.
        for (step, found) in probabilities.iter().enumerate() {
            if let Some(expected) = golden.numbers["greedy_10_probabilities"][step].as_f64() {
                assert!((found - expected).abs() < 1e-6, "{} step {step}", golden.name);
            }
        }
    }
}

#[test]
fn cached_decoding_equals_the_full_forward_however_the_input_is_cut() {
    for golden in goldens() {
        let n = golden.ids.len();
        let whole = golden.whole(&golden.ids, 1);
        for pieces in [&vec![1; n], &vec![n - 1, 1], &vec![3, n / 2, n - n / 2 - 3]] {
            let (mut cache, mut at, mut last) = (whole.cache.prefix(0), 0, Vec::new());
            for piece in pieces {
                // Only the last piece is asked for logits, as when a long prompt is read.
                let outputs = usize::from(at + piece == golden.ids.len());
                let forward =
                    numbers::forward(&golden.model, &cache, &golden.ids[at..at + piece], outputs);
                (cache, at, last) = (forward.cache, at + piece, forward.logits);
            }
            assert_close(&golden.name, &last[0], &whole.logits[0], 1e-6);
        }
    }
}

#[test]
fn a_rewound_cache_decodes_as_if_the_rest_had_never_been() {
    let golden = Golden::of_folder(&tiny("llama"), "golden.json");
    let whole = golden.whole(&golden.ids, 21);
    let rewound = whole.cache.prefix(12);
    let again = numbers::forward(&golden.model, &rewound, &golden.ids[12..15], 3);
    for (found, expected) in again.logits.iter().zip(&whole.logits[12..15]) {
        assert_close(&golden.name, found, expected, 1e-6);
    }
}

#[test]
#[should_panic(expected = "17 positions in a cache for short sequences")]
fn a_cache_for_short_sequences_does_not_grow_into_a_long_one() {
    let golden = Golden::of_folder(&tiny("phi3_longrope"), "golden.json");
    let short = golden.whole(&golden.ids[..16], 1);
    assert_eq!(short.cache.regime(), RopeRegime::Short);
    numbers::forward(&golden.model, &short.cache, &golden.ids[16..17], 1);
}

#[test]
fn a_configuration_may_say_the_same_in_other_words() {
    let version_5 = |parameters: Value| {
        json!({
            "rope_theta": null, "rope_scaling": null, "partial_rotary_factor": null,
            "rotary_emb_base": null, "rotary_pct": null, "rope_local_base_freq": null,
            "original_max_position_embeddings": null, "rope_parameters": parameters,
        })
    };
    let yarn = 0.1 * 4.0_f64.ln() + 1.0;
    for (family, change) in [
        // As transformers 5 writes it.
        ("qwen2", version_5(json!({"rope_theta": 1e6, "rope_type": "default"}))),
        ("qwen3", version_5(json!({"rope_theta": 1e6}))),
        (
            "llama3_scaled_rope",
            version_5(json!({
                "rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
            })),
        ),
        (
            "llama_linear",
            version_5(json!({"rope_theta": 1e4, "rope_type": "linear", "factor": 4.0})),
        ),
        (
            "gpt_neox_sequential",
            version_5(json!({"rope_theta": 5000, "partial_rotary_factor": 0.5})),
        ),
        (
            "gemma3_text",
            version_5(json!({
                "full_attention": {"rope_theta": 1e6, "rope_type": "default"},
                "sliding_attention": {"rope_theta": 1e4, "rope_type": "default"},
            })),
        ),
        (
            "gemma3",
            json!({"text_config": version_5(json!({
                "full_attention": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0},
                "sliding_attention": {"rope_theta": 1e4, "rope_type": "default"},
            }))}),
        ),
        (
            "phi3_partial_longrope",
            version_5(json!({
                "rope_theta": 1e4, "rope_type": "longrope", "partial_rotary_factor": 0.75,
                "original_max_position_embeddings": 16, "factor": 4.0,
                "short_factor": [1.0, 1.25, 1.5, 1.75, 2.0, 2.25],
                "long_factor": [1.5, 2.25, 4.5, 8.25, 13.5, 20.25],
            })),
        ),
        ("phi3_longrope", json!({"rope_scaling": {"type": "su"}})),
        ("qwen2_yarn", json!({"rope_scaling": {"attention_factor": yarn}})),
        ("qwen2_yarn", json!({"rope_scaling": {"beta_fast": 32, "beta_slow": 1, "mscale": 0.0}})),
        // Windows by the family's pattern instead of by a list.
        ("qwen2_window", json!({"layer_types": null})),
        ("qwen3_window", json!({"max_window_layers": 0})),
        ("smollm3_window", json!({"layer_types": null})),
        ("gemma2", json!({"layer_types": null})),
        ("gemma3_text", json!({"layer_types": null, "sliding_window_pattern": 2})),
        // Defaults of the family.
        ("gemma3_text", json!({"rope_theta": null, "hidden_activation": null})),
        ("gemma3", json!({"text_config": {"rope_theta": null, "rope_local_base_freq": null}})),
        ("smollm3", json!({"rope_theta": null})),
        ("gpt_neox", json!({"rotary_pct": null, "use_parallel_residual": null})),
        ("phi3", json!({"rms_norm_eps": null, "partial_rotary_factor": null})),
        ("gemma2", json!({"attn_logit_softcapping": null, "final_logit_softcapping": null})),
        // The first Gemmas say "gelu" and mean the tanh.
        ("gemma", json!({"hidden_act": "gelu"})),
        ("gpt2", json!({"activation_function": "gelu_fast"})),
        ("olmo2", json!({"rope_theta": null})),
    ] {
        let changed = Changed::of(family, &change);
        let model = Decoder::from_folder(&HfFolder::open(changed.path()).unwrap(), 2).unwrap();
        Golden::new(&tiny(family), "golden.json", &change.to_string(), model).assert_logits();
    }
}

#[test]
fn the_tensors_of_a_gemma_that_sees_have_older_and_newer_names() {
    let changed = Changed::of("gemma3", &json!({}));
    changed.rename_tensors(|name| {
        let rest = name.strip_prefix("language_model.model.");
        rest.map_or(format!("model.{name}"), |rest| format!("model.language_model.{rest}"))
    });
    let model = Decoder::from_folder(&HfFolder::open(changed.path()).unwrap(), 2).unwrap();
    Golden::new(&tiny("gemma3"), "golden.json", "renamed", model).assert_logits();
}

/// The numbers of a nested list, in order.
fn flat(value: &Value) -> Vec<f32> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(flat).collect(),
        None => vec![value.as_f64().unwrap() as f32],
    }
}

#[test]
fn hidden_states_and_attention_are_pytorchs() {
    for golden in goldens() {
        let (n, config) = (golden.ids.len(), golden.model.config());
        let trace = golden.trace();
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
    let golden = Golden::of_folder(&tiny("llama"), "golden.json");
    let n = golden.ids.len();
    let all = golden.trace();
    let past = golden.whole(&golden.ids[..n - 1], 0).cache;
    let last = golden.model.trace(&past, &golden.ids[n - 1..]);
    let ends = |of: &[Vec<f32>], which: &[Vec<f32>]| {
        for (all, last) in of.iter().zip(which) {
            assert_close(&golden.name, last, &all[all.len() - last.len()..], 1e-6);
        }
    };
    ends(&all.hidden, &last.hidden);
    ends(&all.attention, &last.attention);
}
