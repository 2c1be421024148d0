//! Every error is JSON with a sentence, a code and a hint.

use serde_json::json;

use crate::client::Client;

#[tokio::test]
async fn impossible_requests_say_what_was_expected() {
    let client = Client::with_model().await;
    let long = "x ".repeat(300);
    for (path, body, status, code, detail) in [
        // Values that are well typed but impossible.
        (
            "/api/model/load",
            json!({"model_id": " "}),
            400,
            "model_id_required",
            "model_id is required",
        ),
        (
            "/api/preview",
            json!({"prompt": "", "use_chat_template": false}),
            400,
            "empty_context",
            "prompt is empty",
        ),
        (
            "/api/step",
            json!({"prompt": "", "use_chat_template": false, "force_text": "x"}),
            400,
            "empty_context",
            "prompt is empty",
        ),
        (
            "/api/preview",
            json!({"completion_ids": [320]}),
            400,
            "unknown_token_id",
            "completion_ids[0] holds token id 320",
        ),
        ("/api/preview", json!({"completion_ids": [-1]}), 400, "unknown_token_id", "from 0 to 319"),
        (
            "/api/step",
            json!({"force_token_id": 99999}),
            400,
            "unknown_token_id",
            "force_token_id holds",
        ),
        (
            "/api/step",
            json!({"force_token_ids": [1, -5]}),
            400,
            "unknown_token_id",
            "force_token_ids[1] holds token id -5",
        ),
        (
            "/api/preview",
            json!({"probe_ids": [0, 320]}),
            400,
            "unknown_token_id",
            "probe_ids[1] holds token id 320",
        ),
        (
            "/api/preview",
            json!({"probe_ids": vec![0; 51]}),
            400,
            "too_many_probes",
            "probe_ids holds 51 ids",
        ),
        ("/api/preview", json!({"prompt": long}), 400, "context_too_long", "256"),
        (
            "/api/preview",
            json!({"params": {"repetition_penalty": 0}}),
            400,
            "invalid_distribution",
            "Sampling distribution became invalid",
        ),
        (
            "/api/step",
            json!({"params": {"presence_penalty": -1e300}}),
            400,
            "invalid_distribution",
            "became invalid",
        ),
        (
            "/api/preview",
            json!({"constraint": {"enabled": true}}),
            400,
            "invalid_constraint",
            "Provide at least one choice",
        ),
        (
            "/api/step",
            json!({"constraint": {"enabled": true, "type": "XML"}}),
            400,
            "unsupported_constraint_type",
            "Unsupported constrained sampling type.",
        ),
        (
            "/api/preview",
            json!({"completion_ids": vec![5; 300], "tokens_only": true}),
            400,
            "context_too_long",
            "256",
        ),
        ("/api/preview", json!({"prompt": "x".repeat(1 << 20)}), 400, "context_too_long", "256"),
        (
            "/api/step",
            json!({"prompt": "a", "force_token_ids": vec![5; 513]}),
            400,
            "too_many_forced",
            "513 tokens",
        ),
        (
            "/api/step",
            json!({"prompt": "a", "force_token_ids": vec![5; 300]}),
            400,
            "context_too_long",
            "256",
        ),
        // Wrong types; the sentence names the field.
        ("/api/model/load", json!({}), 422, "invalid_field", "missing field `model_id`"),
        ("/api/model/load", json!({"model_id": null}), 422, "invalid_field", "model_id"),
        ("/api/preview", json!([]), 422, "invalid_field", "expected an object"),
        ("/api/preview", json!({"params": [true]}), 422, "invalid_field", "Field params"),
        ("/api/step", json!({"constraint": []}), 422, "invalid_field", "Field constraint"),
        (
            "/api/preview",
            json!({"top_k": "5"}),
            422,
            "invalid_field",
            "Field top_k: invalid type: string \"5\", expected a whole number",
        ),
        ("/api/preview", json!({"top_k": 5.5}), 422, "invalid_field", "Field top_k"),
        ("/api/preview", json!({"top_k": null}), 422, "invalid_field", "Field top_k"),
        ("/api/preview", json!({"prompt": null}), 422, "invalid_field", "Field prompt"),
        (
            "/api/preview",
            json!({"completion_ids": [1, "2"]}),
            422,
            "invalid_field",
            "Field completion_ids[1]",
        ),
        (
            "/api/preview",
            json!({"params": {"temperature": "hot"}}),
            422,
            "invalid_field",
            "Field params.temperature",
        ),
        (
            "/api/step",
            json!({"params": {"temperature": null}}),
            422,
            "invalid_field",
            "Field params.temperature",
        ),
        ("/api/step", json!({"params": {"seed": 1.5}}), 422, "invalid_field", "Field params.seed"),
        ("/api/step", json!({"params": {"seed": 1e30}}), 422, "invalid_field", "64 bits"),
        (
            "/api/step",
            json!({"params": {"nucleus_rule": "mine"}}),
            422,
            "invalid_field",
            "Field params.nucleus_rule",
        ),
        (
            "/api/step",
            json!({"params": {"stop_sequences": "x"}}),
            422,
            "invalid_field",
            "Field params.stop_sequences",
        ),
        ("/api/step", json!({"force_text": 5}), 422, "invalid_field", "Field force_text"),
        ("/api/step", json!({"reset_rng": null}), 422, "invalid_field", "Field reset_rng"),
        (
            "/api/step",
            json!({"constraint": {"enabled": 1}}),
            422,
            "invalid_field",
            "Field constraint.enabled",
        ),
        // Attributions.
        (
            "/api/attribution",
            json!({"method": "magic"}),
            400,
            "unsupported_attribution_method",
            "Unsupported attribution method.",
        ),
        (
            "/api/attribution",
            json!({"method": "saliency"}),
            400,
            "target_out_of_range",
            "target_index out of range.",
        ),
        (
            "/api/attribution",
            json!({"method": "saliency", "completion_ids": [5], "target_index": 1}),
            400,
            "target_out_of_range",
            "target_index out of range.",
        ),
        (
            "/api/attribution",
            json!({"method": "saliency", "target_token_id": 320}),
            400,
            "unknown_token_id",
            "target_token_id holds token id 320",
        ),
        (
            "/api/attribution",
            json!({"method": "saliency", "completion_ids": [5, 320], "target_token_id": 5}),
            400,
            "unknown_token_id",
            "completion_ids[1] holds",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "use_chat_template": false, "target_token_id": 5}),
            400,
            "empty_context",
            "prompt is empty",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "prompt": long, "target_token_id": 5}),
            400,
            "context_too_long",
            "256",
        ),
        (
            "/api/attribution",
            json!({"method": "saliency", "target_token_id": 5, "options": {"quantity": "logit_difference", "contrast_id": -1}}),
            400,
            "unknown_token_id",
            "options.contrast_id holds token id -1",
        ),
        (
            "/api/attribution",
            json!({"method": "integrated_gradients", "target_token_id": 5, "options": {"steps": 0}}),
            400,
            "invalid_option",
            "options.steps is 0; expected a whole number from 1 to 1000",
        ),
        (
            "/api/attribution",
            json!({"method": "integrated_gradients", "target_token_id": 5, "options": {"steps": 1001}}),
            400,
            "invalid_option",
            "options.steps is 1001",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "target_token_id": 5, "options": {"layers": [0, 3]}}),
            400,
            "invalid_option",
            "options.layers is [0, 3]; expected null, which means all, or different numbers from 0 to 2",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "target_token_id": 5, "options": {"heads": [-1]}}),
            400,
            "invalid_option",
            "options.heads is [-1]",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "target_token_id": 5, "options": {"heads": [1, 1]}}),
            400,
            "invalid_option",
            "different numbers",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "target_token_id": 5, "options": {"layers": []}}),
            400,
            "invalid_option",
            "options.layers is []",
        ),
        (
            "/api/attribution",
            json!({"method": "attention", "target_token_id": 5, "options": {"layers": vec![7; 1000]}}),
            400,
            "invalid_option",
            "a list of 1000 numbers",
        ),
        ("/api/attribution", json!({"method": null}), 422, "invalid_field", "Field method"),
        (
            "/api/preview",
            json!({"params": {"nucleus_rule": null}}),
            422,
            "invalid_field",
            "Field params.nucleus_rule: unknown variant `null`, expected `standard` or `seed`",
        ),
        (
            "/api/attribution",
            json!({"options": {"baseline": 3}}),
            422,
            "invalid_field",
            "Field options.baseline: unknown variant `3`, expected one of",
        ),
        (
            "/api/preview",
            json!({"params": {"temperature": [1]}}),
            422,
            "invalid_field",
            "Field params.temperature: invalid type: list, expected a number",
        ),
        (
            "/api/model/load",
            json!({"model_id": "m".repeat(5000)}),
            400,
            "model_id_too_long",
            "model_id has 5000 bytes",
        ),
        (
            "/api/attribution",
            json!({"target_index": null}),
            422,
            "invalid_field",
            "Field target_index",
        ),
        (
            "/api/attribution",
            json!({"target_index": 1.5}),
            422,
            "invalid_field",
            "Field target_index",
        ),
        (
            "/api/attribution",
            json!({"target_token_id": "5"}),
            422,
            "invalid_field",
            "Field target_token_id",
        ),
        ("/api/attribution", json!({"options": null}), 422, "invalid_field", "Field options"),
        ("/api/attribution", json!({"options": []}), 422, "invalid_field", "Field options"),
        (
            "/api/attribution",
            json!({"options": {"step": 5}}),
            422,
            "invalid_field",
            "Field options.step: unknown field `step`, expected one of",
        ),
        (
            "/api/attribution",
            json!({"options": {"quantity": "luck"}}),
            422,
            "invalid_field",
            "Field options.quantity: unknown variant `luck`, expected one of `probability`",
        ),
        (
            "/api/attribution",
            json!({"options": {"layers": 5}}),
            422,
            "invalid_field",
            "Field options.layers",
        ),
        (
            "/api/attribution",
            json!({"options": {"heads": [0, 0.5]}}),
            422,
            "invalid_field",
            "Field options.heads[1]",
        ),
        (
            "/api/attribution",
            json!({"options": {"signed": 1}}),
            422,
            "invalid_field",
            "Field options.signed",
        ),
        (
            "/api/attribution",
            json!({"options": {"steps": null}}),
            422,
            "invalid_field",
            "Field options.steps",
        ),
    ] {
        let (found, answer) = client.post(path, &body).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert_eq!(answer["code"], code, "{path} {body}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(detail), "{path} {body}: {answer}");
        assert!(answer["hint"].as_str().is_some_and(|hint| hint.ends_with('.')), "{answer}");
    }
}

