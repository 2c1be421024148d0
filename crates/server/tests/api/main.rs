//! The HTTP contract, against a tiny model and without a socket.

#[path = "../support/attributions.rs"]
mod attributions;
#[path = "../support/client.rs"]
mod client;
#[path = "../../../engine/tests/hub/fake_hub.rs"]
#[expect(dead_code, reason = "the engine's own tests use the rest of it")]
mod fake_hub;

mod access;
mod attribution;
mod catalog;
mod constraint;
mod door;
mod errors;
mod families;
mod hostile;
mod hub;
mod large;
mod model;
mod openapi;
mod page;
mod preview;
mod step;
mod tiny;
mod tokenizer_folders;
mod tokens;
