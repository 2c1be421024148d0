//! Chores. `cargo xtask` lists them.

mod bench;
mod browser;
mod docgen;
mod sanitize;
mod server;
mod shell;
mod test;
mod tools;
mod vendor;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--no-browser]   all checks; installs or fetches what they need
cargo xtask bench [MODEL ...]     what loading costs: time, memory, and how the status answers meanwhile
cargo xtask sanitize              the model crate's tests under AddressSanitizer, on every instruction set
cargo xtask docgen                writes what is generated from Rust: docs/reference, web/types
cargo xtask vendor                copies the page's libraries from web/node_modules to web/vendor";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["test"] => test::run(true),
        ["test", "--no-browser"] => test::run(false),
        ["bench", models @ ..] => bench::run(models),
        ["docgen"] => docgen::run(),
        ["sanitize"] => sanitize::run(),
        ["vendor"] => vendor::run(vendor::Mode::Write),
        [] | ["help" | "--help" | "-h"] => {
            eprintln!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("this is not a chore: {}\n{USAGE}", arguments.join(" "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
