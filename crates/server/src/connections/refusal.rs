//! Answers without a request: what came is no HTTP, or did not come in time.

use std::time::Duration;

use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{ApiError, door};

/// How long a client may take to read such an answer and hang up.
const TIME_TO_LEAVE: Duration = Duration::from_secs(2);

/// There are as many connections as there can be, and all are being answered.
pub(super) fn too_many_connections() -> ApiError {
    ApiError {
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: "There are too many connections.".into(),
        code: "too_many_connections",
        hint: "Close some of them, or try again shortly.".into(),
        about: None,
    }
}

/// The headers took too long.
pub(super) fn slow_head() -> ApiError {
    ApiError {
        status: StatusCode::REQUEST_TIMEOUT,
        detail: "The request's headers have not ended in time.".into(),
        code: "request_timeout",
        hint: "Send the whole request at once.".into(),
        about: None,
    }
}

/// What came is no HTTP. `status` is hyper's own verdict.
pub(super) fn not_http(error: &hyper::Error, status: Option<u16>) -> ApiError {
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
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
pub(super) async fn say_and_leave(mut stream: TcpStream, error: ApiError) {
    let response = door::add_headers(error.into_response()).await;
    let (head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return };
    let mut answer = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    let rest = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    answer.extend_from_slice(rest.as_bytes());
    answer.extend_from_slice(&body);
    if let Ok(Ok(())) = timeout(TIME_TO_LEAVE, stream.write_all(&answer)).await {
        leave(stream).await;
    }
}

/// Hangs up when the client does, or after a moment: a socket that is closed with something unread in it
/// resets the connection, and then the client may lose the answer.
pub(super) async fn leave(mut stream: TcpStream) {
    let farewell = async {
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(TIME_TO_LEAVE, farewell).await;
}
