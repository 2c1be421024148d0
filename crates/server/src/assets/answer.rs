//! A file as an answer: its tag, and compressed if the browser likes that.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// A file to be sent.
#[derive(Clone)]
pub(super) struct File {
    data: Bytes,
    zipped: Option<Bytes>,
    content_type: String,
    tag: String,
}

impl File {
    /// A file with a tag that is made of its bytes. The tag is a weak one: it is the same
    /// compressed and as it is.
    pub(super) fn new(data: impl Into<Bytes>, content_type: impl Into<String>) -> Self {
        let data = data.into();
        let tag = format!("W/\"{}\"", BASE64_STANDARD.encode(Sha256::digest(&data)));
        File { data, zipped: None, content_type: content_type.into(), tag }
    }

    /// The same file, compressed already, so that answers do not wait for it.
    pub(super) fn zipped(self) -> Self {
        File { zipped: Some(gzip(&self.data)), ..self }
    }

    /// The answer to somebody who sent these headers.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response {
        let mut headers = HeaderMap::new();
        let tag = HeaderValue::from_str(&self.tag).expect("base64 is allowed in headers");
        headers.insert(header::ETAG, tag);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let mut known = items(asked, header::IF_NONE_MATCH);
        if known.any(|known| known == self.tag || known == "*") {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let content_type = HeaderValue::from_str(&self.content_type);
        headers.insert(header::CONTENT_TYPE, content_type.expect("MIME types are plain text"));
        if !accepts_gzip(asked) {
            return (headers, Body::from(self.data)).into_response();
        }
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let zipped = self.zipped.unwrap_or_else(|| gzip(&self.data));
        (headers, Body::from(zipped)).into_response()
    }
}

/// The comma-separated parts of all headers of a name.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

/// Whether gzip is named, and not with the weight 0, which forbids it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    items(headers, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn gzip(data: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory takes everything");
    encoder.finish().expect("memory takes everything").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_accept_it() {
        for (accepted, expected) in [
            (None, false),
            (Some("gzip"), true),
            (Some("gzip, deflate, br, zstd"), true),
            (Some("br;q=1.0, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip; q=0.0"), false),
            (Some("identity"), false),
            (Some("x-gzip-like"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
            }
            assert_eq!(accepts_gzip(&headers), expected, "{accepted:?}");
        }
    }

    #[test]
    fn a_tag_that_is_known_spares_the_body() {
        let file = File::new("text", "text/plain");
        let tag = file.tag.clone();
        for (known, status) in [
            (tag.clone(), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("W/\"other\"".to_owned(), 200),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
            assert_eq!(file.clone().answer(&headers).status(), status, "{known}");
        }
    }
}
