//! A hub on a loopback socket, with files from memory, that can be told to misbehave. It is written
//! on bare sockets because that is where downloads go wrong: it cuts, stalls and lies to the byte.
//!
//! It needs `serde_json` and `sha2` and nothing of the crate around it, so other crates' tests can
//! have it by `#[path]`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The commit a fake hub's branches stand at in the beginning.
pub(crate) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// What the hub does instead of answering as it should.
#[derive(Debug, Clone)]
pub(crate) enum Mischief {
    /// Closes the connection after so many bytes of content.
    CutAfter(usize),
    /// Sends nothing more after so many bytes of content, and keeps the connection.
    StallAfter(usize),
    /// Sends so many bytes at a time, with pauses of 20 ms.
    Drip(usize),
    /// Takes the request and never answers.
    Silence,
    /// Answers with a status, headers and no content.
    Refuse(u16, Vec<(&'static str, String)>),
    /// Answers with this text.
    Answer(String),
    /// Sends the whole file, whatever part was asked for.
    IgnoreRange,
    /// Announces a size that is wrong by so many bytes.
    WrongSize(i64),
    /// Sends content whose first byte is wrong.
    Damage,
    /// Leaves sizes and etags out of the listing.
    BareListing,
    /// Puts another file where this one is, before it answers.
    Replace(Vec<u8>),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) authorization: Option<String>,
    sent: Arc<AtomicUsize>,
}

impl Request {
    /// Bytes of content sent for it.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

/// A running hub. It ends when it is dropped.
pub(crate) struct FakeHub {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    stop: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Files by "repository/file".
    files: BTreeMap<String, Content>,
    /// (part of the path, how often, what).
    mischief: Vec<(String, usize, Mischief)>,
    requests: Vec<Request>,
    /// Where large files really are.
    storage: Option<String>,
    token: Option<String>,
    commit: String,
}

#[derive(Clone)]
struct Content {
    bytes: Arc<Vec<u8>>,
    etag: String,
    is_large: bool,
}

impl Content {
    fn new(bytes: Vec<u8>, is_large: bool) -> Self {
        let digest = Sha256::digest(&bytes);
        let mut etag: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        // Small files have git's hash, which is shorter. Which hash it is, no client looks at.
        if !is_large {
            etag.truncate(40);
        }
        Content { bytes: Arc::new(bytes), etag, is_large }
    }
}

impl FakeHub {
    /// Starts a hub without any repository.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.state().commit = COMMIT.to_owned();
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if for_thread.stop.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&for_thread);
                // A client that hangs up is what the tests are about.
                thread::spawn(move || serve(&stream, &shared, address).ok());
            }
        });
        FakeHub { address, shared }
    }

    /// Its address, as in `HF_ENDPOINT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds or replaces a small file.
    pub(crate) fn add(&self, repo: &str, file: &str, content: impl Into<Vec<u8>>) {
        let content = Content::new(content.into(), false);
        self.shared.state().files.insert(format!("{repo}/{file}"), content);
    }

    /// Adds or replaces a file of the kind that has a checksum.
    pub(crate) fn add_large(&self, repo: &str, file: &str, content: impl Into<Vec<u8>>) {
        let content = Content::new(content.into(), true);
        self.shared.state().files.insert(format!("{repo}/{file}"), content);
    }

    /// Sends whoever wants a large file to another hub, which has to have it too.
    pub(crate) fn store_large_files_at(&self, other: &FakeHub) {
        self.shared.state().storage = Some(other.endpoint());
    }

    /// Demands a token.
    pub(crate) fn demand_token(&self, token: &str) {
        self.shared.state().token = Some(token.to_owned());
    }

    /// Moves all branches to another commit.
    pub(crate) fn move_to(&self, commit: &str) {
        self.shared.state().commit = commit.to_owned();
    }

    /// Misbehaves in the next `times` requests whose path contains `path`.
    pub(crate) fn misbehave(&self, path: &str, times: usize, mischief: Mischief) {
        self.shared.state().mischief.push((path.to_owned(), times, mischief));
    }

    /// Behaves from now on.
    pub(crate) fn behave(&self) {
        self.shared.state().mischief.clear();
    }

    /// All requests since the last time this was asked.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.state().requests)
    }

    /// "method path" of all requests since the last time, sorted.
    pub(crate) fn take_paths(&self) -> Vec<String> {
        let requests = self.take_requests();
        let mut paths: Vec<_> =
            requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
        paths.sort();
        paths
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn hold(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl State {
    fn mischief(&mut self, path: &str) -> Option<Mischief> {
        let fits = |(part, times, _): &&mut (String, usize, Mischief)| {
            *times > 0 && path.contains(&**part)
        };
        let (_, times, mischief) = self.mischief.iter_mut().find(fits)?;
        *times -= 1;
        Some(mischief.clone())
    }
}

/// What is sent.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn refusal(status: u16, code: &str) -> Self {
        Answer { status, headers: vec![("X-Error-Code", code.to_owned())], body: Vec::new() }
    }
}

