//! Over real sockets. Times that are to be met are short, and the others are never met.

use std::sync::Mutex;

use axum::body::Bytes;
use axum::extract::Extension;
use axum::routing::{get, post};
use futures_util::future::join_all;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, mpsc, watch};

use super::limits::{LARGEST_HEAD, MOST_HEADERS};
use super::*;

const LONG: Duration = Duration::from_secs(600);
/// Longer than it takes to send what is to be sent, also on a busy machine.
const SHORT: Duration = Duration::from_millis(250);

/// No time that a test could meet.
fn patient() -> Limits {
    Limits {
        connections: 8,
        per_client: 8,
        admitting: 2,
        leaving: 2,
        head: LONG,
        body: LONG,
        idle: LONG,
        read: LONG,
        leave: LONG,
        farewell: LONG,
    }
}

struct Server {
    address: SocketAddr,
    ending: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    /// The lines of `/lines`, which all of its answers share.
    lines: mpsc::UnboundedSender<&'static str>,
    /// Told when an answer of `/flood` is dropped.
    flood_ended: Arc<Notify>,
    /// About which connections was asked.
    admitted: Arc<Mutex<Vec<Ends>>>,
    /// Whether whoever was asked about is admitted at once, or has to wait.
    admits: watch::Sender<bool>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (lines, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        let flood_ended = Arc::new(Notify::new());
        let told = Arc::clone(&flood_ended);
        let app = Router::new()
            .route("/", get(async || "here"))
            .route("/ends", get(async |Extension(ends): Extension<Ends>| format!("{ends:?}")))
            .route("/admitted", get(async |Extension(by): Extension<&'static str>| by))
            .route("/body", post(read_body))
            .route("/ignored", post(async || "not read"))
            .route("/large", get(async || vec![b'x'; LARGE]))
            .route("/lines", get(async move || answer_with(receiver)))
            .route("/flood", get(async move || flood(told)));
        let ending = CancellationToken::new();
        let admitted: Arc<Mutex<Vec<Ends>>> = Arc::default();
        let asked = Arc::clone(&admitted);
        let (admits, is_open) = watch::channel(true);
        let admit = move |ends| {
            asked.lock().unwrap().push(ends);
            let mut is_open = is_open.clone();
            async move {
                let _ = is_open.wait_for(|is_open| *is_open).await;
                "by the test"
            }
        };
        let task = tokio::spawn(serve(listener, app, limits, admit, ending.clone()));
        Server { address, ending, task, lines, flood_ended, admitted, admits }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn send(&self, text: &str) -> Client {
        let mut client = self.connect().await;
        client.send(text).await;
        client
    }
}

/// More bytes than lie in the buffers of two sockets.
const LARGE: usize = 32 << 20;

async fn read_body(request: Request) -> Result<String, crate::ApiError> {
    let bytes = crate::extract::read_any(request).await?;
    Ok(format!("{} bytes", bytes.len()))
}

type Lines = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<&'static str>>>;

/// One line, and then those that the test sends.
fn answer_with(lines: Lines) -> Body {
    Body::from_stream(stream::unfold((lines, true), async |(lines, is_first)| {
        let line = match is_first {
            true => "first line\n",
            false => lines.lock().await.recv().await?,
        };
        Some((Ok::<_, Infallible>(Bytes::from_static(line.as_bytes())), (lines, false)))
    }))
}

/// Tells when it is dropped.
struct Tells(Arc<Notify>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Bytes without end.
fn flood(told: Arc<Notify>) -> Body {
    let bytes = Bytes::from(vec![b'x'; 64 << 10]);
    Body::from_stream(stream::unfold((bytes, Tells(told)), async |(bytes, tells)| {
        Some((Ok::<_, Infallible>(bytes.clone()), (bytes, tells)))
    }))
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that comes until the server hangs up, or nothing if it resets the connection.
    async fn until_closed(mut self) -> String {
        let mut text = Vec::new();
        let _ = self.0.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    /// All that comes up to this text.
    async fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            match self.0.read_u8().await {
                Ok(byte) => text.push(byte),
                Err(_) => panic!("{:?} is all", String::from_utf8_lossy(&text)),
            }
        }
        String::from_utf8(text).unwrap()
    }
}

const ASK: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn ask(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

const HALF_A_BODY: &str = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab";

/// The status of the last answer, and the `code` in it, which all errors of ours have.
fn verdict(answers: &str) -> (&str, Option<String>) {
    let last = answers.rfind("HTTP/1.1 ").map_or("", |at| &answers[at..]);
    let status = last.get(9..12).unwrap_or("");
    let body = last.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let code = serde_json::from_str::<serde_json::Value>(body).ok();
    (status, code.and_then(|body| Some(body.get("code")?.as_str()?.to_owned())))
}

#[tokio::test]
async fn whoever_is_slow_is_told_so() {
    let timeout = Some("request_timeout");
    let no_body = HALF_A_BODY.trim_end_matches("ab");
    let ignored = no_body.replace("/body", "/ignored");
    let two = format!("{ASK}GET");
    let half_a_chunk =
        "POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab";
    let head = || Limits { head: SHORT, ..patient() };
    let body = || Limits { body: SHORT, ..patient() };
    let idle = || Limits { idle: SHORT, ..patient() };
    let rows = [
        ("half a head", head(), "GET / HT", "408", timeout),
        ("half a header", head(), "GET / HTTP/1.1\r\nhost: lo", "408", timeout),
        ("half a second head, sent at once", idle(), &two, "408", timeout),
        ("half a body", body(), HALF_A_BODY, "408", timeout),
        ("no body", body(), no_body, "408", timeout),
        ("half a chunk", body(), half_a_chunk, "408", timeout),
        ("a body that nobody reads", patient(), &ignored, "200", None),
        ("nothing", idle(), "", "", None),
        ("nothing more", idle(), ASK, "200", None),
    ];
    // Side by side, since each waits.
    join_all(rows.map(async |(what, limits, sent, status, code)| {
        let server = Server::start(limits).await;
        let answer = server.send(sent).await.until_closed().await;
        assert_eq!(verdict(&answer), (status, code.map(str::to_owned)), "{what}: {answer}");
    }))
    .await;
    let server = Server::start(head()).await;
    let mut client = server.send(ASK).await;
    client.until("here").await;
    client.send("GET").await;
    assert_eq!(verdict(&client.until_closed().await).0, "408", "half a second head");
}

#[tokio::test]
async fn what_is_no_http_is_told_so_in_json() {
    let server = Server::start(patient()).await;
    let post = "POST /body HTTP/1.1\r\nhost: a\r\n";
    let chunked = format!("{post}transfer-encoding: chunked\r\n\r\n");
    let long = "x".repeat(2 * LARGEST_HEAD);
    for (what, sent, status, code) in [
        ("no method", "\u{1} / HTTP/1.1\r\n\r\n", "400", "not_http"),
        ("no request", "what is this\r\n\r\n", "400", "not_http"),
        ("TLS", "\u{16}\u{3}\u{1}\0\u{5}hello", "400", "not_http"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400", "not_http"),
        ("no header", "GET / HTTP/1.1\r\nwhat is this\r\n\r\n", "400", "not_http"),
        ("an address with a blank", "GET /a b HTTP/1.1\r\n\r\n", "400", "not_http"),
        (
            "a large header",
            &format!("GET / HTTP/1.1\r\na: {long}\r\n\r\n"),
            "431",
            "headers_too_large",
        ),
        (
            "a large header without end",
            &format!("GET / HTTP/1.1\r\na: {long}"),
            "431",
            "headers_too_large",
        ),
        ("a large address", &format!("GET /{long} HTTP/1.1\r\n\r\n"), "431", "headers_too_large"),
        (
            "many headers",
            &format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1)),
            "431",
            "headers_too_large",
        ),
        (
            "two lengths",
            &format!("{post}content-length: 2\r\ncontent-length: 3\r\n\r\nabc"),
            "400",
            "not_http",
        ),
        ("a strange length", &format!("{post}content-length: +2\r\n\r\nab"), "400", "not_http"),
        (
            "a strange coding",
            &format!("{post}transfer-encoding: gzip\r\n\r\nab"),
            "400",
            "not_http",
        ),
        ("a chunk of no size", &format!("{chunked}xy\r\nab"), "400", "unreadable_body"),
        ("a second chunk of no size", &format!("{chunked}1\r\na\r\nxy"), "400", "unreadable_body"),
        ("a chunk of another size", &format!("{chunked}1\r\nabc\r\n"), "400", "unreadable_body"),
        (
            "an endless chunk",
            &format!("{chunked}fffffffffffffffff\r\nab"),
            "400",
            "unreadable_body",
        ),
        (
            "a large body",
            &format!("{chunked}500000\r\n{}", "a".repeat(0x50_0000)),
            "413",
            "body_too_large",
        ),
    ] {
        let mut client = server.connect().await;
        // The server may have answered and stopped to read before all has been sent.
        let _ = client.0.write_all(sent.as_bytes()).await;
        let answer = client.until_closed().await;
        assert_eq!(verdict(&answer), (status, Some(code.to_owned())), "{what}: {answer}");
        assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{what}: {answer}");
        assert_eq!(answer.matches("\r\ncontent-length: ").count(), 1, "{what}: {answer}");
    }
    // After an answer as well.
    let mut client = server.send(ASK).await;
    client.until("here").await;
    client.send("\u{1}\r\n\r\n").await;
    assert_eq!(verdict(&client.until_closed().await).0, "400");
}

#[tokio::test]
async fn a_head_may_be_as_large_as_the_limit_says() {
    let server = Server::start(patient()).await;
    let sized = |bytes: usize| {
        let (start, end) = ("GET / HTTP/1.1\r\nconnection: close\r\na: ", "\r\n\r\n");
        format!("{start}{}{end}", "x".repeat(bytes - start.len() - end.len()))
    };
    let many = |count: usize| {
        format!("GET / HTTP/1.1\r\nconnection: close\r\n{}\r\n", "a: b\r\n".repeat(count - 1))
    };
    for (what, sent, status) in [
        ("the largest", sized(LARGEST_HEAD), "200"),
        ("a byte more", sized(LARGEST_HEAD + 1), "431"),
        ("most headers", many(MOST_HEADERS), "200"),
        ("a header more", many(MOST_HEADERS + 1), "431"),
    ] {
        let answer = server.send(&sent).await.until_closed().await;
        assert_eq!(verdict(&answer).0, status, "{what}: {answer}");
    }
}

#[tokio::test]
async fn whoever_waits_to_be_admitted_is_served_however_many_come_meanwhile() {
    let limits = patient();
    let most = limits.admitting;
    let server = Server::start(limits).await;
    server.admits.send_replace(false);
    let mut first = server.send(ASK).await;
    let mut others = Vec::new();
    for _ in 0..40 {
        others.push(server.connect().await);
    }
    // The server has had its turns: it accepts while the test connects.
    while server.admitted.lock().unwrap().len() < most {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.admitted.lock().unwrap().len(), most, "the rest waits to be accepted");
    server.admits.send_replace(true);
    first.until("here").await;
    server.send(ASK).await.until("here").await;
}

#[tokio::test]
async fn slow_connections_make_room_for_quick_ones() {
    let server = Server::start(patient()).await;
    let mut slow = Vec::new();
    for turn in 0..80 {
        slow.push(server.send(["", "GET / HTTP/1.1\r\n", HALF_A_BODY, ASK][turn % 4]).await);
    }
    let mut quick = server.send(ASK).await;
    assert!(quick.until("here").await.starts_with("HTTP/1.1 200"));
    // The first ones are gone, and the last ones still there.
    let last = slow.pop().unwrap();
    let first = slow.swap_remove(0);
    assert_eq!(first.until_closed().await, "");
    assert!(!matches!(last.0.try_read(&mut [0; 1]), Ok(0)));
}

#[tokio::test]
async fn answers_under_way_are_cut_neither_for_others_nor_by_the_time() {
    let limits = Limits { head: SHORT, body: SHORT, idle: SHORT, ..patient() };
    let most = limits.connections;
    let server = Server::start(limits).await;
    let mut streams = Vec::new();
    for _ in 0..most - 1 {
        let mut stream = server.send(&ask("/lines")).await;
        stream.until("first line\n").await;
        streams.push(stream);
    }
    // A younger one that asks nothing has met its limit.
    assert_eq!(server.connect().await.until_closed().await, "");
    let mut stream = server.send(&ask("/lines")).await;
    stream.until("first line\n").await;
    streams.push(stream);
    for _ in 0..10 {
        let answer = server.send(ASK).await.until_closed().await;
        assert_eq!(verdict(&answer), ("503", Some("too_many_connections".to_owned())), "{answer}");
        assert!(answer.contains("\r\nretry-after: "), "{answer}");
    }
    for _ in 0..most {
        server.lines.send("another line\n").unwrap();
    }
    for stream in &mut streams {
        stream.until("another line\n").await;
    }
    // There is room again as soon as the server has noticed that one is gone.
    drop(streams.pop());
    while verdict(&server.send(ASK).await.until_closed().await).0 != "200" {}
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut() {
    let server = Server::start(Limits { read: SHORT, ..patient() }).await;
    let client = server.send(&ask("/flood")).await;
    server.flood_ended.notified().await;
    drop(client);
}

#[tokio::test]
async fn an_answer_arrives_whole_before_the_server_hangs_up() {
    let server = Server::start(patient()).await;
    let request = ask("/large").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let answer = server.send(&request).await.until_closed().await;
    assert_eq!(answer.split_once("\r\n\r\n").map(|(_, body)| body.len()), Some(LARGE));
}

#[tokio::test]
async fn requests_may_come_at_once_or_in_pieces_or_wait_to_be_told() {
    let server = Server::start(patient()).await;
    let mut client = server.send(&[ask("/"), ask("/admitted"), ask("/ends")].concat()).await;
    for end in ["here", "by the test", " }"] {
        assert!(client.until(end).await.contains("HTTP/1.1 200 OK\r\n"));
    }
    let chunked =
        "POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    for byte in chunked.chars() {
        client.send(byte.encode_utf8(&mut [0; 4])).await;
        tokio::task::yield_now().await;
    }
    assert!(client.until("2 bytes").await.starts_with("HTTP/1.1 200 "));
    client
        .send("POST /body HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await;
    assert!(client.until("\r\n\r\n").await.starts_with("HTTP/1.1 100 "));
    client.send("abcde").await;
    assert!(client.until("5 bytes").await.starts_with("HTTP/1.1 200 "));
    client.send("HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let answer = client.until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn requests_know_their_connection_and_it_is_asked_about_once() {
    let server = Server::start(patient()).await;
    let mut clients = [server.connect().await, server.connect().await];
    for client in &mut clients {
        let ends = Ends { peer: client.0.local_addr().unwrap(), local: server.address };
        for _ in 0..3 {
            client.send(&ask("/ends")).await;
            assert!(client.until(" }").await.ends_with(&format!("{ends:?}")));
            client.send(&ask("/admitted")).await;
            client.until("by the test").await;
        }
    }
    let ends =
        clients.map(|client| Ends { peer: client.0.local_addr().unwrap(), local: server.address });
    assert_eq!(*server.admitted.lock().unwrap(), ends);
}

#[tokio::test]
async fn at_the_end_idle_connections_go_and_answers_are_waited_for() {
    let server = Server::start(patient()).await;
    let idle = server.connect().await;
    let slow = server.send("GET / HT").await;
    let mut served = server.send(ASK).await;
    served.until("here").await;
    let mut busy = server.send(HALF_A_BODY).await;
    // All of them have been accepted, and read, when another one, sent later, has been answered.
    server.send(ASK).await.until("here").await;
    server.ending.cancel();
    for (what, client) in [("idle", idle), ("slow", slow), ("served", served)] {
        assert_eq!(client.until_closed().await, "", "{what}");
    }
    busy.send("cde").await;
    assert!(busy.until_closed().await.ends_with("5 bytes"));
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn at_the_end_nobody_is_waited_for_who_was_answered_and_does_not_hang_up() {
    let server = Server::start(patient()).await;
    let mut stream = server.send(&ask("/lines")).await;
    stream.until("first line\n").await;
    server.ending.cancel();
    let Server { lines, task, .. } = server;
    // The answer ends when nobody can send a line any more.
    drop(lines);
    task.await.unwrap();
    stream.until_closed().await;
}

#[tokio::test]
async fn at_the_end_a_stream_without_end_is_cut() {
    let server = Server::start(Limits { farewell: SHORT, ..patient() }).await;
    let mut stream = server.send(&ask("/lines")).await;
    stream.until("first line\n").await;
    server.ending.cancel();
    server.task.await.unwrap();
    stream.until_closed().await;
}