#[tokio::test]
async fn text_that_is_not_json_is_422() {
    let client = Client::with_model().await;
    for (body, detail) in [
        ("", "The body is not JSON: EOF"),
        ("{", "The body is not JSON: EOF"),
        ("{\"prompt\": NaN}", "Field prompt: expected value"),
        ("{\"params\": {\"temperature\": NaN}}", "Field params.temperature: expected value"),
        ("{\"params\": {\"temperature\": 1e999}}", "Field params.temperature: number out of range"),
        ("{} {}", "The body is not JSON: trailing characters"),
        ("{\"params\": {\"nucleus_rule\": nul}}", "Field params.nucleus_rule: expected"),
    ] {
        let (status, answer) = client.post_text("/api/preview", body).await;
        assert_eq!(status, 422, "{body}: {answer}");
        assert_eq!(answer["code"], "invalid_json", "{body}: {answer}");
        assert!(answer["detail"].as_str().unwrap().starts_with(detail), "{body}: {answer}");
    }
}

#[tokio::test]
async fn numbers_that_do_not_fit_64_bits_are_refused_and_not_rounded() {
    let client = Client::with_model().await;
    for seed in ["-9223372036854775809", "9223372036854775808", "-1e19"] {
        let body = format!("{{\"prompt\": \"a\", \"params\": {{\"seed\": {seed}}}}}");
        let (status, answer) = client.post_text("/api/step", &body).await;
        assert_eq!((status.as_u16(), &answer["code"]), (422, &json!("invalid_field")), "{answer}");
        assert!(answer["detail"].as_str().unwrap().starts_with("Field params.seed: "), "{answer}");
    }
}

