//! The page's files.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;

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
    let mut files = vec![web.join("index.html"), web.join("main.js"), web.join("html.js")];
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

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let client = Client::without_model();
    let get = || Request::get("/").header("host", "127.0.0.1:8000");
    let first = client.send(get().body(Body::empty()).unwrap()).await;
    let tag = first.headers()["etag"].clone();
    let again = client.send(get().header("if-none-match", tag).body(Body::empty()).unwrap()).await;
    assert_eq!(again.status(), 304);
}
