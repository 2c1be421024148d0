//! HTTP and the page. The only crate with wire types; everything behind it speaks in plain
//! structs.
//!
//! 1. [`app`] puts the routes together; tests call it without a socket.
//! 2. [`listen`] and [`serve`] have the sockets: time-outs, and what happens when there are too many.
//! 3. [`Access`]: whose connection it is, or who has the token. Then the door: host, origin, content
//!    type, size.
//! 4. A route turns a [`wire`] request into an engine query, once and validated, and the engine's
//!    report back into wire form.
//! 5. [`cli`] and [`startup`] are the program around it.

mod access;
mod app;
mod assets;
mod browser;
pub mod cli;
mod connections;
mod described;
mod door;
mod ending;
mod error;
mod extract;
mod log;
mod proc_net;
pub mod reference;
mod routes;
#[cfg(target_os = "linux")]
mod sock_diag;
pub mod startup;
mod token;
pub mod wire;

pub use access::{Access, Caller, Owner};
pub use app::{app, app_for};
pub use connections::{Ends, Limits, listen, serve};
pub use error::ApiError;
pub use token::Token;
