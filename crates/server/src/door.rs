//! Who may come in.
//!
//! The server listens on loopback only, but a browser on the same machine runs pages of other
//! people. Three checks keep those out. The `Host` must be a loopback name with our port: a hostile domain that
//! resolves to 127.0.0.1 (DNS rebinding) gives itself away there. Where the browser says which
//! `Origin` a request comes from, it must be our own page. And where it says what site that page is of
//! (`Sec-Fetch-Site`), which it does for images and links, too, that must be ours, or none, as when a
//! user types the address. Only links to the page itself may come from anywhere. No CORS header is ever sent.
//!
//! Whoever has shown the server's token may call it by any name: a browser keeps the token's cookie for
//! the very name under which the user has opened the page, so a rebound one comes without it. The origin has
//! to be our own nevertheless, since a page on another port of the same name is given the cookie too.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Holder;
use crate::connections::Ends;
use crate::{ApiError, assets};

/// Pages that a link on any page may lead to: they are files, and showing them starts no work.
const MAY_BE_LINKED_TO: [&str; 3] = ["/", "/docs", "/docs/"];

/// Refuses foreign hosts, origins and pages.
pub(crate) async fn check_caller(request: Request, next: Next) -> Result<Response, ApiError> {
    let is_holder = request.extensions().get::<Holder>().is_some();
    // Tests call the application without a socket, and then there is no port to compare with.
    let port = request.extensions().get::<Ends>().map(|ends| ends.local.port());
    check(&request, is_holder, port).inspect_err(|error| {
        // Not what was asked: addresses of strangers may be long.
        tracing::debug!("refused {} {}: {}", request.method(), request.uri().path(), error.code);
    })?;
    Ok(next.run(request).await)
}

fn check<B>(
    request: &axum::http::Request<B>,
    is_holder: bool,
    port: Option<u16>,
) -> Result<(), ApiError> {
    let host = only(request.headers(), header::HOST, "foreign_host")?.unwrap_or("");
    check_host(host, is_holder, port)?;
    // An address may name the host once more, and then that is the one that counts for others.
    let uri = request.uri();
    if let Some(named) = uri.authority()
        && !(named.as_str().eq_ignore_ascii_case(host)
            && uri.scheme_str().is_none_or(|scheme| scheme == "http"))
    {
        let detail = format!("An address at {named:?} with the host {host:?} is refused.");
        return Err(refusal(detail, "foreign_host"));
    }
    match only(request.headers(), header::ORIGIN, "foreign_origin")? {
        // A proxy of the holder's may speak TLS for us.
        Some(origin) if is_holder && origin == format!("https://{host}") => {}
        Some(origin) if origin != format!("http://{host}") => {
            return Err(refusal(
                format!("Requests from {origin:?} are refused."),
                "foreign_origin",
            ));
        }
        _ => {}
    }
    check_site(request)
}

/// The value of a header, which has to be there once at most: of two, another reader may take the other one.
fn only<'a>(
    headers: &'a HeaderMap,
    name: HeaderName,
    code: &'static str,
) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(&name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(refusal(format!("A request with several {name} headers is refused."), code));
    }
    Ok(first.map(|value| value.to_str().unwrap_or("?")))
}

fn check_host(host: &str, is_holder: bool, port: Option<u16>) -> Result<(), ApiError> {
    if is_holder {
        return Ok(());
    }
    let Some(named) = loopback_port(host) else {
        return Err(refusal(format!("Requests to host {host:?} are refused."), "foreign_host"));
    };
    match port {
        Some(own) if own != named => {
            let detail = format!("Requests to port {named} are refused: this is port {own}.");
            Err(refusal(detail, "foreign_host"))
        }
        _ => Ok(()),
    }
}

/// What the browser says about the page that a request comes from. Browsers send this with requests that
/// carry no origin, too: those of images, scripts and links.
fn check_site<B>(request: &axum::http::Request<B>) -> Result<(), ApiError> {
    let is = |name: &str, wanted: &str| {
        let mut values = request.headers().get_all(name).iter();
        values.next().is_some_and(|value| value == wanted) && values.next().is_none()
    };
    let mut sites = request.headers().get_all("sec-fetch-site").iter();
    let Some(site) = sites.find(|site| !matches!(site.as_bytes(), b"none" | b"same-origin")) else {
        return Ok(());
    };
    let is_link = request.method() == Method::GET
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
        && MAY_BE_LINKED_TO.contains(&request.uri().path());
    if is_link {
        return Ok(());
    }
    let detail =
        format!("Requests from other sites' pages are refused (Sec-Fetch-Site: {site:?}).");
    Err(refusal(detail, "foreign_page"))
}

fn refusal(detail: String, code: &'static str) -> ApiError {
    ApiError {
        status: StatusCode::FORBIDDEN,
        detail,
        code,
        hint: "Open the page at http://127.0.0.1 or http://localhost, with the port the program \
               printed."
            .into(),
        about: None,
    }
}

