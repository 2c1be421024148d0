//! Folders that contradict themselves or ask for what we do not have: a clear error, never a panic,
//! never gigabytes of memory.

mod changed;

use std::fs;

use serde_json::json;
use tokenscope_model::{Decoder, HfFolder};

use changed::{Changed, tiny};

/// The error of opening a checkpoint; empty if there is none.
fn error_of(folder: &Changed) -> String {
    let opened = HfFolder::open(folder.path()).unwrap();
    Decoder::from_folder(&opened, 1).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn settings_we_would_get_wrong_are_refused_by_name() {
    let longrope = |factors: usize| {
        let factors = vec![1.0; factors];
        json!({"type": "longrope", "short_factor": factors, "long_factor": factors})
    };
    for (family, key, value, complaint) in [
        ("llama", "model_type", json!("mamba"), "\"mamba\"; supported: gemma, gemma2"),
        ("llama", "model_type", json!("mixtral"), "\"mixtral\"; supported: gemma, gemma2"),
        ("llama", "model_type", json!("qwen2_moe"), "\"qwen2_moe\"; supported: "),
        ("llama", "model_type", json!("gemma3n"), "\"gemma3n\"; supported: "),
        ("llama", "model_type", json!(7), "model_type"),
        ("llama", "hidden_size", json!(128), "expected"),
        ("llama", "hidden_size", json!(-1), "hidden_size"),
        ("llama", "num_hidden_layers", json!(4), "model.layers.3."),
        ("llama", "num_hidden_layers", json!(2), "\"model.layers.2."),
        ("llama", "num_hidden_layers", json!(2_000_000_000), "2000000000 layers"),
        ("llama", "head_dim", json!(1_000_000_000), "heads of 1000000000"),
        ("llama", "num_attention_heads", json!(3), "do not divide"),
        ("llama", "num_key_value_heads", json!(3), "do not divide"),
        ("llama", "hidden_act", json!("relu6"), "relu6"),
        ("llama", "quantization_config", json!({"quant_method": "gptq"}), "quantization_config"),
        ("llama", "partial_rotary_factor", json!(0.5), "0.5 of a head"),
        ("llama", "rope_theta", json!(0), "a rotary base of 0"),
        ("llama", "rope_theta", json!("10000"), "rope_theta"),
        ("llama", "rope_scaling", json!({"factor": 2.0}), "\"type\""),
        ("llama", "rope_scaling", json!({"type": "mrope"}), "mrope scaling"),
        ("llama", "rope_scaling", json!({"type": "linear"}), "factor"),
        ("llama", "rope_scaling", json!({"type": "linear", "factor": 0}), "factor"),
        ("llama", "rope_scaling", json!({"rope_type": "yarn"}), "factor"),
        ("llama_yarn", "rope_scaling", json!({"beta_fast": -1}), "beta_fast"),
        ("llama_yarn", "rope_scaling", json!({"attention_factor": 1e-60}), "attention_factor"),
        ("llama_yarn", "rope_scaling", json!({"mscale": -9.0}), "rotary attention factor of -"),
        ("llama_yarn", "rope_parameters", json!({"rope_theta": 1e4}), "both \"rope_scaling\""),
        ("llama", "rope_scaling", json!({"rope_type": "llama3"}), "factor"),
        ("llama", "rope_scaling", json!([]), "rope_scaling"),
        ("llama", "rope_parameters", json!({"full_attention": {}}), "per type of layer"),
        ("llama", "rope_parameters", json!({"rope_type": 4}), "rope_type"),
        ("mistral", "sliding_window", json!(0), "sliding_window"),
        ("qwen2", "sliding_window", json!(4), ""),
        ("qwen2_window", "use_sliding_window", json!(false), "without a \"sliding_window\" in use"),
        ("qwen2", "layer_types", json!(["chunked_attention", "", ""]), "chunked_attention"),
        ("qwen2", "layer_types", json!([1, 2, 3]), "a layer of type 1"),
        ("smollm3", "no_rope_layers", json!(["1", "0", "1"]), "no_rope_layers"),
        ("gpt_neox", "rotary_pct", json!(1e9), "of a head"),
        ("gpt_neox", "rotary_pct", json!(0.2), "3 dimensions, which are not pairs"),
        ("gpt_neox", "num_attention_heads", json!(6), "180 x 64, found 192 x 64"),
        ("gpt2", "n_head", json!(5), "64 x 180, found 64 x 192"),
        ("phi3", "rope_scaling", json!({"type": "longrope"}), "short_factor"),
        ("phi3", "rope_scaling", longrope(7), "short_factor"),
        ("phi3_longrope", "rope_scaling", json!({"long_factor": [1, 2, 3, 4, 5, 6, 7, 0]}), "long"),
        ("phi3_longrope", "rope_scaling", json!({"factor": 2.0}), "a longrope factor of 2 for"),
        (
            "phi3_longrope",
            "rope_scaling",
            json!({"original_max_position_embeddings": 32}),
            "\"original_max_position_embeddings\", 16 and 32",
        ),
        ("phi3_longrope", "original_max_position_embeddings", json!(null), "original_max_position"),
        ("phi3_longrope", "original_max_position_embeddings", json!(1), "attention factor of inf"),
        ("llama", "rope_scaling", longrope(8), "original_max_position_embeddings"),
        ("gemma2", "layer_types", json!(["full_attention"]), "layer_types"),
        ("gemma2", "use_bidirectional_attention", json!(true), "bidirectional"),
        ("gemma3_text", "rope_parameters", json!({"rope_theta": 1e6}), "full_attention"),
        ("gemma3_text", "rope_parameters", json!({"full_attention": {}}), "rope_theta"),
        (
            "gemma3_text",
            "rope_parameters",
            json!({"full_attention": {"rope_theta": 1e6}}),
            "sliding_attention",
        ),
        ("gemma3", "text_config", json!(null), "text_config"),
        // Defaults of the family: 8 heads of 256.
        ("gemma3", "text_config", json!({"num_attention_heads": null}), "128 x 32, found 32 x 32"),
        ("gemma3", "text_config", json!({"head_dim": null}), "512 x 32, found 32 x 32"),
        ("gemma3_text", "model_type", json!("gemma3"), "text_config"),
        ("gpt2", "scale_attn_by_inverse_layer_idx", json!(true), "scale_attn_by_inverse_layer_idx"),
    ] {
        let error = error_of(&Changed::of(family, &json!({ key: value })));
        assert_eq!(error.is_empty(), complaint.is_empty(), "{family} {key} {value}: {error}");
        assert!(error.contains(complaint), "{family} {key} {value}: {error:?}");
    }
}

#[test]
fn a_tensor_that_nobody_asks_for_is_refused_by_name() {
    for (family, old, new) in [
        ("llama", "model.norm.weight", "vision_tower.norm.weight"),
        ("gemma3", "vision_tower.vision_model.head.probe", "audio_tower.probe"),
    ] {
        let folder = Changed::of(family, &json!({}));
        folder.rename_tensors(|name| if name == old { new } else { name }.to_owned());
        let error = error_of(&folder);
        let named = if family == "llama" { old } else { new };
        assert!(error.contains(named), "{family}: {error:?}");
    }
}

#[test]
fn a_tensor_of_another_type_matters_only_to_those_who_ask_for_it() {
    let mismatch = "expected storage as float32, float16 or bfloat16, found";
    for (name, dtype, complaint) in [
        ("counter", "I64", String::new()),
        ("model.rotary_emb.inv_freq", "F64", String::new()),
        ("training.steps", "U64", String::new()),
        ("model.norm.weight", "F64", format!("\"model.norm.weight\": {mismatch} F64")),
        // Llama does without biases, but uses those that are there.
        (
            "model.layers.0.mlp.up_proj.bias",
            "I64",
            format!("\"model.layers.0.mlp.up_proj.bias\": {mismatch} I64"),
        ),
    ] {
        let folder = Changed::of("llama_bias", &json!({}));
        folder.store_in_eight_bytes(name, dtype);
        let error = error_of(&folder);
        let as_expected =
            if complaint.is_empty() { error.is_empty() } else { error.contains(&complaint) };
        assert!(as_expected, "{name} as {dtype}: {error:?} should say {complaint:?}");
    }
}

#[test]
fn damaged_weights_are_an_error_wherever_they_are_cut() {
    let whole = fs::read(tiny("llama").join("model.safetensors")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(tiny("llama").join("config.json"), folder.path().join("config.json")).unwrap();
    let path = folder.path().join("model.safetensors");
    for len in [0, 1, 7, 8, 9, 100, 1000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(HfFolder::open(folder.path()).is_err(), "{len} bytes passed");
    }
    let mut absurd = whole.clone();
    absurd[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    fs::write(&path, &absurd).unwrap();
    assert!(HfFolder::open(folder.path()).is_err());
}

#[test]
fn shards_are_found_by_their_index_and_stay_inside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let original = tiny("llama");
    fs::copy(original.join("config.json"), folder.path().join("config.json")).unwrap();
    fs::copy(original.join("model.safetensors"), folder.path().join("part-1.safetensors")).unwrap();
    let index = folder.path().join("model.safetensors.index.json");
    let map = json!({"weight_map": {"lm_head.weight": "part-1.safetensors", "model.norm.weight": "part-1.safetensors"}});
    fs::write(&index, map.to_string()).unwrap();
    let opened = HfFolder::open(folder.path()).unwrap();
    assert!(Decoder::from_folder(&opened, 1).is_ok());
    for (content, complaint) in [
        (json!({"weight_map": {"x": "../model.safetensors"}}), "../model.safetensors"),
        (json!({"weight_map": {"x": "absent.safetensors"}}), "absent.safetensors"),
        (json!({}), "weight_map"),
    ] {
        fs::write(&index, content.to_string()).unwrap();
        let error = HfFolder::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(complaint), "{error}");
    }
}
