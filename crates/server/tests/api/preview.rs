//! `POST /api/preview`

use serde_json::{Value, json};

use crate::client::{Client, floats, with};
use crate::tiny::{golden, ids_only, tiny};

/// The body of the description this program was made from, word for word.
pub(crate) const SEED_BODY: &str = r#"{
  "branch_id": "default",
  "prompt": "The capital of France is",
  "system_prompt": "You are a helpful assistant.",
  "use_chat_template": true,
  "completion_ids": [],
  "top_k": 10,
  "params": {
    "greedy": false,
    "temperature": 0.7,
    "top_p": 0.8,
    "repetition_penalty": 1.05,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "seed": null,
    "stop_sequences": []
  },
  "constraint": {
    "enabled": false,
    "type": "multiple_choice",
    "schema": "Yes\nNo\nMaybe"
  }
}"#;

pub(crate) fn assert_keys(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("not an object: {value}"));
    for key in keys {
        assert!(object.contains_key(*key), "{key} is missing from {value}");
    }
}

pub(crate) const DIST_KEYS: &[&str] = &[
    "top_k",
    "tokens",
    "raw_top",
    "probes",
    "other_p_base",
    "other_p_final",
    "kept_token_count",
    "constraint_active",
    "constraint_type",
    "stages",
    "legal_mass",
];

#[tokio::test]
async fn the_seeds_body_works_and_every_key_is_there() {
    let client = Client::with_model().await;
    let (status, answer) = client.post_text("/api/preview", SEED_BODY).await;
    assert_eq!(status, 200, "{answer}");
    assert_keys(
        &answer,
        &[
            "model",
            "prompt_tokens",
            "completion_tokens",
            "context_token_count",
            "dist",
            "seed_used",
            "elapsed_ms",
            "grammar",
        ],
    );
    assert_keys(
        &answer["model"],
        &["model_id", "device", "dtype", "has_chat_template", "eos_token_id", "vocab_size"],
    );
    assert_keys(&answer["dist"], DIST_KEYS);
    let rows = answer["dist"]["tokens"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert_keys(
            row,
            &[
                "id",
                "text",
                "display",
                "special",
                "p_base",
                "p_final",
                "kept",
                "valid",
                "logit",
                "rank_base",
                "rank_final",
                "cut_by",
                "after",
            ],
        );
    }
    let first = &answer["prompt_tokens"][0];
    assert_eq!(first["special"], true);
    assert_eq!(first["text"], "<|im_start|>");
    let count = answer["prompt_tokens"].as_array().unwrap().len();
    assert_eq!(answer["context_token_count"], count);
}

#[tokio::test]
async fn absent_fields_have_the_seeds_defaults_and_unknown_ones_are_ignored() {
    let client = Client::with_model().await;
    let full = client.post_text("/api/preview", SEED_BODY).await.1;
    let short = json!({"prompt": "The capital of France is", "colour": "blue", "params": {"x": 1}});
    let short = client.ok("/api/preview", short).await;
    assert_eq!(short["prompt_tokens"], full["prompt_tokens"]);
    assert_eq!(short["dist"], full["dist"]);
}

#[tokio::test]
async fn raw_probabilities_are_pytorchs() {
    let client = Client::with_model().await;
    let golden = golden();
    let answer = client.ok("/api/preview", ids_only(&golden["input_ids"])).await;
    let logits = floats(&golden["logits_last"]);
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let mut by_logit: Vec<usize> = (0..logits.len()).collect();
    by_logit.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    for (rank, row) in answer["dist"]["tokens"].as_array().unwrap().iter().enumerate() {
        let id = row["id"].as_u64().unwrap() as usize;
        assert_eq!(id, by_logit[rank]);
        assert_eq!(row["rank_base"], rank + 1);
        let p = row["p_base"].as_f64().unwrap();
        assert!((p - logits[id].exp() / sum).abs() < 1e-6, "{row}");
        assert_eq!(row["p_final"], row["p_base"]);
    }
}

#[tokio::test]
async fn stages_are_reported_in_order_and_add_up() {
    let client = Client::with_model().await;
    let dist = &client.post_text("/api/preview", SEED_BODY).await.1["dist"];
    let ids: Vec<&str> =
        dist["stages"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        ["raw", "repetition", "presence_frequency", "temperature", "constraint", "top_p"]
    );
    assert_eq!(dist["stages"][1]["knobs"]["repetition_penalty"], 1.05);
    assert_eq!(dist["stages"][5]["knobs"], json!({"top_p": 0.8, "nucleus_rule": "standard"}));
    assert_eq!(dist["stages"][5]["kept"], dist["kept_token_count"]);
    let mut shown = (0.0, 0.0);
    for row in dist["tokens"].as_array().unwrap() {
        let after = floats(&row["after"]);
        assert_eq!(after.len(), 6);
        assert_eq!(
            (json!(after[0]), json!(after[5])),
            (row["p_base"].clone(), row["p_final"].clone())
        );
        let cut = row["cut_by"] == "top_p";
        assert_eq!(cut, row["kept"] == false);
        assert_eq!(cut, after[5] == 0.0);
        assert_eq!(cut, row["rank_final"].is_null());
        shown = (shown.0 + after[0], shown.1 + after[5]);
    }
    assert!((dist["other_p_base"].as_f64().unwrap() + shown.0 - 1.0).abs() < 1e-6);
    assert!((dist["other_p_final"].as_f64().unwrap() + shown.1 - 1.0).abs() < 1e-6);
}

