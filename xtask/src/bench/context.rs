//! How the cost of a token grows with the length of the context.

use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use crate::table::{Table, short};

const DECODED: usize = 8;
/// Longest that one number may take, except that one run is always made.
const BUDGET: Duration = Duration::from_secs(2);
/// Longer contexts are left out if one took longer than this.
const PATIENCE_MS: f64 = 5_000.0;

pub(super) fn table() -> Table {
    let columns = ["model", "tokens", "prefill ms", "prefill tokens/s", "decode ms per token"];
    let title = "Cost by length of the context: a prefill of that length in one pass, and the decode of \
                 8 tokens after it";
    Table::new("context", title, &columns)
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let mut program = bench.start_program()?;
    let limit = program.ask("model")?["context_length"].as_u64().unwrap_or(0) as usize;
    let mut results = Vec::new();
    let times = bench.times(5, 2);
    let mut last = 0.0;
    for n in [64, 128, 256, 512, 1024, 2048, 4096] {
        if n + DECODED > limit || last > PATIENCE_MS {
            break;
        }
        let prefill = program.time(&format!("prefill {n}"), times, BUDGET)?;
        let decode = program.time(&format!("decode {DECODED} after {n}"), times, BUDGET)?;
        last = prefill.median();
        rows.push(vec![
            bench.label.clone(),
            n.to_string(),
            short(last),
            short(n as f64 / last * 1e3),
            short(decode.median() / DECODED as f64),
        ]);
        results.push(json!({
            "tokens": n,
            "prefill": prefill.to_json(),
            "decode": decode.to_json(),
            "decode_tokens": DECODED,
        }));
    }
    Ok(results.into())
}