/// Serves the one request of a connection.
fn serve(mut stream: &TcpStream, shared: &Shared, address: SocketAddr) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    stream.peek(&mut first)?;
    // The first byte of TLS, which it does not speak.
    if first == [0x16] {
        return stream.write_all(b"HTTP/1.1 400 x\r\n\r\n");
    }
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        range: None,
        authorization: None,
        sent: Arc::default(),
    };
    for line in lines.by_ref() {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = Some(value.to_owned()),
            "authorization" => request.authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let (answer, mischief) = {
        let mut state = shared.state();
        let mischief = state.mischief(path);
        let answer = answer(&mut state, &request, mischief.as_ref(), address);
        state.requests.push(request.clone());
        (answer, mischief)
    };
    if matches!(mischief, Some(Mischief::Silence)) {
        shared.hold();
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} x\r\nConnection: close\r\n", answer.status);
    if !answer.headers.iter().any(|(name, _)| *name == "Content-Length") {
        write!(head, "Content-Length: {}\r\n", answer.body.len()).unwrap();
    }
    for (name, value) in &answer.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    if request.method == "HEAD" {
        return Ok(());
    }
    let size = answer.body.len();
    let (until, piece, pause) = match mischief {
        Some(Mischief::CutAfter(n) | Mischief::StallAfter(n)) => (n.min(size), size.max(1), 0),
        Some(Mischief::Drip(n)) => (size, n, 20),
        _ => (size, size.max(1), 0),
    };
    // Noted before it is sent: whoever has received it may look.
    for part in answer.body[..until].chunks(piece) {
        request.sent.fetch_add(part.len(), Ordering::Relaxed);
        stream.write_all(part)?;
        thread::sleep(Duration::from_millis(pause));
        if shared.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
    if matches!(mischief, Some(Mischief::StallAfter(_))) {
        shared.hold();
    }
    Ok(())
}

fn answer(
    state: &mut State,
    request: &Request,
    mischief: Option<&Mischief>,
    address: SocketAddr,
) -> Answer {
    if let Some(Mischief::Refuse(status, headers)) = mischief {
        return Answer { status: *status, headers: headers.clone(), body: Vec::new() };
    }
    if let Some(Mischief::Answer(text)) = mischief {
        return Answer { status: 200, headers: Vec::new(), body: text.clone().into_bytes() };
    }
    let is_stored = request.path.starts_with("/storage/");
    // Its addresses are signed for one method.
    if is_stored && request.method == "HEAD" {
        return Answer { status: 403, headers: Vec::new(), body: Vec::new() };
    }
    let token = state.token.as_ref().map(|token| format!("Bearer {token}"));
    if token.is_some() && request.authorization != token && !is_stored {
        let code = if request.authorization.is_some() { "" } else { "GatedRepo" };
        return Answer::refusal(401, code);
    }
    let path = unescape(request.path.split('?').next().unwrap_or_default());
    let path = &*path;
    if let Some((repo, revision)) =
        path.strip_prefix("/api/models/").and_then(|path| path.split_once("/revision/"))
    {
        return listing(state, repo, revision, matches!(mischief, Some(Mischief::BareListing)));
    }
    let key = match path
        .split_once("/resolve/")
        .and_then(|(repo, rest)| Some((repo.trim_start_matches('/'), rest.split_once('/')?.1)))
    {
        Some((repo, file)) => format!("{repo}/{file}"),
        None => path.trim_start_matches("/storage/").to_owned(),
    };
    if let (Some(Mischief::Replace(bytes)), Some(old)) = (mischief, state.files.get(&key)) {
        let new = Content::new(bytes.clone(), old.is_large);
        state.files.insert(key.clone(), new);
    }
    let Some(content) = state.files.get(&key).cloned() else {
        return Answer::refusal(404, "EntryNotFound");
    };
    let redirect = match &state.storage {
        Some(storage)
            if content.is_large && !is_stored && *storage != format!("http://{address}") =>
        {
            Some(format!("{storage}/storage/{key}"))
        }
        _ => None,
    };
    file(state, &content, request, mischief, redirect)
}

/// The text with its `%2F` and the like as they are meant.
fn unescape(path: &str) -> String {
    let mut parts = path.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(2);
        text.push(u8::from_str_radix(code, 16).unwrap().into());
        text.push_str(rest);
    }
    text
}

