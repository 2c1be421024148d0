//! The browser's part of the tests: the program, a real model, a real Chromium.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shell;

/// Starts the program on a free port and lets Chromium step through a completion. Screenshots go
/// to `target/screenshots`.
pub(crate) fn run(chromium: &str) -> Result<(), String> {
    let (server, url) = start_server()?;
    let out = shell::root().join("target/screenshots");
    let out = out.to_str().ok_or("the project's path is not text")?;
    let variables = [("CHROMIUM", chromium)];
    let result =
        shell::run_with("web", "node", &["e2e/steps.mjs", "--url", &url, "--out", out], &variables);
    drop(server);
    result
}

/// Ends the server with the checks, however they end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> Result<(Server, String), String> {
    let program = "target/debug/tokenscope";
    let mut child = Command::new(shell::root().join(program))
        .args(["--port", "0", "--offline", "--model", "builtin:smollm2-135m-instruct"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let stderr = child.stderr.take().expect("stderr was asked for");
    let server = Server(child);
    let mut lines = BufReader::new(stderr).lines();
    while let Some(Ok(line)) = lines.next() {
        let words = line.split_whitespace();
        if let Some(url) = words.into_iter().find(|word| word.starts_with("http://")) {
            let url = url.to_owned();
            // Somebody must go on reading, or the server stops when the pipe is full.
            std::thread::spawn(move || {
                lines.map_while(Result::ok).for_each(|line| eprintln!("  {line}"));
            });
            return Ok((server, url));
        }
    }
    Err(format!("{program} ended before it said where it listens"))
}
