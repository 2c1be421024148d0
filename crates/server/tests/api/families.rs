//! Every architecture, loaded by folder and asked over HTTP, against PyTorch's numbers.

use serde_json::{Value, json};

use crate::client::{Client, floats};
use crate::tiny::tiny;

/// The tiny tokenizers read `t5 t17` as the ids 5 17.
fn text_of(ids: &Value) -> String {
    let words = ids.as_array().unwrap().iter().map(|id| format!("t{id}"));
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn probabilities_and_greedy_steps_are_pytorchs_for_all_sixteen() {
    let mut folders: Vec<_> =
        std::fs::read_dir(tiny("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 16);
    let client = Client::without_model();
    for folder in folders {
        client.ok("/api/model/load", json!({"model_id": folder})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert_eq!(status["error"], Value::Null, "{}", folder.display());
        assert_eq!(status["model_id"], json!(folder));
        assert_eq!(status["eos_token_id"], 2);

        let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let mut body = json!({
            "prompt": text_of(&golden["input_ids"]), "use_chat_template": false, "top_k": 50,
            "params": {"temperature": 1, "top_p": 1, "repetition_penalty": 1, "greedy": true},
        });
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
}
