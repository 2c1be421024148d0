//! Where a program is, and where it may look for others.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The absolute entries of `PATH`. An empty entry means the current folder, and a relative one leads
/// from there.
pub fn search_path() -> OsString {
    only_absolute(&env::var_os("PATH").unwrap_or_default())
}

fn only_absolute(path: &OsStr) -> OsString {
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    // What was split can be joined, except for names with quotation marks on Windows.
    env::join_paths(folders).unwrap_or_default()
}

/// The program of this name on `PATH`, by its absolute path.
pub fn find(name: &str) -> Option<PathBuf> {
    find_in(&search_path(), name)
}

/// The program of this name in one of the folders of `path`, which is written as `PATH` is. Those that
/// are not absolute are passed over.
pub fn find_in(path: &OsStr, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(&name)).find(|program| is_program(program))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|there| there.is_file() && there.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file())
}

/// A command for a program that [`find`] has found, which runs in `folder`. What it starts in turn, it
/// does not find in the current folder either; and Python, which looks for modules there, does not
/// import from it.
pub fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("PATH", search_path()).env("PYTHONSAFEPATH", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_entries_count() {
        let absolute = env::temp_dir();
        let list =
            [Path::new(""), Path::new("."), Path::new("bin"), &absolute, Path::new("../bin")];
        let path = env::join_paths(list).unwrap();
        assert_eq!(only_absolute(&path), absolute.as_os_str());
        assert_eq!(only_absolute(OsStr::new("")), "");
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_found_where_they_can_be_run() {
        use std::os::unix::fs::PermissionsExt as _;

        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |folder: &Path, mode: u32| {
            let program = folder.join("tool");
            fs::write(&program, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
            program
        };
        let path = env::join_paths([Path::new(""), first.path(), second.path()]).unwrap();
        assert_eq!(find_in(&path, "tool"), None);
        // A file that is none, and a folder.
        write(first.path(), 0o644);
        fs::create_dir(second.path().join("tool")).unwrap();
        assert_eq!(find_in(&path, "tool"), None);
        fs::remove_dir(second.path().join("tool")).unwrap();
        let program = write(second.path(), 0o755);
        assert_eq!(find_in(&path, "tool"), Some(program));
        // From here `src` is a folder with programs, if anything is.
        assert_eq!(find_in(OsStr::new("src:.:"), "lib.rs"), None);
    }

    #[test]
    fn children_inherit_a_clean_path_and_the_folder() {
        let command = command(Path::new("/bin/tool"), Path::new("/somewhere"));
        assert_eq!(command.get_current_dir(), Some(Path::new("/somewhere")));
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap();
        assert!(env::split_paths(path).all(|folder| folder.is_absolute()));
    }
}
