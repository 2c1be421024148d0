//! `cargo xtask hostile-constraints`: constraints that would take all time and memory, against a running
//! server, and good ones after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Process, Server};
use crate::shell;

/// Most bytes that the server and its children may take together.
const MOST_BYTES: u64 = 1 << 30;

/// Most milliseconds for a good constraint after a hostile one.
const MOST_MILLISECONDS: f64 = 100.0;

/// Builds the program, sends every hostile constraint twice, and tells how it went.
///
/// # Errors
/// If a limit was exceeded, or an answer is none of the intended ones.
pub(crate) fn run(model: &str) -> Result<(), String> {
    shell::run(".", "cargo", &["build", "--package", "tokenscope-server"])?;
    let server = Server::start("target/debug/tokenscope", model, &[])?;
    server.wait_until_ready(|_| {})?;
    let hostile = constraints();
    let memory = Memory::watch(server.process());
    let (mut refused, mut slowest, mut longest) = (0, 0.0f64, 0.0f64);
    let mut late = Vec::new();
    for (index, (kind, text)) in hostile.iter().enumerate() {
        for attempt in 0..2 {
            let (answer, milliseconds) = check(&server, kind, text)?;
            longest = longest.max(milliseconds);
            if answer["ok"] == false {
                refused += 1;
                let detail = answer["error"]["detail"].as_str().unwrap_or_default();
                eprintln!("{index}.{attempt} {kind} {text:.40}: {milliseconds:.0} ms, {detail}");
            } else {
                eprintln!("{index}.{attempt} {kind} {text:.40}: {milliseconds:.0} ms, taken");
            }
            let (good, milliseconds) =
                check(&server, "regex", &format!("(yes|no){index}x{attempt}"))?;
            if good["ok"] != true {
                return Err(format!(
                    "after {kind} {text:.60} a good constraint is refused: {good}"
                ));
            }
            slowest = slowest.max(milliseconds);
            if milliseconds > MOST_MILLISECONDS {
                late.push(format!("{index}.{attempt} {milliseconds:.0} ms"));
            }
        }
    }
    let peak = memory.peak();
    eprintln!(
        "{} constraints, each twice: {refused} answers refuse; the longest took {longest:.0} ms; good ones after \
         them {slowest:.0} ms at most; server and children {:.0} MB at most",
        hostile.len(),
        peak as f64 / 1e6
    );
    if !late.is_empty() {
        return Err(format!("good ones were late after {}", late.join(", ")));
    }
    if peak == 0 || peak > MOST_BYTES {
        return Err(format!("the memory was {peak} bytes (0 where the system does not say)"));
    }
    Ok(())
}

fn check(server: &Server, kind: &str, text: &str) -> Result<(Value, f64), String> {
    let constraint = json!({"enabled": true, "type": kind, "schema": text});
    server.post("/api/constraint/check", &json!({ "constraint": constraint }))
}

/// Two hundred of them, of every kind.
fn constraints() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for step in 1..=10usize {
        let thousands = 1000 * step;
        let prime = 99_999_989 - 1_234_567 * step;
        let depth = 2 + step;
        all.extend([
            ("json_schema", format!(r#"{{"type":"integer","multipleOf":{prime}}}"#)),
            ("json_schema", format!(r#"{{"type":"number","multipleOf":0.{prime}}}"#)),
            ("json_schema", format!(r#"{{"items":{{"type":"integer","multipleOf":{}}}}}"#, 31_536_000 * step)),
            ("json_schema", format!(r#"{{"type":"string","maxLength":{}}}"#, 100_000 * thousands)),
            ("json_schema", format!(r#"{{"type":"array","minItems":{thousands}0,"items":{{"type":"array","minItems":{thousands}}}}}"#)),
            ("json_schema", format!(r#"{{"type":"string","pattern":"^(([a-z]{{{thousands}}}){{99}}){{9}}$"}}"#)),
            ("json_schema", format!(r#"{{"allOf":[{}]}}"#, (0..10 * step).map(|n| format!(r#"{{"pattern":"a{{{n},}}b"}}"#)).collect::<Vec<_>>().join(","))),
            ("json_schema", format!(r#"{{"allOf":[{{"multipleOf":{}}},{{"multipleOf":{}}}],"type":"integer"}}"#, 9973 + step, 9871 - step)),
            ("regex", "x*".repeat(6 * thousands)),
            ("regex", "x?".repeat(2 * thousands)),
            ("regex", format!("({}){{{thousands}}}", "ab?".repeat(20))),
            ("regex", format!("{}a{}", "(".repeat(depth), "{9})".repeat(depth))),
            ("regex", format!("(a|b)*a(a|b){{{thousands}}}")),
            ("regex", format!(r"(\w{{{thousands}}}\W?){{50}}")),
            ("regex", format!("({}){{90}}", (0..thousands / 5).map(|n| format!("{n}+")).collect::<Vec<_>>().join("|"))),
            ("cfg", format!("start: A\nA: \"{}\"", "long ".repeat(9 * thousands))),
            ("cfg", format!("start: A~{thousands}\nA: /[a-z]{{{thousands}}}/")),
            ("cfg", {
                let names: Vec<String> = (0..2 + 3 * step).map(|n| format!("A{n}: A{} A{}", n + 1, n + 1)).collect();
                format!("start: A0\n{}\nA{}: \"ab\"", names.join("\n"), names.len())
            }),
            ("cfg", format!("start: %json {{\"type\":\"integer\",\"multipleOf\":{prime}}}")),
            ("multiple_choice", (0..thousands).map(|n| format!("{n} {}\n", "choice ".repeat(6))).collect()),
        ]);
    }
    all
}

/// Looks at the memory of a process and its children until it is dropped.
struct Memory {
    peak: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Memory {
    fn watch(process: Process) -> Self {
        let memory = Memory { peak: Arc::default(), is_over: Arc::default() };
        let (peak, is_over) = (Arc::clone(&memory.peak), Arc::clone(&memory.is_over));
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                peak.fetch_max(process.bytes_with_children(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        memory
    }

    fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
