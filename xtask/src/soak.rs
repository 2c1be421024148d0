//! `cargo xtask soak`: many clients at once, some of them rude, and a server that is killed in the middle.
//!
//! Each answer must be one that its client has to expect, the memory must stay flat, moves of a knob must
//! stay quick, and the same questions must get the same answers before and after it all.

mod books;
mod clients;
mod questions;
mod rude;

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use crate::bench::samples::Samples;
use crate::server::Server;
use crate::shell;
use crate::table::{Table, short};
use books::Books;
use clients::CLIENTS;

const SERVER: &str = "target/release/tokenscope";
pub(crate) const BUILTIN: &str = "builtin:smollm2-135m-instruct";

/// Bound of the 99th percentile of a knob's moves, in milliseconds: beyond it a slider is felt to lag.
const SLOWEST_MOVE_MS: f64 = 150.0;
/// By how much memory may grow after the warm-up.
const MOST_GROWTH: f64 = 0.05;
/// The part of each server's life that warms up.
const WARM_UP: f64 = 0.25;
/// Small, so that the cache is full when the warm-up ends.
const CACHE: &str = "64MiB";

/// How long, and what.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long the clients ask; the server is killed after half of it.
    #[arg(long, default_value_t = 30.0, value_parser = minutes)]
    minutes: f64,
    /// A program that is built already [default: a release build is made].
    #[arg(long, value_name = "PATH")]
    server: Option<String>,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "expected a number of minutes".to_owned())?;
    let range = 0.5..=240.0;
    if range.contains(&minutes) { Ok(minutes) } else { Err("expected 0.5 to 240".to_owned()) }
}

/// What the clients share.
struct Stage {
    /// Where the server listens; empty while there is none, and clients wait.
    url: RwLock<String>,
    books: Books,
    over: AtomicBool,
}

impl Stage {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Where the server listens.
    fn url(&self) -> String {
        self.url.read().expect("no holder of the lock panics").clone()
    }

    fn set_url(&self, url: &str) {
        url.clone_into(&mut self.url.write().expect("no holder of the lock panics"));
    }
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    if options.server.is_none() {
        shell::run(".", "cargo", &["build", "--release", "--package", "tokenscope-server"])?;
    }
    let program = options.server.as_deref().unwrap_or(SERVER);
    shell::run(".", program, &["--fetch-builtin"])?;
    let start = || {
        let flags = ["--cache-bytes", CACHE].map(str::to_owned);
        let server = Server::start(program, BUILTIN, &flags)?;
        server.wait_until_ready(|_| ())?;
        Ok::<_, String>(server)
    };
    let half = Duration::from_secs_f64(options.minutes * 30.0);
    let mut server = Some(start()?);
    let listening =
        |server: &Option<Server>| server.as_ref().map_or(String::new(), |one| one.url.clone());
    let expected = questions::ask_all(&listening(&server))?;
    let stage =
        Stage { url: RwLock::default(), books: Books::default(), over: AtomicBool::new(false) };
    let mut growths = Vec::new();
    let mut changed = Vec::new();
    std::thread::scope(|scope| {
        stage.set_url(&listening(&server));
        for number in 0..CLIENTS {
            let stage = &stage;
            scope.spawn(move || clients::run(number, stage));
        }
        let mut both = || {
            growths.push(watch(server.as_ref(), half)?);
            eprintln!("\nkilling the server");
            stage.set_url("");
            drop(server.take());
            let url = &server.insert(start()?).url;
            changed.extend(questions::differing(url, &expected, "after the restart")?);
            stage.set_url(url);
            growths.push(watch(server.as_ref(), half)?);
            Ok::<_, String>(())
        };
        let result = both();
        stage.over.store(true, Ordering::Relaxed);
        result
    })?;
    let url = listening(&server);
    questions::load_builtin(&url)?;
    changed.extend(questions::differing(&url, &expected, "at the end")?);
    conclude(stage.books, &growths, &changed, expected.len())
}

/// Waits, and measures meanwhile by how much the most memory of the last third after the warm-up is above that
/// of the first third.
fn watch(server: Option<&Server>, time: Duration) -> Result<f64, String> {
    const PAUSE: Duration = Duration::from_millis(500);
    let (started, process) = (Instant::now(), server.ok_or("there is no server")?.process());
    let mut samples = Vec::new();
    while started.elapsed() < time {
        std::thread::sleep(PAUSE);
        samples.push(process.memory("VmRSS").ok_or("the server has ended by itself")?);
    }
    let warm = &samples[(samples.len() as f64 * WARM_UP) as usize..];
    let third = (warm.len() / 3).max(1);
    let most = |part: &[u64]| part.iter().max().copied().unwrap_or(0) as f64;
    let (first, last) = (most(&warm[..third]), most(&warm[warm.len() - third..]));
    eprintln!("memory: {:.0} MB after the warm-up, {:.0} MB at the end", first / 1e6, last / 1e6);
    Ok(last / first - 1.0)
}

/// Prints what was found.
fn conclude(
    books: Books,
    growths: &[f64],
    changed: &[String],
    questions: usize,
) -> Result<(), String> {
    let mut table = Table::new("soak", "Answers", &["client", "answer", "count"]);
    for ((client, answer), count) in books.counts() {
        table.push(vec![client.to_owned(), answer, count.to_string()]);
    }
    eprintln!("{}", table.plain());
    let mut faults = books.unintended();
    faults.extend_from_slice(changed);
    eprintln!("{questions} questions asked again twice: {} other answers", changed.len());
    for (life, growth) in growths.iter().enumerate() {
        eprintln!("memory of server {}: {:+.1} % after the warm-up", life + 1, growth * 100.0);
        if *growth > MOST_GROWTH {
            faults.push(format!("the memory of server {} grew", life + 1));
        }
    }
    let moves = books.moves();
    if moves.is_empty() {
        faults.push("no move of a knob was measured".to_owned());
    } else {
        let moves = Samples::new(moves);
        let p99 = moves.percentile(0.99);
        let (count, median) = (moves.count(), short(moves.median()));
        eprintln!("{count} moves of a knob: median {median} ms, p99 {} ms", short(p99));
        if p99 > SLOWEST_MOVE_MS {
            faults.push(format!("knob p99 {p99:.0} ms is above {SLOWEST_MOVE_MS} ms"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n  ")) }
}
