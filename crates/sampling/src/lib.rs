//! Logits to one token, explained. Total functions: no I/O, no state, no random generator.
//!
//! 1. [`Settings`] are the knobs' values; each knob is defined once ([`KnobSpec`]), beside the
//!    stage it belongs to, and that definition feeds validation, sliders, help and reference.
//! 2. [`explain`] runs every [`Stage`] over a [`Distribution`] and keeps a [`Snapshot`] after
//!    each. A stage changes logits or *marks* tokens as cut; it never removes one, so that
//!    everything can say what it was, what it became, and who cut it.
//! 3. [`pick`] takes the token: greedily, or where a coin falls. The coin is an argument, made
//!    from (seed, position) by [`coin()`].
//! 4. [`Explained::report`] is the part of all this that a screen shows.

mod bins;
mod coin;
mod distribution;
mod explain;
mod history;
mod knob;
mod mass;
mod pick;
mod ranking;
mod raw;
mod report;
mod settings;
mod softmax;
mod stage;
pub mod stages;
mod weights;

pub use coin::coin;
pub use distribution::Distribution;
pub use explain::{Explained, SamplingError, Snapshot, explain};
pub use history::History;
pub use knob::{KnobKind, KnobSpec, KnobValue, all as all_knobs};
pub use pick::pick;
pub use raw::{legal_mass, log_probabilities};
pub use report::{DistributionReport, Favourite, N_FAVOURITES, Row, StageSummary};
pub use settings::{NucleusRule, PRESETS, PenaltyScope, Preset, Settings};
pub use stage::{Inputs, STAGES, Stage, StageId};

#[cfg(test)]
mod testing;
