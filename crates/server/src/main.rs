//! `tokenscope`: starts the server.

use clap::Parser as _;
use tokenscope_server::{cli::Cli, startup};

fn main() {
    // Not a command for people: the program starts itself so.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == startup::TRY_CONSTRAINTS) {
        tokenscope_engine::constraint::serve_trials();
    }
    if let Err(error) = startup::run(&Cli::parse()) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
