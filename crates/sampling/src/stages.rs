//! The stages, one file each with its knobs and its table of friendly numbers.

pub mod constraint;
pub mod presence_frequency;
pub mod repetition;
pub mod temperature;
pub mod top_p;

use crate::knob::{KnobKind, KnobSpec, KnobValue};

/// Shared by both stages of penalties.
pub(crate) const PENALTY_SCOPE: KnobSpec = KnobSpec {
    id: "penalty_scope",
    label: "Penalties look at",
    kind: KnobKind::Choice(&["all", "completion", "no_specials"]),
    default: KnobValue::Choice("all"),
    off: None,
    explanation: "Where a token must have occurred to be penalised: anywhere in the input, \
                  template markers included (all); only in the completion (completion); or \
                  anywhere, but never the special tokens (no_specials). With all, the end token \
                  of a chat is penalised too, since the prompt already contains it.",
};