fn listing(state: &State, repo: &str, revision: &str, is_bare: bool) -> Answer {
    let prefix = format!("{repo}/");
    let siblings: Vec<Value> = state
        .files
        .iter()
        .filter_map(|(key, content)| {
            let name = key.strip_prefix(&prefix)?;
            let size = content.bytes.len();
            let mut sibling = json!({"rfilename": name});
            if !is_bare {
                sibling["size"] = size.into();
                sibling["blobId"] = content.etag[..40].into();
            }
            if content.is_large && !is_bare {
                sibling["lfs"] = json!({"sha256": content.etag, "size": size, "pointerSize": 134});
            }
            Some(sibling)
        })
        .collect();
    if siblings.is_empty() {
        return Answer::refusal(401, "RepoNotFound");
    }
    if !["main", "v1", "refs/pr/1", &*state.commit, COMMIT].contains(&revision) {
        return Answer::refusal(404, "RevisionNotFound");
    }
    let sha = if revision == COMMIT { COMMIT } else { &*state.commit };
    let body = json!({"id": repo, "sha": sha, "siblings": siblings});
    Answer { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
}

fn file(
    state: &State,
    content: &Content,
    request: &Request,
    mischief: Option<&Mischief>,
    redirect: Option<String>,
) -> Answer {
    let size = content.bytes.len();
    let lie = if let Some(Mischief::WrongSize(by)) = mischief { *by } else { 0 };
    let announced = size.checked_add_signed(lie as isize).unwrap();
    let mut headers = vec![("X-Repo-Commit", state.commit.clone())];
    if content.is_large && !request.path.starts_with("/storage/") {
        headers.push(("X-Linked-Etag", format!("\"{}\"", content.etag)));
        headers.push(("X-Linked-Size", announced.to_string()));
        headers.push(("ETag", "\"the-storage-has-its-own\"".to_owned()));
    } else {
        headers.push(("ETag", format!("\"{}\"", content.etag)));
    }
    if let Some(location) = redirect {
        headers.push(("Location", location));
        return Answer { status: 302, headers, body: Vec::new() };
    }
    let mut bytes = content.bytes.to_vec();
    if matches!(mischief, Some(Mischief::Damage)) {
        bytes[0] ^= 1;
    }
    let start = request
        .range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let (status, body) = match start {
        Some(_) if matches!(mischief, Some(Mischief::IgnoreRange)) => (200, bytes),
        Some(start) if start >= size => return Answer { status: 416, headers, body: Vec::new() },
        Some(start) => {
            headers.push(("Content-Range", format!("bytes {start}-{}/{announced}", size - 1)));
            (206, bytes.split_off(start))
        }
        None => (200, bytes),
    };
    if request.method == "HEAD" || (lie != 0 && status == 200) {
        headers.push(("Content-Length", announced.to_string()));
    }
    Answer { status, headers, body }
}
