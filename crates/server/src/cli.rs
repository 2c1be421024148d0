//! The command line: flags as typed.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;
use tracing::Level;

/// The model that is loaded when nobody says otherwise.
pub const DEFAULT_MODEL: &str = "Qwen/Qwen2.5-0.5B-Instruct";

/// Shows how a language model picks its next token, in your browser, on your own machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "tokenscope", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Address to listen on. Without a token only this machine's own (loopback) addresses are
    /// allowed, because whoever reaches the page may use the model. There is no TLS.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub host: IpAddr,

    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 8000)]
    pub port: u16,

    /// Let in whoever has a token, and nobody else. It is that of the variable TOKENSCOPE_TOKEN or of
    /// --token-file, or else is made and printed with the address. It is no value of this option,
    /// since every user of a machine sees the arguments of its programs.
    #[arg(long)]
    pub token: bool,

    /// The same, with the token that is in this file.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Model to load at start: an id of the Hugging Face hub (org/name, if need be with @revision
    /// and :file.gguf), the path of a .gguf file or of a folder with a checkpoint, or
    /// builtin:smollm2-135m-instruct. If it cannot be had, the built-in model stands in and the page
    /// says so.
    #[arg(long, env = "LLM_DEMO_DEFAULT_MODEL", default_value = DEFAULT_MODEL, value_name = "MODEL")]
    pub model: String,

    /// Threads the model computes with [default: one per physical core of the fast kind].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Memory for what has been computed of earlier prompts, in bytes or with a unit, as in 256MiB
    /// [default: an eighth of the memory that is available, between 64MiB and 512MiB].
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub cache_bytes: Option<usize>,

    /// Read in all weights while the model is being loaded, rather than each when it is first used.
    #[arg(long)]
    pub prefault: bool,

    /// Fetch nothing: use only models that are on this machine.
    #[arg(long)]
    pub offline: bool,

    /// Open the page in the browser.
    #[arg(long)]
    pub open: bool,

    /// Fetch the built-in model, print where it is, and exit.
    #[arg(long)]
    pub fetch_builtin: bool,

    /// Folder for the built-in model [default: the user's cache folder]. Models of the hub are kept
    /// where Python keeps them (HF_HOME, HF_HUB_CACHE).
    #[arg(long, env = "TOKENSCOPE_CACHE", value_name = "FOLDER")]
    pub cache: Option<PathBuf>,

    /// How much to log: error, warn, info, debug or trace.
    #[arg(long, env = "LLM_DEMO_LOG_LEVEL", default_value = "info", value_name = "LEVEL",
        value_parser = parse_level)]
    pub log_level: Level,
}

const EXAMPLES: &str = "\
Examples:
  tokenscope                                    start, then open http://127.0.0.1:8000
  tokenscope --open                             the same, and open the browser
  tokenscope --model ~/models/llama.Q8_0.gguf   use a file of your own
  tokenscope --fetch-builtin                    prepare a machine that will be offline
  tokenscope --offline --port 9000              fetch nothing, listen elsewhere
  tokenscope --token --host 0.0.0.0             for other machines; who has the token may use it

The API is described at /docs while the program runs.";

/// Reads a level of logging, under its Rust name or that of Python's servers, in any case. A
/// variable that is set but empty counts as absent.
fn parse_level(name: &str) -> Result<Level, String> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "error" | "critical" => Level::ERROR,
        "warn" | "warning" => Level::WARN,
        "info" | "" => Level::INFO,
        "debug" => Level::DEBUG,
        "trace" => Level::TRACE,
        _ => return Err("expected error, warn, info, debug or trace".into()),
    })
}

/// Reads a number of bytes, with or without a unit.
fn parse_bytes(text: &str) -> Result<usize, String> {
    let size: Result<bytesize::ByteSize, _> = text.parse();
    size.ok().and_then(|size| size.as_u64().try_into().ok()).ok_or_else(|| {
        "expected a number of bytes, perhaps with a unit: 500000000, 512MiB, 1.5GB".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_of_threads_and_bytes_are_checked() {
        let parse = |flag, value| Cli::try_parse_from(["tokenscope", flag, value]);
        for (value, threads) in
            [("1", Some(1)), ("1024", Some(1024)), ("0", None), ("1025", None), ("two", None)]
        {
            let parsed = parse("--threads", value).ok().map(|cli| cli.threads.unwrap());
            assert_eq!(parsed, threads, "{value}");
        }
        for (value, bytes) in [
            ("0", Some(0)),
            ("500000000", Some(500_000_000)),
            ("512MiB", Some(512 << 20)),
            ("1.5GB", Some(1_500_000_000)),
            ("2 kib", Some(2048)),
            ("-1", None),
            ("", None),
            ("much", None),
            ("1e99GB", None),
        ] {
            let parsed = parse("--cache-bytes", value).ok().map(|cli| cli.cache_bytes.unwrap());
            assert_eq!(parsed, bytes, "{value}");
        }
    }

    #[test]
    fn a_token_is_never_an_argument() {
        for (arguments, fits) in [
            (&["--token"][..], true),
            (&["--token-file", "file"], true),
            (&["--token=secret"], false),
            (&["--token", "secret"], false),
        ] {
            let all = ["tokenscope"].iter().chain(arguments);
            assert_eq!(Cli::try_parse_from(all).is_ok(), fits, "{arguments:?}");
        }
    }

    #[test]
    fn python_names_of_levels_are_understood() {
        for (name, level) in [
            ("warning", Level::WARN),
            ("CRITICAL", Level::ERROR),
            ("Info", Level::INFO),
            ("", Level::INFO),
        ] {
            assert_eq!(Cli::parse_from(["tokenscope", "--log-level", name]).log_level, level);
        }
        assert!(Cli::try_parse_from(["tokenscope", "--log-level", "loud"]).is_err());
    }
}
