//! Programs that the checks need and cargo does not bring: Node for the page's tests, Chromium for
//! the browser's. On Debian as root they are installed; elsewhere we say what to install.

use crate::shell;

const OLDEST_NODE: u32 = 20;

/// Makes sure there is a Node with npm.
pub(crate) fn need_node() -> Result<(), String> {
    if node_version().is_none() || shell::output("npm", &["--version"]).is_none() {
        install("Node", &["nodejs", "npm"], LEAVE_OUT)?;
    }
    match node_version() {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        found => Err(format!(
            "the page's tests need Node {OLDEST_NODE} or newer with npm on the PATH; found {}",
            found.map_or("none".into(), |version| format!("version {version}"))
        )),
    }
}

fn node_version() -> Option<u32> {
    let version = shell::output("node", &["--version"])?;
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Makes sure there is a Chromium; returns its path.
pub(crate) fn need_chromium() -> Result<String, String> {
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    install("Chromium", &["chromium"], LEAVE_OUT)?;
    find_chromium().ok_or_else(|| "Chromium was installed but cannot be found".into())
}

fn find_chromium() -> Option<String> {
    if let Ok(path) = std::env::var("CHROMIUM") {
        return Some(path);
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = names.into_iter().find_map(tokenscope_children::find);
    found.map(|path| path.display().to_string())
}

/// What else can be done where the browser's tools cannot be installed.
const LEAVE_OUT: &str = ", or leave the browser's part out with --no-browser";

/// Installs Debian's packages, or says what to install `or_else`.
pub(crate) fn install(what: &str, packages: &[&str], or_else: &str) -> Result<(), String> {
    let is_root = shell::output("id", &["-u"]).is_some_and(|id| id == "0");
    let has_apt = shell::output("apt-get", &["--version"]).is_some();
    if !(is_root && has_apt) {
        return Err(format!(
            "{what} is needed and was not found on the PATH. Install it (on Debian or Ubuntu: sudo \
             apt-get install {}){or_else}.",
            packages.join(" ")
        ));
    }
    eprintln!("{what} is missing; installing it with apt-get");
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    shell::run_with(".", "apt-get", &["update", "-qq"], &quiet)?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    shell::run_with(".", "apt-get", &arguments, &quiet)
}
