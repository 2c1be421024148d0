//! The browser's part of the tests: the program, a real model, a real Chromium.

use crate::server::Server;
use crate::shell;

/// The scripts of `web/e2e` that are no `*.spec.mjs` yet, in the order they run in.
const CHECKS: [&str; 7] =
    ["behaviour", "steps", "text_view", "overlay", "keyboard_tour", "axe", "restart"];

/// Starts the program on a free port and lets Chromium step through a completion. Screenshots go
/// to `target/screenshots`.
pub(crate) fn run(chromium: &str) -> Result<(), String> {
    let server = Server::start("target/debug/tokenscope", "builtin:smollm2-135m-instruct", &[])?;
    let out = shell::root().join("target/screenshots");
    let out = out.to_str().ok_or("the project's path is not text")?;
    let variables = [("CHROMIUM", chromium), ("TOKENSCOPE_URL", &server.url)];
    shell::run_with("web", "npx", &["playwright", "test"], &variables)?;
    CHECKS.iter().try_for_each(|check| {
        let script = format!("e2e/{check}.mjs");
        shell::run_with("web", "node", &[&script, "--url", &server.url, "--out", out], &variables)
    })
}
