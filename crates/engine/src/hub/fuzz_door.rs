//! An answer of a hub, read as [`super::fetch`] would read it, without asking anybody.

use std::path::{Component, Path};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};

use super::answers::Asked;
use super::cache::RepoCache;
use super::client::{self, Metadata};
use super::download::RemoteFile;
use super::files::{self, Listing};

/// A status, lines of headers, an empty line, and what should be a listing.
///
/// # Panics
/// If a redirect leads to what is no address of the web, or a name to a place outside of the cache.
pub fn hub_answer(bytes: &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 2..]));
    let (status, headers) = read_head(head);
    let asked = |file| Asked {
        endpoint: "http://127.0.0.1:9",
        repo: "a/b",
        revision: "main",
        file,
        has_token: true,
    };
    for file in [None, Some("model.gguf")] {
        let _ = asked(file).refusal(status, &headers);
    }
    let _ = client::content_range(&headers);
    let here = Url::parse("https://127.0.0.1:9/a/b/resolve/main/c").expect("it is an address");
    if let Some(next) = client::redirect(&here, &headers) {
        assert!(["http", "https"].contains(&next.scheme()), "{next}");
    }
    if let Ok(listing) = Listing::parse(body) {
        check_listing(&listing);
    }
}

/// Whatever a listing says lies in the cache.
fn check_listing(listing: &Listing) {
    let folder = Path::new("/cache");
    let cache = RepoCache::new(folder, "a/b");
    let is_inside = |path: &Path| {
        let no_way_up = path.components().all(|part| !matches!(part, Component::ParentDir));
        path.starts_with(folder) && no_way_up
    };
    let snapshot = cache.snapshot(&listing.commit);
    for file in &listing.files {
        let path = snapshot.path(&file.name);
        assert!(is_inside(&path), "{}", path.display());
        let metadata = Metadata { etag: file.etag.clone(), size: file.size };
        if let Ok(remote) = RemoteFile::new(&file.name, &metadata) {
            for path in
                [cache.blob(&remote.etag), cache.incomplete(&remote.etag), cache.lock(&remote.etag)]
            {
                assert!(is_inside(&path), "{}", path.display());
            }
        }
    }
    for wanted in [None, Some("model.gguf")] {
        let _ = files::choose_weights(listing.names(), wanted);
    }
}

fn read_head(head: &[u8]) -> (StatusCode, HeaderMap) {
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| StatusCode::from_bytes(line).ok());
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    (status.unwrap_or(StatusCode::OK), headers)
}
