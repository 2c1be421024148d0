//! Vocabularies as large as real ones: random weights in the true shapes of one or two layers.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::client::{Client, floats};

/// bfloat16 weights `[rows][cols]`, or a vector.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    /// What all weights are, if they are not random.
    constant: Option<u16>,
}

const ZERO: u16 = 0;
const ONE: u16 = 0x3F80;

fn random(name: String, shape: [usize; 2]) -> Tensor {
    Tensor { name, shape: shape.to_vec(), constant: None }
}

fn vector(name: String, len: usize, constant: u16) -> Tensor {
    Tensor { name, shape: vec![len], constant: Some(constant) }
}

/// One layer of Qwen 2.5 0.5B.
fn qwen() -> (Value, Vec<Tensor>) {
    let (d, ff, kv, vocabulary) = (896, 4864, 128, 151_936);
    let config = json!({
        "model_type": "qwen2", "hidden_size": d, "intermediate_size": ff, "num_hidden_layers": 1,
        "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "hidden_act": "silu", "tie_word_embeddings": true,
        "use_sliding_window": false, "vocab_size": vocabulary,
    });
    let mut tensors = vec![
        random("model.embed_tokens.weight".into(), [vocabulary, d]),
        vector("model.norm.weight".into(), d, ONE),
    ];
    let layer = |part: &str| format!("model.layers.0.{part}");
    for (part, rows) in [("q", d), ("k", kv), ("v", kv)] {
        tensors.push(random(layer(&format!("self_attn.{part}_proj.weight")), [rows, d]));
        tensors.push(vector(layer(&format!("self_attn.{part}_proj.bias")), rows, ZERO));
    }
    tensors.extend([
        random(layer("self_attn.o_proj.weight"), [d, d]),
        random(layer("mlp.gate_proj.weight"), [ff, d]),
        random(layer("mlp.up_proj.weight"), [ff, d]),
        random(layer("mlp.down_proj.weight"), [d, ff]),
        vector(layer("input_layernorm.weight"), d, ONE),
        vector(layer("post_attention_layernorm.weight"), d, ONE),
    ]);
    (config, tensors)
}

/// Two layers of Gemma 3 270M, one with a window and one without.
fn gemma() -> (Value, Vec<Tensor>) {
    let (d, ff, head, vocabulary) = (640, 2048, 256, 262_144);
    let config = json!({
        "model_type": "gemma3_text", "hidden_size": d, "intermediate_size": ff,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
        "head_dim": head, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "rope_theta": 1e6, "rope_local_base_freq": 1e4, "sliding_window": 512,
        "layer_types": ["sliding_attention", "full_attention"], "query_pre_attn_scalar": 256,
        "hidden_activation": "gelu_pytorch_tanh", "vocab_size": vocabulary,
    });
    let mut tensors = vec![
        random("model.embed_tokens.weight".into(), [vocabulary, d]),
        vector("model.norm.weight".into(), d, ZERO),
    ];
    for index in 0..2 {
        let layer = |part: &str| format!("model.layers.{index}.{part}.weight");
        tensors.extend([
            random(layer("self_attn.q_proj"), [4 * head, d]),
            random(layer("self_attn.k_proj"), [head, d]),
            random(layer("self_attn.v_proj"), [head, d]),
            random(layer("self_attn.o_proj"), [d, 4 * head]),
            vector(layer("self_attn.q_norm"), head, ZERO),
            vector(layer("self_attn.k_norm"), head, ZERO),
            random(layer("mlp.gate_proj"), [ff, d]),
            random(layer("mlp.up_proj"), [ff, d]),
            random(layer("mlp.down_proj"), [d, ff]),
            vector(layer("input_layernorm"), d, ZERO),
            vector(layer("post_attention_layernorm"), d, ZERO),
            vector(layer("pre_feedforward_layernorm"), d, ZERO),
            vector(layer("post_feedforward_layernorm"), d, ZERO),
        ]);
    }
    (config, tensors)
}

