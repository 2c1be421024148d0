//! The word that opens the door: how it is made or given, and how a request shows it.

use std::fmt::{self, Display, Formatter};
use std::io::Read as _;
use std::path::Path;

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Random bytes of a token that is made: as many as Jupyter takes.
const MADE_BYTES: usize = 24;

/// Most characters of a token: it has to fit into an address and a header.
const LONGEST_TOKEN: usize = 512;

/// Characters below which a token that somebody has given is warned about.
const SHORTEST_GOOD: usize = 16;

/// Where users give a token.
pub(crate) const VARIABLE: &str = "TOKENSCOPE_TOKEN";

/// A token, known by its digest alone: it is not in memory for longer than it is printed, in no log,
/// and two digests have one length whatever was sent.
#[derive(Clone)]
pub struct Token {
    digest: [u8; 32],
}

/// Says nothing of the token.
impl fmt::Debug for Token {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("Token")
    }
}

/// A token in clear, to be printed.
pub(crate) struct Clear(String);

impl Display for Clear {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Token {
    /// A token of random bytes, and its text.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn make() -> Result<(Self, Clear), String> {
        let mut bytes = [0; MADE_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            format!("Cannot make a token: the system has no random bytes: {error}.")
        })?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Token::of(&text), Clear(text)))
    }

    /// A token that somebody has given; `whence` says where, for the error.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that cannot be sent as they are in an address, a
    /// cookie and a header alike (RFC 6750, section 2.1). The sentence does not repeat it.
    pub fn given(text: &str, whence: &str) -> Result<Self, String> {
        let text = text.trim();
        let (length, expected) = (text.len(), "letters, digits and -._~+/=");
        if text.is_empty() || length > LONGEST_TOKEN {
            return Err(format!(
                "The token of {whence} has {length} bytes; expected 1 to {LONGEST_TOKEN} {expected}."
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)) {
            return Err(format!(
                "The token of {whence} has characters that an address cannot carry; expected {expected}."
            ));
        }
        if length < SHORTEST_GOOD {
            tracing::warn!(
                "the token of {whence} has {length} characters and may be guessed; `openssl rand -hex 24` \
                 makes a good one"
            );
        }
        Ok(Token::of(text))
    }

    /// The token in a file. White space around it does not count.
    ///
    /// # Errors
    /// The file cannot be read, or is no token; see [`Token::given`].
    pub(crate) fn from_file(path: &Path) -> Result<Self, String> {
        let whence = format!("{} (--token-file)", path.display());
        let cannot = |error: std::io::Error| format!("Cannot read the token of {whence}: {error}.");
        let file = std::fs::File::open(path).map_err(cannot)?;
        if others_may_read(&file) {
            tracing::warn!("other users may read {}: chmod 600 keeps it for you", path.display());
        }
        let mut bytes = Vec::new();
        // With room for line ends.
        file.take(LONGEST_TOKEN as u64 + 16).read_to_end(&mut bytes).map_err(cannot)?;
        // What is no text has no characters that a token may have.
        Token::given(&String::from_utf8_lossy(&bytes), &whence)
    }

    fn of(text: &str) -> Self {
        Token { digest: Sha256::digest(text).into() }
    }

    /// Whether this is the token; takes as long whatever is in it.
    fn is(&self, shown: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(shown).into();
        digest.ct_eq(&self.digest).into()
    }

    /// Whether the headers show the token: as a bearer (RFC 6750) or as the page's cookie.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let name = cookie_name(headers);
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter_map(|(key, token)| (key == name).then_some(token));
        bearers.chain(cookies).any(|token| self.is(token.as_bytes()))
    }

    /// Whether the address shows the token.
    pub(crate) fn is_in(&self, uri: &Uri) -> bool {
        let mut shown = query_parts(uri).filter_map(|part| part.strip_prefix(PARAMETER));
        // As somebody typed it, or as a program has escaped it.
        shown.any(|text| self.is(text.as_bytes()) || self.is(unescape(text).as_bytes()))
    }
}

const PARAMETER: &str = "token=";

fn query_parts(uri: &Uri) -> impl Iterator<Item = &str> {
    uri.query().unwrap_or("").split('&')
}

fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether a request is one whose address may show the token: a page is asked for.
pub(crate) fn may_show_in_address(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && query_parts(request.uri()).any(|part| part.starts_with(PARAMETER))
}