#[tokio::test]
async fn rows_are_clamped_and_do_not_change_sampling() {
    let client = Client::with_model().await;
    for (top_k, rows) in [(json!(-3), 1), (json!(0), 1), (json!(7.0), 7), (json!(1000), 50)] {
        let body = json!({"prompt": "a", "top_k": top_k});
        let dist = &client.ok("/api/preview", body).await["dist"];
        assert_eq!(dist["tokens"].as_array().unwrap().len(), rows);
        assert_eq!(dist["top_k"], rows);
    }
}

#[tokio::test]
async fn the_models_favourites_are_told_wherever_they_rank() {
    let client = Client::with_model().await;
    // A bonus for what has been said already passes the raw favourites by.
    let bonus = json!({"presence_penalty": -50, "repetition_penalty": 1, "top_p": 1});
    let presence = json!("presence_frequency");
    let narrow = json!({"top_p": 0.01, "repetition_penalty": 1});
    for (params, sunk_by) in [(narrow, Value::Null), (bonus, presence)] {
        let body = |top_k: usize| json!({"prompt": "a", "use_chat_template": false, "top_k": top_k, "params": params});
        let dist = client.ok("/api/preview", body(2)).await["dist"].clone();
        let full = client.ok("/api/preview", body(50)).await["dist"].clone();
        assert_eq!(dist["tokens"].as_array().unwrap().len(), 2);
        assert_eq!(dist["raw_top"], full["raw_top"]);
        let favourites = dist["raw_top"].as_array().unwrap();
        assert_eq!(favourites.len(), 3);
        for (place, favourite) in favourites.iter().enumerate() {
            assert_eq!(favourite["rank_base"], place + 1);
            assert_eq!(favourite["sunk_by"], sunk_by);
            let mut row = favourite.clone();
            row.as_object_mut().unwrap().remove("sunk_by");
            let probe = with(body(1), json!({"probe_ids": [row["id"]]}));
            assert_eq!(client.ok("/api/preview", probe).await["dist"]["probes"], json!([row]));
        }
    }
}

#[tokio::test]
async fn any_token_can_be_asked_about_and_has_the_row_it_would_have() {
    let client = Client::with_model().await;
    let body = |top_k: usize, probes: Value| json!({"prompt": "a", "top_k": top_k, "probe_ids": probes, "params": {"top_p": 0.3}});
    let full = client.ok("/api/preview", body(50, json!([]))).await["dist"].clone();
    assert_eq!(full["probes"], json!([]));
    let id = |place: usize| full["tokens"][place]["id"].clone();
    let asked = json!([id(49), id(3), id(0), id(3)]);
    let dist = client.ok("/api/preview", body(1, asked)).await["dist"].clone();
    let expected = [49, 3, 0].map(|place: usize| full["tokens"][place].clone());
    assert_eq!(dist["probes"], json!(expected));
    assert_eq!(dist["tokens"].as_array().unwrap().len(), 1);
    assert!(expected.iter().any(|row| row["kept"] == false), "{expected:?}");
    let alone = client.ok("/api/preview", with(body(1, json!([5])), json!({"tokens_only": true})));
    assert_eq!(alone.await["dist"], Value::Null);
}

