//! The built-in model over HTTP, against the numbers of PyTorch and the token ids of llama.cpp
//! (`fixtures/smollm2`). `cargo xtask test` fetches the model's file before it runs these.

#[path = "../support/attributions.rs"]
mod attributions;
#[path = "../support/builtin.rs"]
mod builtin;
#[path = "../support/client.rs"]
mod client;

use serde_json::{Value, json};
use tokenscope_engine::BUILTIN_MODEL;

use attributions::{SEED_METHODS, assert_scores, attribute, signed};
use builtin::ready;
use client::{floats, with};

fn fixture(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/smollm2/");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}{name}")).unwrap()).unwrap()
}

/// The ways a golden prompt can be asked for: as text, and if it is a chat by template as well.
fn requests_for(case: &Value) -> Vec<Value> {
    let mut requests = vec![json!({"prompt": case["text"], "use_chat_template": false})];
    let user = match case["name"].as_str().unwrap() {
        "chat_france" => "The capital of France is",
        "chat_haiku" => "Write a haiku about the sea.",
        _ => return requests,
    };
    requests.push(json!({"prompt": user}));
    requests
}

fn plain_params(greedy: bool) -> Value {
    json!({"temperature": 1, "top_p": 1, "repetition_penalty": 1, "greedy": greedy})
}

