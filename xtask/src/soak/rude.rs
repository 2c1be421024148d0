//! The clients that are no browsers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::clients::Client;

const WAIT: Duration = Duration::from_secs(60);

/// Sends a whole request for work, and closes before the answer, or in the middle of the body.
pub(super) fn abort(client: &mut Client<'_>) {
    let body = format!("{{\"prompt\": \"{}\"}}", "word ".repeat(1 + client.below(150) as usize));
    let half = client.below(2) == 0;
    let Some((mut stream, host)) = open(client) else { return };
    let head = head("POST /api/preview", &host, body.len());
    let sent = if half { &body[..body.len() / 2] } else { &body };
    let written = stream.write_all(format!("{head}{sent}").as_bytes());
    std::thread::sleep(Duration::from_millis(client.below(100)));
    let name = if half { "closed in the body" } else { "closed before the answer" };
    // A server that was killed may have closed first.
    client.stage.books.note(client.kind, name, true, &format!("{written:?}"));
}

/// Sends what is no request, or none that can be served; only 4xx and a closed connection are answers to it.
pub(super) fn garbage(client: &mut Client<'_>) {
    let Some((mut stream, host)) = open(client) else { return };
    let json = |path: &str, body: &str| format!("{}{body}", head(path, &host, body.len()));
    let requests = [
        "\u{1}\u{2}\u{3} not http\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        json("POST /api/preview", "{\"prompt\": "),
        json("POST /api/preview", "{\"prompt\": 5}"),
        json("POST /api/step", "[]"),
        json("POST /api/nothing", "{}"),
        json("DELETE /api/preview", "{}"),
        head("POST /api/preview", "evil.example", 0),
        format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "%00".repeat(9)),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "x".repeat(2_000_000)),
        format!(
            "POST /api/preview HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        ),
    ];
    let request = &requests[client.below(requests.len() as u64) as usize];
    let written = stream.write_all(request.as_bytes());
    let url = client.stage.url();
    let (answer, intended) = match answer(&mut stream) {
        Some(status) => (status.clone(), status.starts_with('4')),
        None => ("closed".to_owned(), true),
    };
    let more = format!("{} ({written:?})", request.chars().take(100).collect::<String>());
    client.stage.books.note(client.kind, &answer, intended || client.stage.url() != url, &more);
}

/// Sends a good request byte by byte, or nothing at all for a while.
pub(super) fn slow(client: &mut Client<'_>) {
    let silent = client.below(2) == 0;
    let Some((mut stream, host)) = open(client) else { return };
    let url = client.stage.url();
    if silent {
        std::thread::sleep(Duration::from_secs(3));
        return client.stage.books.note(client.kind, "silent", true, "");
    }
    let request =
        format!("GET /api/model/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for byte in request.bytes() {
        if stream.write_all(&[byte]).is_err() || client.stage.is_over() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = answer(&mut stream).unwrap_or_else(|| "closed".to_owned());
    let ended = client.stage.url() != url || client.stage.is_over();
    let intended = ended || ["200", "408"].contains(&answer.as_str());
    client.stage.books.note(client.kind, &answer, intended, "byte by byte");
}

fn open(client: &Client<'_>) -> Option<(TcpStream, String)> {
    let url = client.stage.url();
    let host = url.strip_prefix("http://")?.to_owned();
    match TcpStream::connect(&host) {
        Ok(stream) => {
            let _ = stream.set_read_timeout(Some(WAIT));
            let _ = stream.set_write_timeout(Some(WAIT));
            Some((stream, host))
        }
        Err(error) => {
            let killed = client.stage.url() != url;
            client.stage.books.note(client.kind, "no connection", killed, &error.to_string());
            None
        }
    }
}

fn head(what: &str, host: &str, length: usize) -> String {
    format!(
        "{what} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// The status of the answer; none if the connection is closed without one.
fn answer(stream: &mut TcpStream) -> Option<String> {
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    Some(String::from_utf8_lossy(&line[9..]).into_owned())
}
