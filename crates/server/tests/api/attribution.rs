//! `POST /api/attribution` and the matrix.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::attributions::{SEED_METHODS, assert_scores, attribute, signed};
use crate::client::{Client, floats, with};
use crate::families::{golden, text_of};
use crate::preview::assert_keys;
use crate::tiny::{ids_only, tiny};

const KEYS: &[&str] = &[
    "ok",
    "attributions",
    "source_len",
    "context_len",
    "prompt_len",
    "target_id",
    "model_id",
    "method",
    "evidence",
    "device",
    "options",
    "groups",
    "value",
    "baseline_value",
    "baseline_id",
    "completeness_error",
    "completeness_error_share",
    "elapsed_ms",
];

#[tokio::test]
async fn attributions_are_pytorchs_for_every_tiny_model() {
    let mut folders: Vec<_> =
        std::fs::read_dir(tiny("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let client = Client::without_model();
    let mut n_goldens = 0;
    for folder in folders {
        client.ok("/api/model/load", json!({"model_id": folder})).await;
        client.until_loaded().await;
        for file in ["golden.json", "golden_short.json"] {
            if folder.join(file).is_file() {
                let what = format!("{} {file}", folder.file_name().unwrap().display());
                assert_pytorchs(&client, &golden(&folder, file), &what).await;
                n_goldens += 1;
            }
        }
    }
    assert_eq!(n_goldens, 31);
}

async fn assert_pytorchs(client: &Client, golden: &Value, what: &str) {
    let expected = &golden["attribution"];
    let contrast = &golden["contrast_id"];
    let body = json!({
        "prompt": text_of(&golden["input_ids"]), "use_chat_template": false,
        "target_token_id": golden["target_id"],
    });
    let path = "integrated_gradients_50_gauss_legendre_baseline_id0";
    for method in SEED_METHODS {
        let answer = attribute(client, &body, json!({"method": method})).await;
        let name = if method == "integrated_gradients" { path } else { method };
        assert_scores(&answer, &expected[name], &format!("{what} {name}"));
        assert_eq!(answer["target_id"], golden["target_id"]);
        assert_eq!(answer["context_len"], golden["input_ids"].as_array().unwrap().len());
    }
    for quantity in ["probability", "logit", "logit_difference"] {
        let extra = json!({"method": "input_x_gradient", "options": signed(quantity, contrast)});
        let answer = attribute(client, &body, extra).await;
        let name = format!("input_x_gradient_signed_sum_{quantity}");
        assert_scores(&answer, &expected[&name], &format!("{what} {name}"));
    }
    let extra = json!({"method": "integrated_gradients", "options": {"signed": true}});
    let answer = attribute(client, &body, extra).await;
    assert_scores(&answer, &expected["integrated_gradients_signed_sum"], &format!("{what} path"));
    let p = golden["target_probability"].as_f64().unwrap();
    assert!((answer["value"].as_f64().unwrap() - p).abs() < 1e-5, "{what}: {answer}");
    assert_eq!(answer["baseline_id"], 0);
    let error = expected["integrated_gradients_completeness_delta"].as_f64().unwrap().abs();
    let found = answer["completeness_error"].as_f64().unwrap();
    assert!((found - error).abs() < 1e-5, "{what}: {found}, expected {error}");

    // PyTorch's attention by layer and head, from which any choice of them follows.
    let heads = golden["attention_last_query"].as_array().unwrap();
    for (layer, head) in [(0, 1), (heads.len() - 1, 0)] {
        let extra = json!({"method": "attention", "options": {"layers": [layer], "heads": [head]}});
        let answer = attribute(client, &body, extra).await;
        assert_scores(&answer, &heads[layer][head], &format!("{what} layer {layer} head {head}"));
    }
}

#[tokio::test]
async fn every_key_of_the_answer_is_there() {
    let client = Client::with_model().await;
    let body = json!({"prompt": "Hi there", "completion_ids": [70, 71, 72], "target_index": 1});
    for (method, evidence) in [
        ("attention", "correlational"),
        ("saliency", "gradient"),
        ("input_x_gradient", "gradient"),
        ("Integrated_Gradients ", "gradient"),
        ("occlusion", "causal"),
    ] {
        let answer = attribute(&client, &body, json!({"method": method})).await;
        assert_keys(&answer, KEYS);
        assert_eq!(answer["evidence"], evidence);
        assert_eq!(answer["method"], method.trim().to_lowercase());
        assert_eq!((&answer["ok"], &answer["device"]), (&json!(true), &json!("cpu")));
        let scores = floats(&answer["attributions"]);
        assert_eq!(answer["source_len"], scores.len());
        assert_eq!(answer["context_len"], scores.len() - 1);
        assert_eq!(answer["prompt_len"], scores.len() - 2);
        assert!(
            (scores.iter().sum::<f64>() - 1.0).abs() < 1e-5 && scores.iter().all(|s| *s >= 0.0)
        );
    }
}

#[tokio::test]
async fn nothing_is_asked_of_a_model_that_is_not_there() {
    let client = Client::without_model();
    let off = json!({"ok": true, "attributions": [], "source_len": 0});
    for method in ["", "off", " OFF "] {
        let body = json!({"method": method, "target_index": 99});
        assert_eq!(client.ok("/api/attribution", body).await, off);
    }
    assert_eq!(client.ok("/api/attribution", json!({})).await, off);
    for (path, method, status, detail) in [
        ("/api/attribution", "magic", 400, "Unsupported attribution method."),
        ("/api/attribution", "saliency", 503, "Model is not ready."),
        ("/api/attribution/matrix", "off", 400, "Unsupported attribution method."),
        ("/api/attribution/matrix", "saliency", 503, "Model is not ready."),
    ] {
        let (found, answer) = client.post(path, &json!({"method": method})).await;
        assert_eq!(
            (found.as_u16(), &answer["detail"]),
            (status, &json!(detail)),
            "{path} {method}"
        );
    }
}

#[tokio::test]
async fn the_target_is_found_and_what_comes_after_it_does_not_count() {
    let client = Client::with_model().await;
    let ids = json!([70, 71, 72]);
    for (index, id, target, context) in [
        (json!(0), Value::Null, 70, 1),
        (json!(2), Value::Null, 72, 3),
        (json!(-5), Value::Null, 70, 1),
        (json!(1.0), Value::Null, 71, 2),
        (json!(1), json!(5), 5, 2),
        (json!(3), json!(5), 5, 4),
        (json!(99), json!(5), 5, 4),
        (json!(i64::MAX), json!(5), 5, 4),
    ] {
        let body = json!({
            "prompt": "x", "use_chat_template": false, "completion_ids": ids,
            "target_index": index, "target_token_id": id, "method": "saliency",
        });
        let answer = client.ok("/api/attribution", body).await;
        assert_eq!(answer["target_id"], target, "{index} {id}");
        assert_eq!(answer["context_len"], context + answer["prompt_len"].as_u64().unwrap() - 1);
    }
    // The same context, whatever follows it and wherever the prompt ends.
    let same = [
        with(ids_only(&json!([70, 71, 72])), json!({"target_index": 2})),
        with(ids_only(&json!([70, 71])), json!({"target_index": 2, "target_token_id": 72})),
    ];
    let mut answers = Vec::new();
    for body in same {
        answers.push(attribute(&client, &body, json!({"method": "saliency"})).await);
    }
    assert_eq!(answers[0]["attributions"], answers[1]["attributions"]);
}

/// Ids are the truth: whatever they spell, there is a score for each of them.
#[tokio::test]
async fn odd_tokens_have_scores_of_their_own() {
    let client = Client::with_model().await;
    // The tiny model's bytes begin at token 3: a rocket in four tokens.
    let rocket: Vec<u8> = "🚀".bytes().collect();
    let rocket: Vec<u32> = rocket.into_iter().map(|byte| u32::from(byte) + 3).collect();
    for ids in [
        json!([5]),
        json!([1]),
        json!([2]),
        json!(rocket),
        json!(rocket[..2]),
        json!([1, 1, 2, 2, 0]),
        json!([104, 104, 108, 108, 111]),
    ] {
        let n = ids.as_array().unwrap().len();
        for method in
            ["attention", "saliency", "input_x_gradient", "integrated_gradients", "occlusion"]
        {
            for group in ["token", "word", "line", "role"] {
                for sign in [false, true] {
                    let extra = json!({
                        "method": method, "target_index": n, "target_token_id": 9,
                        "options": {"signed": sign, "group": group, "mask_sink": sign},
                    });
                    let answer = attribute(&client, &ids_only(&ids), extra).await;
                    assert_eq!(answer["source_len"], n + 1, "{ids} {method}");
                    assert_eq!(floats(&answer["attributions"]).len(), n + 1);
                    let groups = answer["groups"].as_array().unwrap();
                    if group != "token" {
                        assert_eq!(groups[0]["start"], 0);
                        assert_eq!(groups[groups.len() - 1]["end"], n);
                    }
                }
            }
        }
    }
    // Of a path from the end token to itself nothing is left.
    let extra = json!({
        "method": "integrated_gradients", "target_index": 3, "target_token_id": 9,
        "options": {"signed": true},
    });
    let answer = attribute(&client, &ids_only(&json!([7, 2, 9])), extra).await;
    assert_eq!(answer["attributions"][1], 0.0);
    assert_ne!(answer["attributions"][0], 0.0);
}

#[tokio::test]
async fn signed_paths_add_up_or_say_by_how_much_they_do_not() {
    let client = Client::with_model().await;
    let body = with(
        ids_only(&json!([70, 2, 90, 101, 300])),
        json!({"method": "integrated_gradients", "target_index": 5, "target_token_id": 9}),
    );
    let mut baselines = Vec::new();
    for baseline in ["unk", "zero", "mean"] {
        for quantity in ["probability", "log_probability", "logit", "logit_difference"] {
            let options = json!({
                "signed": true, "baseline": baseline, "quantity": quantity, "contrast_id": 80,
                "steps": 300,
            });
            let answer = attribute(&client, &body, json!({"options": options})).await;
            let number = |key: &str| answer[key].as_f64().unwrap();
            let sum: f64 = floats(&answer["attributions"]).iter().sum();
            let difference = number("value") - number("baseline_value");
            let error = number("completeness_error");
            assert!((error - (sum - difference).abs()).abs() < 1e-5, "{answer}");
            let share = number("completeness_error_share");
            assert!((share - error / difference.abs()).abs() < 1e-9, "{answer}");
            // From zeros the way is all but a jump: normalisation makes a short vector as long as
            // any, so what happens, happens before the first point.
            assert!(share < 0.01 || baseline == "zero", "{baseline} {quantity}: {answer}");
            assert_eq!(answer["baseline_id"].is_null(), baseline != "unk");
            baselines.push(number("baseline_value"));
        }
    }
    // They are three different inputs.
    assert!(baselines[0] != baselines[4] && baselines[4] != baselines[8]);
}

#[tokio::test]
async fn options_without_effect_are_accepted_and_shown_at_their_defaults() {
    let client = Client::with_model().await;
    let body = with(
        ids_only(&json!([70, 71])),
        json!({"target_index": 2, "target_token_id": 9, "method": "attention"}),
    );
    let plain = attribute(&client, &body, json!({})).await;
    let options = json!({"signed": true, "steps": 7000, "quantity": "logit", "layers": [2, 0]});
    let answer = attribute(&client, &body, json!({"options": options})).await;
    let options = &answer["options"];
    assert_eq!(*options, with(plain["options"].clone(), json!({"layers": [2, 0]})));
    assert_ne!(answer["attributions"], plain["attributions"]);
}

#[tokio::test]
async fn scores_are_summed_over_words_lines_and_roles() {
    let client = Client::with_model().await;
    let body = json!({
        "system_prompt": "Be kind.", "prompt": "Hi you", "completion_ids": [70, 71],
        "target_index": 2, "target_token_id": 9, "method": "saliency",
    });
    let preview = client.ok("/api/preview", body.clone()).await;
    let texts: Vec<&str> = ["prompt_tokens", "completion_tokens"]
        .iter()
        .flat_map(|key| preview[key].as_array().unwrap())
        .map(|pill| pill["text"].as_str().unwrap())
        .collect();
    for group in ["word", "line", "role"] {
        let answer = attribute(&client, &body, json!({"options": {"group": group}})).await;
        let scores = floats(&answer["attributions"]);
        let mut end = 0;
        let mut labelled = Vec::new();
        for group in answer["groups"].as_array().unwrap() {
            let place = |key: &str| group[key].as_u64().unwrap() as usize;
            assert_eq!(place("start"), end, "{answer}");
            end = place("end");
            let sum: f64 = scores[place("start")..end].iter().sum();
            assert!((group["score"].as_f64().unwrap() - sum).abs() < 1e-5);
            let text = texts[place("start")..end].concat();
            labelled.push((group["label"].as_str(), text));
        }
        assert_eq!(end, texts.len());
        let text = |role: &str| {
            let found = labelled.iter().find(|(label, _)| *label == Some(role));
            found.map(|(_, text)| text.trim().to_owned())
        };
        if group == "role" {
            assert_eq!(text("system").as_deref(), Some("Be kind."), "{labelled:?}");
            assert_eq!(text("user").as_deref(), Some("Hi you"), "{labelled:?}");
            assert_eq!(text("completion"), Some(texts[texts.len() - 2..].concat()));
            assert!(text("template").is_some());
        } else {
            assert!(labelled.iter().all(|(label, _)| label.is_none()));
            assert!(labelled.len() < texts.len() && labelled.len() > 2, "{labelled:?}");
        }
    }
}

async fn lines(client: &Client, path: &str, body: &Value) -> Vec<Value> {
    let request = Request::post(path)
        .header("host", "127.0.0.1:8000")
        .header("content-type", "application/json")
        .header("accept", "application/x-ndjson")
        .body(Body::from(body.to_string()));
    let response = client.send(request.unwrap()).await;
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_error = lines[0].get("code").is_some();
    assert_eq!(content_type, if is_error { "application/json" } else { "application/x-ndjson" });
    lines
}

/// An answer without the time it took.
fn timeless(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("elapsed_ms").unwrap();
    answer
}

#[tokio::test]
async fn progress_comes_before_the_answer_if_the_client_wants_it() {
    let client = Client::with_model().await;
    let ids: Vec<u32> = (0..200).map(|i| 3 + i % 250).collect();
    let body = with(
        ids_only(&json!(ids)),
        json!({"method": "occlusion", "target_index": 200, "target_token_id": 9}),
    );
    let lines_of = lines(&client, "/api/attribution", &body).await;
    let (last, progress) = lines_of.split_last().unwrap();
    assert_eq!(timeless(last.clone()), timeless(attribute(&client, &body, json!({})).await));
    let shares: Vec<f64> = progress.iter().map(|line| line["progress"].as_f64().unwrap()).collect();
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares.is_sorted());
    // What is said on the way about a token is what it becomes without it.
    for line in progress.iter().filter(|line| line.get("attributions").is_some()) {
        let (scores, groups) = (line["attributions"].as_array().unwrap(), &line["groups"]);
        let groups = groups.as_array().unwrap();
        assert_eq!((scores.len(), &line["context_len"]), (201, &json!(200)));
        let known = scores[..200].iter().take_while(|score| score.is_number()).count();
        assert_eq!((known, groups.len()), (groups.len(), known));
        assert!(scores[known..200].iter().all(Value::is_null), "{line}");
        for (group, last) in groups.iter().zip(last["groups"].as_array().unwrap()) {
            assert_eq!(group["value_without"], last["value_without"]);
        }
    }

    let bad = with(body, json!({"target_token_id": 999}));
    let error = lines(&client, "/api/attribution", &bad).await;
    assert_eq!(error[0]["code"], "unknown_token_id");
}

#[tokio::test]
async fn the_answer_is_the_same_for_those_who_look_on() {
    for (method, options) in [
        ("integrated_gradients", json!({"signed": true, "steps": 200})),
        ("integrated_gradients", json!({"group": "word"})),
        ("occlusion", json!({"signed": true})),
    ] {
        // Each of them computes it anew.
        let (one, other) = (Client::with_model().await, Client::with_model().await);
        let ids: Vec<u32> = (0..120).map(|i| 3 + i % 250).collect();
        let body = json!({
            "method": method, "target_index": 120, "target_token_id": 9, "options": options,
        });
        let body = with(ids_only(&json!(ids)), body);
        let lines = lines(&one, "/api/attribution", &body).await;
        let last = lines.last().unwrap().clone();
        assert_eq!(timeless(last), timeless(attribute(&other, &body, json!({})).await));
        for line in lines.iter().filter(|line| line.get("points").is_some_and(Value::is_u64)) {
            assert_eq!(line["points"], 8);
            assert!(line["completeness_error"].is_f64(), "{line}");
        }
    }
}

#[tokio::test]
async fn a_difference_without_another_candidate_is_one_to_the_runner_up() {
    let client = Client::with_model().await;
    let difference = json!({"signed": true, "quantity": "logit_difference"});
    let body = json!({
        "prompt": "Hi", "completion_ids": [70, 71, 72], "method": "input_x_gradient",
        "options": difference,
    });
    let (_, rows) = header_and_rows(&client, &body).await;
    for (index, row) in rows.iter().enumerate() {
        let before = json!({"prompt": "Hi", "completion_ids": ([70, 71, 72][..index])});
        let dist = client.ok("/api/preview", before).await["dist"].clone();
        let favourites = dist["raw_top"].as_array().unwrap();
        let other = favourites.iter().find(|row| row["id"] != 70 + index).unwrap();
        assert_eq!(row["options"]["contrast_id"], other["id"]);
        assert_eq!(row["contrast"]["display"], other["display"]);
        // As if it had been named, alone or in a matrix, where it is the same for all rows.
        let named = with(difference.clone(), json!({"contrast_id": other["id"]}));
        for options in [difference.clone(), named.clone()] {
            let alone = json!({"target_index": index, "options": options});
            let alone = attribute(&client, &body, alone).await;
            assert_eq!(alone["attributions"], row["attributions"]);
            assert_eq!(alone["options"]["contrast_id"], other["id"]);
        }
        let (_, named) =
            header_and_rows(&client, &with(body.clone(), json!({"options": named}))).await;
        assert_eq!(named[index]["attributions"], row["attributions"]);
        assert!(named.iter().all(|row| row["contrast"]["id"] == other["id"]));
    }
    let plain = json!({"target_index": 0, "options": {"quantity": "logit"}});
    assert_eq!(attribute(&client, &body, plain).await["contrast"], Value::Null);
}

/// Of a matrix that is complete.
async fn header_and_rows(client: &Client, body: &Value) -> (Value, Vec<Value>) {
    let mut lines = lines(client, "/api/attribution/matrix", body).await;
    assert_eq!(lines.pop().unwrap(), json!({"done": true}));
    let rows = lines.split_off(1);
    (lines.remove(0), rows)
}

#[tokio::test]
async fn a_matrix_has_a_row_for_every_generated_token() {
    let client = Client::with_model().await;
    for (body, first) in [
        (json!({"prompt": "Hi", "completion_ids": [70, 71, 72]}), 0),
        // Nothing stands before the first.
        (ids_only(&json!([70, 71, 72])), 1),
    ] {
        for method in ["attention", "input_x_gradient", "occlusion"] {
            let body = with(body.clone(), json!({"method": method, "options": {"group": "word"}}));
            let lines = lines(&client, "/api/attribution/matrix", &body).await;
            let header = &lines[0];
            assert_eq!(
                (&header["rows"], &header["first_index"]),
                (&json!(3 - first), &json!(first))
            );
            assert_eq!(header["method"], method);
            assert_eq!(lines.len(), 1 + (3 - first) + 1);
            for (index, row) in (first..3).zip(&lines[1..]) {
                assert_eq!(row["target_index"], index);
                assert_eq!(header["prompt_len"], row["prompt_len"]);
                let mut alone = attribute(&client, &body, json!({"target_index": index})).await;
                alone["target_index"] = json!(index);
                assert_eq!(timeless(row.clone()), timeless(alone));
            }
            assert_eq!(lines[lines.len() - 1], json!({"done": true}));
        }
    }
    for (body, code) in [
        (json!({"prompt": "Hi", "method": "saliency"}), "target_out_of_range"),
        (json!({"method": "saliency", "completion_ids": [999]}), "unknown_token_id"),
        (with(ids_only(&json!(vec![5; 300])), json!({"method": "saliency"})), "context_too_long"),
    ] {
        let (status, answer) = client.post("/api/attribution/matrix", &body).await;
        assert_eq!((status.as_u16(), &answer["code"]), (400, &json!(code)));
    }
    // One token of which nothing stands before it.
    let body = with(ids_only(&json!([70])), json!({"method": "saliency"}));
    let (status, answer) = client.post("/api/attribution/matrix", &body).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("empty_context")));
}

