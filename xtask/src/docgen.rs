//! `cargo xtask docgen`: the tests that compare generated files with their definitions write them
//! instead when they are asked to.

use crate::shell;

pub(crate) fn run() -> Result<(), String> {
    let arguments = ["test", "--package", "tokenscope-server", "--test", "generated"];
    shell::run_with(".", "cargo", &arguments, &[("TOKENSCOPE_DOCGEN", "1")])
}
