//! The catalog, the OpenAPI description and its page.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::client::Client;

fn by_id<'a>(list: &'a Value, id: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|item| item["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is missing"))
}

#[tokio::test]
async fn knobs_have_the_seeds_defaults_and_ranges() {
    let (_, catalog) = Client::without_model().get("/api/catalog").await;
    for (id, default, range) in [
        ("temperature", json!(0.7), json!([0.0, 2.0, 0.01])),
        ("top_p", json!(0.8), json!([0.0, 1.0, 0.01])),
        ("repetition_penalty", json!(1.05), json!([1.0, 2.0, 0.01])),
        ("presence_penalty", json!(0.0), json!([-2.0, 2.0, 0.1])),
        ("frequency_penalty", json!(0.0), json!([-2.0, 2.0, 0.1])),
        ("greedy", json!(false), json!([null, null, null])),
        ("seed", Value::Null, json!([null, null, null])),
        ("stop_sequences", json!([]), json!([null, null, null])),
        ("nucleus_rule", json!("standard"), json!([null, null, null])),
        ("penalty_scope", json!("all"), json!([null, null, null])),
    ] {
        let knob = by_id(&catalog["knobs"], id);
        assert_eq!(knob["default"], default, "{id}");
        assert_eq!(json!([knob["min"], knob["max"], knob["step"]]), range, "{id}");
        assert_eq!(knob["field"], format!("params.{id}"));
    }
    let stages: Vec<&Value> =
        catalog["stages"].as_array().unwrap().iter().map(|stage| &stage["id"]).collect();
    let expected = ["repetition", "presence_frequency", "temperature", "constraint", "top_p"];
    assert_eq!(json!(stages), json!(expected));
    assert_eq!(by_id(&catalog["presets"], "creative")["frequency_penalty"], 0.1);
}

#[tokio::test]
async fn the_api_describes_itself() {
    let client = Client::without_model();
    let (status, openapi) = client.get("/openapi.json").await;
    assert_eq!(status, 200);
    for path in [
        "/api/model/status",
        "/api/model/load",
        "/api/model/cancel",
        "/api/events",
        "/api/preview",
        "/api/step",
        "/api/catalog",
    ] {
        assert!(openapi["paths"][path].is_object(), "{path}");
    }
    let step = &openapi["components"]["schemas"]["StepRequest"].to_string();
    assert!(step.contains("StepChoice") && step.contains("PreviewRequest"), "{step}");
    let params = &openapi["components"]["schemas"]["SamplingParams"]["properties"];
    assert_eq!(params["temperature"]["default"], 0.7);

    let docs = Request::get("/docs/").header("host", "127.0.0.1:8000").body(Body::empty());
    let response = client.send(docs.unwrap()).await;
    assert_eq!(response.status(), 200);
}
