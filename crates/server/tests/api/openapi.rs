//! The OpenAPI document and the application say the same: whatever a client sends, valid or not, the answer is
//! one of those described.

mod bodies;
mod document;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokenscope_server::{Access, Token};

use crate::client::{Client, with};
use bodies::{Maker, changed, with_defaults};
use document::{Document, Operation};

/// Bodies at random for each operation.
const N_RANDOM: usize = 200;

/// The schema of an operation's body, and the document's example of one with all defaults.
fn example(operation: &Operation<'_>) -> Option<(Value, Value)> {
    let (schema, example) = operation.body()?;
    Some((schema.clone(), with_defaults(operation.document, schema, example)))
}

#[tokio::test]
async fn every_address_is_in_the_document_and_every_operation_in_the_router() {
    let client = Client::without_model();
    let document = Document::of(&client).await;
    // axum lists its routes nowhere else.
    let router = format!("{:?}", tokenscope_server::app(client.engine.clone()));
    let quoted = router.split('"').skip(1).step_by(2);
    let routes: BTreeSet<&str> = quoted.filter(|text| text.starts_with("/api/")).collect();
    let paths = document.0["paths"].as_object().unwrap();
    let mut described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    // Answers 404 to all others.
    described.insert("/api/{*rest}");
    assert_eq!(routes, described);
    for operation in document.operations() {
        let response = client.send(operation.request("", None)).await;
        assert!(![404, 405].contains(&response.status().as_u16()), "{}", operation.name());
    }
}

#[tokio::test]
async fn every_response_is_described_in_words_and_refusals_alike() {
    let document = Document::of(&Client::without_model()).await;
    let everywhere = [400, 401, 403, 405, 408, 414, 429, 431, 500, 503];
    for operation in document.operations() {
        let statuses = operation.statuses();
        let with_body = operation.body().map_or(&[][..], |_| &[413, 415, 422]);
        for status in everywhere.iter().chain(with_body) {
            assert!(statuses.contains(status), "{} {status}", operation.name());
        }
        for status in statuses {
            let response = operation.response(status.try_into().unwrap());
            assert_ne!(response["description"].as_str().unwrap_or(""), "", "{status}");
            let is_refusal = status >= 400;
            let schema = &response["content"]["application/json"]["schema"];
            let is_error = schema == &json!({"$ref": "#/components/schemas/ErrorBody"});
            assert_eq!(is_refusal, is_error, "{} {status}: {response}", operation.name());
        }
    }
}

#[tokio::test]
async fn examples_are_answered_and_nothing_else_than_what_a_schema_accepts() {
    let client = Client::with_model().await;
    let document = Document::of(&client).await;
    let operations = document.operations();
    for operation in operations.iter().filter(|operation| operation.body().is_some()) {
        let (schema, example) = example(operation).unwrap();
        let validator = document.validator(&schema);
        let mut maker = Maker::new(&document, 7);
        let random = (0..N_RANDOM).flat_map(|_| {
            let body = maker.value(&schema);
            // Most of what is made at random is impossible for some reason; half of an example less often.
            [with(example.clone(), body.clone()), body]
        });
        let valid: Vec<Value> = std::iter::once(example.clone()).chain(random).collect();
        for body in valid.iter().chain(&changed(&example)) {
            let text = body.to_string();
            let what = text.chars().take(2000).collect::<String>();
            let response = client.send(operation.request("", Some(text))).await;
            let status = operation.check(response, &what).await;
            let is_valid = validator.is_valid(body);
            assert_eq!(status == 422, !is_valid, "{}, {status}: {what}", operation.name());
            if *body == example {
                assert_eq!(status, 200, "{}: {what}", operation.name());
            }
        }
        client.until_loaded().await;
    }
}

#[tokio::test]
async fn parameters_are_what_the_document_says() {
    let client = Client::with_model().await;
    let document = Document::of(&client).await;
    let mut asked = 0;
    for operation in document.operations() {
        let response = client.send(operation.request("", None)).await;
        if operation.method == "GET" {
            assert_eq!(operation.check(response, "no parameters").await, 200);
        }
        for parameter in operation.parameters() {
            assert_eq!(parameter["required"], false, "{parameter}");
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let validator = document.validator(schema);
            for text in [
                "",
                "a",
                "5",
                "-5",
                "5.5",
                "1e3",
                "9223372036854775807",
                "9223372036854775808",
                "null",
            ] {
                // An address has texts alone, and a number is what reads as one.
                let number = text.parse::<i64>().ok().map(Value::from);
                let is_valid = validator.is_valid(&text.into())
                    || number.is_some_and(|number| validator.is_valid(&number));
                let request = operation.request(&format!("?{name}={text}&unknown=1"), None);
                let what = format!("{name}={text}");
                let status = operation.check(client.send(request).await, &what).await;
                assert_eq!(status, if is_valid { 200 } else { 422 }, "{what}");
                asked += 1;
            }
            let twice = operation.request(&format!("?{name}=1&{name}=1"), None);
            assert_eq!(operation.check(client.send(twice).await, "twice").await, 422);
        }
    }
    assert!(asked > 0);
}