/// Sends a browser that has shown the token to the same address without it. With `keeps` the browser is given
/// it as a cookie.
///
/// The cookie is only for our own pages (`SameSite=Strict`), out of the page's scripts' reach (`HttpOnly`), and
/// ends with the browser. Browsers have the cookies of all ports of a name in one place, hence the
/// port in its name.
pub(crate) fn take_off_address(request: &Request, keeps: bool) -> Response {
    let shown = query_parts(request.uri()).find_map(|part| part.strip_prefix(PARAMETER));
    let rest: Vec<&str> =
        query_parts(request.uri()).filter(|part| !part.starts_with(PARAMETER)).collect();
    // Two slashes would lead to another host.
    let path = request.uri().path().trim_start_matches(['/', '\\']);
    let question = if rest.is_empty() { "" } else { "?" };
    let place = format!("/{path}{question}{}", rest.join("&"));
    let Ok(location) = HeaderValue::from_str(&place) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let is_page = !request.uri().path().starts_with("/api/");
    let mut response = if is_page && from_elsewhere(request.headers()) {
        // A browser follows a redirect on behalf of the page that began it, and keeps a strict cookie from
        // that. A page of ours that leads on begins anew.
        let page = "<!doctype html>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" \
                    content=\"0; url=/\">\n<title>Tokenscope</title>\n<p><a href=\"/\">Go on to \
                    Tokenscope</a></p>\n";
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
    } else {
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    };
    if keeps && let Some(shown) = shown {
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            cookie_name(request.headers()),
            unescape(shown)
        );
        // A token that was right has none of the characters that a header refuses.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Whether the browser says that another site's page has led here.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin")
}

/// `tokenscope-token-8000`, after the port by which the browser reaches us: it differs from the one that we
/// listen on where a port is forwarded.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let port = host.and_then(|host| host.parse::<axum::http::uri::Authority>().ok()?.port_u16());
    format!("tokenscope-token-{}", port.unwrap_or(80))
}

#[cfg(unix)]
fn others_may_read(file: &std::fs::File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // A pipe has no such rights.
    file.metadata().is_ok_and(|about| about.is_file() && about.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &std::fs::File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const WORD: &str = "ab+c/d=0123456789";

    #[test]
    fn tokens_are_shown_as_bearer_or_cookie_and_as_nothing_else() {
        let token = Token::of(WORD);
        for (name, value, shown) in [
            ("authorization", format!("Bearer {WORD}"), true),
            ("authorization", format!("bearer {WORD}"), true),
            ("authorization", format!("Basic {WORD}"), false),
            ("authorization", WORD.into(), false),
            ("authorization", "Bearer".into(), false),
            ("authorization", "Bearer ".into(), false),
            ("authorization", format!("Bearer {WORD}0"), false),
            ("authorization", format!("Bearer {}", &WORD[1..]), false),
            ("authorization", format!("Bearer {}", WORD.to_uppercase()), false),
            ("cookie", format!("tokenscope-token-8000={WORD}"), true),
            ("cookie", format!("a=b; tokenscope-token-8000={WORD}; c"), true),
            ("cookie", format!("tokenscope-token-8000=old; tokenscope-token-8000={WORD}"), true),
            ("cookie", format!("tokenscope-token-8001={WORD}"), false),
            ("cookie", format!("token={WORD}"), false),
            ("cookie", "tokenscope-token-8000=".into(), false),
            ("x-token", WORD.into(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8000"));
            headers.insert(name, value.parse().unwrap());
            assert_eq!(token.is_shown(&headers), shown, "{name}: {value}");
        }
        for (address, shown) in [
            (format!("/?token={WORD}"), true),
            (format!("/?a=b&token={WORD}"), true),
            ("/?token=ab%2Bc%2Fd%3D0123456789".into(), true),
            (format!("/?TOKEN={WORD}"), false),
            (format!("/?token={WORD}x"), false),
            ("/?token=".into(), false),
            (format!("/token={WORD}"), false),
        ] {
            assert_eq!(token.is_in(&address.parse().unwrap()), shown, "{address}");
        }
    }

    #[test]
    fn the_address_is_left_without_the_token_and_never_leads_elsewhere() {
        for (address, location) in [
            ("/?token=x", "/"),
            ("/docs/?token=x", "/docs/"),
            ("/?a=b&token=x&c=d", "/?a=b&c=d"),
            ("//evil.example/?token=x", "/evil.example/"),
            ("/a?token=x&token=y", "/a"),
            ("http://evil.example//b?token=x", "/b"),
        ] {
            let request = Request::get(address).body(Body::empty()).unwrap();
            let response = take_off_address(&request, false);
            assert_eq!(response.headers()[header::LOCATION], location, "{address}");
            assert!(!response.headers().contains_key(header::SET_COOKIE));
        }
    }

    #[test]
    fn made_tokens_are_long_and_new_and_given_ones_can_be_sent() {
        let (one, text) = Token::make().unwrap();
        let (_, other) = Token::make().unwrap();
        assert_eq!(text.0.len(), 2 * MADE_BYTES);
        assert_ne!(text.0, other.0);
        assert!(one.is(text.0.as_bytes()));
        assert!(!one.is(other.0.as_bytes()));
        assert_eq!(format!("{one:?}"), "Token");
        for (text, fits) in [
            ("0123456789abcdef", true),
            (" short\n", true),
            (WORD, true),
            ("", false),
            (" \n", false),
            ("two words", false),
            ("semi;colon", false),
            ("schlüssel", false),
            (&"x".repeat(LONGEST_TOKEN), true),
            (&"x".repeat(LONGEST_TOKEN + 1), false),
        ] {
            let given = Token::given(text, "a test");
            assert_eq!(given.is_ok(), fits, "{text:?}");
            if let (Err(error), false) = (given, text.trim().is_empty()) {
                assert!(!error.contains(text), "{error}");
            }
        }
    }
}
