//! The browser's part of the tests: the program, a real model, a real Chromium.

use crate::server::Server;
use crate::shell;

/// Starts the program on a free port and lets Playwright run the checks of `web/e2e` against it.
/// Screenshots go to `target/screenshots`, traces of failures to `target/e2e`.
pub(crate) fn run(chromium: &str) -> Result<(), String> {
    let server = Server::start("target/debug/tokenscope", "builtin:smollm2-135m-instruct", &[])?;
    let variables = [("CHROMIUM", chromium), ("TOKENSCOPE_URL", &server.url)];
    shell::run_with("web", "npx", &["playwright", "test"], &variables)
}
