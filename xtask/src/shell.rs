//! Running programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the project's folder").to_owned()
}

/// Runs a program in a folder of the project, its output on the terminal.
pub(crate) fn run(folder: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
    run_with(folder, program, arguments, &[])
}

/// As [`run`], with environment variables.
pub(crate) fn run_with(
    folder: &str,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<(), String> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("\n> {line}");
    let mut command = command(program, &root().join(folder))
        .ok_or_else(|| format!("cannot run {program}: it is not installed"))?;
    let status = command
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// What a program prints, if it runs and succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = command(program, &root())?;
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A program of the project, if its name has more parts than one, or else of the system: what only lies
/// in the current folder is never run.
fn command(program: &str, folder: &Path) -> Option<Command> {
    let is_ours = Path::new(program).components().count() > 1;
    let path =
        if is_ours { Some(root().join(program)) } else { tokenscope_children::find(program) };
    Some(tokenscope_children::command(&path?, folder))
}
