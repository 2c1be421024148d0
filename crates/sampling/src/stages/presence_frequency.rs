//! Presence and frequency penalties (OpenAI's API reference):
//! `logit -= presence + frequency * count` for every token that has occurred.

use crate::knob::{KnobKind, KnobSpec, KnobValue};
use crate::stages::PENALTY_SCOPE;
use crate::{Distribution, Inputs, Settings, Stage, StageId};

/// The stage.
pub struct PresenceFrequency;

/// One of its knobs.
pub(crate) const PRESENCE_PENALTY: KnobSpec = KnobSpec {
    id: "presence_penalty",
    label: "Presence penalty",
    kind: KnobKind::Number { min: -2.0, max: 2.0, step: 0.1 },
    default: KnobValue::Number(0.0),
    off: Some(KnobValue::Number(0.0)),
    explanation: "Taken off the logit of every token that has occurred, however often. Positive \
                  values push towards new words; negative ones invite repetition. 0 is off.",
};

/// The other.
pub(crate) const FREQUENCY_PENALTY: KnobSpec = KnobSpec {
    id: "frequency_penalty",
    label: "Frequency penalty",
    kind: KnobKind::Number { min: -2.0, max: 2.0, step: 0.1 },
    default: KnobValue::Number(0.0),
    off: Some(KnobValue::Number(0.0)),
    explanation: "Taken off a token's logit once for each time it has occurred, so that frequent \
                  tokens suffer most. 0 is off.",
};

impl Stage for PresenceFrequency {
    fn id(&self) -> StageId {
        StageId::PresenceFrequency
    }

    fn label(&self) -> &'static str {
        "Presence / frequency"
    }

    fn explanation(&self) -> &'static str {
        "Tokens that have already occurred lose a fixed amount, and more for each occurrence."
    }

    fn knobs(&self) -> &'static [&'static KnobSpec] {
        &[&PRESENCE_PENALTY, &FREQUENCY_PENALTY, &PENALTY_SCOPE]
    }

    fn values(&self, settings: &Settings) -> Vec<(&'static str, KnobValue)> {
        vec![
            (PRESENCE_PENALTY.id, KnobValue::Number(settings.presence_penalty)),
            (FREQUENCY_PENALTY.id, KnobValue::Number(settings.frequency_penalty)),
            (PENALTY_SCOPE.id, KnobValue::Choice(settings.penalty_scope.name())),
        ]
    }

    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool {
        let presence = inputs.settings.presence_penalty as f32;
        let frequency = inputs.settings.frequency_penalty as f32;
        if presence == 0.0 && frequency == 0.0 {
            return false;
        }
        let logits = distribution.logits_mut();
        for (id, count) in inputs.history.counts(inputs.settings.penalty_scope) {
            logits[id.index()] -= presence + frequency * count as f32;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_logits;

    #[test]
    fn presence_counts_once_and_frequency_every_time() {
        for (presence, frequency, expected) in [
            (0.0, 0.0, [1.0, 1.0, 1.0]),
            (0.5, 0.0, [0.5, 0.5, 1.0]),
            (0.0, 0.25, [0.5, 0.75, 1.0]),
            (-1.0, 0.25, [1.5, 1.75, 1.0]),
        ] {
            let settings = Settings {
                presence_penalty: presence,
                frequency_penalty: frequency,
                ..Settings::default()
            };
            check_logits(&PresenceFrequency, &settings, &[1.0; 3], &[0, 1, 0], &expected);
        }
    }
}
