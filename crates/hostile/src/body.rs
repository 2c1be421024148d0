//! Bodies of requests, to the whole server around a tiny model: an answer in JSON that is no 500.

use std::cell::RefCell;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tokenscope_engine::{Engine, EngineOptions};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::project;

/// Where bodies go. Not to `load`: it would open files of this machine.
const PATHS: [&str; 6] = [
    "/api/preview",
    "/api/step",
    "/api/attribution",
    "/api/attribution/matrix",
    "/api/constraint/check",
    "/api/constraint/choices",
];

thread_local! {
    static SERVER: RefCell<(Runtime, Router)> = RefCell::new(server());
}

fn server() -> (Runtime, Router) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system gives a runtime");
    let options = EngineOptions {
        threads: 1,
        offline: true,
        cache_bytes: 1 << 20,
        ..EngineOptions::default()
    };
    let engine = Engine::start(options);
    let model = project("fixtures/tiny/llama/model.gguf");
    engine.load(model.to_str().expect("the path is text")).expect("nothing else is loaded");
    runtime.block_on(async {
        let mut changes = engine.watch_status();
        while engine.status().load.is_some() {
            changes.changed().await.expect("the engine is there");
        }
    });
    assert_eq!(engine.status().error, None);
    let app = tokenscope_server::app(engine);
    (runtime, app)
}

/// A path in a line of its own, and the body. `/api/tokens?` and what may follow it has none.
pub(crate) fn body(bytes: &[u8]) {
    let border = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (path, body) = bytes.split_at(border);
    let Ok(path) = std::str::from_utf8(path) else { return };
    let is_search = path.starts_with("/api/tokens?");
    if !is_search && !PATHS.contains(&path) {
        return;
    }
    let method = if is_search { "GET" } else { "POST" };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8000")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_vec()));
    let Ok(request) = request else { return };
    SERVER.with_borrow_mut(|(runtime, app)| {
        runtime.block_on(async {
            let response = app.clone().oneshot(request).await.expect("it cannot fail");
            let status = response.status();
            let answer = to_bytes(response.into_body(), usize::MAX).await.expect("it is there");
            let shown = String::from_utf8_lossy(&answer);
            assert!(!status.is_server_error(), "{status}: {shown}");
            for line in shown.lines().filter(|line| !line.is_empty()) {
                let value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
                assert_ne!(value["code"], "internal_error", "{line}");
            }
        });
    });
}
