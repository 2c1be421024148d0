//! The program itself: what it starts and where, how it ends, and what it finds when it starts again.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tokenscope");

fn tiny(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(name)
}

/// Puts a shell script into a folder, under the name of a program.
fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program with nothing of the user's, and no network: a package index that refuses connections.
fn program(cache: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--cache").arg(cache).stdin(Stdio::null()).stdout(Stdio::piped());
    command.env("PIP_INDEX_URL", "http://127.0.0.1:9/").env("PIP_RETRIES", "0");
    command.env("UV_INDEX_URL", "http://127.0.0.1:9/").env("UV_HTTP_RETRIES", "0");
    command
}

/// A server, killed with this value.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server and waits until it listens.
    fn start(cache: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = program(cache);
        command.args(["--port", "0"]).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it ended").unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        thread::spawn(move || lines.for_each(drop));
        Server { child, address }
    }

    /// Sends a request and returns the connection.
    fn send(&self, head: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, len) = (&self.address, body.len());
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {len}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }

    fn status(&self) -> String {
        rest_of(self.send("GET /api/model/status", ""))
    }

    fn is_ready(&self) -> bool {
        !self.status().contains("\"load_seconds\":null")
    }

    fn signal(&self, name: &str) {
        let status =
            Command::new("/bin/kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
}

fn rest_of(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

/// Waits until something is so. Nothing is said about how long that may take.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn nothing_of_the_current_folder_is_run() {
    let (here, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mark = here.path().join("was-run");
    let marks = format!("echo \"$0\" >> '{}'; exit 1", mark.display());
    for name in ["python", "python3", "pip", "pip3", "uv", "xdg-open"] {
        script(here.path(), name, &marks);
    }
    fs::create_dir(here.path().join("bin")).unwrap();
    script(&here.path().join("bin"), "python3", &marks);
    let python = format!("open({mark:?}, 'a').write(__name__)\n");
    for module in ["pip.py", "sitecustomize.py", "usercustomize.py", "runpy.py"] {
        fs::write(here.path().join(module), &python).unwrap();
    }
    let absolute = std::env::var("PATH").unwrap_or_default();
    for path in [":.:bin:./bin".to_owned(), format!(":.:bin:{absolute}")] {
        let mut command = program(cache.path());
        command.arg("--fetch-builtin").current_dir(here.path());
        command.env("PATH", &path).env("PYTHONPATH", ":lib");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let ran = fs::read_to_string(&mark).unwrap_or_default();
        assert!(!output.status.success() && ran.is_empty(), "{path}: {ran}\n{said}");
    }
}

/// A folder with a `python3` that fetches for ever, and tells its process id.
fn endless_installer() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    script(folder.path(), "python3", &format!("echo $$ > '{}'; exec sleep 1000", told.display()));
    (folder, told)
}

fn is_running(id: &str) -> bool {
    // A child whose parent is gone is waited for by process 1, sooner or later.
    let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn work_folders(cache: &Path) -> usize {
    let entries = fs::read_dir(cache.join("builtin")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("fetching-")).count()
}

/// A server in the middle of a fetch: itself, the process that fetches, and what is to be kept for them.
fn fetching(cache: &Path) -> (Server, String, tempfile::TempDir) {
    let (programs, told) = endless_installer();
    let path =
        format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap_or_default());
    let server = Server::start(cache, |command| {
        command.args(["--model", "builtin:smollm2-135m-instruct"]).env("PATH", path);
    });
    let id = || fs::read_to_string(&told).unwrap_or_default().trim().to_owned();
    until("the installer runs", || !id().is_empty() && is_running(&id()));
    assert_eq!(work_folders(cache), 1);
    (server, id(), programs)
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_fetch_leaves_no_child_and_its_folder_goes_at_the_next_start() {
    let cache = tempfile::tempdir().unwrap();
    let (mut server, installer, _programs) = fetching(cache.path());
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    until("the installer has ended", || !is_running(&installer));
    assert_eq!(work_folders(cache.path()), 1);
    let _next = Server::start(cache.path(), |command| {
        command.arg("--offline").arg("--model").arg(tiny("gpt2"));
    });
    until("the folder is gone", || work_folders(cache.path()) == 0);
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_ends_a_fetch_with_all_that_belongs_to_it() {
    let cache = tempfile::tempdir().unwrap();
    let (mut server, installer, _programs) = fetching(cache.path());
    server.signal("TERM");
    let status = server.child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    assert!(!is_running(&installer));
    assert_eq!(work_folders(cache.path()), 0);
}

/// An attribution that takes the tiny model half a minute.
fn long_work() -> String {
    let ids: Vec<String> = (0..240).map(|id| (6 + id % 50).to_string()).collect();
    format!(
        r#"{{"use_chat_template":false,"completion_ids":[{}],"target_index":239,
            "method":"integrated_gradients","options":{{"steps":1000}}}}"#,
        ids.join(",")
    )
}

/// A server whose model is ready and kept busy by a long attribution, of which one line has come; and
/// that answer's connection.
fn attributing(cache: &Path) -> (Server, BufReader<TcpStream>) {
    let server = Server::start(cache, |command| {
        command.args(["--offline", "--threads", "1"]).arg("--model").arg(tiny("gpt2"));
    });
    until("the model is ready", || server.is_ready());
    let mut answer = BufReader::new(server.send("POST /api/attribution/matrix", &long_work()));
    let mut line = String::new();
    while !line.contains("row") {
        line.clear();
        assert_ne!(answer.read_line(&mut line).unwrap(), 0, "it ended");
        assert!(!line.contains("detail"), "{line}");
    }
    (server, answer)
}

#[test]
fn answers_in_flight_say_why_they_end() {
    for signal in ["TERM", "INT"] {
        let cache = tempfile::tempdir().unwrap();
        let (mut server, mut lines) = attributing(cache.path());
        let events = server.send("GET /api/events", "");
        let waiting = server.send("POST /api/attribution", &long_work());
        // It is there when a later request has been answered.
        server.status();
        server.signal(signal);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        let last = rest.lines().rfind(|line| line.contains('{')).unwrap_or_default();
        assert!(last.contains("\"code\":\"server_ending\""), "{signal}: {last}");
        let answer = rest_of(waiting);
        assert!(
            answer.starts_with("HTTP/1.1 503 ") && answer.contains("server_ending"),
            "{answer}"
        );
        assert!(rest_of(events).contains("event: status"));
        let status = server.child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_model_file_that_is_cut_costs_the_model_and_not_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.gguf");
    fs::copy(tiny("llama/model.gguf"), &model).unwrap();
    let server = Server::start(folder.path(), |command| {
        command.arg("--offline").arg("--model").arg(&model);
    });
    until("the model is ready", || server.is_ready());
    let preview = || rest_of(server.send("POST /api/preview", r#"{"prompt":"a b"}"#));
    assert!(preview().starts_with("HTTP/1.1 200 "));
    fs::OpenOptions::new().write(true).open(&model).unwrap().set_len(4096).unwrap();
    let answer = preview();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("model.gguf was shortened from 579200 to 4096 bytes"), "{answer}");
    until("the status says so", || server.status().contains("was shortened"));
    // The next model is loaded as ever.
    let body = format!(r#"{{"model_id":"{}"}}"#, tiny("gpt2").display());
    assert!(rest_of(server.send("POST /api/model/load", &body)).starts_with("HTTP/1.1 200 "));
    until("the next model is ready", || server.is_ready());
    assert!(preview().starts_with("HTTP/1.1 200 "));
}

/// The limit of a process's open files, and how many it has open.
#[cfg(target_os = "linux")]
fn let_open_no_more_files(id: u32, more: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let open = fs::read_dir(format!("/proc/{id}/fd")).unwrap().count() as u64;
    let pid = Pid::from_raw(id.try_into().unwrap());
    let limit = Rlimit { current: Some(open + more), maximum: Some(open + more) };
    prlimit(pid, Resource::Nofile, limit).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn slow_connections_keep_nobody_out_even_without_a_file_descriptor() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(cache.path(), |command| {
        command.arg("--offline").arg("--model").arg(tiny("gpt2"));
    });
    until("the model is ready", || server.is_ready());
    // Fewer than it reckoned with when it started.
    let_open_no_more_files(server.child.id(), 20);
    let slow: Vec<TcpStream> = (0..100)
        .map(|turn| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            // Some have been closed already, to make room.
            let _ = stream.write_all(&b"GET /api/model/status HT"[..turn % 24]);
            stream
        })
        .collect();
    for _ in 0..20 {
        let status = server.status();
        assert!(status.starts_with("HTTP/1.1 200 "), "{status}");
    }
    drop(slow);
}
