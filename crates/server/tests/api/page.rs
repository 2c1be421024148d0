//! The page's files.

use std::io::Read as _;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use flate2::read::GzDecoder;

use crate::client::Client;

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn every_file_the_page_is_made_of_is_served() {
    let client = Client::without_model();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let mut files =
        ["index.html", "main.js", "main.css", "html.js"].map(|name| web.join(name)).to_vec();
    for folder in ["http", "lib", "state", "view", "style", "vendor"] {
        files_below(&web.join(folder), &mut files);
    }
    let served = files.iter().filter(|file| file.extension().is_none_or(|e| e != "json"));
    for file in served {
        let path = format!("/{}", file.strip_prefix(&web).unwrap().to_str().unwrap());
        let request = Request::get(&path).header("host", "127.0.0.1:8000").body(Body::empty());
        let response = client.send(request.unwrap()).await;
        assert_eq!(response.status(), 200, "{path}");
        let content_type = response.headers()["content-type"].to_str().unwrap();
        if path.ends_with("js") {
            assert!(content_type.contains("javascript"), "{path}: {content_type}");
        }
    }
}

/// What the page is made of, as a browser asks for it.
const PAGE: [(&str, &str, &str); 4] = [
    ("/", "text/html", "/app.js"),
    ("/app.js", "text/javascript", "return {"),
    ("/app.css", "text/css", "{"),
    ("/app.js.map", "application/json", "sections"),
];

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header("host", "127.0.0.1:8000")
}

#[tokio::test]
async fn the_page_is_sent_compressed_to_those_who_accept_that() {
    let client = Client::without_model();
    for (path, content_type, part) in PAGE {
        let plain = client.send(get(path).body(Body::empty()).unwrap()).await;
        let accepts = get(path).header("accept-encoding", "gzip, br");
        let zipped = client.send(accepts.body(Body::empty()).unwrap()).await;
        for response in [&plain, &zipped] {
            assert_eq!(response.status(), 200, "{path}");
            let found = response.headers()["content-type"].to_str().unwrap();
            assert!(found.starts_with(content_type), "{path}: {found}");
            assert_eq!(response.headers()["vary"], "accept-encoding", "{path}");
        }
        assert_eq!(plain.headers().get("content-encoding"), None, "{path}");
        assert_eq!(zipped.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(plain.headers()["etag"], zipped.headers()["etag"], "{path}");
        let [plain, zipped] = [plain, zipped].map(|one| to_bytes(one.into_body(), 4 << 20));
        let (plain, zipped) = (plain.await.unwrap(), zipped.await.unwrap());
        let mut unzipped = Vec::new();
        GzDecoder::new(&*zipped).read_to_end(&mut unzipped).unwrap();
        assert_eq!(unzipped, plain, "{path}");
        assert!(String::from_utf8_lossy(&plain).contains(part), "{path} has no {part}");
    }
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let client = Client::without_model();
    for path in PAGE.map(|(path, _, _)| path).into_iter().chain(["/main.js", "/favicon.svg"]) {
        let first = client.send(get(path).body(Body::empty()).unwrap()).await;
        let tag = first.headers()["etag"].clone();
        let again = get(path).header("if-none-match", tag).header("accept-encoding", "gzip");
        let again = client.send(again.body(Body::empty()).unwrap()).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers().get("content-encoding"), None, "{path}");
    }
}

#[tokio::test]
async fn answers_of_the_api_are_not_compressed() {
    let client = Client::without_model();
    let asked = get("/api/catalog").header("accept-encoding", "gzip");
    let response = client.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get("content-encoding"), None);
}
