//! The hub client against a hub that misbehaves. No test leaves the machine.

mod cancelling;
mod cuts;
mod fake_hub;
mod fetching;
mod harness;
mod refusals;