#[tokio::test]
async fn the_built_in_model_is_described() {
    let (_, status) = ready().await.get("/api/model/status").await;
    for (field, value) in [
        ("model_id", json!(BUILTIN_MODEL)),
        ("quantization", json!("Q4_1")),
        ("parameters", json!(134_515_008)),
        ("context_length", json!(8192)),
        ("logit_size", json!(49152)),
        ("eos_token_id", json!(2)),
        ("has_chat_template", json!(true)),
        ("notice", Value::Null),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
}

#[tokio::test]
async fn probabilities_are_pytorchs_for_every_golden_prompt() {
    let client = ready().await;
    let (mut n_requests, mut worst) = (0, 0.0f64);
    for case in fixture("golden.json").as_array().unwrap() {
        for mut request in requests_for(case) {
            request["params"] = plain_params(false);
            request["top_k"] = json!(20);
            let answer = client.ok("/api/preview", request).await;
            let ids: Vec<&Value> = answer["prompt_tokens"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pill| &pill["id"])
                .collect();
            assert_eq!(json!(ids), case["ids"], "{}", case["name"]);

            let rows = answer["dist"]["tokens"].as_array().unwrap();
            let row_ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
            let expected = floats(&case["top_p"]);
            let expected_logits = floats(&case["top_logits"]);
            for (place, id) in case["top_ids"].as_array().unwrap().iter().enumerate() {
                let row = row_ids.iter().position(|row| *row == id);
                let row = &rows[row.unwrap_or_else(|| panic!("{}: {id} is missing", case["name"]))];
                let difference = (row["p_base"].as_f64().unwrap() - expected[place]).abs();
                assert!(difference < 1e-4, "{}: {id} is off by {difference}", case["name"]);
                worst = worst.max(difference);
                let logit = row["logit"].as_f64().unwrap();
                assert!((logit - expected_logits[place]).abs() < 2e-3, "{}: {row}", case["name"]);
            }
            let entropy = answer["dist"]["stages"][0]["entropy_bits"].as_f64().unwrap();
            let expected = case["entropy_nats"].as_f64().unwrap() / std::f64::consts::LN_2;
            assert!((entropy - expected).abs() < 1e-3, "{}: {entropy}", case["name"]);
            n_requests += 1;
        }
    }
    assert_eq!(n_requests, 7);
    eprintln!("largest difference of a probability from PyTorch's: {worst:.1e}");
}

#[tokio::test]
async fn twelve_greedy_steps_are_pytorchs_going_on_past_the_end() {
    let client = ready().await;
    for case in fixture("golden.json").as_array().unwrap() {
        for mut request in requests_for(case) {
            request["params"] = plain_params(true);
            request["completion_ids"] = json!([]);
            for _ in 0..12 {
                let answer = client.ok("/api/step", request.clone()).await;
                request["completion_ids"] = answer["new_completion_ids"].clone();
            }
            assert_eq!(request["completion_ids"], case["greedy_12"], "{}", case["name"]);
        }
    }
}

#[tokio::test]
async fn tokenizations_are_llama_cpps_and_decode_to_the_same_text() {
    let client = ready().await;
    let cases = fixture("tokenization.json")["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 21);
    for case in cases {
        let request =
            json!({"prompt": case["text"], "use_chat_template": false, "tokens_only": true});
        let answer = client.ok("/api/preview", request).await;
        let pills = answer["prompt_tokens"].as_array().unwrap();
        let ids: Vec<&Value> = pills.iter().map(|pill| &pill["id"]).collect();
        assert_eq!(json!(ids), case["ids"], "{}", case["text"]);
        for pill in pills {
            let display = pill["display"].as_str().unwrap();
            // Marks such as ⟨F0 9F⟩ have a visible bracket round their space.
            let unmarked: String =
                display.split('⟨').map(|part| part.rsplit('⟩').next().unwrap()).collect();
            let invisible = |c: char| c.is_whitespace() || c.is_control() || c == '\u{FFFD}';
            assert!(!display.is_empty() && !unmarked.contains(invisible), "{pill}");
        }
    }
}

#[tokio::test]
async fn the_template_renders_as_llama_cpp_renders_it() {
    let client = ready().await;
    let template = fixture("tokenization.json")["chat_template"].clone();
    let (system, user) = (&template["messages"][0], &template["messages"][1]);
    let request = json!({
        "system_prompt": system["content"], "prompt": user["content"], "tokens_only": true,
    });
    let answer = client.ok("/api/preview", request).await;
    let texts = answer["prompt_tokens"].as_array().unwrap().iter();
    let rendered: String = texts.map(|pill| pill["text"].as_str().unwrap()).collect();
    assert_eq!(json!(rendered), template["rendered"]);
}

#[tokio::test]
async fn cached_answers_equal_fresh_ones() {
    // The same position reached in one pass, step by step, and by forced text.
    let client = ready().await;
    let text = "Once upon a time, there was a";
    let params = plain_params(false);
    let whole = json!({"prompt": text, "use_chat_template": false, "params": params});
    let whole = client.ok("/api/preview", whole).await;
    let stepped = json!({"prompt": "Once", "use_chat_template": false, "params": params});
    let step = with(stepped.clone(), json!({"force_text": &text[4..]}));
    let forced = client.ok("/api/step", step).await;
    let ids = json!({"completion_ids": forced["new_completion_ids"]});
    let stepped = client.ok("/api/preview", with(stepped, ids)).await;
    let rows = |answer: &Value| answer["dist"]["tokens"].as_array().unwrap().clone();
    for (one, other) in rows(&whole).iter().zip(&rows(&stepped)) {
        assert_eq!(one["id"], other["id"]);
        let (one, other) = (one["p_base"].as_f64().unwrap(), other["p_base"].as_f64().unwrap());
        assert!((one - other).abs() < 1e-5, "{one} {other}");
    }
}

/// A request whose context is given as ids, and what follows it.
fn about(ids: &Value, target: &Value) -> Value {
    json!({
        "prompt": "", "use_chat_template": false, "completion_ids": ids,
        "target_index": ids.as_array().unwrap().len(), "target_token_id": target,
    })
}

#[tokio::test]
async fn attributions_are_pytorchs_for_every_golden_prompt() {
    let client = ready().await;
    let (goldens, exact) = (fixture("golden.json"), fixture("float64.json"));
    for (index, case) in goldens.as_array().unwrap().iter().enumerate() {
        let expected = &case["attribution"];
        let body = about(&case["ids"], &case["target_id"]);
        let what = |name: &str| format!("{} {name}", case["name"]);
        let exact = &exact.as_array().unwrap()[index];
        assert_eq!(exact["name"], case["name"]);
        for method in SEED_METHODS {
            let answer = attribute(&client, &body, json!({"method": method})).await;
            assert_scores(&answer, &expected[method], &what(method));
            if method == "integrated_gradients" {
                assert_scores(&answer, &exact[method], &what("integrated gradients in float64"));
            }
        }
        let difference = "contrastive_input_x_gradient_signed_sum_logit_difference";
        let plain = signed("probability", &Value::Null);
        for (name, method, options) in [
            ("input_x_gradient_signed_sum", "input_x_gradient", plain.clone()),
            ("integrated_gradients_signed_sum", "integrated_gradients", plain),
            (difference, "input_x_gradient", signed("logit_difference", &expected["contrast_id"])),
        ] {
            let extra = json!({"method": method, "options": options});
            let answer = attribute(&client, &body, extra).await;
            // The path of one prompt is so bent that PyTorch's numbers in float32 are further from
            // those in float64 than they may be from ours.
            if (case["name"].as_str(), method) != (Some("chat_france"), "integrated_gradients") {
                assert_scores(&answer, &expected[name], &what(name));
            }
            if method == "integrated_gradients" {
                assert_scores(&answer, &exact[name], &what("the path in float64"));
                assert_eq!(answer["baseline_id"], case["baseline_id"]);
                eprintln!(
                    "{}: p {}, p0 {}, completeness error {}, a share of {}",
                    case["name"],
                    answer["value"],
                    answer["baseline_value"],
                    answer["completeness_error"],
                    answer["completeness_error_share"]
                );
            }
        }
        let Some(layers) = case["attention_last_query"].as_array() else { continue };
        for (layer, head) in [(0, 8), (14, 3), (29, 0)] {
            let options = json!({"layers": [layer], "heads": [head]});
            let extra = json!({"method": "attention", "options": options});
            let answer = attribute(&client, &body, extra).await;
            assert_scores(&answer, &layers[layer][head], &what("attention of a head"));
        }
    }
}

#[tokio::test]
async fn attributions_are_those_of_inseq_in_the_program_ours_follows() {
    let (client, golden) = (ready().await, fixture("inseq.json"));
    let body = about(&golden["ids"], &golden["target_id"]);
    for method in SEED_METHODS {
        let answer = attribute(&client, &body, json!({"method": method})).await;
        let (target, context) =
            golden[method].as_array().unwrap().split_last().expect("there are scores");
        assert_eq!(*target, 0.0);
        assert_scores(&answer, &json!(context), method);
    }
}

#[tokio::test]
async fn the_seeds_body_names_the_id_that_this_model_does_not_have() {
    let body = json!({
        "branch_id": "default", "prompt": "The capital of France is",
        "system_prompt": "You are a helpful assistant.", "use_chat_template": true,
        "completion_ids": [151_645, 271], "target_index": 1, "target_token_id": 271,
        "method": "attention",
    });
    let (status, answer) = ready().await.post("/api/attribution", &body).await;
    assert_eq!(status, 400);
    assert!(answer["detail"].as_str().unwrap().starts_with("completion_ids[0] "), "{answer}");
}

/// A rocket in the tokens of its bytes, a word in unusual pieces, and end tokens.
#[tokio::test]
async fn odd_tokens_have_scores_of_their_own() {
    let client = ready().await;
    let chat = json!({"prompt": "The capital of France is"});
    let preview = client.ok("/api/preview", with(chat.clone(), json!({"tokens_only": true}))).await;
    let n_prompt = preview["prompt_tokens"].as_array().unwrap().len();
    let mut tokens: Vec<u64> = Vec::new();
    for text in ["P", "a", "r", "is", "<|im_end|>"] {
        let body = with(chat.clone(), json!({"force_text": text}));
        let step = client.ok("/api/step", body).await;
        tokens.extend(
            step["new_completion_ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()),
        );
    }
    let rocket = client
        .ok(
            "/api/preview",
            json!({"prompt": "🚀", "use_chat_template": false, "tokens_only": true}),
        )
        .await;
    let pills = rocket["prompt_tokens"].as_array().unwrap();
    assert!(
        pills.len() > 1
            && pills.iter().all(|pill| pill["text"].as_str().unwrap().contains('\u{FFFD}'))
    );
    tokens.extend(pills.iter().map(|pill| pill["id"].as_u64().unwrap()));
    let n = tokens.len();
    let body = with(chat, json!({"completion_ids": tokens}));
    for method in ["attention", "saliency", "input_x_gradient"] {
        for index in [0, 1, n - 1] {
            let extra = json!({"method": method, "target_index": index});
            let answer = attribute(&client, &body, extra).await;
            assert_eq!(answer["context_len"], n_prompt + index);
            assert_eq!(floats(&answer["attributions"]).len(), n_prompt + index + 1);
        }
    }
}

/// At zeros themselves the slope of thirty layers is infinite.
#[tokio::test]
async fn a_path_from_zeros_has_scores() {
    let client = ready().await;
    let body = json!({
        "prompt": "The capital of France is", "use_chat_template": false, "target_index": 0,
        "target_token_id": 7042, "method": "integrated_gradients",
        "options": {"baseline": "zero", "steps": 2},
    });
    let answer = attribute(&client, &body, json!({})).await;
    assert!(answer["completeness_error"].is_f64(), "{answer}");
    let scores = floats(&answer["attributions"]);
    assert!(scores[..scores.len() - 1].iter().all(|score| *score > 0.0), "{answer}");
}

#[tokio::test]
async fn a_preview_comes_before_the_end_of_a_long_attribution() {
    let client = ready().await;
    let ids: Vec<u32> = (0..120).map(|i| 300 + 17 * i).collect();
    let extra = json!({"method": "integrated_gradients", "options": {"steps": 300}});
    let long = with(about(&json!(ids), &json!(260)), extra);
    let preview = json!({"prompt": "Once upon", "use_chat_template": false});
    let attribution = client.post("/api/attribution", &long);
    let preview = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        client.ok("/api/preview", preview).await
    };
    tokio::select! {
        _ = attribution => panic!("the attribution was answered first"),
        _ = preview => {}
    }
}
