//! Loading from a hub, over HTTP on both sides.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenscope_engine::hub::HubSettings;
use tokenscope_engine::{Engine, EngineOptions};

use crate::client::Client;
use crate::fake_hub::{FakeHub, Mischief};
use crate::tiny::tiny;

const REPO: &str = "org/tiny-llama";

/// A hub with a tiny model as a folder and as a GGUF file, and an application that uses it.
struct World {
    hub: FakeHub,
    client: Client,
    cache: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let (hub, cache) = (FakeHub::start(), tempfile::tempdir().unwrap());
        let read = |path: &str| std::fs::read(tiny(path)).unwrap();
        for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
            hub.add(REPO, file, read(&format!("llama/{file}")));
        }
        hub.add_large(REPO, "model.safetensors", read("llama/model.safetensors"));
        hub.add_large("org/gguf", "tiny-Q4_K_M.gguf", read("llama/model.gguf"));
        hub.add_large("org/gguf", "tiny-F32.gguf", read("llama/model.gguf"));
        let client = Client::around(Engine::start(EngineOptions {
            hub: HubSettings {
                endpoint: hub.endpoint(),
                cache: cache.path().join("hub"),
                proxies: false,
                token: None,
                offline: false,
                first_pause: Duration::from_millis(1),
                ..HubSettings::from_variables(&|_| None)
            },
            cache_folder: Some(cache.path().join("tokenscope")),
            threads: 1,
            ..EngineOptions::default()
        }));
        World { hub, client, cache }
    }

    /// Loads a model and returns the status after it.
    async fn load(&self, model_id: &str) -> Value {
        self.client.ok("/api/model/load", json!({"model_id": model_id})).await;
        self.client.until_loaded().await;
        self.client.get("/api/model/status").await.1
    }
}

#[tokio::test]
async fn a_model_is_fetched_once_and_then_found_without_a_request() {
    let world = World::new();
    for (model_id, vocabulary) in
        [(REPO, 320), ("org/gguf", 320), ("org/gguf@main:tiny-F32.gguf", 320)]
    {
        let status = world.load(model_id).await;
        assert_eq!((&status["error"], &status["notice"]), (&Value::Null, &Value::Null));
        assert_eq!((&status["model_id"], &status["source"]), (&json!(model_id), &json!("hub")));
        assert_eq!(status["logit_size"], vocabulary);
        let preview = world.client.ok("/api/preview", json!({"prompt": "a t5"})).await;
        assert_eq!(preview["model"]["model_id"], model_id);
        assert!(!world.hub.take_requests().is_empty(), "{model_id}");
        assert_eq!(world.load(model_id).await["error"], Value::Null);
        assert_eq!(world.hub.take_paths(), [""; 0], "{model_id}");
    }
    // Only the file that the rule prefers was fetched for the bare name.
    let (_, catalog) = world.client.get("/api/catalog").await;
    let cached = catalog["models"].as_array().unwrap().iter().filter(|model| {
        model["cached"] == true && model["id"].as_str().is_some_and(|id| id.starts_with("org/"))
    });
    let ids: Vec<&Value> = cached.map(|model| &model["id"]).collect();
    // What the cache holds, and then the other names by which some of it has been loaded.
    let held = ["org/gguf:tiny-F32.gguf", "org/gguf:tiny-Q4_K_M.gguf", REPO];
    let loaded = ["org/gguf", "org/gguf@main:tiny-F32.gguf"];
    assert_eq!(json!(ids), json!([&held[..], &loaded].concat()));
}

#[tokio::test]
async fn what_the_hub_refuses_is_told_with_what_to_do_and_costs_nothing() {
    let world = World::new();
    world.load(REPO).await;
    world.hub.add("org/only-bin", "config.json", "{}");
    world.hub.add_large("org/only-bin", "pytorch_model.bin", "x");
    world.hub.add("org/mamba", "config.json", r#"{"model_type": "mamba"}"#);
    world.hub.add("org/mamba", "tokenizer.json", "{}");
    world.hub.add_large("org/mamba", "model.safetensors", "x");
    for (model_id, complaint) in [
        ("org/nothing", "has no model org/nothing"),
        ("org/gguf:other.gguf", "tiny-Q4_K_M.gguf"),
        ("org/only-bin", "safetensors"),
        ("org/tiny-llama@v9", "v9"),
        ("org//x", "org//x"),
    ] {
        let status = world.load(model_id).await;
        let error = status["error"].as_str().unwrap_or_else(|| panic!("{model_id}: no error"));
        assert!(error.contains(complaint) && error.contains("could not be loaded"), "{error}");
        assert_eq!(status["model_id"], REPO);
        world.client.ok("/api/preview", json!({"prompt": "t5"})).await;
    }
}

#[tokio::test]
async fn a_model_that_cannot_fit_is_refused_before_its_weights_are_fetched() {
    let mut world = World::new();
    let options = world.client.engine.options().clone();
    world.client =
        Client::around(Engine::start(EngineOptions { available_memory: Some(1 << 20), ..options }));
    let status = world.load(REPO).await;
    assert!(status["error"].as_str().unwrap().contains("GB are available"), "{status}");
    let paths = world.hub.take_paths();
    assert!(!paths.iter().any(|path| path.contains("safetensors")), "{paths:?}");
}

#[tokio::test]
async fn a_download_is_watched_cancelled_and_later_resumed() {
    let world = World::new();
    world.load("org/gguf").await;
    world.hub.misbehave("model.safetensors", 1, Mischief::StallAfter(100_000));
    world.client.ok("/api/model/load", json!({"model_id": REPO})).await;
    let started = Instant::now();
    let load = loop {
        let (_, status) = world.client.get("/api/model/status").await;
        assert_eq!((&status["ready"], &status["loading"]), (&json!(true), &json!(true)));
        if status["load"]["bytes"].as_u64().unwrap() > 100_000 {
            break status["load"].clone();
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{status}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((&load["model_id"], &load["phase"]), (&json!(REPO), &json!("downloading")));
    assert_eq!(load["file"], "model.safetensors");
    assert!(load["total"].as_u64().unwrap() > load["bytes"].as_u64().unwrap(), "{load}");

    let (code, _) = world.client.post("/api/model/load", &json!({"model_id": "org/x"})).await;
    assert_eq!(code, 409);
    let answer = world.client.ok("/api/model/cancel", json!({})).await;
    assert_eq!(answer, json!({"ok": true, "model_id": REPO}));
    let (_, status) = world.client.get("/api/model/status").await;
    assert_eq!((&status["loading"], &status["error"]), (&json!(false), &Value::Null));
    assert_eq!(status["model_id"], "org/gguf");
    world.client.ok("/api/preview", json!({"prompt": "a"})).await;

    world.hub.take_requests();
    let status = world.load(REPO).await;
    assert_eq!((&status["error"], &status["model_id"]), (&Value::Null, &json!(REPO)));
    let requests = world.hub.take_requests();
    let weights = requests.iter().find(|request| request.path.contains("model.safetensors"));
    let range = weights.unwrap().range.as_deref().unwrap();
    assert!(range.starts_with("bytes=1"), "{range}");
    assert!(world.cache.path().join("hub/models--org--tiny-llama/blobs").is_dir());
}
