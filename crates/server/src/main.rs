//! `tokenscope`: starts the server.

use clap::Parser as _;
use tokenscope_server::{cli::Cli, startup};

fn main() {
    if let Err(error) = startup::run(&Cli::parse()) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
