//! `tokenscope-bench`: a model under the clock, one command per line.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use tokenscope_bench::{Run, Session, machine};
use tokenscope_tokens::TokenId;

/// Times a model without a server. Reads commands from standard input, one a line, and answers each
/// with a line of JSON.
#[derive(Parser)]
#[command(name = "tokenscope-bench", after_help = COMMANDS)]
struct Cli {
    /// A .gguf file, or a folder with config.json and safetensors; without one there is only the
    /// machine.
    model: Option<PathBuf>,
    /// Threads to compute with [default: one per physical core of the fast kind].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

const COMMANDS: &str = "\
Commands:
  machine            what the machine is, and how fast it reads and multiplies
  model              what the model is
  prompt ID ID ...   the ids to run from now on; until then some ids all over the vocabulary
  prefill N          the first N in one pass
  decode N after M   the next N one by one, after the first M
  gradient N         the gradient of the largest logit after the first N";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let threads = cli.threads.map_or_else(tokenscope_model::default_threads, usize::from);
    let mut session = match cli.model.map(|model| Session::open(&model, threads)).transpose() {
        Ok(session) => session,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = answer(&words, session.as_mut(), threads);
        let answer = answer.unwrap_or_else(|error| json!({ "error": error }));
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn answer(words: &[&str], session: Option<&mut Session>, threads: usize) -> Result<Value, String> {
    if words == ["machine"] {
        return Ok(machine::facts(threads));
    }
    let session = session.ok_or("no model was named when the program was started")?;
    match words {
        ["model"] => Ok(session.facts()),
        ["prompt", ids @ ..] => {
            let ids: Result<Vec<u32>, _> = ids.iter().map(|id| number(id)).collect();
            let ids: Vec<TokenId> = ids?.into_iter().map(TokenId).collect();
            let n = ids.len();
            session.set_prompt(ids)?;
            Ok(json!({ "tokens": n }))
        }
        ["prefill", n] => session.prefill(number(n)?).map(timed),
        ["decode", n, "after", m] => session.decode(number(n)?, number(m)?).map(timed),
        ["gradient", n] => session.gradient(number(n)?).map(timed),
        _ => Err(format!("this is not a command: {}", words.join(" "))),
    }
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("expected a number, found {word:?}"))
}

fn timed(run: Run) -> Value {
    json!({ "milliseconds": run.elapsed.as_secs_f64() * 1e3, "top": run.top.0 })
}