/// The port that a `Host` header names, if it names this machine's loopback: `localhost` or an address.
fn loopback_port(host: &str) -> Option<u16> {
    let authority: Authority = host.parse().ok()?;
    // No browser sends user names in this header.
    if authority.as_str().contains('@') {
        return None;
    }
    let name = authority.host().trim_matches(['[', ']']);
    let is_loopback = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let port = match authority.port() {
        Some(port) => port.as_u16(),
        // "localhost:" and "localhost:99999" name none.
        None if authority.as_str().len() > authority.host().len() => return None,
        None => 80,
    };
    is_loopback.then_some(port)
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

    /// What is said to a request with these headers, which reaches port 8000.
    fn verdict(uri: &str, headers: &[(&str, &str)], is_holder: bool) -> Option<&'static str> {
        let mut request = axum::http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let checked = check(&request.body(()).unwrap(), is_holder, Some(8000));
        checked.err().map(|error| error.code)
    }

    #[test]
    fn only_our_own_page_on_a_loopback_name_comes_in() {
        for (host, origin, code) in [
            ("127.0.0.1:8000", None, None),
            ("localhost:8000", Some("http://localhost:8000"), None),
            ("[::1]:8000", Some("http://[::1]:8000"), None),
            ("127.0.0.2:8000", None, None),
            ("LocalHost:8000", Some("http://LocalHost:8000"), None),
            ("localhost@evil.example", None, Some("foreign_host")),
            ("evil@localhost:8000", None, Some("foreign_host")),
            ("", None, Some("foreign_host")),
            ("evil.example:8000", None, Some("foreign_host")),
            ("localhost.evil.example:8000", None, Some("foreign_host")),
            ("localhost.:8000", None, Some("foreign_host")),
            ("127.0.0.1.evil.example:8000", None, Some("foreign_host")),
            ("0.0.0.0:8000", None, Some("foreign_host")),
            ("user@localhost:8000@evil.example", None, Some("foreign_host")),
            // Another port of this machine is another server.
            ("127.0.0.1", None, Some("foreign_host")),
            ("127.0.0.1:8001", None, Some("foreign_host")),
            ("127.0.0.1:", None, Some("foreign_host")),
            ("127.0.0.1:99999", None, Some("foreign_host")),
            ("127.0.0.1:8000", Some("http://evil.example"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("http://127.0.0.1:9000"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("https://127.0.0.1:8000"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("null"), Some("foreign_origin")),
            ("127.0.0.1:8000", Some("file://"), Some("foreign_origin")),
        ] {
            let mut headers = vec![("host", host)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(verdict("/api/x", &headers, false), code, "host {host}, origin {origin:?}");
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
            let mut headers = vec![("host", host)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(verdict("/api/x", &headers, true), code, "host {host}, origin {origin:?}");
        }
        let elsewhere = [("host", "studio.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(verdict("/api/x", &elsewhere, true), Some("foreign_page"));
    }

    #[test]
    fn a_host_or_an_origin_is_named_once() {
        let own = ("host", "127.0.0.1:8000");
        let evil = ("host", "evil.example");
        let origin = ("origin", "http://127.0.0.1:8000");
        for (uri, headers, code) in [
            ("/api/x", &[own, own][..], Some("foreign_host")),
            ("/api/x", &[own, evil], Some("foreign_host")),
            ("/api/x", &[own, origin, origin], Some("foreign_origin")),
            ("/api/x", &[own, origin, ("origin", "null")], Some("foreign_origin")),
            ("http://127.0.0.1:8000/api/x", &[own], None),
            ("https://127.0.0.1:8000/api/x", &[own], Some("foreign_host")),
            ("http://127.0.0.1:8001/api/x", &[own], Some("foreign_host")),
            ("http://localhost:8000/api/x", &[own], Some("foreign_host")),
            ("http://evil.example/api/x", &[own], Some("foreign_host")),
            ("http://evil@127.0.0.1:8000/api/x", &[own], Some("foreign_host")),
            ("http://127.0.0.1:8000/api/x", &[evil], Some("foreign_host")),
        ] {
            assert_eq!(verdict(uri, headers, false), code, "{uri} with {headers:?}");
        }
    }

    #[test]
    fn other_sites_pages_start_nothing() {
        let (navigate, document) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        for (uri, headers, is_welcome) in [
            ("/api/tokens?text=a", &[("sec-fetch-site", "same-origin")][..], true),
            ("/api/tokens?text=a", &[("sec-fetch-site", "none")], true),
            ("/api/tokens?text=a", &[("sec-fetch-site", "cross-site")], false),
            ("/api/tokens?text=a", &[("sec-fetch-site", "same-site")], false),
            ("/api/tokens?text=a", &[("sec-fetch-site", "new-word")], false),
            ("/api/tokens", &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], false),
            ("/api/tokens", &[("sec-fetch-site", "cross-site"), navigate, document], false),
            ("/app.js", &[("sec-fetch-site", "cross-site"), navigate, document], false),
            ("/", &[("sec-fetch-site", "cross-site"), navigate, document], true),
            ("/?from=elsewhere", &[("sec-fetch-site", "same-site"), navigate, document], true),
            ("/docs", &[("sec-fetch-site", "cross-site"), navigate, document], true),
            ("/docs/", &[("sec-fetch-site", "cross-site"), navigate, document], true),
            (
                "/",
                &[("sec-fetch-site", "cross-site"), navigate, ("sec-fetch-dest", "iframe")],
                false,
            ),
            (
                "/",
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), document],
                false,
            ),
            ("/", &[("sec-fetch-site", "cross-site")], false),
        ] {
            let mut all = vec![("host", "127.0.0.1:8000")];
            all.extend(headers);
            let expected = (!is_welcome).then_some("foreign_page");
            assert_eq!(verdict(uri, &all, false), expected, "{uri} with {headers:?}");
        }
        let request = axum::http::Request::post("/").header("host", "127.0.0.1:8000");
        let request = request.header("sec-fetch-site", "cross-site");
        let request =
            request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        assert!(check(&request.body(()).unwrap(), false, None).is_err(), "a form is no link");
    }
}
