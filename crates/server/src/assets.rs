//! The page: the files of `web/`, embedded in the program, and joined so that a browser need not
//! ask for each. Development builds read them from disk, so that an edit shows on reload.
//!
//! 1. [`joined`] makes `/app.js` of `main.js` ([`script`], of [`module`]s) and `/app.css` of
//!    `main.css` ([`sheet`]); [`source_map`] leads back to the files, which are served as well.
//! 2. [`answer`] sends a file, compressed, or says that it has not changed.

mod answer;
mod joined;
mod module;
mod script;
mod sheet;
mod source_map;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::ApiError;
use answer::File;

#[derive(RustEmbed)]
#[folder = "../../web"]
#[include = "*.html"]
#[include = "*.js"]
#[include = "*.mjs"]
#[include = "*.css"]
#[include = "*.svg"]
#[include = "vendor/LICENSE*"]
#[include = "vendor/versions.json"]
#[exclude = "node_modules/*"]
#[exclude = "test/*"]
#[exclude = "e2e/*"]
#[exclude = "playwright.config.mjs"]
struct Web;

/// Serves a file of the page; `/` is `index.html`.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let file = find(if path.is_empty() { "index.html" } else { path });
    if file.is_ok() && !matches!(*request.method(), Method::GET | Method::HEAD) {
        let error = ApiError {
            status: StatusCode::METHOD_NOT_ALLOWED,
            detail: "Method Not Allowed".into(),
            code: "method_not_allowed",
            hint: "Files can only be read.".into(),
            about: None,
        };
        return ([(header::ALLOW, "GET, HEAD")], error).into_response();
    }
    match file {
        Ok(file) => file.answer(request.headers()),
        Err(error) => error.into_response(),
    }
}

fn find(path: &str) -> Result<File, ApiError> {
    let joined = joined::get(path).map_err(|detail| {
        tracing::error!("The page cannot be joined. {detail}");
        ApiError {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            detail,
            code: "page_not_joined",
            hint: "This is in the files of the page, in web/.".into(),
            about: None,
        }
    })?;
    let single = || {
        let file = Web::get(path)?;
        let mime = file.metadata.mimetype();
        let charset = if mime.starts_with("text/") { "; charset=utf-8" } else { "" };
        Some(File::new(file.data.into_owned(), format!("{mime}{charset}")))
    };
    joined.or_else(single).ok_or_else(|| ApiError {
        status: StatusCode::NOT_FOUND,
        detail: "Not Found".into(),
        code: "not_found",
        hint: "The page is at /, the API's reference at /docs.".into(),
        about: None,
    })
}

/// Does now what the first visit would wait for.
pub(crate) fn prepare() {
    joined::prepare();
}

/// Only our own files may run, and nothing may be fetched from anywhere else.
pub(crate) const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_embedded_and_development_files_are_not() {
        let files: Vec<String> = Web::iter().map(|path| path.into_owned()).collect();
        for needed in ["index.html", "main.js", "main.css", "vendor/preact.mjs", "favicon.svg"] {
            assert!(files.iter().any(|file| file == needed), "{needed} is missing");
        }
        let development = ["node_modules", "test/", "e2e/", "package", "playwright", "tsconfig"];
        let stray =
            files.iter().find(|file| development.iter().any(|start| file.starts_with(start)));
        assert_eq!(stray, None);
    }
}
