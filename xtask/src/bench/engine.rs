//! Prefill and decode without a server around them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Bench;
use crate::table::{Table, short};

const PREFILLS: [usize; 5] = [24, 40, 128, 512, 2048];
const DECODED: usize = 32;
const AFTER: usize = 512;
/// Longest that one number may take.
const BUDGET: Duration = Duration::from_secs(6);

pub(super) fn table() -> Table {
    let columns = [
        "model",
        "format",
        "parameters",
        "MB per token",
        "decode tokens/s",
        "GB/s",
        "of reading",
        "24",
        "40",
        "128",
        "512",
        "2048",
    ];
    let title = "Inside the engine, medians: decode of 32 tokens after 512 with the weights it reads per \
                 second and their part of the memory's speed, and tokens per second of a prefill in one \
                 pass by its length";
    Table::new("engine", title, &columns)
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let mut program = bench.start_program()?;
    let model = program.ask("model")?;
    let fact = |key: &str| model[key].as_f64().unwrap_or(f64::NAN);
    let limit = fact("context_length") as usize;
    let times = bench.times(7, 3);

    let per_second = |tokens: usize, milliseconds: f64| tokens as f64 / milliseconds * 1e3;
    let mut prefills = Map::new();
    let mut cells = Vec::new();
    for n in PREFILLS {
        if n > limit {
            cells.push("–".to_owned());
            continue;
        }
        let samples = program.time(&format!("prefill {n}"), times, BUDGET)?;
        cells.push(short(per_second(n, samples.median())));
        prefills.insert(n.to_string(), samples.to_json());
    }
    let after = AFTER.min(limit - DECODED);
    let decode = program.time(&format!("decode {DECODED} after {after}"), times, BUDGET)?;
    let tokens = per_second(DECODED, decode.median());
    let gigabytes = tokens * fact("bytes_per_token") / 1e9;
    let ceiling = bench.machine["read_gb_per_s"].as_f64().unwrap_or(f64::NAN);
    let mut row = vec![
        bench.label.clone(),
        model["format"].as_str().unwrap_or("?").to_owned(),
        format!("{:.0} M", fact("parameters") / 1e6),
        short(fact("bytes_per_token") / 1e6),
        short(tokens),
        short(gigabytes),
        format!("{:.0} %", gigabytes / ceiling * 100.0),
    ];
    row.extend(cells);
    rows.push(row);
    Ok(json!({
        "model": model,
        "prefill": prefills,
        "decode": decode.to_json(),
        "decode_tokens": DECODED,
        "decode_after": after,
        "decode_gb_per_s": gigabytes,
    }))
}