#[tokio::test]
async fn template_and_special_texts_become_special_tokens() {
    let client = Client::with_model().await;
    let rendered = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n x<|im_end|>\n<|im_start|>assistant\n";
    let by_template = json!({"prompt": " x", "system_prompt": "  Be brief. "});
    let by_text = json!({"prompt": rendered, "use_chat_template": false});
    let by_template = client.ok("/api/preview", by_template).await;
    let by_text = client.ok("/api/preview", by_text).await;
    assert_eq!(by_template["prompt_tokens"], by_text["prompt_tokens"]);
    let text: String = by_text["prompt_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pill| pill["text"].as_str().unwrap())
        .collect();
    assert_eq!(text, rendered);
    let null = json!({"prompt": " x", "system_prompt": "Be brief.", "use_chat_template": null});
    let null = client.ok("/api/preview", null).await;
    assert_eq!(null["prompt_tokens"], by_text["prompt_tokens"]);
}

#[tokio::test]
async fn tokens_alone_do_not_run_the_model() {
    let client = Client::with_model().await;
    let body = json!({"prompt": "never seen", "tokens_only": true, "completion_ids": [5]});
    let answer = client.ok("/api/preview", body).await;
    assert_eq!(answer["dist"], Value::Null);
    assert_eq!(answer["completion_tokens"][0]["id"], 5);
    let (_, status) = client.get("/api/model/status").await;
    assert_eq!((&status["cache"]["hits"], &status["cache"]["misses"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn moving_a_knob_never_runs_the_model() {
    let client = Client::with_model().await;
    let mut finals = Vec::new();
    for temperature in [0.1, 0.5, 1.0, 2.0] {
        let body = json!({"prompt": "a", "params": {"temperature": temperature}});
        let row = client.ok("/api/preview", body).await["dist"]["tokens"][0].clone();
        finals.push(row["p_final"].as_f64().unwrap());
    }
    assert!(finals.is_sorted_by(|a, b| a > b), "{finals:?}");
    let cache = client.get("/api/model/status").await.1["cache"].clone();
    assert_eq!((&cache["hits"], &cache["misses"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_preview_that_was_dropped_leaves_a_working_model() {
    let client = Client::with_model().await;
    let body = json!({"prompt": "word ".repeat(40), "use_chat_template": false});
    let dropped = client.post("/api/preview", &body);
    // Polled once, so that the job is on its way, then dropped as by a client that goes away.
    let mut dropped = Box::pin(dropped);
    let waker = std::task::Waker::noop();
    let _ = dropped.as_mut().poll(&mut std::task::Context::from_waker(waker));
    drop(dropped);
    client.ok("/api/preview", body).await;
}

#[tokio::test]
async fn the_nucleus_rule_and_the_penalty_scope_are_options() {
    let client = Client::with_model().await;
    let kept = async |rule: &str| {
        let params =
            json!({"top_p": 0.5, "temperature": 1, "repetition_penalty": 1, "nucleus_rule": rule});
        let body = json!({"prompt": "a", "params": params});
        client.ok("/api/preview", body).await["dist"]["kept_token_count"].as_u64().unwrap()
    };
    assert_eq!(kept("standard").await, kept("seed").await + 1);

    let golden = golden();
    let penalised = async |scope: &str| {
        let params =
            json!({"presence_penalty": 50, "temperature": 1, "top_p": 1, "penalty_scope": scope});
        let body = with(ids_only(&golden["input_ids"]), json!({"params": params}));
        client.ok("/api/preview", body).await["dist"]["stages"][2]["entropy_bits"].clone()
    };
    // All ids are completion here, and none is special.
    assert_eq!(penalised("all").await, penalised("completion").await);
    assert_eq!(penalised("all").await, penalised("no_specials").await);
}

#[tokio::test]
async fn a_template_without_a_system_role_gets_the_text_in_the_users_message_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(tiny("llama").join(file), folder.path().join(file)).unwrap();
    }
    let template = "{% for m in messages %}{% if m.role == 'system' %}\
                    {{ raise_exception('System role not supported') }}{% endif %}\
                    t7 {{ m.content }} t8{% endfor %}";
    std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
    let client = Client::without_model();
    client.ok("/api/model/load", json!({"model_id": folder.path()})).await;
    client.until_loaded().await;
    for (system, ids, noted) in
        [("t5 t6", json!([7, 5, 6, 9, 8]), true), ("  ", json!([7, 9, 8]), false)]
    {
        let body = json!({"prompt": "t9", "system_prompt": system});
        let preview = client.ok("/api/preview", body).await;
        let pills = preview["prompt_tokens"].as_array().unwrap();
        let found: Vec<&Value> = pills.iter().map(|pill| &pill["id"]).collect();
        assert_eq!(json!(found), ids);
        assert_eq!(preview["prompt_note"].is_string(), noted, "{}", preview["prompt_note"]);
    }
}

#[tokio::test]
async fn a_text_with_a_token_that_the_model_has_no_embedding_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer_config.json"] {
        std::fs::copy(tiny("llama").join(file), folder.path().join(file)).unwrap();
    }
    let text = std::fs::read_to_string(tiny("llama").join("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_str(&text).unwrap();
    let mut beyond = tokenizer["added_tokens"][2].clone();
    beyond["id"] = json!(320);
    beyond["content"] = json!("<image>");
    tokenizer["added_tokens"].as_array_mut().unwrap().push(beyond);
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let client = Client::without_model();
    client.ok("/api/model/load", json!({"model_id": folder.path()})).await;
    client.until_loaded().await;
    client.ok("/api/preview", json!({"prompt": "t5"})).await;
    let (code, error) = client.post("/api/preview", &json!({"prompt": "t5 <image>"})).await;
    assert_eq!((code.as_u16(), &error["code"]), (400, &json!("unknown_token_id")));
    assert!(error["detail"].as_str().unwrap().contains("token id 320"), "{error}");
}
