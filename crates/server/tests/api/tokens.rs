//! `GET /api/tokens`

use serde_json::{Value, json};

use crate::client::Client;

fn ids(answer: &Value) -> Vec<u64> {
    let tokens = answer["tokens"].as_array().unwrap();
    tokens.iter().map(|token| token["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn tokens_are_found_by_their_text() {
    let client = Client::with_model().await;
    let (status, answer) = client.get("/api/tokens?query=%3C%7Cim_start%7C%3E").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["tokens"][0]["text"], "<|im_start|>");
    assert_eq!(answer["tokens"][0]["special"], true);
    assert_eq!(answer["found"], 1);
    assert!(answer["model_id"].is_string());
    // Of the texts of all tokens that a text has, the token that is the text comes first.
    let spelled =
        client.ok("/api/preview", json!({"prompt": " x", "use_chat_template": false})).await;
    for pill in spelled["prompt_tokens"].as_array().unwrap() {
        let text = pill["text"].as_str().unwrap().replace(' ', "%20");
        let (_, answer) = client.get(&format!("/api/tokens?query={text}&limit=1")).await;
        assert_eq!(ids(&answer), [pill["id"].as_u64().unwrap()], "{text}");
    }
}

#[tokio::test]
async fn the_limit_is_clamped_and_an_empty_text_finds_nothing() {
    let client = Client::with_model().await;
    for (address, shown) in [
        ("/api/tokens?query=im_", 2),
        ("/api/tokens?query=im_&limit=1", 1),
        ("/api/tokens?query=im_&limit=0", 1),
        ("/api/tokens?query=", 0),
        ("/api/tokens", 0),
    ] {
        let (status, answer) = client.get(address).await;
        assert_eq!((status.as_u16(), ids(&answer).len()), (200, shown), "{address}: {answer}");
    }
}

#[tokio::test]
async fn a_limit_that_is_no_number_and_a_model_that_is_not_there_are_told() {
    let (status, error) = Client::with_model().await.get("/api/tokens?query=a&limit=many").await;
    assert_eq!((status.as_u16(), &error["code"]), (422, &json!("invalid_field")));
    assert!(error["detail"].as_str().unwrap().contains("limit"), "{error}");
    let (status, error) = Client::without_model().get("/api/tokens?query=a").await;
    assert_eq!((status.as_u16(), &error["code"]), (503, &json!("model_not_ready")));
}
