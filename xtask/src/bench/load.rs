//! Seconds until a model answers, each time in a fresh process.

use std::path::Path;

use serde_json::{Value, json};

use super::Bench;
use super::samples::Samples;
use crate::table::{Table, short};

pub(super) fn table() -> Table {
    let columns =
        ["model", "first s", "median s", "files MB", "peak MB", "status p50", "status p99"];
    let title = "Loading, each time in a fresh process; the first run, whose files may be cold, apart. \
                 Status: how long the server took to say how far it is, in ms";
    Table::new("load", title, &columns)
}

/// What one load cost.
struct Load {
    /// As the server says.
    seconds: f64,
    /// Most memory of the process, in bytes.
    peak_memory: Option<u64>,
    /// How long each status took to come while the model was being loaded.
    status_milliseconds: Vec<f64>,
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let runs = bench.times(5, 2);
    let first = once(bench)?;
    let rest: Vec<Load> = (0..runs).map(|_| once(bench)).collect::<Result<_, String>>()?;
    let loads = Samples::new(rest.iter().map(|load| load.seconds * 1e3).collect());
    let answers = rest.iter().flat_map(|load| load.status_milliseconds.clone()).collect();
    let answers = Samples::new(answers);
    let peak = rest.iter().filter_map(|load| load.peak_memory).max();
    let files = bench.path.as_deref().and_then(bytes_of);
    let megabytes = |bytes: Option<u64>| {
        bytes.map_or("?".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
    };
    rows.push(vec![
        bench.label.clone(),
        short(first.seconds),
        short(loads.median() / 1e3),
        megabytes(files),
        megabytes(peak),
        short(answers.median()),
        short(answers.percentile(0.99)),
    ]);
    Ok(json!({
        "first_seconds": first.seconds,
        "load": loads.to_json(),
        "status": answers.to_json(),
        "file_bytes": files,
        "peak_bytes": peak,
    }))
}

fn once(bench: &Bench<'_>) -> Result<Load, String> {
    let server = bench.start_server()?;
    let mut status_milliseconds = Vec::new();
    let status = server.wait_until_ready(|milliseconds| status_milliseconds.push(milliseconds))?;
    Ok(Load {
        seconds: status["load_seconds"].as_f64().unwrap_or(f64::NAN),
        peak_memory: server.process().memory("VmHWM"),
        status_milliseconds,
    })
}

/// Bytes of the weights of a file or folder.
pub(super) fn bytes_of(path: &Path) -> Option<u64> {
    if path.is_file() {
        return path.metadata().ok().map(|metadata| metadata.len());
    }
    let files = std::fs::read_dir(path).ok()?.flatten();
    let weights = files.filter(|file| file.path().extension().is_some_and(|e| e == "safetensors"));
    Some(weights.filter_map(|file| file.path().metadata().ok()).map(|m| m.len()).sum())
}
