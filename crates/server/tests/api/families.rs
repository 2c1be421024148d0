//! Every architecture, loaded by folder and asked over HTTP, against PyTorch's numbers.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, floats, with};
use crate::tiny::tiny;

/// The tiny tokenizers read `t5 t17` as the ids 5 17.
pub(crate) fn text_of(ids: &Value) -> String {
    let words = ids.as_array().unwrap().iter().map(|id| format!("t{id}"));
    words.collect::<Vec<_>>().join(" ")
}

/// What PyTorch computed for a tiny checkpoint.
pub(crate) fn golden(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

/// A greedy request with all knobs off, for the input of a golden.
fn greedy(golden: &Value) -> Value {
    json!({
        "prompt": text_of(&golden["input_ids"]), "use_chat_template": false, "top_k": 50,
        "params": {"temperature": 1, "top_p": 1, "repetition_penalty": 1, "greedy": true},
    })
}

#[tokio::test]
async fn probabilities_and_greedy_steps_are_pytorchs_for_every_tiny_model() {
    let mut folders: Vec<_> =
        std::fs::read_dir(tiny("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 29);
    let client = Client::without_model();
    for folder in folders {
        client.ok("/api/model/load", json!({"model_id": folder})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert_eq!(status["error"], Value::Null, "{}", folder.display());
        assert_eq!(status["model_id"], json!(folder));
        assert_eq!(status["eos_token_id"], 2);

        // Some have a second, short input.
        let files = ["golden.json", "golden_short.json"];
        for file in files.into_iter().filter(|file| folder.join(file).is_file()) {
            assert_pytorchs(&client, &golden(&folder, file), &folder).await;
        }
    }
}

async fn assert_pytorchs(client: &Client, golden: &Value, folder: &Path) {
    let mut body = greedy(golden);
    let preview = client.ok("/api/preview", body.clone()).await;
    let pills = preview["prompt_tokens"].as_array().unwrap();
    let ids: Vec<&Value> = pills.iter().map(|pill| &pill["id"]).collect();
    assert_eq!(json!(ids), golden["input_ids"]);
    let logits = floats(&golden["logits_last"]);
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    for row in preview["dist"]["tokens"].as_array().unwrap() {
        let expected = logits[row["id"].as_u64().unwrap() as usize].exp() / sum;
        let difference = (row["p_base"].as_f64().unwrap() - expected).abs();
        assert!(difference < 1e-5, "{}: {row}, expected {expected}", folder.display());
    }

    body["completion_ids"] = json!([]);
    for _ in 0..10 {
        let step = client.ok("/api/step", body.clone()).await;
        body["completion_ids"] = step["new_completion_ids"].clone();
    }
    assert_eq!(body["completion_ids"], golden["greedy_10"], "{}", folder.display());
}

/// LongRoPE turns all positions otherwise once there are more than 16: whichever way one gets to a
/// position, and whatever is cached on the way, its numbers are those of a pass over the whole.
#[tokio::test]
async fn the_border_of_longrope_can_be_crossed_in_both_directions_and_in_one_leap() {
    let folder = tiny("phi3_longrope");
    let golden = golden(&folder, "golden_short.json");
    let client = Client::without_model();
    client.engine.load(folder.to_str().unwrap()).unwrap();
    client.until_loaded().await;
    let greedy_10 = golden["greedy_10"].as_array().unwrap();
    let expected = floats(&golden["greedy_10_probabilities"]);
    let assert_first_row = |dist: &Value, place: usize| {
        let first = &dist["tokens"][0];
        assert_eq!(first["id"], greedy_10[place], "{place}");
        let difference = (first["p_base"].as_f64().unwrap() - expected[place]).abs();
        assert!(difference < 1e-6, "{place}: {first}, expected {}", expected[place]);
    };

    // The input has 12 tokens, so that the border is behind the fourth.
    for places in [vec![0, 3, 4, 5, 9], vec![9, 5, 4, 3, 0], vec![4, 2, 6, 1]] {
        for place in places {
            let body = with(greedy(&golden), json!({"completion_ids": greedy_10[..place]}));
            assert_first_row(&client.ok("/api/preview", body).await["dist"], place);
        }
    }
    for (first, last) in [(0, 10), (0, 3), (2, 7), (4, 6), (5, 10)] {
        for forgets in [false, true] {
            if forgets {
                client.engine.load(folder.to_str().unwrap()).unwrap();
                client.until_loaded().await;
            }
            let leap = json!({
                "completion_ids": greedy_10[..first], "force_token_ids": greedy_10[first..last],
            });
            let step = client.ok("/api/step", with(greedy(&golden), leap)).await;
            let metas = step["appended_meta"].as_array().unwrap();
            assert_eq!(metas.len(), last - first);
            for (place, meta) in (first..).zip(metas) {
                assert_first_row(&meta["dist"], place);
            }
        }
    }
}
