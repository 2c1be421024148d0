//! `cargo xtask test`: everything that must hold before a change is done.

use crate::{browser, deny, shell, tools, vendor};

/// Quick checks first. The tests of the page and of the browser are not optional, except that a
/// machine without a browser may say so.
pub(crate) fn run(with_browser: bool) -> Result<(), String> {
    tools::need_node()?;
    let chromium = with_browser.then(tools::need_chromium).transpose()?;
    install_web_packages()?;

    shell::run(".", "cargo", &["fmt", "--all", "--check"])?;
    shell::run("web", "npm", &["run", "--silent", "check"])?;
    shell::run("web", "npm", &["test", "--silent"])?;
    vendor::run(vendor::Mode::Check)?;
    deny::run()?;

    shell::run(".", "cargo", &["build", "--package", "tokenscope-server"])?;
    shell::run(".", "target/debug/tokenscope", &["--fetch-builtin"])?;
    let features = "tokenscope-server/real-model";
    shell::run(".", "cargo", &["test", "--workspace", "--features", features])?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", features];
    shell::run(".", "cargo", &[&clippy[..], &["--", "--deny", "warnings"]].concat())?;

    match chromium {
        Some(chromium) => browser::run(&chromium)?,
        None => eprintln!("\nthe browser's part was left out (--no-browser)"),
    }
    eprintln!("\nall checks passed");
    Ok(())
}

/// `npm ci`, unless what is there was installed from this very lock file.
fn install_web_packages() -> Result<(), String> {
    let web = shell::root().join("web");
    let stamp = web.join("node_modules/.installed-lock.json");
    let lock = std::fs::read(web.join("package-lock.json"))
        .map_err(|error| format!("cannot read web/package-lock.json: {error}"))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::run("web", "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    std::fs::write(&stamp, lock).map_err(|error| format!("cannot write {stamp:?}: {error}"))
}
