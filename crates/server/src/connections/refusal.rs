//! Answers without a request: what came is no HTTP, did not come in time, or is one connection too many.

use std::time::Duration;

use axum::body::to_bytes;
use axum::http::header::{self, HeaderValue};
use axum::http::{StatusCode, Version};
use axum::response::IntoResponse as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::limits::Limits;
use super::table::Full;
use crate::{ApiError, door};

/// What a client that was refused is told to wait.
const RETRY_AFTER_SECONDS: u16 = 5;

/// There are too many connections.
pub(super) fn full(full: Full, limits: &Limits) -> ApiError {
    let (status, detail) = match full {
        Full::Server => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("All {} connections of this server are in use.", limits.connections),
        ),
        Full::Client => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("All {} connections that your address may have are in use.", limits.per_client),
        ),
    };
    ApiError {
        status,
        detail,
        code: "too_many_connections",
        hint: "Close some of them, or try again shortly.".into(),
        about: None,
    }
}

/// The headers took too long.
pub(super) fn slow_head(limits: &Limits) -> ApiError {
    ApiError {
        status: StatusCode::REQUEST_TIMEOUT,
        detail: format!("The request's headers have not ended within {:?}.", limits.head),
        code: "request_timeout",
        hint: "Send the whole request at once.".into(),
        about: None,
    }
}

/// What came is no HTTP. `status` is hyper's own verdict.
pub(super) fn not_http(error: &hyper::Error, status: Option<StatusCode>) -> ApiError {
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    let (code, hint) = match status {
        StatusCode::URI_TOO_LONG => ("address_too_long", "Shorten the address."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("headers_too_large", "Send fewer or shorter headers.")
        }
        _ => ("not_http", "The server speaks HTTP/1.1, without TLS: use http://, not https://."),
    };
    let detail = format!("The request cannot be read: {error}.");
    ApiError { status, detail, code, hint: hint.into(), about: None }
}

/// Sends an error and hangs up.
pub(super) async fn say_and_leave(mut stream: TcpStream, error: ApiError, time: Duration) {
    let Some(answer) = written(error).await else { return };
    if let Ok(Ok(())) = timeout(time, stream.write_all(&answer)).await {
        leave(stream, time).await;
    }
}

/// An error as it goes over the wire.
async fn written(error: ApiError) -> Option<Vec<u8>> {
    let mut response = door::add_headers(error.into_response()).await;
    let comes_again = matches!(
        response.status(),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    let headers = response.headers_mut();
    if comes_again {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.ok()?;
    let mut answer = format!("{:?} {}\r\n", Version::HTTP_11, head.status).into_bytes();
    for (name, value) in &head.headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    answer.extend_from_slice(&body);
    Some(answer)
}

/// Hangs up when the client does, or when the time is over: a socket that is closed with something unread in it
/// resets the connection, and then the client may lose the answer.
pub(super) async fn leave(mut stream: TcpStream, time: Duration) {
    let farewell = async {
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(time, farewell).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_one_too_many_is_told_which_limit_it_was() {
        let limits = Limits { connections: 77, per_client: 5, ..Limits::of_this_process() };
        for (who, status, number) in [
            (Full::Server, "503 Service Unavailable", "All 77 "),
            (Full::Client, "429 Too Many Requests", "All 5 "),
        ] {
            let answer = String::from_utf8(written(full(who, &limits)).await.unwrap()).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
            for header in ["retry-after: ", "connection: close", "x-content-type-options: nosniff"]
            {
                assert!(head.contains(&format!("\r\n{header}")), "{head}");
            }
            assert!(head.ends_with(&format!("\r\ncontent-length: {}", body.len())), "{head}");
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert!(body["detail"].as_str().unwrap().starts_with(number), "{body}");
        }
    }
}
