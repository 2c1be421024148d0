//! The built-in model. `cargo xtask test` fetches its file before it runs the tests that need it.

use tokenscope_engine::{BUILTIN_MODEL, Engine, EngineOptions};

use crate::client::Client;

/// An application in which it is ready.
pub(crate) async fn ready() -> Client {
    let client = Client::around(Engine::start(EngineOptions {
        offline: true,
        cache_folder: std::env::var_os("TOKENSCOPE_CACHE").map(Into::into),
        ..EngineOptions::default()
    }));
    client.engine.load(BUILTIN_MODEL).unwrap();
    client.until_loaded().await;
    assert_eq!(client.engine.status().error, None, "`cargo xtask test` fetches the model first");
    client
}
