//! Over real sockets, with times of milliseconds.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(30);

/// No time-out that a test could meet.
fn patient() -> Limits {
    let connections = 8;
    Limits {
        connections,
        per_peer: 8,
        head: LONG,
        body: LONG,
        idle: LONG,
        read: LONG,
        farewell: LONG,
    }
}

struct Server {
    address: SocketAddr,
    ending: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/", get(async || "here"))
            .route("/ends", get(async |Extension(ends): Extension<Ends>| format!("{ends:?}")))
            .route("/admitted", get(async |Extension(by): Extension<&'static str>| by))
            .route("/body", post(read_body))
            .route("/ignored", post(async || "not read"))
            .route("/endless", get(endless));
        let ending = CancellationToken::new();
        let admit = |_| std::future::ready("by the test");
        let task = tokio::spawn(serve(listener, app, limits, admit, ending.clone()));
        Server { address, ending, task }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn send(&self, text: &str) -> Client {
        let mut client = self.connect().await;
        client.0.write_all(text.as_bytes()).await.unwrap();
        client
    }
}

async fn read_body(request: Request) -> Result<String, crate::ApiError> {
    let bytes = crate::extract::read_any(request).await?;
    Ok(format!("{} bytes", bytes.len()))
}

/// A line, and then nothing, for ever.
async fn endless() -> Body {
    Body::from_stream(stream::unfold(true, async |first| {
        if !first {
            std::future::pending::<()>().await;
        }
        Some((Ok::<_, Infallible>(Bytes::from_static(b"a line\n")), false))
    }))
}

struct Client(TcpStream);

impl Client {
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

/// The status of an answer and the `code` in it, which all errors of ours have.
fn verdict(answer: &str) -> (&str, Option<String>) {
    let status = answer.get(9..12).unwrap_or("");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let code = serde_json::from_str::<serde_json::Value>(body).ok();
    (status, code.and_then(|body| Some(body.get("code")?.as_str()?.to_owned())))
}

#[tokio::test]
async fn whoever_is_slow_is_told_so() {
    let body = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
    let ignored = body.replace("/body", "/ignored");
    for (what, limits, sent, status, code) in [
        (
            "half a head",
            Limits { head: SHORT, ..patient() },
            "GET / HT",
            "408",
            Some("request_timeout"),
        ),
        (
            "half a second head",
            Limits { head: SHORT, ..patient() },
            &format!("{ASK}GET"),
            "200",
            None,
        ),
        (
            "half a body",
            Limits { body: SHORT, ..patient() },
            &format!("{body}ab"),
            "408",
            Some("request_timeout"),
        ),
        ("no body", Limits { body: SHORT, ..patient() }, body, "408", Some("request_timeout")),
        ("a body that nobody reads", patient(), &ignored, "200", None),
        ("nothing", Limits { idle: SHORT, ..patient() }, "", "", None),
        ("nothing more", Limits { idle: SHORT, ..patient() }, ASK, "200", None),
    ] {
        let server = Server::start(limits).await;
        let answer = server.send(sent).await.until_closed().await;
        assert_eq!(verdict(&answer), (status, code.map(str::to_owned)), "{what}: {answer}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_so_in_json() {
    let server = Server::start(patient()).await;
    let long = "x".repeat(70_000);
    let post = "POST /body HTTP/1.1\r\nhost: a\r\n";
    for (what, sent, status, code) in [
        ("no method", "\u{1} / HTTP/1.1\r\n\r\n", "400", "not_http"),
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
        (
            "a chunk of no size",
            &format!("{post}transfer-encoding: chunked\r\n\r\nxy\r\nab"),
            "400",
            "unreadable_body",
        ),
        (
            "an endless chunk",
            &format!("{post}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nab"),
            "400",
            "unreadable_body",
        ),
    ] {
        let answer = server.send(sent).await.until_closed().await;
        assert_eq!(verdict(&answer), (status, Some(code.to_owned())), "{what}: {answer}");
        assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{what}: {answer}");
        assert!(answer.matches("content-length").count() == 1, "{what}: {answer}");
    }
    // After an answer as well.
    let mut client = server.send(ASK).await;
    client.until("here").await;
    client.0.write_all(b"\x01\r\n\r\n").await.unwrap();
    assert_eq!(verdict(&client.until_closed().await).0, "400");
}

#[tokio::test]
async fn slow_connections_make_room_for_quick_ones() {
    let server = Server::start(patient()).await;
    let body = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab";
    let mut slow = Vec::new();
    for turn in 0..40 {
        slow.push(server.send(["", "GET / HTTP/1.1\r\n", body, ASK][turn % 4]).await);
    }
    let mut quick = server.send(ASK).await;
    assert!(quick.until("here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn answers_under_way_are_not_cut_for_others() {
    let server = Server::start(Limits { head: SHORT, body: SHORT, idle: SHORT, ..patient() }).await;
    let ask = ASK.replace("/ ", "/endless ");
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = server.send(&ask).await;
        stream.until("a line\n").await;
        streams.push(stream);
    }
    for _ in 0..4 {
        let answer = server.send(ASK).await.until_closed().await;
        assert_eq!(verdict(&answer), ("503", Some("too_many_connections".to_owned())), "{answer}");
    }
    tokio::time::sleep(SHORT * 3).await;
    for stream in &mut streams {
        let mut byte = [0; 16];
        let read = stream.0.try_read(&mut byte);
        // At most the end of the chunk, and no end of the stream.
        assert!(!matches!(read, Ok(0)), "a stream was cut");
    }
    drop(streams.pop());
    // There is room again as soon as the server has noticed.
    while !server.send(ASK).await.until("}").await.is_empty() {
        break;
    }
}

#[tokio::test]
async fn requests_know_whose_connection_they_come_on() {
    let server = Server::start(patient()).await;
    let mut client = server.send(&ASK.replace("/ ", "/ends ")).await;
    let peer = client.0.local_addr().unwrap();
    let ends = Ends { peer, local: server.address };
    assert!(client.until(" }").await.ends_with(&format!("{ends:?}")));
    let mut client = server.send(&ASK.replace("/ ", "/admitted ")).await;
    client.until("by the test").await;
}

#[tokio::test]
async fn at_the_end_idle_connections_go_and_answers_are_waited_for() {
    let server = Server::start(patient()).await;
    let idle = server.connect().await;
    let mut served = server.send(ASK).await;
    served.until("here").await;
    let mut busy =
        server.send("POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab").await;
    // It is being read when another one, sent later, has been answered.
    server.send(ASK).await.until("here").await;
    server.ending.cancel();
    assert_eq!(idle.until_closed().await, "");
    assert_eq!(served.until_closed().await, "");
    busy.0.write_all(b"cde").await.unwrap();
    assert!(busy.until_closed().await.ends_with("5 bytes"));
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn at_the_end_a_stream_without_end_is_cut() {
    let server = Server::start(Limits { farewell: SHORT, ..patient() }).await;
    let mut stream = server.send(&ASK.replace("/ ", "/endless ")).await;
    stream.until("a line\n").await;
    server.ending.cancel();
    server.task.await.unwrap();
    stream.until_closed().await;
}
