//! `cargo xtask bench`: how fast the release build is, as its users meet it and inside.
//!
//! Each part is a file. It measures one model and answers with numbers for `target/bench/bench.json`
//! and rows for the tables. A part that a model cannot serve fails alone.

mod constraints;
mod context;
mod engine;
pub(crate) mod http;
mod idle;
mod load;
mod memory;
mod program;
pub(crate) mod samples;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::shell;
use crate::table::Table;
use program::Program;

const BUILTIN: &str = "builtin:smollm2-135m-instruct";
const SERVER: &str = "target/release/tokenscope";

/// From here on, in percent of all cores, the machine is not quiet before we start.
const BUSY: f64 = 5.0;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A model as the program takes it, several with several flags; parts inside the engine need a
    /// file or a folder.
    #[arg(long = "model", value_name = "MODEL", default_value = BUILTIN)]
    models: Vec<String>,
    /// Fewer repetitions.
    #[arg(long)]
    quick: bool,
    /// Threads the model computes with [default: one per physical core of the fast kind].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Parts to run, separated by commas [default: all].
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<Part>,
}

/// The parts, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Seconds until a model answers.
    Load,
    /// Previews, knobs, steps, rewinds and forks as the page asks for them.
    Http,
    /// Compiling constraints, masks, and previews under them.
    Constraints,
    /// Resident memory.
    Memory,
    /// What a loaded model costs while nobody asks.
    Idle,
    /// Prefill and decode without a server.
    Engine,
    /// How both grow with the length of the context.
    Context,
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value().expect("no part is hidden").get_name().to_owned()
    }

    fn table(self) -> Table {
        match self {
            Part::Load => load::table(),
            Part::Http => http::table(),
            Part::Constraints => constraints::table(),
            Part::Memory => memory::table(),
            Part::Idle => idle::table(),
            Part::Engine => engine::table(),
            Part::Context => context::table(),
        }
    }

    fn measure(self, bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
        match self {
            Part::Load => load::measure(bench, rows),
            Part::Http => http::measure(bench, rows),
            Part::Constraints => constraints::measure(bench, rows),
            Part::Memory => memory::measure(bench, rows),
            Part::Idle => idle::measure(bench, rows),
            Part::Engine => engine::measure(bench, rows),
            Part::Context => context::measure(bench, rows),
        }
    }
}

/// One model to measure, and how.
struct Bench<'a> {
    /// As the program takes it.
    model: &'a str,
    /// What tables call it: they do not show where people keep their files.
    label: String,
    /// Where its weights are, if it is not one of the hub.
    path: Option<PathBuf>,
    /// The machine's facts.
    machine: &'a Value,
    quick: bool,
    threads: Option<usize>,
}

impl Bench<'_> {
    /// `many` of something, or `few` if it must be quick.
    fn times(&self, many: usize, few: usize) -> usize {
        if self.quick { few } else { many }
    }

    fn start_server(&self) -> Result<crate::server::Server, String> {
        crate::server::Server::start(SERVER, self.model, &thread_options(self.threads))
    }

    fn start_program(&self) -> Result<Program, String> {
        let path =
            self.path.as_deref().ok_or("only files and folders can be run without a server")?;
        Program::start(Some(path), &thread_options(self.threads))
    }
}

/// Options for either program.
fn thread_options(threads: Option<usize>) -> Vec<String> {
    threads.into_iter().flat_map(|n| ["--threads".to_owned(), n.to_string()]).collect()
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let packages = ["--package", "tokenscope-server", "--package", "tokenscope-bench"];
    shell::run(".", "cargo", &[&["build", "--release"][..], &packages].concat())?;
    shell::run(".", SERVER, &["--fetch-builtin"])?;
    let parts = if options.only.is_empty() { Part::value_variants() } else { &options.only };
    let machine = machine(options)?;
    eprintln!("\n{}", machine_line(&machine));
    if is_busy(&machine) {
        eprintln!("others are using this machine: numbers will be worse than they should be");
    }

    let mut tables: Vec<Table> = parts.iter().map(|part| part.table()).collect();
    let mut models = Vec::new();
    let mut failed = Vec::new();
    for model in &options.models {
        let path = path_of(model)?;
        let bench = Bench {
            model,
            label: label(model),
            path,
            machine: &machine,
            quick: options.quick,
            threads: options.threads,
        };
        let mut results = Map::new();
        results.insert("model".into(), bench.label.clone().into());
        for (part, rows) in parts.iter().zip(&mut tables) {
            eprintln!("measuring {}: {}", part.name(), bench.label);
            match part.measure(&bench, rows) {
                Ok(result) => {
                    results.insert(part.name(), result);
                }
                Err(error) => failed.push(format!("{}: {}: {error}", bench.label, part.name())),
            }
        }
        models.push(Value::Object(results));
    }

    tables.iter().for_each(|table| eprint!("{}", table.plain()));
    let tables: Vec<Value> = tables.iter().map(Table::to_json).collect();
    let results = json!({ "machine": machine, "models": models, "tables": tables });
    let written = write("bench.json", &results)?;
    eprintln!("\nall numbers: {}", written.display());
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Facts of the machine, the moment and the code.
fn machine(options: &Options) -> Result<Value, String> {
    let mut facts = Program::start(None, &thread_options(options.threads))?.ask("machine")?;
    facts["date"] = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string().into();
    facts["commit"] = commit().into();
    facts["quick"] = options.quick.into();
    Ok(facts)
}

/// The commit, and whether files differ from it.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let root = shell::root();
        let folder = ["-C", root.to_str()?];
        shell::output("git", &[&folder[..], arguments].concat())
    };
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if changed { format!("{commit} with changes") } else { commit })
}

/// Whether others were using the machine.
pub(crate) fn is_busy(machine: &Value) -> bool {
    machine["busy_percent"].as_f64().is_none_or(|busy| busy > BUSY)
}

/// One line about the machine, as the terminal and docs/performance.md have it.
pub(crate) fn machine_line(machine: &Value) -> String {
    let text = |key: &str| machine[key].as_str().unwrap_or("?").to_owned();
    let number = |key: &str| machine[key].as_f64().unwrap_or(f64::NAN);
    let instructions: Vec<&str> = machine["instructions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    format!(
        "{}, {} threads, {}; reads {:.1} GB/s, multiplies and adds {:.0} GFLOP/s; {}, {:.0} % busy before, commit {}",
        text("cpu"),
        number("threads"),
        instructions.last().unwrap_or(&"no vectors known"),
        number("read_gb_per_s"),
        number("gflop_per_s"),
        text("date"),
        number("busy_percent"),
        text("commit"),
    )
}

/// Where results are kept.
pub(crate) fn folder() -> PathBuf {
    shell::root().join("target/bench")
}

fn write(name: &str, results: &Value) -> Result<PathBuf, String> {
    let path = folder().join(name);
    let text = serde_json::to_string_pretty(results).expect("JSON values can be written");
    std::fs::create_dir_all(folder())
        .and_then(|()| std::fs::write(&path, text + "\n"))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn path_of(model: &str) -> Result<Option<PathBuf>, String> {
    if model != BUILTIN {
        let path = Path::new(model);
        return Ok(path.exists().then(|| path.to_owned()));
    }
    let program = shell::root().join(SERVER);
    let program = program.to_str().ok_or("the project's path is not text")?;
    Ok(shell::output(program, &["--fetch-builtin"]).map(PathBuf::from))
}

fn label(model: &str) -> String {
    let path = Path::new(model);
    let name = path.file_name().filter(|_| path.exists());
    name.map_or_else(|| model.to_owned(), |name| name.to_string_lossy().into_owned())
}
