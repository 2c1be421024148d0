//! `POST /api/step`

use serde_json::{Value, json};

use crate::client::{Client, with};
use crate::preview::{DIST_KEYS, SEED_BODY, assert_keys};
use crate::tiny::{golden, ids_only};

#[tokio::test]
async fn the_seeds_body_works_and_every_key_is_there() {
    let client = Client::with_model().await;
    let mut body: Value = serde_json::from_str(SEED_BODY).unwrap();
    body = with(body, json!({"reset_rng": false, "force_token_id": null, "force_text": null}));
    let answer = client.ok("/api/step", body).await;
    assert_keys(
        &answer,
        &[
            "model",
            "dist",
            "selected",
            "appended",
            "appended_meta",
            "new_completion_ids",
            "done",
            "stop_reason",
            "seed_used",
            "elapsed_ms",
            "grammar",
        ],
    );
    assert_keys(&answer["selected"], &["id", "text", "display", "p_final"]);
    assert!(answer["selected"].get("special").is_none());
    assert_keys(&answer["dist"], DIST_KEYS);
    let meta = &answer["appended_meta"][0];
    assert_keys(meta, &["dist", "selected_id", "forced", "forced_by"]);
    assert_eq!(meta["dist"], answer["dist"]);
    assert_eq!(meta["selected_id"], answer["selected"]["id"]);
    assert_eq!((&meta["forced"], &meta["forced_by"]), (&json!(false), &Value::Null));
    assert_eq!(answer["new_completion_ids"], json!([answer["selected"]["id"]]));
    assert!(answer["seed_used"].is_i64());
}

#[tokio::test]
async fn every_appended_token_is_reported_wherever_it_ranks() {
    let client = Client::with_model().await;
    let drawn = client.ok("/api/step", json!({"prompt": "a", "top_k": 1})).await;
    let body = json!({"prompt": "a", "top_k": 1, "force_token_ids": [300, 7, 300]});
    let forced = client.ok("/api/step", body).await;
    for meta in [&drawn, &forced].iter().flat_map(|one| one["appended_meta"].as_array().unwrap()) {
        let probes = meta["dist"]["probes"].as_array().unwrap();
        assert_eq!((probes.len(), &probes[0]["id"]), (1, &meta["selected_id"]), "{meta}");
    }
    assert_eq!(drawn["dist"]["probes"][0]["p_final"], drawn["selected"]["p_final"]);
}

#[tokio::test]
async fn greedy_steps_are_pytorchs() {
    let client = Client::with_model().await;
    let golden = golden();
    let mut ids = golden["input_ids"].clone();
    for expected in golden["greedy_10"].as_array().unwrap() {
        let mut body = ids_only(&ids);
        body["params"]["greedy"] = json!(true);
        let answer = client.ok("/api/step", body).await;
        assert_eq!(answer["selected"]["id"], *expected);
        assert_eq!(answer["seed_used"], Value::Null);
        ids = answer["new_completion_ids"].clone();
    }
}

#[tokio::test]
async fn luck_depends_on_seed_and_position_alone() {
    let client = Client::with_model().await;
    let draw = async |seed: Value, branch: &str, reset: bool, ids: Value| {
        let params = json!({"seed": seed, "temperature": 2, "top_p": 1});
        let body = json!({"prompt": "a", "branch_id": branch, "reset_rng": reset, "completion_ids": ids, "params": params});
        client.ok("/api/step", body).await
    };
    let first = draw(json!(7), "a", true, json!([9])).await;
    for (branch, reset) in [("a", false), ("b", true), ("b", false)] {
        let again = draw(json!(7), branch, reset, json!([9])).await;
        assert_eq!(again["selected"], first["selected"]);
        assert_eq!(again["seed_used"], 7);
    }
    // Another seed gives other luck; forty tries cannot all meet the same token by chance.
    let mut others = Vec::new();
    for seed in 0..40 {
        others.push(draw(json!(seed), "a", true, json!([9])).await["selected"]["id"].clone());
    }
    assert!(others.iter().any(|id| *id != first["selected"]["id"]));
    // A drawn seed is told, and replays.
    let drawn = draw(Value::Null, "a", false, json!([9])).await;
    let replayed = draw(drawn["seed_used"].clone(), "a", false, json!([9])).await;
    assert_eq!(replayed["selected"], drawn["selected"]);
}

#[tokio::test]
async fn a_token_can_be_forced_even_outside_the_nucleus() {
    let client = Client::with_model().await;
    let params = json!({"top_p": 0.01, "seed": 5});
    let body = json!({"prompt": "a", "params": params, "force_token_id": 300.0});
    let answer = client.ok("/api/step", body).await;
    assert_eq!(answer["selected"]["id"], 300);
    assert_eq!(answer["selected"]["p_final"], Value::Null);
    assert_eq!(answer["seed_used"], Value::Null);
    assert_eq!(answer["new_completion_ids"], json!([300]));
    let meta = &answer["appended_meta"][0];
    assert_eq!((&meta["forced"], &meta["forced_by"]), (&json!(true), &json!("token")));
}

