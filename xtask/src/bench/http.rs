//! What the page's requests take, over one connection that is kept open.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Bench;
use super::samples::Samples;
use crate::server::Server;
use crate::table::{Table, short};

/// Longest that one row may take.
const BUDGET: Duration = Duration::from_secs(12);
/// Longer prompts are left out if one of this length took longer than this.
const PATIENCE_MS: f64 = 5_000.0;
/// Completion tokens that rewinds and forks are made in.
const COMPLETION: usize = 100;
/// How far back they go: as far as the logits of the largest vocabularies are kept.
const FAR_BACK: usize = 40;

pub(super) fn table() -> Table {
    let columns = ["model", "request", "count", "median ms", "p99 ms", "min ms"];
    let title = "Over HTTP, as the page asks. A cold preview shares no token with what was asked before; \
                 a knob move changes temperature and top-p where the logits are known; a step draws and \
                 appends one token";
    Table::new("http", title, &columns)
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let server = bench.start_server()?;
    let session = Session::new(&server)?;
    let mut results = Map::new();
    let mut note = |what: &str, samples: Samples| {
        rows.push(vec![
            bench.label.clone(),
            what.to_owned(),
            samples.count().to_string(),
            short(samples.median()),
            short(samples.percentile(0.99)),
            short(samples.min()),
        ]);
        results.insert(what.to_owned(), samples.to_json());
    };

    let mut last = 0.0;
    for (n, many, few) in [(25, 40, 10), (128, 20, 5), (512, 10, 3), (2048, 4, 1)] {
        if n > session.context_length || last > PATIENCE_MS {
            break;
        }
        let samples = Samples::take(bench.times(many, few), BUDGET, |_| {
            session.cold(n).map(|(_, time)| time)
        });
        let samples = samples?;
        last = samples.median();
        note(&format!("cold preview, {n} tokens"), samples);
    }

    let (known, _) = session.cold(512.min(session.context_length))?;
    for (what, mut body) in [("knob move", chat()), ("knob move, 512 tokens", known)] {
        session.preview(&body)?;
        let samples = session.all_known(|| {
            Samples::take(bench.times(400, 300), BUDGET, |index| {
                body["params"] = knobs(index);
                session.preview(&body).map(|(_, time)| time)
            })
        });
        note(what, samples?);
    }

    // Without previews in between, every step decodes the token that the one before it took.
    let mut body = chat();
    body["system_prompt"] = "Steps without previews.".into();
    session.append(&mut body)?;
    let steps = Samples::take(bench.times(COMPLETION, 30), BUDGET, |_| session.append(&mut body));
    note("step", steps?);

    let mut body = chat();
    session.preview(&body)?;
    let both = Samples::take(COMPLETION, BUDGET, |_| {
        let step = session.append(&mut body)?;
        session.preview(&body).map(|(_, time)| step + time)
    });
    note("step, then preview of the next position", both?);

    let ids = body["completion_ids"].as_array().cloned().unwrap_or_default();
    let earlier = |index: usize| {
        let mut body = body.clone();
        // All lengths in turn, but never neighbours one after the other.
        body["completion_ids"] = ids[..ids.len().saturating_sub(index * 17 % FAR_BACK)].into();
        body
    };
    let rewinds = session.all_known(|| {
        Samples::take(bench.times(300, 100), BUDGET, |index| {
            session.preview(&earlier(index)).map(|(_, time)| time)
        })
    });
    note("rewind", rewinds?);
    let forks = session.all_known(|| {
        Samples::take(bench.times(300, 100), BUDGET, |index| {
            let mut body = earlier(index);
            body["branch_id"] = format!("fork-{index}").into();
            body["params"] = knobs(index);
            session.preview(&body).map(|(_, time)| time)
        })
    });
    note("fork", forks?);
    let others = session.all_new(|| {
        Samples::take(bench.times(50, 20), BUDGET, |index| {
            let mut body = earlier(index);
            let ids = body["completion_ids"].as_array_mut().expect("they are a list");
            ids.push(session.new_id().into());
            session.preview(&body).map(|(_, time)| time)
        })
    });
    note("fork with another token", others?);
    Ok(Value::Object(results))
}

