//! An application to talk to, without a socket.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use serde_json::Value;
use tokenscope_engine::Engine;
use tower::ServiceExt as _;

pub(crate) struct Client {
    pub(crate) engine: Engine,
    app: Router,
}

impl Client {
    /// An application around an engine.
    pub(crate) fn around(engine: Engine) -> Self {
        Client { app: tokenscope_server::app(engine.clone()), engine }
    }

    /// The same engine, for those alone who may come in.
    #[allow(dead_code, reason = "not every test program that talks to an application needs it")]
    pub(crate) fn behind(self, access: tokenscope_server::Access) -> Self {
        Client { app: tokenscope_server::app_for(self.engine.clone(), access), engine: self.engine }
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
