//! Files that are generated from Rust definitions must be current. `cargo xtask docgen` sets
//! `TOKENSCOPE_DOCGEN` and so writes them.

use std::path::PathBuf;

use tokenscope_server::{reference, wire};

#[track_caller]
fn check(path: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("TOKENSCOPE_DOCGEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
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
