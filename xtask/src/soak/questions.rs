//! Questions to the built-in model whose answers must not depend on what happened before.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::BUILTIN;

/// Longer than any intended answer takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client with a connection of its own.
pub(super) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
    config.timeout_global(Some(PATIENCE)).build().into()
}

/// The status and the answer to a POST.
pub(super) fn post(
    agent: &ureq::Agent,
    url: &str,
    path: &str,
    body: &Value,
) -> Result<(u16, Value), String> {
    let request = agent.post(format!("{url}{path}")).content_type("application/json");
    let mut response = request.send(body.to_string()).map_err(|error| error.to_string())?;
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

fn questions() -> Vec<(&'static str, Value)> {
    let digits = json!({ "enabled": true, "type": "regex", "schema": "[0-9]{3}" });
    vec![
        ("/api/preview", json!({ "prompt": "The capital of France is" })),
        ("/api/preview", json!({ "prompt": "Zwölf 🎉", "params": { "temperature": 0.4 } })),
        ("/api/preview", json!({ "prompt": "Once", "use_chat_template": false, "top_k": 50 })),
        ("/api/preview", json!({ "prompt": "A number:", "constraint": digits })),
        ("/api/step", json!({ "prompt": "Count to ten.", "params": { "seed": 7 } })),
        (
            "/api/step",
            json!({ "prompt": "A number:", "constraint": digits, "params": { "seed": 3 } }),
        ),
        ("/api/step", json!({ "prompt": "Say", "force_text": " hello there" })),
        ("/api/constraint/check", json!({ "constraint": digits })),
        (
            "/api/attribution",
            json!({ "prompt": "Paris is in", "target_token_id": 260, "method": "attention" }),
        ),
        (
            "/api/attribution",
            json!({ "prompt": "Paris is in", "target_token_id": 260, "method": "saliency" }),
        ),
    ]
}

/// The answers, without what tells times.
pub(super) fn ask_all(url: &str) -> Result<Vec<Value>, String> {
    let agent = agent();
    questions()
        .iter()
        .map(|(path, body)| {
            let (status, mut answer) = post(&agent, url, path, body)?;
            if status != 200 {
                return Err(format!("{path} {body}: {status} {answer}"));
            }
            without_times(&mut answer);
            Ok(answer)
        })
        .collect()
}

/// The questions whose answers are others than they were.
pub(super) fn differing(url: &str, expected: &[Value], when: &str) -> Result<Vec<String>, String> {
    let answers = ask_all(url)?;
    let all = questions().into_iter().zip(answers).zip(expected);
    let others = all.filter(|((_, answer), expected)| answer != *expected);
    Ok(others
        .map(|(((path, body), _), _)| format!("{when} another answer: {path} {body}"))
        .collect())
}

/// Waits until no load is under way, and has the built-in model answer.
pub(super) fn load_builtin(url: &str) -> Result<(), String> {
    let (agent, started) = (agent(), Instant::now());
    while started.elapsed() < PATIENCE {
        let mut response = agent
            .get(format!("{url}/api/model/status"))
            .call()
            .map_err(|error| error.to_string())?;
        let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let status: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if status["loading"] == false {
            if status["model_id"] == BUILTIN {
                return Ok(());
            }
            post(&agent, url, "/api/model/load", &json!({ "model_id": BUILTIN }))?;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("the built-in model did not come back".to_owned())
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.ends_with("_ms") && !name.ends_with("_us"));
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}