#[tokio::test]
async fn a_matrix_ends_with_an_error_when_its_model_is_replaced() {
    let client = Client::with_model().await;
    let body = json!({"prompt": "Hi", "completion_ids": [70, 71, 72], "method": "saliency"});
    let request = Request::post("/api/attribution/matrix")
        .header("host", "127.0.0.1:8000")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let response = client.send(request.unwrap()).await;
    let mut rows = response.into_body().into_data_stream();
    let mut line =
        async || -> Value { serde_json::from_slice(&rows.next().await.unwrap().unwrap()).unwrap() };
    assert_eq!(line().await["rows"], 3);
    assert_eq!(line().await["target_index"], 0);
    client.engine.load(tiny("gpt2").to_str().unwrap()).unwrap();
    client.until_loaded().await;
    assert_eq!(line().await["code"], "model_replaced");
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn the_next_question_is_answered_although_a_long_one_was_dropped() {
    let client = Client::with_model().await;
    let ids: Vec<u32> = (0..250).map(|i| 3 + i % 250).collect();
    let long = with(
        ids_only(&json!(ids)),
        json!({
            "method": "integrated_gradients", "target_index": 250, "target_token_id": 9,
            "options": {"steps": 1000},
        }),
    );
    for path in ["/api/attribution", "/api/attribution/matrix"] {
        let hangs_up = client.post(path, &long);
        let waits = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(waits, hangs_up).await.is_err(), "{path} was quick");
        let short = with(long.clone(), json!({"method": "attention"}));
        attribute(&client, &short, json!({})).await;
    }
}
