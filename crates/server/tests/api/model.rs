//! Status and loading.

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokenscope_engine::{Engine, EngineOptions};

use crate::client::Client;
use crate::tiny::{CACHE_BYTES, tiny};

#[tokio::test]
async fn before_any_load_the_status_has_its_initial_values() {
    let (code, status) = Client::without_model().get("/api/model/status").await;
    assert_eq!(code, 200);
    for (field, value) in [
        ("model_id", json!("")),
        ("device", json!("cpu")),
        ("dtype", json!("float32")),
        ("loading", json!(false)),
        ("ready", json!(false)),
        ("error", Value::Null),
        ("has_chat_template", json!(false)),
        ("eos_token_id", Value::Null),
        ("vocab_size", Value::Null),
        ("load", Value::Null),
        ("notice", Value::Null),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_loaded_model_is_described() {
    let (_, status) = Client::with_model().await.get("/api/model/status").await;
    for (field, value) in [
        ("ready", json!(true)),
        ("loading", json!(false)),
        ("has_chat_template", json!(true)),
        ("eos_token_id", json!(2)),
        ("vocab_size", json!(320)),
        ("logit_size", json!(320)),
        ("quantization", json!("float32")),
        ("context_length", json!(256)),
        ("threads", json!(1)),
        (
            "cache",
            json!({
                "entries": 0, "bytes": 0, "max_bytes": CACHE_BYTES, "hits": 0, "misses": 0,
                "evictions": 0,
            }),
        ),
        ("source", json!("file")),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
    assert!(status["load_seconds"].as_f64().unwrap() > 0.0);
    assert!(status["model_id"].as_str().unwrap().ends_with("model.gguf"));
    // 2 x 320 x 64 embeddings, 3 layers of 2 x 64 x 64 + 2 x 64 x 32 + 3 x 64 x 112, 7 norms of 64.
    assert_eq!(status["parameters"], 2 * 320 * 64 + 3 * (12_288 + 21_504) + 7 * 64);
}

#[tokio::test]
async fn the_cache_tells_how_it_serves() {
    let client = Client::with_model().await;
    let cache = async || client.get("/api/model/status").await.1["cache"].clone();
    let body = json!({"prompt": "a", "use_chat_template": false});
    for (hits, misses) in [(0, 1), (1, 1), (2, 1)] {
        client.ok("/api/preview", body.clone()).await;
        let cache = cache().await;
        assert_eq!((&cache["hits"], &cache["misses"]), (&json!(hits), &json!(misses)));
        assert_eq!((&cache["entries"], &cache["evictions"]), (&json!(1), &json!(0)));
    }
    // 200 tokens take more than there is room for beside their logits.
    let tokens: Vec<u32> = (0..200).map(|i| 3 + i % 300).collect();
    client.ok("/api/step", json!({"prompt": "b", "force_token_ids": tokens})).await;
    let cache = cache().await;
    assert!(cache["evictions"].as_u64().unwrap() > 100, "{cache}");
    assert!(cache["bytes"].as_u64().unwrap() < CACHE_BYTES as u64, "{cache}");
}

#[tokio::test]
async fn a_failed_load_costs_nothing() {
    let client = Client::with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.gguf");
    std::fs::write(&broken, b"this is no model").unwrap();
    for (model_id, complaint) in [
        ("Qwen/Qwen2.5-0.5B-Instruct", "requests are switched off"),
        ("builtin:gpt-9", "There is no built-in model"),
        ("/nowhere/model.gguf", "There is no file or folder /nowhere/model.gguf"),
        (broken.to_str().unwrap(), "not a GGUF file"),
        (folder.path().to_str().unwrap(), "config.json"),
    ] {
        let answer = client.ok("/api/model/load", json!({"model_id": format!(" {model_id} ")}));
        assert_eq!(answer.await, json!({"ok": true, "model_id": model_id}));
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert!(status["error"].as_str().unwrap().contains(complaint), "{}", status["error"]);
        assert_eq!(status["ready"], true);
        assert!(status["model_id"].as_str().unwrap().ends_with("llama/model.gguf"));
        client.ok("/api/preview", json!({"prompt": "a"})).await;
    }
}

#[tokio::test]
async fn the_next_model_replaces_the_old_one_and_clears_the_error() {
    let client = Client::with_model().await;
    client.ok("/api/model/load", json!({"model_id": "/nowhere/x.gguf"})).await;
    client.until_loaded().await;
    let next = tiny("llama_bias/model.gguf");
    client.ok("/api/model/load", json!({"model_id": next})).await;
    client.until_loaded().await;
    let (_, status) = client.get("/api/model/status").await;
    assert_eq!(status["error"], Value::Null);
    assert_eq!(status["model_id"], json!(next));
    let preview = client.ok("/api/preview", json!({"prompt": "a"})).await;
    assert_eq!(preview["model"]["model_id"], json!(next));
}

#[tokio::test]
async fn a_model_that_does_not_fit_into_memory_is_refused_with_numbers() {
    let options = EngineOptions {
        available_memory: Some(1 << 20),
        offline: true,
        ..EngineOptions::default()
    };
    let client = Client::around(Engine::start(options));
    for path in ["llama/model.gguf", "llama"] {
        client.ok("/api/model/load", json!({"model_id": tiny(path)})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        let error = status["error"].as_str().unwrap();
        assert!(error.contains("GB of memory") && error.contains("are available"), "{error}");
        assert_eq!(status["ready"], false);
    }
}

#[tokio::test]
async fn a_folder_without_a_checkpoint_names_the_files_that_could_be_meant() {
    let client = Client::without_model();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.gguf"), b"x").unwrap();
    client.ok("/api/model/load", json!({"model_id": folder.path()})).await;
    client.until_loaded().await;
    let (_, status) = client.get("/api/model/status").await;
    assert!(status["error"].as_str().unwrap().contains("a.gguf"), "{status}");
}

#[tokio::test]
async fn cancelling_without_a_load_is_a_conflict() {
    let client = Client::with_model().await;
    let (code, answer) = client.post("/api/model/cancel", &json!({})).await;
    assert_eq!((code.as_u16(), &answer["code"]), (409, &json!("nothing_to_cancel")));
    client.ok("/api/preview", json!({"prompt": "a"})).await;
}

#[tokio::test]
async fn events_tell_the_status_at_once_and_after_each_load() {
    let client = Client::without_model();
    let request = Request::get("/api/events").header("host", "127.0.0.1:8000");
    let response = client.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let mut next = async || {
        let frame = body.next().await.unwrap().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let data = text.strip_prefix("event: status\ndata: ").unwrap_or_else(|| panic!("{text:?}"));
        serde_json::from_str::<Value>(data.trim_end()).unwrap()
    };
    assert_eq!(next().await["ready"], false);
    client.ok("/api/model/load", json!({"model_id": tiny("llama/model.gguf")})).await;
    loop {
        let status = next().await;
        if status["ready"] == true {
            assert_eq!(status["loading"], false);
            break;
        }
        assert_eq!(status["loading"], true);
        assert!(status["load"]["phase"].is_string(), "{status}");
    }
}

#[tokio::test]
async fn weights_that_are_not_numbers_are_noticed_at_the_load() {
    let client = Client::with_model().await;
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(tiny("llama").join(file), folder.path().join(file)).unwrap();
    }
    let sound = std::fs::read(tiny("llama/model.safetensors")).unwrap();
    for odd in [f32::NAN, f32::INFINITY] {
        // The last tensor is the final norm.
        let mut weights = sound.clone();
        let at = weights.len() - 4;
        weights[at..].copy_from_slice(&odd.to_le_bytes());
        let file = folder.path().join("model.safetensors");
        std::fs::write(&file, weights).unwrap();
        client.ok("/api/model/load", json!({"model_id": folder.path()})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        let error = status["error"].as_str().unwrap_or_else(|| panic!("{odd} was loaded"));
        assert!(error.contains("NaN or infinite"), "{error}");
        assert_eq!(status["ready"], true);
    }
}
