//! The program under test: started on a free port, ended with the value that holds it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shell;

const LONGEST_LOAD: Duration = Duration::from_secs(600);

/// A running server, and one connection to it that is kept open.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    agent: ureq::Agent,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program of the target folder, offline, with a model, and waits until it listens.
    pub(crate) fn start(program: &str, model: &str, options: &[String]) -> Result<Self, String> {
        let mut child = Command::new(shell::root().join(program))
            .args(["--port", "0", "--offline", "--model", model])
            .args(options)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let stderr = child.stderr.take().expect("stderr was asked for");
        let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
        let mut server = Server { child, url: String::new(), agent: agent.into() };
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

    /// The status, once the model answers. `watch` is told how many milliseconds each status on the
    /// way took to come.
    pub(crate) fn wait_until_ready(&self, mut watch: impl FnMut(f64)) -> Result<Value, String> {
        let started = Instant::now();
        while started.elapsed() < LONGEST_LOAD {
            let (status, milliseconds) = self.get("/api/model/status")?;
            watch(milliseconds);
            // A stand-in for the model that was asked for would be measured in its place.
            if let Some(error) = status["error"].as_str().or(status["notice"].as_str()) {
                return Err(error.to_owned());
            }
            if status["load_seconds"].is_number() {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(format!("the model did not load within {LONGEST_LOAD:?}"))
    }

    /// The answer to a GET, and the milliseconds until it was there.
    pub(crate) fn get(&self, path: &str) -> Result<(Value, f64), String> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.timed(path, || request.call())
    }

    /// The answer to a POST, and the milliseconds until it was there.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<(Value, f64), String> {
        let body = body.to_string();
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.content_type("application/json");
        self.timed(path, || request.send(body))
    }

    /// The time ends with the last byte; making sense of them is not the server's work.
    fn timed(
        &self,
        path: &str,
        send: impl FnOnce() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<(Value, f64), String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}{path}: {error}", self.url);
        let started = Instant::now();
        let mut response = send().map_err(|error| failed(&error))?;
        let text = response.body_mut().read_to_string().map_err(|error| failed(&error))?;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        if !response.status().is_success() {
            return Err(failed(&format!("{} {text}", response.status())));
        }
        let value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        Ok((value, milliseconds))
    }

    /// What it takes of the machine (Linux only).
    pub(crate) fn process(&self) -> Process {
        Process { id: self.child.id() }
    }
}

/// A process as Linux sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    id: u32,
}

impl Process {
    /// A line of its status that counts kilobytes, in bytes: `VmRSS` is the memory it has now,
    /// `VmHWM` the most it has had, `RssAnon` the part that is no file.
    pub(crate) fn memory(self, line: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let rest = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
        let kilobytes: u64 = rest.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Bytes of memory that it and its children have now; 0 if that is not known.
    pub(crate) fn bytes_with_children(self) -> u64 {
        let own = format!("/proc/{}/task", self.id);
        let threads = std::fs::read_dir(own).into_iter().flatten().flatten();
        // Whichever thread started a child has it in its list.
        let children = threads
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<String> = children.collect();
        let ids = children.iter().flat_map(|ids| ids.split_whitespace());
        let children = ids.filter_map(|id| Some(Process { id: id.parse().ok()? }));
        std::iter::once(self).chain(children).filter_map(|each| each.memory("VmRSS")).sum()
    }

    /// Seconds it has computed so far, those of threads that have ended with the others, in steps of a hundredth.
    pub(crate) fn computed(self) -> Option<f64> {
        /// `USER_HZ`, in which Linux tells times to programs whatever it counts in itself.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id)).ok()?;
        // The name before the last parenthesis may hold anything; `utime` and `stime` are fields 14 and 15 of proc(5).
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
    }
}
