//! Opening the page in the user's browser.

use std::ffi::OsStr;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Opens an address, as soon as the system does. Launchers may wait for the browser to end, so nobody
/// waits for them; and the browser stays when this program ends.
pub(crate) fn open(url: &str) {
    let url = url.to_owned();
    let opens = move || {
        if let Err(error) = open_with(open::commands(&url), &tokenscope_children::search_path()) {
            tracing::warn!("cannot open a browser: {error}");
        }
    };
    let started = thread::Builder::new().name("browser".into()).spawn(opens);
    if let Err(error) = started {
        tracing::warn!("cannot open a browser: {error}");
    }
}

/// Runs the first of some commands that is there and succeeds. They are the system's ways to open an
/// address, in the order to try them.
fn open_with(commands: Vec<Command>, path: &OsStr) -> io::Result<()> {
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "no program for it was found"));
    for command in commands {
        let Some(mut command) = outside(command, path) else { continue };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        result = match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                let program = command.get_program().to_string_lossy().into_owned();
                Err(io::Error::other(format!("{program} failed ({status})")))
            }
            Err(error) => Err(error),
        };
    }
    result
}

/// The same command with a program that does not lie in the current folder, and run elsewhere: a launcher
/// is a script that looks for others.
#[cfg(unix)]
fn outside(command: Command, path: &OsStr) -> Option<Command> {
    let program = Path::new(command.get_program());
    let program = if program.is_absolute() {
        program.to_owned()
    } else {
        tokenscope_children::find_in(path, program.to_str()?)?
    };
    let mut outside = tokenscope_children::command(&program, Path::new("/"));
    outside.args(command.get_args());
    Some(outside)
}

/// Windows does not look in the current folder for programs, and arguments of launchers there are not
/// words that could be taken over.
#[cfg(not(unix))]
fn outside(command: Command, _: &OsStr) -> Option<Command> {
    Some(command)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_first_launcher_that_works_is_run_outside_the_current_folder() {
        let folder = tempfile::tempdir().unwrap();
        let script = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        script("fails", "exit 3");
        script("works", r#"{ pwd; echo "$@"; echo "$PATH"; } > "${0%/*}/told""#);
        let commands = |names: &[&str]| {
            let command = |name: &&str| {
                let mut command = Command::new(name);
                command.arg("http://127.0.0.1:1");
                command
            };
            names.iter().map(command).collect::<Vec<_>>()
        };
        let path = folder.path().as_os_str();
        open_with(commands(&["missing", "fails", "works"]), path).unwrap();
        let told = fs::read_to_string(folder.path().join("told")).unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[..2], ["/", "http://127.0.0.1:1"]);
        assert!(lines[2].split(':').all(|entry| entry.starts_with('/')), "{told}");
        let error = open_with(commands(&["missing", "fails"]), path).unwrap_err();
        assert!(error.to_string().contains("fails failed"), "{error}");
        // An empty entry is the current folder, which a relative name would be looked up in.
        let error = open_with(commands(&["works"]), OsStr::new("")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
