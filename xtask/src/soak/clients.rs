//! The clients that ask as the page does, each in a thread. They pause between requests as people do who read
//! the answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{BUILTIN, Stage, questions, rude};
use crate::bench::http::knobs;
use crate::shell;

/// A kind's name, how many clients it has, and what each does in a turn.
type Kind = (&'static str, usize, fn(&mut Client<'_>));

const KINDS: [Kind; 9] = [
    ("knob", 4, |client| client.move_knobs()),
    ("preview", 7, |client| client.preview()),
    ("step", 5, |client| client.step()),
    ("constraint", 4, |client| client.constrain()),
    ("attribution", 3, |client| client.attribute()),
    ("load", 1, |client| client.load()),
    ("abort", 3, rude::abort),
    ("garbage", 3, rude::garbage),
    ("slow", 2, rude::slow),
];
pub(super) const CLIENTS: usize = 32;

/// Longest prompt in words; each is a token, and the template adds some.
const WORDS: usize = 150;
const TEXT: &str = "the sea is wide and the ship was old but we had time to sing of home and rain";

/// One client.
pub(super) struct Client<'a> {
    pub(super) kind: &'static str,
    pub(super) stage: &'a Stage,
    agent: ureq::Agent,
    chance: u64,
    turn: usize,
    completion: Value,
}

/// Asks again and again until it is over.
pub(super) fn run(number: usize, stage: &Stage) {
    let mut kinds = KINDS.iter().flat_map(|kind| std::iter::repeat_n(kind, kind.1));
    let (kind, _, act) = kinds.nth(number).expect("there is a kind for each client");
    let mut client = Client {
        kind,
        stage,
        agent: questions::agent(),
        chance: number as u64 + 1,
        turn: 0,
        completion: json!([]),
    };
    while !stage.is_over() {
        if !stage.url().is_empty() {
            act(&mut client);
        }
        client.turn += 1;
        let pause = 200 + client.below(800);
        std::thread::sleep(Duration::from_millis(pause));
    }
}

impl Client<'_> {
    /// A number below `end`, the same ones in each run (Knuth's linear congruential generator).
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % end
    }

    fn prompt(&mut self, words: usize) -> String {
        let all: Vec<_> = TEXT.split(' ').collect();
        let count = 1 + self.below(words as u64);
        let words = (0..count).map(|_| all[self.below(all.len() as u64) as usize]);
        words.collect::<Vec<_>>().join(" ")
    }

    /// The answer if it is 200. Refusals count as intended if their code is one of these; that no server answers
    /// is intended around the time when it is killed.
    fn ask(&self, path: &str, body: &Value, refusals: &[&str]) -> Option<Value> {
        let url = self.stage.url();
        match questions::post(&self.agent, &url, path, body) {
            Ok((200, answer)) => {
                self.stage.books.note(self.kind, "200", true, "");
                Some(answer)
            }
            Ok((status, answer)) => {
                let code = answer["code"].as_str().unwrap_or("no code");
                let intended = refusals.contains(&code);
                let more = format!("{path} {body} gave {answer}");
                self.stage.books.note(self.kind, &format!("{status} {code}"), intended, &more);
                None
            }
            Err(error) => {
                let killed = url.is_empty() || self.stage.url() != url;
                let name = if killed { "killed meanwhile" } else { "no answer" };
                self.stage.books.note(self.kind, name, killed, &error);
                None
            }
        }
    }

    /// Looks at one prompt under many settings. A time counts if the same model answered before and after.
    fn move_knobs(&mut self) {
        let mut body = json!({ "prompt": self.prompt(WORDS) });
        let mut model = Value::Null;
        for index in (0..20).take_while(|_| !self.stage.is_over()) {
            body["params"] = knobs(index);
            let started = Instant::now();
            let Some(answer) = self.ask("/api/preview", &body, REPLACED) else { return };
            let milliseconds = started.elapsed().as_secs_f64() * 1e3;
            if answer["model"]["model_id"] == model {
                self.stage.books.note_move(milliseconds);
            }
            model = answer["model"]["model_id"].clone();
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn preview(&mut self) {
        let body = json!({ "prompt": self.prompt(WORDS), "top_k": 1 + self.below(50) });
        self.ask("/api/preview", &body, REPLACED);
    }

    fn step(&mut self) {
        let body = json!({
            "prompt": "Tell me a story about the sea.",
            "completion_ids": self.completion,
            "params": { "seed": self.below(100) },
        });
        // Ids of one model may mean nothing to the next.
        let refusals = ["model_replaced", "unknown_token_id", "context_too_long"];
        let answer = self.ask("/api/step", &body, &refusals);
        let ids = answer.map_or(json!([]), |mut answer| answer["new_completion_ids"].take());
        let ended = ids.as_array().is_none_or(|ids| ids.len() > 40);
        self.completion = if ended { json!([]) } else { ids };
    }

    fn constrain(&mut self) {
        const CONSTRAINTS: [(&str, &str); 8] = [
            ("regex", "[a-z]{2,9}( [a-z]+)*"),
            ("multiple_choice", "yes\nno\nmaybe"),
            ("json_schema", r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#),
            ("cfg", "start: \"a\" start | \"b\""),
            ("regex", "(a"),
            ("json_schema", "{"),
            ("cfg", "start: nothing"),
            ("json_schema", r#"{"type":"integer","multipleOf":31536000}"#),
        ];
        let (kind, schema) = CONSTRAINTS[self.below(CONSTRAINTS.len() as u64) as usize];
        let constraint = json!({ "enabled": true, "type": kind, "schema": schema });
        self.ask("/api/constraint/check", &json!({ "constraint": constraint }), REPLACED);
        let is_good = CONSTRAINTS[..4].contains(&(kind, schema));
        if is_good {
            let body = json!({ "prompt": "Answer:", "constraint": constraint });
            // A tiny vocabulary may lack a sign that a constraint needs.
            self.ask("/api/step", &body, &["model_replaced", "no_valid_token"]);
        }
    }

    fn attribute(&mut self) {
        let methods = ["attention", "saliency", "input_x_gradient", "occlusion"];
        let method = methods[self.below(methods.len() as u64) as usize];
        let body = json!({ "prompt": self.prompt(20), "target_token_id": 260, "method": method });
        self.ask("/api/attribution", &body, REPLACED);
    }

    /// Another model each time, some that cannot be had, and some loads ended at once.
    fn load(&mut self) {
        let tiny = |name| shell::root().join("fixtures/tiny").join(name).display().to_string();
        let models =
            [tiny("llama"), BUILTIN.to_owned(), tiny("qwen2"), tiny("missing"), BUILTIN.to_owned()];
        let body = json!({ "model_id": models[self.turn % models.len()] });
        self.ask("/api/model/load", &body, &["already_loading"]);
        if self.below(4) == 0 {
            self.ask("/api/model/cancel", &json!({}), &["nothing_to_cancel"]);
            self.ask("/api/model/load", &body, &["already_loading"]);
        }
        // The built-in model, which takes long over an answer, is there most of the time.
        let seconds = if body["model_id"] == BUILTIN { 8 } else { 2 };
        for _ in 0..seconds * 10 {
            if self.stage.is_over() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// What may be said of any request while models come and go: a tiny one has room for few tokens.
const REPLACED: &[&str] = &["model_replaced", "context_too_long"];

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_as_many_clients_as_are_said() {
        assert_eq!(super::KINDS.iter().map(|(_, count, _)| count).sum::<usize>(), super::CLIENTS);
    }
}
