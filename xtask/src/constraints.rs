//! `cargo xtask constraints`: the whole run of which the test suite has a sample.

use crate::shell;

/// Prints a table of how many completions ended under each constraint; fails if one of them is not
/// what its constraint allows, or too few end.
pub(crate) fn run() -> Result<(), String> {
    shell::run(".", "cargo", &["build", "--release", "--package", "tokenscope-server"])?;
    shell::run(".", "target/release/tokenscope", &["--fetch-builtin"])?;
    let package = ["--release", "--package", "tokenscope-server", "--features", "real-model"];
    let test = ["--test", "constraints", "--", "--ignored", "--nocapture"];
    shell::run(".", "cargo", &[&["test"], &package[..], &test[..]].concat())
}