#[tokio::test]
async fn forced_text_gives_each_token_the_distribution_of_its_own_position() {
    let client = Client::with_model().await;
    let body =
        json!({"prompt": "a", "force_text": " the<|im_start|>z", "force_token_id": 3, "top_k": 5});
    let answer = client.ok("/api/step", body).await;
    assert_eq!(answer["selected"], Value::Null);
    let appended = answer["appended"].as_array().unwrap();
    let texts: Vec<&str> = appended.iter().map(|pill| pill["text"].as_str().unwrap()).collect();
    assert_eq!(texts, [" the", "<|im_start|>", "z"]);
    assert_eq!(appended[1]["special"], true);
    assert_eq!(answer["done"], false);

    // The same tokens forced one by one on a fresh model: n passes instead of one.
    let slow = Client::with_model().await;
    let mut ids = json!([]);
    for (pill, meta) in appended.iter().zip(answer["appended_meta"].as_array().unwrap()) {
        let body =
            json!({"prompt": "a", "completion_ids": ids, "force_token_id": pill["id"], "top_k": 5});
        let single = slow.ok("/api/step", body).await;
        assert_eq!(meta["forced_by"], "text");
        assert_eq!(meta["selected_id"], pill["id"]);
        for (one, other) in meta["dist"]["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .zip(single["dist"]["tokens"].as_array().unwrap())
        {
            assert_eq!(one["id"], other["id"]);
            let difference = one["p_final"].as_f64().unwrap() - other["p_final"].as_f64().unwrap();
            assert!(difference.abs() < 1e-6);
        }
        ids = single["new_completion_ids"].clone();
    }
    assert_eq!(ids, answer["new_completion_ids"]);
}

#[tokio::test]
async fn several_tokens_can_be_forced_at_once() {
    let client = Client::with_model().await;
    let body = json!({"prompt": "a", "completion_ids": [4], "force_token_ids": [10, 11, 12]});
    let answer = client.ok("/api/step", body).await;
    assert_eq!(answer["new_completion_ids"], json!([4, 10, 11, 12]));
    assert_eq!(answer["appended_meta"].as_array().unwrap().len(), 3);
    assert_eq!(answer["selected"], Value::Null);
}

#[tokio::test]
async fn many_forced_tokens_are_read_in_several_passes() {
    let client = Client::with_model().await;
    let tokens: Vec<u32> = (0..150).map(|i| 3 + i * 7 % 300).collect();
    let body = json!({"prompt": "a", "use_chat_template": false, "force_token_ids": tokens});
    let answer = client.ok("/api/step", body).await;
    let fresh = Client::with_model().await;
    for place in [0, 1, 63, 64, 65, 127, 128, 149] {
        let ids = &tokens[..place];
        let body = json!({"prompt": "a", "use_chat_template": false, "completion_ids": ids});
        let expected = fresh.ok("/api/preview", body).await["dist"]["tokens"][0].clone();
        let found = &answer["appended_meta"][place]["dist"]["tokens"][0];
        assert_eq!(found["id"], expected["id"], "{place}");
        let difference = found["p_base"].as_f64().unwrap() - expected["p_base"].as_f64().unwrap();
        assert!(difference.abs() < 1e-6, "{place}: {difference}");
    }
}

#[tokio::test]
async fn a_forced_text_without_tokens_appends_nothing() {
    let client = Client::with_model().await;
    // Empty text counts as absent, so this is an ordinary step.
    let answer = client.ok("/api/step", json!({"prompt": "a", "force_text": ""})).await;
    assert_eq!(answer["appended"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_end_token_and_stop_sequences_stop_and_nothing_is_trimmed() {
    let client = Client::with_model().await;
    for (what, extra, reason) in [
        ("end token", json!({"force_token_id": 2}), json!("eos_token")),
        ("end token in a text", json!({"force_text": "a<|im_end|>b"}), json!("eos_token")),
        (
            "stop text",
            json!({"force_text": "xy", "params": {"stop_sequences": ["", "xy"]}}),
            json!("stop_sequence"),
        ),
        (
            "stop text across tokens",
            json!({"completion_ids": [123], "force_text": "y", "params": {"stop_sequences": ["xy"]}}),
            json!("stop_sequence"),
        ),
        (
            "end token before stop text",
            json!({"force_text": "xy<|im_end|>", "params": {"stop_sequences": ["xy"]}}),
            json!("eos_token"),
        ),
        (
            "other text",
            json!({"force_text": "zz", "params": {"stop_sequences": ["xy"]}}),
            Value::Null,
        ),
    ] {
        let answer = client.ok("/api/step", with(json!({"prompt": "a"}), extra)).await;
        assert_eq!(answer["stop_reason"], reason, "{what}");
        assert_eq!(answer["done"], !reason.is_null(), "{what}");
    }
    // A step after the end is not refused.
    client.ok("/api/step", json!({"prompt": "a", "completion_ids": [2]})).await;
}

#[tokio::test]
async fn a_step_after_a_preview_uses_what_the_preview_computed() {
    let client = Client::with_model().await;
    client.ok("/api/preview", json!({"prompt": "a"})).await;
    client.ok("/api/step", json!({"prompt": "a"})).await;
    let cache = client.get("/api/model/status").await.1["cache"].clone();
    assert_eq!((&cache["hits"], &cache["misses"]), (&json!(1), &json!(1)));
}
