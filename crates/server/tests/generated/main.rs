//! Files that are generated from Rust definitions must be current. `cargo xtask docgen` sets
//! `TOKENSCOPE_DOCGEN` and so writes them.

mod limits;
mod security;

use std::fs;
use std::path::{Path, PathBuf};

use tokenscope_server::{reference, wire};

/// The project's folder.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Rust files below a folder, in a lasting order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[track_caller]
fn check(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("TOKENSCOPE_DOCGEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is out of date: run `cargo xtask docgen`", path.display());
}

#[test]
fn the_pages_types_are_current() {
    check("web/types/wire.d.ts", &wire::typescript());
}

#[test]
fn the_reference_of_knobs_is_current() {
    check("docs/reference/knobs.md", &reference::knobs());
}

#[test]
fn the_reference_of_attribution_is_current() {
    check("docs/reference/attribution.md", &reference::attribution());
}

#[test]
fn the_table_of_limits_is_current() {
    check("docs/limits.md", &limits::page(&root()));
}