/// Writes a folder as the hub has them.
fn write(folder: &Path, config: &Value, tensors: &[Tensor]) {
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let size = config["vocab_size"].as_u64().unwrap();
    let vocabulary: Map<String, Value> =
        (0..size).map(|id| (format!("t{id}"), id.into())).collect();
    let tokenizer = json!({
        "version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "t0"},
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    if config["model_type"] != "qwen2" {
        // Gemma's own class begins texts with <bos>, which it would add to these words as one too many. (What
        // Qwen's adds begins no text.)
        let class = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
        fs::write(folder.join("tokenizer_config.json"), class.to_string()).unwrap();
    }

    let (mut header, mut end) = (Map::new(), 0);
    for tensor in tensors {
        let start = end;
        end += 2 * tensor.shape.iter().product::<usize>();
        let entry = json!({"dtype": "BF16", "shape": tensor.shape, "data_offsets": [start, end]});
        header.insert(tensor.name.clone(), entry);
    }
    let header = Value::Object(header).to_string();
    let mut file = BufWriter::new(File::create(folder.join("model.safetensors")).unwrap());
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    let mut state = 1u64;
    for tensor in tensors {
        for _ in 0..tensor.shape.iter().product::<usize>() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Plus or minus 2^-6 to 2^-5.
            let noise = 0x3C80 | ((state >> 48) as u16 & 0x807F);
            file.write_all(&tensor.constant.unwrap_or(noise).to_le_bytes()).unwrap();
        }
    }
    file.into_inner().unwrap();
}

#[tokio::test]
async fn models_with_the_largest_vocabularies_load_and_step() {
    for (config, tensors) in [qwen(), gemma()] {
        let name = &config["model_type"];
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &config, &tensors);
        let client = Client::without_model();
        client.ok("/api/model/load", json!({"model_id": folder.path()})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert_eq!((&status["error"], &status["ready"]), (&Value::Null, &json!(true)), "{name}");
        assert_eq!(status["logit_size"], config["vocab_size"], "{name}");

        let last = config["vocab_size"].as_u64().unwrap() - 1;
        let mut body = json!({
            "prompt": format!("t5 t17 t{last}"), "use_chat_template": false, "top_k": 50,
            "params": {"temperature": 1, "top_p": 1, "repetition_penalty": 1, "greedy": true},
        });
        let preview = client.ok("/api/preview", body.clone()).await;
        assert_eq!(preview["prompt_tokens"][2]["id"], last, "{name}");
        let dist = &preview["dist"];
        let rows = dist["tokens"].as_array().unwrap();
        let shown: f64 = rows.iter().map(|row| row["p_base"].as_f64().unwrap()).sum();
        let other = dist["other_p_base"].as_f64().unwrap();
        assert!((shown + other - 1.0).abs() < 1e-4, "{name}: {shown} + {other}");
        assert_eq!(dist["kept_token_count"], config["vocab_size"], "{name}");

        let step = client.ok("/api/step", body.clone()).await;
        assert_eq!(step["selected"]["id"], rows[0]["id"], "{name}");
        body["completion_ids"] = step["new_completion_ids"].clone();
        body["params"]["greedy"] = json!(false);
        for _ in 0..3 {
            let step = client.ok("/api/step", body.clone()).await;
            body["completion_ids"] = step["new_completion_ids"].clone();
        }
        assert_eq!(body["completion_ids"].as_array().unwrap().len(), 4, "{name}");
        assert_seeds_body_is_answered(&client).await;
    }
}

/// Both have the ids of the attribution that the seed's description shows.
async fn assert_seeds_body_is_answered(client: &Client) {
    for method in ["attention", "saliency", "input_x_gradient", "integrated_gradients"] {
        let body = json!({
            "branch_id": "default",
            "prompt": "The capital of France is",
            "system_prompt": "You are a helpful assistant.",
            "use_chat_template": true,
            "completion_ids": [151_645, 271],
            "target_index": 1,
            "target_token_id": 271,
            "method": method,
        });
        let answer = client.ok("/api/attribution", body).await;
        // Five words and the first token of the completion.
        let lengths = (&answer["ok"], &answer["context_len"], &answer["source_len"]);
        assert_eq!(lengths, (&json!(true), &json!(6), &json!(7)), "{answer}");
        assert_eq!(answer["target_id"], 271);
        let scores = floats(&answer["attributions"]);
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-4, "{answer}");
    }
}
