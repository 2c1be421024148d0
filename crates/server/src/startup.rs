//! From flags to a running server.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokenscope_engine::library::{LoadPhase, LoadStep};
use tokenscope_engine::{Engine, EngineOptions, fetch_builtin_model};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, DEFAULT_MODEL};
use crate::{app, assets, browser};

/// Runs the program.
///
/// # Errors
/// A sentence for the terminal.
pub fn run(cli: &Cli) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_max_level(cli.log_level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let mut options = EngineOptions {
        offline: cli.offline,
        cache_folder: cli.cache.clone().filter(|folder| !folder.as_os_str().is_empty()),
        prefault: cli.prefault,
        ..EngineOptions::default()
    };
    if let Some(bytes) = cli.cache_bytes {
        options.cache_bytes = bytes;
    }
    if let Some(threads) = cli.threads {
        options.threads = threads.into();
    }
    if cli.fetch_builtin {
        let last = RefCell::new(None);
        let report = |step| print_step(&step, &mut last.borrow_mut());
        let path = fetch_builtin_model(&options, &report, &CancellationToken::new())?;
        #[expect(clippy::print_stdout, reason = "the path is the command's result")]
        {
            println!("{}", path.display());
        }
        return Ok(());
    }
    if !cli.host.is_loopback() {
        return Err(format!(
            "{} is not an address of this machine alone. Tokenscope has no access control yet, so \
             it listens on loopback only: use --host 127.0.0.1 or ::1. To reach it from another \
             machine, forward the port, for example with ssh -L {port}:127.0.0.1:{port}.",
            cli.host,
            port = cli.port
        ));
    }
    let instructions = tokenscope_engine::instruction_set()?;
    tracing::debug!("kernels run with {instructions}, {} threads", options.threads);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("Cannot start: {error}."))?;
    runtime.block_on(serve(cli, options))
}

async fn serve(cli: &Cli, options: EngineOptions) -> Result<(), String> {
    let address = SocketAddr::new(cli.host, cli.port);
    let listener = TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "Port {} of {} is taken by another program, perhaps another Tokenscope. Stop it, or \
             choose another port: --port {}.",
            cli.port,
            cli.host,
            cli.port.checked_add(1).unwrap_or(8000)
        ),
        _ => format!("Cannot listen on {address}: {error}."),
    })?;
    let address = listener.local_addr().map_err(|error| format!("Cannot listen: {error}."))?;
    let url = format!("http://{address}");
    eprintln!("Tokenscope is at {url}  (Ctrl-C stops it)");

    let engine = Engine::start(options);
    let model = Some(cli.model.trim()).filter(|model| !model.is_empty()).unwrap_or(DEFAULT_MODEL);
    engine.load_or_stand_in(model).map_err(|error| error.to_string())?;
    tokio::spawn(print_progress(engine.clone()));
    tokio::task::spawn_blocking(assets::prepare);
    if cli.open {
        browser::open(&url);
    }
    let server = axum::serve(listener, app(engine));
    tokio::select! {
        result = server => result.map_err(|error| format!("The server stopped: {error}.")),
        // Requests under way need no farewell: the browser owns the session.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Prints how loads go.
async fn print_progress(engine: Engine) {
    let (mut changes, mut last) = (engine.watch_status(), None);
    loop {
        changes.mark_unchanged();
        match engine.status().load {
            Some(load) => print_step(&load.step, &mut last),
            None => last = None,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if changes.changed().await.is_err() {
            break;
        }
    }
}

/// Prints a line when a tenth more has come, or another phase has begun.
fn print_step(step: &LoadStep, last: &mut Option<(LoadPhase, u64)>) {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let tenth = step.total.map_or(0, |total| step.bytes * 10 / total.max(1));
    if last.replace((step.phase, tenth)) == Some((step.phase, tenth)) {
        return;
    }
    let file = step.file.as_deref().unwrap_or("");
    match (step.phase, step.total) {
        (LoadPhase::Downloading, Some(total)) => eprintln!(
            "  fetching {file}: {:.0} of {:.0} MB, {:.1} MB/s",
            megabytes(step.bytes),
            megabytes(total),
            step.bytes_per_s.unwrap_or(0.0) / 1e6
        ),
        (LoadPhase::Verifying, _) => eprintln!("  verifying {file}"),
        _ => {}
    }
}
