//! The tiny Llama: 320 tokens, random weights, and PyTorch's numbers for it.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokenscope_engine::hub::HubSettings;
use tokenscope_engine::{Engine, EngineOptions};

use crate::client::Client;

/// Room for the keys and values of 600 tokens of the tiny Llama, and for logits at 24 positions.
pub(crate) const CACHE_BYTES: usize = 500_000;

impl Client {
    /// An application without a model.
    pub(crate) fn without_model() -> Self {
        // Whatever models the user has, these tests do not find them.
        let nowhere = std::env::temp_dir().join("tokenscope-tests-have-no-cache");
        let options = EngineOptions {
            threads: 1,
            offline: true,
            hub: HubSettings { cache: nowhere.clone(), ..HubSettings::from_variables(&|_| None) },
            cache_folder: Some(nowhere),
            cache_bytes: CACHE_BYTES,
            ..EngineOptions::default()
        };
        Client::around(Engine::start(options))
    }

    /// An application in which the tiny Llama is ready: 320 tokens, random weights.
    pub(crate) async fn with_model() -> Self {
        let client = Client::without_model();
        client.engine.load(tiny("llama/model.gguf").to_str().unwrap()).unwrap();
        client.until_loaded().await;
        assert_eq!(client.engine.status().error, None);
        client
    }
}

/// A file of the tiny models.
pub(crate) fn tiny(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(path)
}

/// PyTorch's numbers for the tiny Llama.
pub(crate) fn golden() -> Value {
    let text = std::fs::read_to_string(tiny("llama/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A request whose whole input is given as ids, all knobs off.
pub(crate) fn ids_only(ids: &Value) -> Value {
    json!({
        "prompt": "", "use_chat_template": false, "completion_ids": ids, "top_k": 20,
        "params": {"temperature": 1, "top_p": 1, "repetition_penalty": 1},
    })
}
