//! The catalog, the OpenAPI description and its page.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::client::Client;
use crate::tiny::tiny;

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
async fn methods_and_options_of_attribution_are_listed() {
    let (_, catalog) = Client::without_model().get("/api/catalog").await;
    let attribution = &catalog["attribution"];
    for (id, evidence) in [
        ("attention", "correlational"),
        ("saliency", "gradient"),
        ("input_x_gradient", "gradient"),
        ("integrated_gradients", "gradient"),
        ("occlusion", "causal"),
    ] {
        assert_eq!(by_id(&attribution["methods"], id)["evidence"], evidence);
    }
    for (id, kind, default, choices, n_methods) in [
        (
            "quantity",
            "choice",
            json!("probability"),
            json!(["probability", "log_probability", "logit", "logit_difference"]),
            4,
        ),
        ("contrast_id", "token", Value::Null, json!([]), 4),
        ("signed", "switch", json!(false), json!([]), 3),
        ("layers", "places", Value::Null, json!([]), 1),
        ("heads", "places", Value::Null, json!([]), 1),
        ("rollout", "switch", json!(false), json!([]), 1),
        ("mask_sink", "switch", json!(false), json!([]), 1),
        ("baseline", "choice", json!("unk"), json!(["unk", "zero", "mean"]), 1),
        ("steps", "integer", json!(50), json!([]), 1),
        ("group", "choice", json!("token"), json!(["token", "word", "line", "role"]), 5),
        ("replacement", "choice", json!("drop"), json!(["drop", "baseline"]), 1),
    ] {
        let option = by_id(&attribution["options"], id);
        assert_eq!((&option["kind"], &option["default"]), (&json!(kind), &default), "{id}");
        assert_eq!(
            (&option["choices"], &option["field"]),
            (&choices, &json!(format!("options.{id}")))
        );
        assert_eq!(option["methods"].as_array().unwrap().len(), n_methods, "{id}");
        // The options' fields are those of a request, and their defaults are its defaults.
        let (_, openapi) = Client::without_model().get("/openapi.json").await;
        let fields = &openapi["components"]["schemas"]["AttributionOptions"]["properties"];
        assert!(fields[id].is_object(), "{id}");
    }
}

#[tokio::test]
async fn the_model_that_answers_is_in_the_list_and_so_are_those_that_did() {
    let client = Client::with_model().await;
    let first = client.get("/api/model/status").await.1["model_id"].clone();
    for model_id in [json!(tiny("llama")), json!(tiny("llama_bias/model.gguf"))] {
        client.ok("/api/model/load", json!({"model_id": model_id})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert_eq!(status["model_id"], model_id);
        let (_, catalog) = client.get("/api/catalog").await;
        for id in [&first, &model_id] {
            let listed = by_id(&catalog["models"], id.as_str().unwrap());
            assert_eq!((&listed["label"], &listed["cached"]), (id, &json!(true)));
            assert!(listed["bytes"].as_u64().unwrap() > 100_000, "{listed}");
            // Nobody knows what a stranger's file does best.
            assert_eq!(listed["example"], Value::Null);
        }
    }
    let (_, catalog) = client.get("/api/catalog").await;
    by_id(&catalog["models"], tiny("llama").to_str().unwrap());
    let asked_for = json!({"prompt": "The capital of France is", "use_chat_template": true});
    assert_eq!(by_id(&catalog["models"], "Qwen/Qwen2.5-0.5B-Instruct")["example"], asked_for);
    let built_in = &by_id(&catalog["models"], "builtin:smollm2-135m-instruct")["example"];
    assert_eq!(built_in["use_chat_template"], false);
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
        "/api/attribution",
        "/api/attribution/matrix",
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
