//! The HTTP contract, against a tiny model and without a socket.

#[path = "../support/client.rs"]
mod client;

mod catalog;
mod door;
mod errors;
mod families;
mod large;
mod model;
mod page;
mod preview;
mod step;
mod tiny;
