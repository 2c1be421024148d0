//! Folders that contradict themselves or ask for what we do not have: a clear error, never a panic,
//! never gigabytes of memory.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokenscope_model::{Decoder, HfFolder};

fn fixture(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(family)
}

/// The error of a tiny checkpoint whose configuration was changed.
fn error_of(family: &str, key: &str, value: Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let original = fixture(family);
    let weights = "model.safetensors";
    fs::copy(original.join(weights), folder.path().join(weights)).unwrap();
    let config = fs::read_to_string(original.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config[key] = value;
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let opened = HfFolder::open(folder.path()).unwrap();
    Decoder::from_folder(&opened, 1).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn settings_we_would_get_wrong_are_refused_by_name() {
    for (family, key, value, complaint) in [
        ("llama", "model_type", json!("mamba"), "\"mamba\"; supported: gemma, gemma2"),
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
        ("llama", "rope_scaling", json!({"rope_type": "yarn"}), "yarn scaling"),
        ("llama", "rope_scaling", json!({"rope_type": "llama3"}), "factor"),
        ("llama", "rope_scaling", json!([]), "rope_scaling"),
        ("qwen2", "sliding_window", json!(4), ""),
        ("starcoder2", "sliding_window", json!(4096), "sliding attention window of 4096"),
        ("gpt_neox", "use_parallel_residual", json!(false), "parallel residual"),
        ("gpt_neox", "rotary_pct", json!(1e9), "of a head"),
        ("phi3", "rope_scaling", json!({"type": "longrope"}), "longrope"),
        ("gemma2", "layer_types", json!(["full_attention"]), "layer_types"),
        ("gpt2", "scale_attn_by_inverse_layer_idx", json!(true), "scale_attn_by_inverse_layer_idx"),
    ] {
        let error = error_of(family, key, value.clone());
        assert_eq!(error.is_empty(), complaint.is_empty(), "{family} {key} {value}: {error}");
        assert!(error.contains(complaint), "{family} {key} {value}: {error:?}");
    }
}

#[test]
fn damaged_weights_are_an_error_wherever_they_are_cut() {
    let whole = fs::read(fixture("llama").join("model.safetensors")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("llama").join("config.json"), folder.path().join("config.json")).unwrap();
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
    let original = fixture("llama");
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