#[tokio::test]
async fn whole_floats_are_whole_numbers_and_negative_seeds_are_fine() {
    let client = Client::with_model().await;
    for body in [
        json!({"prompt": "a", "top_k": 3.0, "completion_ids": [5.0]}),
        json!({"prompt": "a", "params": {"seed": -12}}),
        json!({"prompt": "a", "params": {"seed": i64::MIN}}),
        json!({"prompt": "a", "params": {"temperature": 0, "top_p": 0}}),
        json!({"prompt": "a", "params": {"temperature": -1, "top_p": 7}}),
        json!({"prompt": "a", "constraint": {"enabled": false, "type": "nonsense", "schema_text": "("}}),
    ] {
        client.ok("/api/step", body).await;
    }
}

#[tokio::test]
async fn without_a_model_requests_are_503() {
    let client = Client::without_model();
    for path in ["/api/preview", "/api/step"] {
        let (status, answer) = client.post(path, &json!({"constraint": {"enabled": true}})).await;
        assert_eq!((status.as_u16(), &answer["detail"]), (503, &json!("Model is not ready.")));
    }
    client.ok("/api/model/load", json!({"model_id": "/nowhere/x.gguf"})).await;
    client.until_loaded().await;
    let (status, answer) = client.post("/api/preview", &json!({})).await;
    assert_eq!(status, 503);
    assert!(answer["detail"].as_str().unwrap().contains("/nowhere/x.gguf"), "{answer}");
}
