//! Who may come in, and what every response carries.

use axum::body::Body;
use axum::http::Request;

use crate::client::Client;

#[tokio::test]
async fn foreign_callers_and_bodies_stay_outside() {
    let client = Client::without_model();
    let post = |body: Vec<u8>| {
        Request::post("/api/preview")
            .header("host", "localhost:8000")
            .body(Body::from(body))
            .unwrap()
    };
    let with = |mut request: Request<Body>, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let json = |request| with(request, "content-type", "application/json; charset=utf-8");
    for (what, request, status) in [
        ("our own page", with(json(post(b"{}".into())), "origin", "http://localhost:8000"), 503),
        ("no origin", json(post(b"{}".into())), 503),
        ("foreign host", with(json(post(b"{}".into())), "host", "evil.example"), 403),
        ("foreign origin", with(json(post(b"{}".into())), "origin", "https://evil.example"), 403),
        ("a form", with(post(b"{}".into()), "content-type", "text/plain"), 415),
        ("no content type", post(b"{}".into()), 415),
        ("a huge body", json(post(vec![b' '; 5 << 20])), 413),
    ] {
        let response = client.send(request).await;
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(response.headers()["content-type"], "application/json", "{what}");
    }
    let refused = client.send(with(post(b"{}".into()), "host", "evil.example")).await;
    assert!(refused.headers().contains_key("content-security-policy"));
    let foreign_page = Request::get("/").header("host", "evil.example:8000").body(Body::empty());
    assert_eq!(client.send(foreign_page.unwrap()).await.status(), 403);
}

#[tokio::test]
async fn every_response_has_the_policy_and_none_opens_the_door_to_others() {
    let client = Client::without_model();
    for path in ["/", "/app.js", "/api/model/status", "/nowhere"] {
        let request = Request::get(path)
            .header("host", "127.0.0.1:8000")
            .header("origin", "http://127.0.0.1:8000");
        let response = client.send(request.body(Body::empty()).unwrap()).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let cors =
            response.headers().keys().find(|name| name.as_str().starts_with("access-control"));
        assert_eq!(cors, None, "{path}");
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_json_errors() {
    let client = Client::without_model();
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("GET", "/../Cargo.toml", 404),
        ("GET", "/package.json", 404),
        ("GET", "/api/preview", 405),
        ("DELETE", "/api/model/status", 405),
        ("POST", "/", 405),
        ("DELETE", "/app.css", 405),
        ("POST", "/nowhere", 404),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "[::1]:8000");
        let response = client.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/json", "{method} {path}");
        // RFC 9110, 15.5.6
        assert_eq!(response.headers().contains_key("allow"), status == 405, "{method} {path}");
    }
}

/// Requests with the headers that browsers give to those of a page of another origin.
#[tokio::test]
async fn a_foreign_page_reads_nothing_changes_nothing_and_asks_the_model_nothing() {
    const SITES: [&str; 2] = ["cross-site", "same-site"];
    /// Method, address, mode, destination, content type, and whether the browser names the origin.
    type Sent = (&'static str, &'static str, &'static str, &'static str, &'static str, bool);
    let tokens = "/api/tokens?text=a";
    let sent: [Sent; 24] = [
        ("GET", tokens, "no-cors", "image", "", false),
        ("GET", tokens, "no-cors", "script", "", false),
        ("GET", tokens, "no-cors", "style", "", false),
        ("GET", tokens, "no-cors", "video", "", false),
        ("GET", tokens, "no-cors", "empty", "", false),
        ("GET", tokens, "navigate", "iframe", "", false),
        ("GET", tokens, "navigate", "object", "", false),
        ("GET", tokens, "navigate", "document", "", false),
        ("GET", tokens, "cors", "empty", "", true),
        ("GET", "/api/catalog", "cors", "script", "", true),
        ("GET", "/api/model/status", "no-cors", "image", "", false),
        ("GET", "/api/events", "cors", "empty", "", true),
        ("GET", "/api/events", "websocket", "empty", "", true),
        ("GET", "/app.js", "no-cors", "script", "", false),
        ("GET", "/", "navigate", "iframe", "", false),
        ("POST", "/", "navigate", "document", "text/plain", true),
        ("POST", "/api/preview", "no-cors", "empty", "text/plain", true),
        ("POST", "/api/preview", "no-cors", "empty", "application/json", true),
        ("POST", "/api/step", "navigate", "iframe", "text/plain", true),
        ("POST", "/api/step", "navigate", "document", "multipart/form-data; boundary=a", true),
        ("POST", "/api/constraint/check", "no-cors", "empty", "application/json", true),
        ("POST", "/api/model/load", "no-cors", "empty", "text/plain", true),
        ("POST", "/api/model/cancel", "no-cors", "empty", "text/plain", true),
        ("OPTIONS", "/api/step", "cors", "empty", "", true),
    ];
    let client = Client::with_model().await;
    let body = r#"{"prompt": "t5", "use_chat_template": false, "model_id": "elsewhere"}"#;
    let before = client.get("/api/model/status").await;
    for site in SITES {
        for (method, address, mode, destination, content_type, has_origin) in sent {
            let origins: &[Option<&str>] = match has_origin {
                true => {
                    &[Some("http://127.0.0.1:9000"), Some("https://evil.example"), Some("null")]
                }
                false => &[None],
            };
            for origin in origins {
                let mut request = Request::builder().method(method).uri(address);
                for (name, value) in [
                    ("host", "127.0.0.1:8000"),
                    ("sec-fetch-site", site),
                    ("sec-fetch-mode", mode),
                    ("sec-fetch-dest", destination),
                    ("content-type", content_type),
                    ("origin", origin.unwrap_or_default()),
                ] {
                    if !value.is_empty() {
                        request = request.header(name, value);
                    }
                }
                let response = client.send(request.body(Body::from(body)).unwrap()).await;
                assert_eq!(response.status(), 403, "{method} {address} {mode} {origin:?}");
                let mut names = response.headers().keys();
                assert!(!names.any(|name| name.as_str().starts_with("access-control")));
            }
        }
    }
    assert_eq!(client.get("/api/model/status").await, before);
    // The same numbers do move for whoever may ask.
    client
        .ok("/api/preview", serde_json::json!({"prompt": "t5", "use_chat_template": false}))
        .await;
    let after = client.get("/api/model/status").await;
    assert_eq!(after.1["questions"], before.1["questions"].as_u64().unwrap() + 1);
}
