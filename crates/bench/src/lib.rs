//! Measuring: what the machine can do, and how long the model takes without a server around it.
//!
//! 1. [`machine`] says what is measured on, [`ceilings`] how fast memory and arithmetic can be.
//! 2. [`Session`] holds a model and runs it over ids.
//! 3. The program `tokenscope-bench` answers one command per line with one line of JSON, so that
//!    whoever compares can alternate between programs without loading anything twice.
//!
//! Nothing here judges: `cargo xtask bench` and `tools/peers` repeat, take medians and draw tables.

pub mod ceilings;
pub mod machine;
mod session;
mod weight_bytes;

pub use session::{Run, Session};
