//! HTTP and the page. The only crate with wire types; everything behind it speaks in plain
//! structs.
//!
//! 1. [`app`] puts the routes together; tests call it without a socket.
//! 2. The door: who may come in at all (host, origin, content type, size).
//! 3. A route turns a [`wire`] request into an engine query, once and validated, and the engine's
//!    report back into wire form.
//! 4. [`cli`] and [`startup`] are the program around it.

mod app;
mod assets;
mod browser;
pub mod cli;
mod door;
mod error;
mod extract;
pub mod reference;
mod routes;
pub mod startup;
pub mod wire;

pub use app::app;
pub use error::ApiError;