/// Another setting of the knobs for each index.
pub(crate) fn knobs(index: usize) -> Value {
    let part = (index * 7 % 400) as f64 / 400.0;
    json!({ "seed": 1, "temperature": 0.5 + part, "top_p": 0.99 - part / 2.0 })
}

/// The body of a preview in the chat template, as the page sends it.
pub(super) fn chat() -> Value {
    json!({
        "prompt": "The capital of France is",
        "system_prompt": "",
        "completion_ids": [],
        "top_k": 10,
        "params": { "seed": 1 },
    })
}

/// A server whose model answers.
pub(super) struct Session<'a> {
    server: &'a Server,
    context_length: usize,
    n_vocab: usize,
    /// Ids that the model puts before every prompt.
    n_before: usize,
    /// Ids that prompts have begun with so far.
    begun: Cell<usize>,
}

impl<'a> Session<'a> {
    /// Waits until the model answers.
    pub(super) fn new(server: &'a Server) -> Result<Self, String> {
        let status = server.wait_until_ready(|_| ())?;
        let number = |key: &str| status[key].as_u64().unwrap_or(0) as usize;
        let (context_length, n_vocab) = (number("context_length"), number("logit_size"));
        let mut session =
            Session { server, context_length, n_vocab, n_before: 0, begun: Cell::new(0) };
        let nothing = json!({ "use_chat_template": false, "prompt": "", "tokens_only": true });
        let (answer, _) = session.preview(&nothing)?;
        session.n_before = answer["context_token_count"].as_u64().unwrap_or(0) as usize;
        Ok(session)
    }

    pub(super) fn preview(&self, body: &Value) -> Result<(Value, f64), String> {
        self.server.post("/api/preview", body)
    }

    pub(super) fn step(&self, body: &Value) -> Result<(Value, f64), String> {
        self.server.post("/api/step", body)
    }

    /// Steps, and lets the body go on from there.
    fn append(&self, body: &mut Value) -> Result<f64, String> {
        let (answer, time) = self.step(body)?;
        body["completion_ids"] = answer["new_completion_ids"].clone();
        Ok(time)
    }

    /// Previews `n` tokens of which none were seen before, given as ids. Returns the body and the
    /// time.
    pub(super) fn cold(&self, n: usize) -> Result<(Value, f64), String> {
        let first = self.new_id();
        let ids: Vec<usize> =
            (0..n - self.n_before).map(|index| (first + index * 7919) % self.n_vocab).collect();
        let mut body = chat();
        body["prompt"] = "".into();
        body["use_chat_template"] = false.into();
        body["completion_ids"] = ids.into();
        let (answer, time) = self.all_new(|| self.preview(&body))?;
        match answer["context_token_count"].as_u64() {
            Some(found) if found == n as u64 => Ok((body, time)),
            found => Err(format!("expected a context of {n} tokens, found {found:?}")),
        }
    }

    /// An id that none of those before it were.
    fn new_id(&self) -> usize {
        self.begun.set(self.begun.get() + 1);
        // From the end, where the special tokens of most models are not.
        self.n_vocab - 300 - self.begun.get()
    }

    /// Runs requests that must all find their logits known.
    fn all_known<T>(&self, requests: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let (before, result, after) = (self.counters()?, requests()?, self.counters()?);
        if after.1 == before.1 {
            return Ok(result);
        }
        Err(format!("{} requests ran the model and should not have", after.1 - before.1))
    }

    /// Runs requests that must all run the model.
    fn all_new<T>(&self, requests: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let (before, result, after) = (self.counters()?, requests()?, self.counters()?);
        if after.0 == before.0 {
            return Ok(result);
        }
        Err(format!("{} requests should have run the model and did not", after.0 - before.0))
    }

    /// Hits and misses of the prefix cache.
    fn counters(&self) -> Result<(u64, u64), String> {
        let (status, _) = self.server.get("/api/model/status")?;
        let counter = |key: &str| status["cache"][key].as_u64();
        counter("hits")
            .zip(counter("misses"))
            .ok_or_else(|| "the status has no counters".to_owned())
    }
}
