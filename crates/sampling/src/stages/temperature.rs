//! Temperature: every logit is divided by it, so that differences grow below 1 and shrink above.

use crate::knob::{KnobKind, KnobSpec, KnobValue};
use crate::{Distribution, Inputs, Settings, Stage, StageId};

/// The stage.
pub struct Temperature;

/// What a smaller temperature, zero or less counts as: near enough to always taking the best. Divided by
/// one of 1e-40, all logits would be infinite, and no probabilities could be made of them.
pub const SMALLEST: f64 = 1e-6;

/// Its knob.
pub(crate) const TEMPERATURE: KnobSpec = KnobSpec {
    id: "temperature",
    label: "Temperature",
    kind: KnobKind::Number { min: 0.0, max: 2.0, step: 0.01 },
    default: KnobValue::Number(0.7),
    off: Some(KnobValue::Number(1.0)),
    explanation: "Divides every logit. Below 1 the likely tokens gain and the unlikely lose; above \
                  1 the odds flatten; near 0 the best token takes all. 1 leaves the model's own \
                  probabilities.",
};

impl Stage for Temperature {
    fn id(&self) -> StageId {
        StageId::Temperature
    }

    fn label(&self) -> &'static str {
        "Temperature"
    }

    fn explanation(&self) -> &'static str {
        "Sharpens or flattens the odds; the order of the tokens stays."
    }

    fn knobs(&self) -> &'static [&'static KnobSpec] {
        &[&TEMPERATURE]
    }

    fn values(&self, settings: &Settings) -> Vec<(&'static str, KnobValue)> {
        vec![(TEMPERATURE.id, KnobValue::Number(settings.temperature))]
    }

    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool {
        let temperature = inputs.settings.temperature;
        let temperature = temperature.clamp(SMALLEST, f64::from(f32::MAX)) as f32;
        if temperature == 1.0 {
            return false;
        }
        distribution.map_logits(|logit| logit / temperature);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_probabilities;

    #[test]
    fn odds_are_raised_to_the_power_of_one_over_t() {
        for (temperature, expected) in [
            (1.0, [0.1, 0.2, 0.3, 0.4]),
            // Squares 1 4 9 16 of 30.
            (0.5, [1.0 / 30.0, 4.0 / 30.0, 9.0 / 30.0, 16.0 / 30.0]),
            (0.0, [0.0, 0.0, 0.0, 1.0]),
            (-3.0, [0.0, 0.0, 0.0, 1.0]),
            (1e-7, [0.0, 0.0, 0.0, 1.0]),
            (1e-40, [0.0, 0.0, 0.0, 1.0]),
            (1e-300, [0.0, 0.0, 0.0, 1.0]),
            (1e9, [0.25, 0.25, 0.25, 0.25]),
            (1e300, [0.25, 0.25, 0.25, 0.25]),
        ] {
            let settings = Settings { temperature, ..Settings::default() };
            check_probabilities(&Temperature, &settings, None, &[0.1, 0.2, 0.3, 0.4], &expected);
        }
    }
}
