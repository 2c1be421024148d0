//! The program `tokenscope-bench`: asked line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::samples::Samples;
use crate::shell;

const PATH: &str = "target/release/tokenscope-bench";

/// A running program; it ends with the value that holds it.
pub(super) struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    pub(super) fn start(model: Option<&Path>, options: &[String]) -> Result<Self, String> {
        let mut child = Command::new(shell::root().join(PATH))
            .args(options)
            .args(model)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {PATH}: {error}"))?;
        let input = child.stdin.take().expect("stdin was asked for");
        let output = BufReader::new(child.stdout.take().expect("stdout was asked for"));
        Ok(Program { child, input, output })
    }

    /// The answer to a command.
    pub(super) fn ask(&mut self, command: &str) -> Result<Value, String> {
        let failed = |error: std::io::Error| format!("{PATH}: {command}: {error}");
        writeln!(self.input, "{command}").map_err(failed)?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(failed)?;
        if line.is_empty() {
            return Err(format!("{PATH}: {command}: it ended"));
        }
        let answer: Value =
            serde_json::from_str(&line).map_err(|error| format!("{PATH}: {command}: {error}"))?;
        match answer["error"].as_str() {
            Some(error) => Err(format!("{command}: {error}")),
            None => Ok(answer),
        }
    }

    /// Times a command again and again. The first time warms up and does not count, unless it has
    /// used up the budget alone.
    pub(super) fn time(
        &mut self,
        command: &str,
        most: usize,
        budget: Duration,
    ) -> Result<Samples, String> {
        let mut once = |_| {
            let answer = self.ask(command)?;
            answer["milliseconds"].as_f64().ok_or_else(|| format!("{command}: no time came back"))
        };
        let started = Instant::now();
        let first = once(0)?;
        match budget.checked_sub(started.elapsed()) {
            Some(rest) => Samples::take(most, rest, once),
            None => Ok(Samples::new(vec![first])),
        }
    }
}
