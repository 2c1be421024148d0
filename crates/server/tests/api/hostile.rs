//! Constraints that would take all time and memory: they are refused in a sentence, and others go on.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokenscope_engine::constraint::Helper;
use tokenscope_engine::{Engine, EngineOptions};
use tokenscope_server::startup::TRY_CONSTRAINTS;

use crate::client::Client;
use crate::tiny::{CACHE_BYTES, tiny};

/// The program that tries constraints: this one.
const PROGRAM: &str = env!("CARGO_BIN_EXE_tokenscope");

async fn client(program: &str) -> Client {
    let helper = Helper { program: program.into(), arguments: vec![TRY_CONSTRAINTS.into()] };
    let client = Client::around(Engine::start(EngineOptions {
        threads: 1,
        offline: true,
        cache_bytes: CACHE_BYTES,
        trials: Some(helper),
        ..EngineOptions::default()
    }));
    client.engine.load(tiny("llama/model.gguf").to_str().unwrap()).unwrap();
    client.until_loaded().await;
    client
}

async fn check(client: &Client, kind: &str, text: &str) -> Value {
    let constraint = json!({"enabled": true, "type": kind, "schema": text});
    client.ok("/api/constraint/check", json!({"constraint": constraint})).await
}

#[tokio::test]
async fn what_is_too_dear_is_refused_and_leaves_nothing_behind() {
    let client = client(PROGRAM).await;
    for (round, (kind, text, dear)) in [
        (
            "json_schema",
            r#"{"type":"integer","multipleOf":99999989}"#.into(),
            "multipleOf: 99999989",
        ),
        ("json_schema", r#"{"items":{"type":"integer","multipleOf":31536000}}"#.into(), "31536000"),
        ("regex", "x*".repeat(60_000), "bytes"),
        (
            "cfg",
            r#"start: %json {"type":"integer","multipleOf":99999989}"#.to_owned(),
            "it takes more than",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        for _ in 0..2 {
            let answer = check(&client, kind, &text).await;
            let error = &answer["error"];
            assert_eq!(error["code"], "constraint_unusable", "{text:.60}: {answer}");
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.contains("it takes more than") && detail.contains(dear), "{detail}");
            // One that is cheap, and one that has to be tried in the process that comes after.
            for (kind, good) in
                [("regex", format!("good{round}")), ("regex", format!("a{{{}}}", 600 + round))]
            {
                let answer = check(&client, kind, &good).await;
                assert_eq!(answer["ok"], true, "{good}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn others_are_answered_while_a_dear_one_is_tried() {
    let client = client(PROGRAM).await;
    let dear = check(&client, "json_schema", r#"{"multipleOf":99999989,"type":"integer"}"#);
    let mut dear = std::pin::pin!(dear);
    // It is under way, and not answered yet.
    let mut answered_before = 0;
    loop {
        tokio::select! {
            biased;
            _ = &mut dear => break,
            good = check(&client, "multiple_choice", "yes\nno") => {
                assert_eq!(good["ok"], true, "{good}");
                answered_before += 1;
            }
        }
    }
    assert!(answered_before > 1, "all waited for the dear one");
}

#[tokio::test]
async fn without_the_process_only_cheap_ones_are_used() {
    let client = client("/no/such/program").await;
    assert_eq!(check(&client, "regex", "(yes|no)").await["ok"], true);
    for _ in 0..2 {
        let answer = check(&client, "regex", "a{600}").await;
        assert_eq!(answer["error"]["code"], "constraint_busy", "{answer}");
        let detail = answer["error"]["detail"].as_str().unwrap();
        assert!(detail.contains("cannot be tried out: its process (/no/such/program)"), "{detail}");
    }
}

#[test]
fn the_process_ends_with_its_input() {
    let mut process = Command::new(PROGRAM)
        .arg(TRY_CONSTRAINTS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}
