//! Chores. `cargo xtask` lists them.

mod arm;
mod bench;
mod browser;
mod constraints;
mod cycles;
mod deny;
mod docgen;
mod hostile;
mod performance;
mod sanitize;
mod server;
mod shell;
mod soak;
mod systems;
mod table;
mod test;
mod tools;
mod vendor;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// All checks; installs or fetches what they need.
    Test {
        /// Leave the browser's part out.
        #[arg(long)]
        no_browser: bool,
    },
    /// How fast the program is: loading, over HTTP, memory, and inside the engine.
    Bench(bench::Options),
    /// Writes what was measured last into docs/performance.md.
    Performance {
        /// Take also what was measured while others used the machine.
        #[arg(long)]
        even_if_busy: bool,
    },
    /// Completions of the built-in model under sixty constraints, checked by others' code.
    Constraints,
    /// Constraints that would take all time and memory, against a running server.
    HostileConstraints {
        /// The model that answers: a path, or builtin:smollm2-135m-instruct.
        #[arg(long, default_value = "fixtures/tiny/llama/model.gguf")]
        model: String,
    },
    /// Licences, sources and duplicates of what the program is built from, by deny.toml.
    Deny,
    /// Writes what is generated from Rust: docs/reference, web/types.
    Docgen,
    /// The tests of the numeric crates and of the HTTP interface as an ARM program, emulated.
    Arm,
    /// Cycles that the kernels' inner loops take on processors of several makers, as llvm-mca predicts them.
    Cycles,
    /// The model crate's tests under AddressSanitizer, on every instruction set.
    Sanitize,
    /// Thirty-two clients at once, some of them rude, and a server that is killed in the middle.
    Soak(soak::Options),
    /// Whether the program's code compiles for Windows and for macOS.
    Systems,
    /// Copies the page's libraries from web/node_modules to web/vendor.
    Vendor,
}

fn main() -> ExitCode {
    let result = match Chore::parse() {
        Chore::Test { no_browser } => test::run(!no_browser),
        Chore::Bench(options) => bench::run(&options),
        Chore::Performance { even_if_busy } => performance::run(even_if_busy),
        Chore::Constraints => constraints::run(),
        Chore::HostileConstraints { model } => hostile::run(&model),
        Chore::Deny => deny::run(),
        Chore::Docgen => docgen::run(),
        Chore::Arm => arm::run(),
        Chore::Cycles => cycles::run(),
        Chore::Sanitize => sanitize::run(),
        Chore::Soak(options) => soak::run(&options),
        Chore::Systems => systems::run(),
        Chore::Vendor => vendor::run(vendor::Mode::Write),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