/// A request with another header.
fn with_header(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

#[tokio::test]
async fn refusals_are_the_described_ones() {
    let token = "0123456789abcdef0123";
    let client = Client::without_model();
    let document = Document::of(&client).await;
    let access = Access::Token(Token::given(token, "a test").unwrap());
    let asking = Client::without_model().behind(access);
    for operation in document.operations() {
        let body = example(&operation).map(|(_, example)| example.to_string());
        let ours = || operation.request("", body.clone());
        for (what, request, status) in [
            ("foreign host", with_header(ours(), "host", "evil.example"), 403),
            ("foreign origin", with_header(ours(), "origin", "https://evil.example"), 403),
            ("foreign page", with_header(ours(), "sec-fetch-site", "cross-site"), 403),
        ] {
            assert_eq!(operation.check(client.send(request).await, what).await, status, "{what}");
        }
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"];
        for method in methods.into_iter().filter(|method| *method != operation.method) {
            let mut other = ours();
            *other.method_mut() = method.parse().unwrap();
            assert_eq!(operation.check(client.send(other).await, method).await, 405, "{method}");
        }
        let from_elsewhere = [("none", "same-origin"), ("elsewhere", "cross-site")];
        for (what, site) in from_elsewhere {
            let in_address = operation.request(&format!("?token={token}"), body.clone());
            let request = with_header(in_address, "sec-fetch-site", site);
            // Only who asks for a page shows the token in the address.
            let expected = if operation.method == "GET" { 303 } else { 401 };
            assert_eq!(operation.check(asking.send(request).await, what).await, expected, "{what}");
        }
        assert_eq!(operation.check(asking.send(ours()).await, "no token").await, 401);
        let Some(body) = &body else { continue };
        for (what, kind) in [
            ("a form", "application/x-www-form-urlencoded"),
            ("text", "text/plain"),
            ("a kind of JSON", "application/ld+json"),
            ("no kind", ""),
            ("no text", "\u{fc}"),
        ] {
            let request = with_header(ours(), "content-type", kind);
            assert_eq!(operation.check(client.send(request).await, what).await, 415, "{what}");
        }
        let bare = operation.request("", None);
        assert_eq!(operation.check(client.send(bare).await, "no body at all").await, 415);
        for (what, text, status) in [
            ("no body", String::new(), 422),
            ("half a body", body[..body.len() / 2].to_owned(), 422),
            ("two bodies", format!("{body}{body}"), 422),
            ("not a number", body.replacen(':', ": NaN,", 1), 422),
            ("a huge body", format!("{body}{}", " ".repeat(5 << 20)), 413),
            ("deep", "[".repeat(100_000), 422),
        ] {
            let request = operation.request("", Some(text));
            assert_eq!(operation.check(client.send(request).await, what).await, status, "{what}");
        }
        let status = operation.check(client.send(ours()).await, "no model").await;
        let needs_model = operation.path != "/api/model/load";
        assert_eq!(status, if needs_model { 503 } else { 200 }, "{}", operation.name());
    }
}

#[tokio::test]
async fn lines_of_progress_are_described() {
    let client = Client::with_model().await;
    let document = Document::of(&client).await;
    let operations = document.operations();
    for operation in operations.iter().filter(|one| one.path.starts_with("/api/attribution")) {
        let (schema, example) = example(operation).unwrap();
        let methods = [
            "off",
            "attention",
            "saliency",
            "input_x_gradient",
            "integrated_gradients",
            "occlusion",
        ];
        for method in methods {
            for options in [
                json!({}),
                json!({"signed": true, "quantity": "logit_difference", "group": "word"}),
                json!({"rollout": true, "baseline": "zero", "replacement": "baseline"}),
            ] {
                let mut body = example.clone();
                body["method"] = method.into();
                body["options"] = options;
                let body = with_defaults(&document, &schema, &body);
                let request = operation.request("", Some(body.to_string()));
                let request = with_header(request, "accept", "application/x-ndjson");
                let status = operation.check(client.send(request).await, method).await;
                let is_matrix_of_nothing = method == "off" && operation.path.ends_with("matrix");
                assert_eq!(status, if is_matrix_of_nothing { 400 } else { 200 }, "{body}");
            }
        }
    }
}
