//! `cargo xtask constraints`: the whole run of which the test suite has a sample.

use crate::shell;

/// Prints a table of how many completions ended under each constraint; fails if one of them is not
/// what its constraint allows, or too few end. Development builds will do: the model is optimised in
/// them, too.
pub(crate) fn run() -> Result<(), String> {
    shell::run(".", "cargo", &["build", "--package", "tokenscope-server"])?;
    shell::run(".", "target/debug/tokenscope", &["--fetch-builtin"])?;
    let package = ["--package", "tokenscope-server", "--features", "tokenscope-server/real-model"];
    let test = ["--test", "constraints", "--", "--ignored", "--nocapture"];
    shell::run(".", "cargo", &[&["test"], &package[..], &test[..]].concat())
}
