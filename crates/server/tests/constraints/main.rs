//! Completions of the built-in model under sixty constraints, each checked by somebody else's code.
//! `cargo xtask constraints` runs them all, the test suite a sample.

#[path = "../support/builtin.rs"]
mod builtin;
mod checks;
#[path = "../support/client.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod client;

use serde_json::{Value, json};

use builtin::ready;
use checks::Check;
use client::Client;

/// Most tokens of a completion.
const MOST_TOKENS: usize = 200;

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/constraints/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What came of the completions under one constraint.
#[derive(Default)]
struct Tally {
    completions: usize,
    ended: usize,
    tokens: usize,
}

/// Draws a completion. Returns its text, its number of tokens, and whether it ended.
async fn complete(client: &Client, request: &mut Value) -> (Vec<u8>, usize, bool) {
    request["completion_ids"] = json!([]);
    for _ in 0..MOST_TOKENS {
        let step = client.ok("/api/step", request.clone()).await;
        request["completion_ids"] = step["new_completion_ids"].clone();
        if step["done"] == true {
            break;
        }
    }
    // Also says whether what is unfinished is legal: a prefix that is not would be an error.
    let whole = client.ok("/api/preview", request.clone()).await;
    let ended = whole["grammar"]["ended"] == true;
    let tokens = whole["completion_tokens"].as_array().unwrap();
    let words = &tokens[..tokens.len() - usize::from(ended)];
    (words.iter().flat_map(bytes_of).collect(), tokens.len(), ended)
}

/// The bytes of a token. Those of a part of a character are told by its display form only, such as
/// `⟨F0 9F⟩`.
fn bytes_of(token: &Value) -> Vec<u8> {
    let text = token["text"].as_str().unwrap();
    if !text.contains('\u{FFFD}') {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::new();
    let mut rest = token["display"].as_str().unwrap();
    while let Some((before, after)) = rest.split_once('⟨') {
        bytes.extend(before.replace('␠', " ").into_bytes());
        let (inside, after) = after.split_once('⟩').unwrap();
        bytes.extend(inside.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()));
        rest = after;
    }
    bytes.extend(rest.bytes());
    bytes
}

/// Returns the share of completions that ended, in percent.
async fn run(cases: &[Value], completions: u64) -> f64 {
    let client = ready().await;
    let mut all = Tally::default();
    eprintln!("{:60} {:>9} {:>9} {:>14}", "constraint", "ended", "of", "tokens each");
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let check = Check::of(case);
        let schema = match &case["schema"] {
            Value::String(text) => text.clone(),
            schema => schema.to_string(),
        };
        let mut tally = Tally::default();
        for seed in 1..=completions {
            let mut request = json!({
                "prompt": case["prompt"], "top_k": 1,
                "params": {"temperature": 1.5, "top_p": 1, "repetition_penalty": 1, "seed": seed},
                "constraint": {"enabled": true, "type": case["kind"], "schema": schema},
            });
            let (text, tokens, ended) = complete(&client, &mut request).await;
            let shown = String::from_utf8_lossy(&text);
            if ended {
                assert!(check.accepts(&text), "{name}, seed {seed}: {shown}");
            } else {
                assert!(check.can_go_on(&text), "{name}, seed {seed}: {shown}");
            }
            tally.completions += 1;
            tally.ended += usize::from(ended);
            tally.tokens += tokens;
        }
        let each = tally.tokens as f64 / tally.completions as f64;
        eprintln!("{name:60} {:>9} {:>9} {each:>14.1}", tally.ended, tally.completions);
        all.completions += tally.completions;
        all.ended += tally.ended;
        all.tokens += tally.tokens;
    }
    let share = 100.0 * all.ended as f64 / all.completions as f64;
    eprintln!(
        "{} of {} completions ended ({share:.1} %), {} tokens in all; every one that ended is valid, \
         every other one can go on.",
        all.ended, all.completions, all.tokens
    );
    share
}

#[tokio::test]
async fn every_sixth_constraint_holds() {
    let sample: Vec<Value> = cases().into_iter().step_by(6).collect();
    assert_eq!(sample.len(), 10);
    // Too few to say anything about their share.
    run(&sample, 2).await;
}

#[tokio::test]
#[ignore = "takes minutes; `cargo xtask constraints` runs it"]
async fn all_sixty_constraints_hold() {
    let cases = cases();
    assert_eq!(cases.len(), 60);
    let share = run(&cases, 20).await;
    assert!(share >= 80.0, "only {share:.1} % ended");
}
