//! The folder in which a fetch works, and what becomes of it when nobody is left to remove it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How the names of these folders begin.
const PREFIX: &str = "fetching-";
/// A file in each that is locked for as long as the fetch is under way. The system frees the lock of a
/// program that was killed.
const LOCK: &str = "lock";
/// Where files cannot be locked, age tells. Nobody's fetch takes a day.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of its own for each fetch, so that neither two programs that fetch at once meet, nor a load
/// with a cancelled one that has yet to notice. It is removed with this value.
pub(super) struct WorkFolder {
    path: PathBuf,
    _lock: File,
}

impl WorkFolder {
    pub(super) fn create_in(folder: &Path) -> io::Result<Self> {
        static FETCHES: AtomicU32 = AtomicU32::new(0);
        let number = FETCHES.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{PREFIX}{}-{number}", process::id()));
        // A program of the same id may have been killed there.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path)?;
        // It has its name only when it is locked, or a program that starts now might take it for one
        // that nobody holds.
        let unlocked = path.join("new-lock");
        let lock = File::create(&unlocked)?;
        // Where there are no locks the folder is new, and that has to do.
        let _ = lock.try_lock();
        fs::rename(&unlocked, path.join(LOCK))?;
        Ok(WorkFolder { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what programs that were killed in the middle of a fetch have left behind.
pub(super) fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_work = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_work && is_left_behind(&path) {
            match fs::remove_dir_all(&path) {
                Ok(()) => tracing::info!("removed {}, left by a killed fetch", path.display()),
                Err(error) => tracing::warn!("cannot remove {}: {error}", path.display()),
            }
        }
    }
}

fn is_left_behind(path: &Path) -> bool {
    match File::open(path.join(LOCK)).map(|lock| lock.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock)) => false,
        Ok(Err(TryLockError::Error(_))) | Err(_) => {
            let modified = path.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND_AFTER))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_as_long_as_its_fetch() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) =
            (WorkFolder::create_in(folder.path()), WorkFolder::create_in(folder.path()));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!(one.path(), two.path());
        remove_leftovers(folder.path());
        assert!(one.path().is_dir() && two.path().is_dir());
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && two.path().is_dir());
    }

    #[test]
    fn a_folder_whose_program_was_killed_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkFolder::create_in(folder.path()).unwrap();
        fs::write(work.path().join("part"), "x").unwrap();
        let path = work.path().to_owned();
        // The system closes a killed program's files and removes none.
        let WorkFolder { path: _, _lock: lock } = &work;
        lock.unlock().unwrap();
        std::mem::forget(work);
        remove_leftovers(folder.path());
        assert!(!path.exists());
    }

    #[test]
    fn without_a_lock_only_old_folders_are_left_behind() {
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
