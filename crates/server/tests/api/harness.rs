//! An application to talk to.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokenscope_engine::{Engine, EngineOptions};
use tower::ServiceExt as _;

pub(crate) struct Client {
    pub(crate) engine: Engine,
    app: Router,
}

impl Client {
    /// An application without a model.
    pub(crate) fn without_model() -> Self {
        let options = EngineOptions { threads: 1, offline: true, ..EngineOptions::default() };
        let engine = Engine::start(options);
        Client { app: tokenscope_server::app(engine.clone()), engine }
    }

    /// An application in which the tiny Llama is ready: 320 tokens, random weights.
    pub(crate) async fn with_model() -> Self {
        let client = Client::without_model();
        client.engine.load(tiny("llama/model.gguf").to_str().unwrap()).unwrap();
        client.until_loaded().await;
        assert_eq!(client.engine.status().error, None);
        client
    }

    /// Waits until no load is under way.
    pub(crate) async fn until_loaded(&self) {
        for _ in 0..3000 {
            if self.engine.status().load.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the model did not load within 30 s");
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header("host", "127.0.0.1:8000");
        json_of(self.send(request.body(Body::empty()).unwrap()).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.post_text(path, &body.to_string()).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("host", "127.0.0.1:8000")
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()));
        json_of(self.send(request.unwrap()).await).await
    }

    /// Posts and insists on 200.
    #[track_caller]
    pub(crate) fn ok(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let (status, answer) = self.post(path, &body).await;
            assert_eq!(status, 200, "{caller}: {answer}");
            answer
        }
    }
}

async fn json_of(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text:?}")))
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

/// Merges `extra` into an object.
pub(crate) fn with(mut body: Value, extra: Value) -> Value {
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

pub(crate) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
