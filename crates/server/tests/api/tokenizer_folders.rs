//! Settings beside a `tokenizer.json` that change what a text becomes: a request is tokenized as transformers does it
//! for the same folder. What the settings can be at all, the tokens crate tests with thousands of folders; here they
//! are files, and the answers those of the API.

use serde_json::{Value, json};

use crate::client::Client;
use crate::tiny::tiny;

fn fixture() -> Value {
    let path = tiny("../tokenizations/tokenizer_folders.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn ids(tokens: &Value) -> Value {
    tokens.as_array().unwrap().iter().map(|token| token["id"].clone()).collect()
}

/// The ids of a prompt; none for an error, which has to say that there is nothing.
async fn prompt_ids(client: &Client, text: &str, use_chat_template: bool) -> Value {
    let body = json!({
        "prompt": text, "system_prompt": "", "use_chat_template": use_chat_template, "tokens_only": true,
    });
    let (status, answer) = client.post("/api/preview", &body).await;
    if status == 400 {
        assert_eq!(answer["code"], "empty_context", "{answer}");
        return json!([]);
    }
    assert_eq!(status, 200, "{answer}");
    ids(&answer["prompt_tokens"])
}

#[tokio::test]
async fn folders_are_tokenized_as_transformers_does() {
    let fixture = fixture();
    let client = Client::without_model();
    let mut wrong = Vec::new();
    for folder in fixture["folders"].as_array().unwrap() {
        let place = tempfile::tempdir().unwrap();
        for file in ["config.json", "model.safetensors"] {
            std::fs::copy(tiny("llama").join(file), place.path().join(file)).unwrap();
        }
        let mut tokenizer = fixture["tokenizer"].clone();
        for (key, value) in folder["changes"].as_object().unwrap() {
            tokenizer[key] = value.clone();
        }
        let tokenizer = ("tokenizer.json".to_owned(), tokenizer);
        let beside = folder["files"].as_object().unwrap().clone();
        for (name, content) in std::iter::once(tokenizer).chain(beside) {
            std::fs::write(place.path().join(name), content.to_string()).unwrap();
        }
        let name = &folder["name"];
        client.ok("/api/model/load", json!({"model_id": place.path()})).await;
        client.until_loaded().await;
        let (_, status) = client.get("/api/model/status").await;
        assert_eq!(status["error"], Value::Null, "{name}");
        assert_eq!(status["model_id"], json!(place.path()), "{name}");
        assert_eq!(status["eos_token_id"], folder["eos"], "{name}");
        for row in folder["texts"].as_array().unwrap() {
            let [text, plain, bare, chat] = row.as_array().unwrap().as_slice() else {
                panic!("{name}: {row}")
            };
            let text = text.as_str().unwrap();
            let mut found = vec![
                ("plain", prompt_ids(&client, text, false).await, plain),
                ("chat", prompt_ids(&client, text, true).await, chat),
            ];
            if !text.is_empty() {
                let body = json!({"prompt": "x", "use_chat_template": false, "force_text": text});
                let step = client.ok("/api/step", body).await;
                found.push(("forced", ids(&step["appended"]), bare));
            }
            for (what, found, expected) in found {
                if found != *expected {
                    wrong.push(format!("{name}: {what} {text:?}: {found}, expected {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
