//! The page: the files of `web/`, embedded in the program. Development builds read them from disk,
//! so that an edit shows on reload.

use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::ApiError;

#[derive(RustEmbed)]
#[folder = "../../web"]
#[include = "*.html"]
#[include = "*.js"]
#[include = "*.mjs"]
#[include = "*.css"]
#[include = "*.svg"]
#[include = "vendor/LICENSE*"]
#[exclude = "node_modules/*"]
#[exclude = "test/*"]
#[exclude = "e2e/*"]
struct Web;

/// Serves a file of the page; `/` is `index.html`.
pub(crate) async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let error = ApiError {
            status: StatusCode::METHOD_NOT_ALLOWED,
            detail: "Method Not Allowed".into(),
            code: "method_not_allowed",
            hint: "Files can only be read.".into(),
            place: None,
        };
        return error.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let Some(file) = Web::get(if path.is_empty() { "index.html" } else { path }) else {
        let error = ApiError {
            status: StatusCode::NOT_FOUND,
            detail: "Not Found".into(),
            code: "not_found",
            hint: "The page is at /, the API's reference at /docs.".into(),
            place: None,
        };
        return error.into_response();
    };
    let tag = format!("\"{}\"", BASE64_STANDARD.encode(file.metadata.sha256_hash()));
    let known = request.headers().get(header::IF_NONE_MATCH);
    let unchanged = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let (status, body) = if unchanged {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.data))
    };
    let mime = file.metadata.mimetype();
    let content_type =
        if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (status, headers, body).into_response()
}

/// Only our own files may run, and nothing may be fetched from anywhere else. The import map is
/// the one inline script, allowed by its hash.
pub(crate) fn content_security_policy() -> HeaderValue {
    static POLICY: OnceLock<HeaderValue> = OnceLock::new();
    let compute = || {
        let index = Web::get("index.html").map(|file| file.data.into_owned()).unwrap_or_default();
        let import_map = import_map(&String::from_utf8_lossy(&index)).to_owned();
        let hash = BASE64_STANDARD.encode(Sha256::digest(import_map));
        let policy = format!(
            "default-src 'none'; script-src 'self' 'sha256-{hash}'; style-src 'self'; \
             img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        HeaderValue::from_str(&policy).expect("base64 is allowed in headers")
    };
    if cfg!(debug_assertions) {
        // The file may have been edited since.
        return compute();
    }
    POLICY.get_or_init(compute).clone()
}

/// The text between the tags of the import map.
fn import_map(index: &str) -> &str {
    const OPENING: &str = "<script type=\"importmap\">";
    let after = index.split_once(OPENING).map_or("", |(_, after)| after);
    after.split_once("</script>").map_or("", |(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_embedded_and_development_files_are_not() {
        let files: Vec<String> = Web::iter().map(|path| path.into_owned()).collect();
        for needed in ["index.html", "main.js", "vendor/preact.mjs", "favicon.svg"] {
            assert!(files.iter().any(|file| file == needed), "{needed} is missing");
        }
        let development = ["node_modules", "test/", "e2e/", "package", "tsconfig"];
        let stray =
            files.iter().find(|file| development.iter().any(|start| file.starts_with(start)));
        assert_eq!(stray, None);
    }

    #[test]
    fn every_import_of_every_module_is_embedded() {
        let index = String::from_utf8(Web::get("index.html").unwrap().data.into_owned()).unwrap();
        let map: serde_json::Value = serde_json::from_str(import_map(&index)).unwrap();
        for file in Web::iter().filter(|file| file.ends_with("js") && !file.starts_with("vendor/"))
        {
            let text = String::from_utf8(Web::get(&file).unwrap().data.into_owned()).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*']));
            for line in code.filter(|line| line.contains(" from \"")) {
                let name = line.rsplit(" from \"").next().unwrap().trim_end_matches(['"', ';']);
                let path = if name.starts_with('.') {
                    resolve(&file, name)
                } else {
                    let mapped = map["imports"][name].as_str();
                    mapped
                        .unwrap_or_else(|| panic!("{file} imports {name}"))
                        .trim_start_matches('/')
                        .to_owned()
                };
                assert!(Web::get(&path).is_some(), "{file} imports {path}, which is not embedded");
            }
        }
    }

    fn resolve(from: &str, relative: &str) -> String {
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        for part in relative.split('/') {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
        parts.join("/")
    }
}
