//! Repetition penalty (CTRL, arXiv:1909.05858; with the sign rule of Hugging Face): a token that
//! has occurred has its logit divided by the penalty if positive, multiplied if negative.

use crate::knob::{KnobKind, KnobSpec, KnobValue};
use crate::stages::PENALTY_SCOPE;
use crate::{Distribution, Inputs, Settings, Stage, StageId};

/// The stage.
pub struct Repetition;

/// Its knob.
pub(crate) const REPETITION_PENALTY: KnobSpec = KnobSpec {
    id: "repetition_penalty",
    label: "Repetition penalty",
    kind: KnobKind::Number { min: 1.0, max: 2.0, step: 0.01 },
    default: KnobValue::Number(1.05),
    off: Some(KnobValue::Number(1.0)),
    explanation: "Makes every token that has already occurred less likely, once, however often it \
                  occurred: a positive logit is divided by the penalty, a negative one multiplied. \
                  1 is off; above about 1.3 even commas and articles start to suffer.",
};

impl Stage for Repetition {
    fn id(&self) -> StageId {
        StageId::Repetition
    }

    fn label(&self) -> &'static str {
        "Repetition"
    }

    fn explanation(&self) -> &'static str {
        "Tokens that have already occurred lose some of their logit."
    }

    fn knobs(&self) -> &'static [&'static KnobSpec] {
        &[&REPETITION_PENALTY, &PENALTY_SCOPE]
    }

    fn values(&self, settings: &Settings) -> Vec<(&'static str, KnobValue)> {
        vec![
            (REPETITION_PENALTY.id, KnobValue::Number(settings.repetition_penalty)),
            (PENALTY_SCOPE.id, KnobValue::Choice(settings.penalty_scope.name())),
        ]
    }

    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool {
        let penalty = inputs.settings.repetition_penalty as f32;
        if penalty == 1.0 {
            return false;
        }
        let logits = distribution.logits_mut();
        for (id, _) in inputs.history.counts(inputs.settings.penalty_scope) {
            let logit = &mut logits[id.index()];
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_logits;

    #[test]
    fn positive_logits_shrink_and_negative_ones_grow_in_size() {
        for (penalty, expected) in [
            (1.0, [2.0, -2.0, 0.0, 3.0]),
            (2.0, [1.0, -4.0, 0.0, 3.0]),
            (0.5, [4.0, -1.0, 0.0, 3.0]),
        ] {
            let settings = Settings { repetition_penalty: penalty, ..Settings::default() };
            // Token 0 occurs twice and is penalised once; token 3 never occurs.
            check_logits(&Repetition, &settings, &[2.0, -2.0, 0.0, 3.0], &[0, 1, 0, 2], &expected);
        }
    }
}
