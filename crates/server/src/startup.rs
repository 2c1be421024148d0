//! From flags to a running server.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ConnectInfo;
use tokenscope_engine::constraint::Helper;
use tokenscope_engine::library::{LoadPhase, LoadStep};
use tokenscope_engine::{Engine, EngineOptions, fetch_builtin_model, remove_leftovers};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::cli::{Cli, DEFAULT_MODEL};
use crate::ending::Signals;
use crate::token::{self, Clear, Token};
use crate::{Limits, app_for, assets, browser, log};

/// The argument with which the program starts itself to try constraints in a process that can be ended.
pub const TRY_CONSTRAINTS: &str = "__try-constraints";

/// How this program is started to try constraints.
fn trials() -> Option<Helper> {
    // The file may be replaced while the program runs; Linux has a name for the one that does.
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() };
    let arguments = vec![TRY_CONSTRAINTS.into()];
    program.ok().map(|program| Helper { program, arguments })
}

/// Runs the program.
///
/// # Errors
/// A sentence for the terminal.
pub fn run(cli: &Cli) -> Result<(), String> {
    log::start(cli.log_level);
    let mut options = EngineOptions {
        offline: cli.offline,
        cache_folder: cli.cache.clone().filter(|folder| !folder.as_os_str().is_empty()),
        prefault: cli.prefault,
        trials: trials(),
        ..EngineOptions::default()
    };
    if let Some(bytes) = cli.cache_bytes {
        options.cache_bytes = bytes;
    }
    if let Some(threads) = cli.threads {
        options.threads = threads.into();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("Cannot start: {error}."))?;
    let result = if cli.fetch_builtin {
        runtime.block_on(fetch_builtin(options))
    } else {
        check_flags(cli, &options)
            .and_then(|(access, shown)| runtime.block_on(serve(cli, options, access, shown)))
    };
    // Nothing that is still under way is worth waiting for, and no child stays behind.
    runtime.shutdown_background();
    tokenscope_children::end_all();
    result
}

/// Fetches the built-in model and prints where it is.
async fn fetch_builtin(options: EngineOptions) -> Result<(), String> {
    let mut signals = Signals::listen()?;
    let cancelled = CancellationToken::new();
    let told_to_end = cancelled.clone();
    let mut fetch = tokio::task::spawn_blocking(move || {
        remove_leftovers(&options);
        let last = RefCell::new(None);
        let report = |step| print_step(&step, &mut last.borrow_mut());
        fetch_builtin_model(&options, &report, &told_to_end)
    });
    let fetched = tokio::select! {
        fetched = &mut fetch => fetched,
        () = signals.next() => {
            cancelled.cancel();
            tokio::select! {
                fetched = &mut fetch => fetched,
                () = signals.next() => return Err("It was cancelled.".to_owned()),
            }
        }
    };
    let path = fetched.map_err(|error| format!("Cannot fetch: {error}."))??;
    #[expect(clippy::print_stdout, reason = "the path is the command's result")]
    {
        println!("{}", path.display());
    }
    Ok(())
}

/// Refuses what can be seen to be wrong before anything is started, and says who may come in.
fn check_flags(cli: &Cli, options: &EngineOptions) -> Result<(Access, Option<Shown>), String> {
    let (access, shown) = access(cli)?;
    if !cli.host.is_loopback() && shown.is_none() {
        return Err(format!(
            "{} is not an address of this machine alone. Whoever reaches the page may use the model and \
             load files, so other addresses need a token: add --token. Or use --host 127.0.0.1 or ::1 and \
             forward the port, for example with ssh -L {port}:127.0.0.1:{port}.",
            cli.host,
            port = cli.port
        ));
    }
    let instructions = tokenscope_engine::instruction_set()?;
    tracing::debug!("kernels run with {instructions}, {} threads", options.threads);
    Ok((access, shown))
}

/// How the printed address shows the token.
enum Shown {
    /// It was made, and nobody knows it yet.
    Made(Clear),
    /// Whoever has given it knows it, and a log need not.
    Given,
}

/// Who may come in, and how the address says so if that takes a token.
fn access(cli: &Cli) -> Result<(Access, Option<Shown>), String> {
    // A variable that is set but empty counts as absent.
    let variable = std::env::var_os(token::VARIABLE).filter(|text| !text.is_empty());
    let given = match (&cli.token_file, variable) {
        (Some(path), _) => Token::from_file(path)?,
        (None, Some(text)) => Token::given(&text.to_string_lossy(), token::VARIABLE)?,
        (None, None) if cli.token => {
            let (token, clear) = Token::make()?;
            return Ok((Access::Token(token), Some(Shown::Made(clear))));
        }
        (None, None) => return Ok((Access::owner_if_the_system_tells(), None)),
    };
    Ok((Access::Token(given), Some(Shown::Given)))
}

/// The address for people on this machine.
fn page_address(mut address: SocketAddr, shown: Option<&Shown>) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    match shown {
        None => format!("http://{address}"),
        Some(Shown::Made(token)) => format!("http://{address}/?token={token}"),
        Some(Shown::Given) => format!("http://{address}/?token=..."),
    }
}

async fn serve(
    cli: &Cli,
    options: EngineOptions,
    access: Access,
    shown: Option<Shown>,
) -> Result<(), String> {
    let mut signals = Signals::listen()?;
    let address = SocketAddr::new(cli.host, cli.port);
    let listener = crate::listen(address).map_err(|error| match error.kind() {
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
    let url = page_address(address, shown.as_ref());
    eprintln!("Tokenscope is at {url}  (Ctrl-C stops it)");
    if matches!(shown, Some(Shown::Given)) {
        eprintln!("  with your token in place of the dots");
    }
    if !address.ip().is_loopback() {
        tracing::warn!(
            "{address} is reached from other machines and there is no TLS: whoever sees the traffic on its \
             way reads the token and all texts. docs/remote.md says how to put a proxy in front."
        );
    }

    let for_leftovers = options.clone();
    tokio::task::spawn_blocking(move || remove_leftovers(&for_leftovers));
    let engine = Engine::start(options);
    let model = Some(cli.model.trim()).filter(|model| !model.is_empty()).unwrap_or(DEFAULT_MODEL);
    engine.load_or_stand_in(model).map_err(|error| error.to_string())?;
    tokio::spawn(print_progress(engine.clone()));
    tokio::task::spawn_blocking(assets::prepare);
    if cli.open && shown.is_some() {
        // A launcher gets the address as an argument, and every user of the machine sees those.
        tracing::warn!("--open does nothing where there is a token: open the address yourself");
    } else if cli.open {
        browser::open(&url);
    }
    // From now on the token is in nobody's hands but its users'.
    drop(shown);
    let app = app_for(engine.clone(), access.clone());
    let ending = engine.ending().clone();
    let admit = move |ends| {
        let access = access.clone();
        async move { ConnectInfo(access.admit(ends).await) }
    };
    let mut server = pin!(crate::serve(listener, app, Limits::of_this_process(), admit, ending));
    tokio::select! {
        () = &mut server => return Ok(()),
        () = signals.next() => {}
    }
    // Whoever waits for an answer is told that none comes. Whoever is in a hurry asks again.
    let farewell = async { tokio::join!(engine.end(), server) };
    tokio::select! {
        _ = farewell => {}
        () = signals.next() => {}
    }
    Ok(())
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
    let file = log::one_line(step.file.as_deref().unwrap_or(""));
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
