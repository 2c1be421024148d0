//! The HTTP contract, against a tiny model and without a socket.

mod catalog;
mod door;
mod errors;
mod harness;
mod model;
mod page;
mod preview;
mod step;
