//! `cargo xtask bench`: what loading costs, measured on the release build as its users meet it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::shell;

const BUILTIN: &str = "builtin:smollm2-135m-instruct";
const RUNS: usize = 5;
const LONGEST_LOAD: Duration = Duration::from_secs(600);

/// Loads each model a few times, each in a fresh process; files are warm after the first run.
pub(crate) fn run(models: &[&str]) -> Result<(), String> {
    shell::run(".", "cargo", &["build", "--release", "--package", "tokenscope-server"])?;
    shell::run(".", "target/release/tokenscope", &["--fetch-builtin"])?;
    let models = if models.is_empty() { &[BUILTIN][..] } else { models };
    eprintln!("\nload: median of {RUNS} runs, the first (perhaps cold) run apart");
    eprintln!(
        "{:>9} {:>9} {:>9} {:>9} {:>11} {:>11}  model",
        "first s", "median s", "files MB", "peak MB", "status p50", "status p99"
    );
    for model in models {
        let first = measure(model)?;
        let mut rest: Vec<Load> =
            (0..RUNS).map(|_| measure(model)).collect::<Result<_, String>>()?;
        rest.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let mut answers: Vec<f64> =
            rest.iter().flat_map(|load| load.status_milliseconds.clone()).collect();
        answers.sort_by(f64::total_cmp);
        let percentile = |p: f64| answers[((answers.len() - 1) as f64 * p) as usize];
        let megabytes = |bytes: Option<u64>| {
            bytes.map_or("?".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
        };
        eprintln!(
            "{:>9.2} {:>9.2} {:>9} {:>9} {:>8.2} ms {:>8.2} ms  {model} ({} answers)",
            first.seconds,
            rest[RUNS / 2].seconds,
            megabytes(bytes_of(model)),
            megabytes(rest.iter().filter_map(|load| load.peak_memory).max()),
            percentile(0.5),
            percentile(0.99),
            answers.len(),
        );
    }
    Ok(())
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

fn measure(model: &str) -> Result<Load, String> {
    let server = Server::start("target/release/tokenscope", model)?;
    let started = Instant::now();
    let mut status_milliseconds = Vec::new();
    while started.elapsed() < LONGEST_LOAD {
        let asked = Instant::now();
        let status = server.get("/api/model/status")?;
        status_milliseconds.push(asked.elapsed().as_secs_f64() * 1e3);
        if let Some(error) = status["error"].as_str() {
            return Err(error.to_owned());
        }
        if let Some(notice) = status["notice"].as_str() {
            return Err(notice.to_owned());
        }
        if let Some(seconds) = status["load_seconds"].as_f64() {
            return Ok(Load { seconds, peak_memory: server.peak_memory(), status_milliseconds });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(format!("{model} did not load within {LONGEST_LOAD:?}"))
}

/// Bytes of the weights of a file or folder.
fn bytes_of(model: &str) -> Option<u64> {
    let path = if model == BUILTIN {
        let printed = shell::output(
            shell::root().join("target/release/tokenscope").to_str()?,
            &["--fetch-builtin"],
        )?;
        printed.into()
    } else {
        Path::new(model).to_owned()
    };
    if path.is_file() {
        return path.metadata().ok().map(|metadata| metadata.len());
    }
    let files = std::fs::read_dir(path).ok()?.flatten();
    let weights = files.filter(|file| file.path().extension().is_some_and(|e| e == "safetensors"));
    Some(weights.filter_map(|file| file.path().metadata().ok()).map(|m| m.len()).sum())
}
