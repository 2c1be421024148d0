//! What reads bytes of strangers, each reader as a function of bytes: whatever they are, it comes back,
//! without a panic, soon, and with an error or something that can be used.
//!
//! `fuzz/` runs these functions with libFuzzer, and `tests/short_run.rs` with the seeds of `fuzz/seeds` and
//! a few hundred deterministic changes of them, so that both mean the same. No part of the program: it
//! exists for its tests.

mod body;
mod constraint;
mod model;
mod text;

use std::path::{Path, PathBuf};

/// A reader of outside bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Also the name of its folder of seeds and of its program in `fuzz/`.
    pub name: &'static str,
    /// Reads some bytes.
    pub run: fn(&[u8]),
    /// How many changed seeds the suite tries: what takes longer gets fewer.
    pub cases: usize,
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target { name: "gguf", run: model::gguf, cases: 600 },
    Target { name: "folder", run: model::folder, cases: 600 },
    Target { name: "config", run: model::config, cases: 600 },
    Target { name: "tokenizer", run: text::tokenizer, cases: 600 },
    Target { name: "template", run: text::template, cases: 600 },
    Target { name: "hub", run: hub, cases: 2000 },
    Target { name: "constraint", run: constraint::constraint, cases: 200 },
    Target { name: "body", run: body::body, cases: 400 },
];

/// Runs the target of that name.
///
/// # Panics
/// If there is none, or if the target finds something.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("there is a target of this name").run)(bytes);
}

/// An answer of a hub: a status line, headers, an empty line, and what should be a listing.
fn hub(bytes: &[u8]) {
    tokenscope_engine::fuzz_door::hub_answer(bytes);
}

/// A file of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The two parts of an input: before its first zero byte and after it.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let border = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..border], bytes.get(border + 1..).unwrap_or_default())
}
