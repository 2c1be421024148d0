//! The values of all knobs, and the presets.

use crate::knob::{KnobKind, KnobSpec, KnobValue};
use crate::stages::{presence_frequency, repetition, temperature, top_p};

/// The knobs' values for one request. The numbers are finite; anything else is up to the
/// arithmetic, which reports a distribution that became invalid.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Take the most probable kept token instead of drawing one. Changes no probability.
    pub greedy: bool,
    /// Divides the logits; what is below [`temperature::SMALLEST`] counts as that.
    pub temperature: f64,
    /// The probability mass that the nucleus must reach; 1 and above keep everything.
    pub top_p: f64,
    /// Which tokens make up the nucleus.
    pub nucleus_rule: NucleusRule,
    /// Weakens tokens that have occurred; 1 is off.
    pub repetition_penalty: f64,
    /// Taken off the logit of tokens that have occurred; 0 is off.
    pub presence_penalty: f64,
    /// Taken off the logit of a token for each time it has occurred; 0 is off.
    pub frequency_penalty: f64,
    /// Where a token must have occurred to be penalised.
    pub penalty_scope: PenaltyScope,
    /// Decides, with the position, where the coin falls; none lets the caller draw one.
    pub seed: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            greedy: false,
            temperature: temperature::TEMPERATURE.default_number(),
            top_p: top_p::TOP_P.default_number(),
            nucleus_rule: NucleusRule::Standard,
            repetition_penalty: repetition::REPETITION_PENALTY.default_number(),
            presence_penalty: presence_frequency::PRESENCE_PENALTY.default_number(),
            frequency_penalty: presence_frequency::FREQUENCY_PENALTY.default_number(),
            penalty_scope: PenaltyScope::All,
            seed: None,
        }
    }
}

/// What happens to the token whose probability carries the nucleus across top-p.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NucleusRule {
    /// It is kept (Hugging Face, llama.cpp, vLLM).
    Standard,
    /// It is dropped, unless it is the first: the rule of the page this app set out from.
    Seed,
}

impl NucleusRule {
    /// All rules with their names in requests.
    pub const NAMES: [(&'static str, NucleusRule); 2] =
        [("standard", NucleusRule::Standard), ("seed", NucleusRule::Seed)];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }
}

/// Which occurrences of a token count for the penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PenaltyScope {
    /// Those in prompt and completion, template markers included.
    All,
    /// Those in the completion.
    Completion,
    /// Those in prompt and completion, special tokens left out.
    NoSpecials,
}

impl PenaltyScope {
    /// All scopes with their names in requests.
    pub const NAMES: [(&'static str, PenaltyScope); 3] = [
        ("all", PenaltyScope::All),
        ("completion", PenaltyScope::Completion),
        ("no_specials", PenaltyScope::NoSpecials),
    ];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    let row = names.iter().find(|(_, known)| *known == value);
    row.expect("every variant has a row in its table of names").0
}

const GREEDY: KnobSpec = KnobSpec {
    id: "greedy",
    label: "Greedy",
    kind: KnobKind::Switch,
    default: KnobValue::Switch(false),
    off: Some(KnobValue::Switch(false)),
    explanation: "Always take the most probable token that is left, instead of drawing one by \
                  chance. The probabilities stay as they are; only the choice changes.",
};

const SEED: KnobSpec = KnobSpec {
    id: "seed",
    label: "Seed",
    kind: KnobKind::Integer,
    default: KnobValue::None,
    off: Some(KnobValue::None),
    explanation: "Fixes the luck. With a seed, the coin for each position of the completion is \
                  always the same, in every branch: rewind and step again, and the same token \
                  comes unless a knob has changed the odds. Left open, each step draws a new seed.",
};

const STOP_SEQUENCES: KnobSpec = KnobSpec {
    id: "stop_sequences",
    label: "Stop sequences",
    kind: KnobKind::Texts,
    default: KnobValue::NoTexts,
    off: Some(KnobValue::NoTexts),
    explanation: "Texts that end generation. They are looked for in the decoded completion after \
                  each token; nothing is trimmed. The model's end token always stops.",
};

/// Knobs that change the choice or the end, but no probability.
pub(crate) const KNOBS_OF_NO_STAGE: &[&KnobSpec] = &[&GREEDY, &SEED, &STOP_SEQUENCES];

/// A named set of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// Stable name.
    pub id: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// What it is good for.
    pub explanation: &'static str,
    /// See [`Settings`] for this and the rest.
    pub greedy: bool,
    /// Temperature.
    pub temperature: f64,
    /// Top-p.
    pub top_p: f64,
    /// Repetition penalty.
    pub repetition_penalty: f64,
    /// Presence penalty.
    pub presence_penalty: f64,
    /// Frequency penalty.
    pub frequency_penalty: f64,
}

/// The presets, in the page's order. ("Custom" is the page's word for none of them.)
pub const PRESETS: [Preset; 4] = [
    Preset {
        id: "greedy",
        label: "Greedy",
        explanation: "No chance at all: the most probable token every time.",
        greedy: true,
        temperature: 1.0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
    },
    Preset {
        id: "balanced",
        label: "Balanced",
        explanation: "Some variety, few surprises. The default.",
        greedy: false,
        temperature: 0.7,
        top_p: 0.8,
        repetition_penalty: 1.05,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
    },
    Preset {
        id: "reliable",
        label: "Reliable",
        explanation: "Close to greedy, with a firmer hand against loops.",
        greedy: false,
        temperature: 0.25,
        top_p: 0.7,
        repetition_penalty: 1.1,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
    },
    Preset {
        id: "creative",
        label: "Creative",
        explanation: "Flattened odds and a wide nucleus: unlikely tokens get a chance.",
        greedy: false,
        temperature: 1.05,
        top_p: 0.95,
        repetition_penalty: 1.02,
        presence_penalty: 0.2,
        frequency_penalty: 0.1,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balanced_preset_is_the_default() {
        let (preset, default) = (PRESETS[1], Settings::default());
        assert_eq!(
            (preset.temperature, preset.top_p, preset.repetition_penalty),
            (default.temperature, default.top_p, default.repetition_penalty)
        );
        assert_eq!(
            (preset.greedy, preset.presence_penalty, preset.frequency_penalty),
            (default.greedy, default.presence_penalty, default.frequency_penalty)
        );
    }
}
