//! What a stage is, and the stages in their order.

use tokenscope_tokens::TokenMask;

use crate::knob::{KnobSpec, KnobValue};
use crate::{Distribution, History, Settings, stages};

/// Names a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageId {
    /// Repetition penalty.
    Repetition,
    /// Presence and frequency penalties.
    PresenceFrequency,
    /// Temperature.
    Temperature,
    /// A grammar's mask.
    Constraint,
    /// The nucleus.
    TopP,
}

impl StageId {
    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            StageId::Repetition => "repetition",
            StageId::PresenceFrequency => "presence_frequency",
            StageId::Temperature => "temperature",
            StageId::Constraint => "constraint",
            StageId::TopP => "top_p",
        }
    }
}

/// What stages may look at besides the distribution.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The knobs.
    pub settings: &'a Settings,
    /// The tokens so far.
    pub history: History<'a>,
    /// The tokens a grammar allows; none without a grammar.
    pub mask: Option<&'a TokenMask>,
}

/// One step between raw logits and the token: it changes logits, or marks tokens as cut.
pub trait Stage: Sync {
    /// Its name.
    fn id(&self) -> StageId;
    /// What the page calls it.
    fn label(&self) -> &'static str;
    /// What it does, in plain words.
    fn explanation(&self) -> &'static str;
    /// Its knobs.
    fn knobs(&self) -> &'static [&'static KnobSpec];
    /// The values its knobs have, by id.
    fn values(&self, settings: &Settings) -> Vec<(&'static str, KnobValue)>;
    /// Does its work. Returns whether it did anything: a knob at "off" leaves the distribution
    /// alone, and nothing need be computed again.
    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool;
}

/// All stages, in the order they run.
pub const STAGES: [&dyn Stage; 5] = [
    &stages::repetition::Repetition,
    &stages::presence_frequency::PresenceFrequency,
    &stages::temperature::Temperature,
    &stages::constraint::Constraint,
    &stages::top_p::TopP,
];
