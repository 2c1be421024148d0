//! Who may come in.
//!
//! The server listens on loopback only, but a browser on the same machine runs pages of other
//! people. Two checks keep those out. The `Host` must be a loopback name: a hostile domain that
//! resolves to 127.0.0.1 (DNS rebinding) gives itself away there. And where the browser says which
//! `Origin` a request comes from, it must be our own page. No CORS header is ever sent.
//!
//! Whoever has shown the server's token may call it by any name: a browser keeps the token's cookie for
//! the very name under which the user has opened the page, so a rebound one comes without it. The origin has
//! to be our own nevertheless, since a page on another port of the same name is given the cookie too.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{StatusCode, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Holder;
use crate::{ApiError, assets};

/// Refuses foreign hosts and origins.
pub(crate) async fn check_caller(request: Request, next: Next) -> Result<Response, ApiError> {
    let is_holder = request.extensions().get::<Holder>().is_some();
    check(request.headers(), is_holder)?;
    Ok(next.run(request).await)
}

fn check(headers: &HeaderMap, is_holder: bool) -> Result<(), ApiError> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let refuse = |detail: String, code| ApiError {
        status: StatusCode::FORBIDDEN,
        detail,
        code,
        hint: "Open the page at http://127.0.0.1 or http://localhost, with the port the program \
               printed."
            .into(),
        about: None,
    };
    let host = text(header::HOST).unwrap_or("");
    if !is_holder && !is_loopback(host) {
        return Err(refuse(format!("Requests to host {host:?} are refused."), "foreign_host"));
    }
    match text(header::ORIGIN) {
        // A proxy of the holder's may speak TLS for us.
        Some(origin) if is_holder && origin == format!("https://{host}") => Ok(()),
        Some(origin) if origin != format!("http://{host}") => {
            Err(refuse(format!("Requests from {origin} are refused."), "foreign_origin"))
        }
        _ => Ok(()),
    }
}

/// Whether a `Host` header names this machine's loopback: `localhost` or an address.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    // Nobody's browser sends user names in this header.
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Swagger UI sizes its logo with an inline style. Its page shows no text of a model.
pub(crate) async fn allow_inline_style(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    );
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Headers that every response carries.
pub(crate) async fn add_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(assets::CONTENT_SECURITY_POLICY);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Answers depend on the model; files carry a tag and are asked for again each time.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_on_a_loopback_name_comes_in() {
        for (host, origin, code) in [
            ("127.0.0.1:8000", None, None),
            ("localhost:9", Some("http://localhost:9"), None),
            ("[::1]:8000", Some("http://[::1]:8000"), None),
            ("127.0.0.1", None, None),
            ("127.0.0.2:8000", None, None),
            ("LocalHost:8000", Some("http://LocalHost:8000"), None),
            ("localhost@evil.example", None, Some("foreign_host")),
            ("evil@localhost", None, Some("foreign_host")),
            ("", None, Some("foreign_host")),
            ("evil.example:8000", None, Some("foreign_host")),
            ("localhost.evil.example", None, Some("foreign_host")),
            ("127.0.0.1.evil.example:8000", None, Some("foreign_host")),
            ("0.0.0.0:8000", None, Some("foreign_host")),
            ("user@localhost:8000@evil.example", None, Some("foreign_host")),
            ("127.0.0.1:8000", Some("http://evil.example"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("http://127.0.0.1:9000"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("https://127.0.0.1:8000"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("null"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("file://"), Some("foreign_origin")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            let found = check(&headers, false).err().map(|error| error.code);
            assert_eq!(found, code, "host {host}, origin {origin:?}");
        }
    }

    #[test]
    fn holders_of_the_token_come_by_any_name_and_from_no_other_page() {
        for (host, origin, code) in [
            ("studio.example:8000", None, None),
            ("studio.example:8000", Some("http://studio.example:8000"), None),
            ("studio.example", Some("https://studio.example"), None),
            ("studio.example:8000", Some("http://studio.example:9000"), Some("foreign_origin")),
            ("studio.example", Some("https://evil.example"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("null"), Some("foreign_origin")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            let found = check(&headers, true).err().map(|error| error.code);
            assert_eq!(found, code, "host {host}, origin {origin:?}");
        }
    }
}
