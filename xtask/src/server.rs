//! The program under test: started on a free port, ended with the value that holds it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::shell;

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program of the target folder, offline, with a model, and waits until it listens.
    pub(crate) fn start(program: &str, model: &str) -> Result<Self, String> {
        let mut child = Command::new(shell::root().join(program))
            .args(["--port", "0", "--offline", "--model", model])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let stderr = child.stderr.take().expect("stderr was asked for");
        let mut server = Server { child, url: String::new() };
        let mut lines = BufReader::new(stderr).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                server.url = url.to_owned();
                // Somebody must go on reading, or the server stops when the pipe is full.
                std::thread::spawn(move || {
                    lines.map_while(Result::ok).for_each(|line| eprintln!("  {line}"));
                });
                return Ok(server);
            }
        }
        Err(format!("{program} ended before it said where it listens"))
    }

    /// The answer to a GET.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        let host = self.url.trim_start_matches("http://");
        let failed = |error: std::io::Error| format!("{host}{path}: {error}");
        let mut stream = TcpStream::connect(host).map_err(failed)?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        let body = body.ok_or_else(|| format!("{host}{path}: no HTTP answer"))?;
        serde_json::from_str(body).map_err(|error| format!("{host}{path}: {error}"))
    }

    /// The most memory it has had so far, in bytes (Linux only).
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024)
    }
}
