//! Constraint: tokens that a grammar forbids at this position are cut.

use tokenscope_tokens::TokenId;

use crate::knob::{KnobSpec, KnobValue};
use crate::{Distribution, Inputs, Settings, Stage, StageId};

/// The stage. It has no knobs of its own: its mask comes from a grammar.
pub struct Constraint;

impl Stage for Constraint {
    fn id(&self) -> StageId {
        StageId::Constraint
    }

    fn label(&self) -> &'static str {
        "Constraint"
    }

    fn explanation(&self) -> &'static str {
        "Tokens the grammar does not allow here are cut; the others share their probability."
    }

    fn knobs(&self) -> &'static [&'static KnobSpec] {
        &[]
    }

    fn values(&self, _settings: &Settings) -> Vec<(&'static str, KnobValue)> {
        Vec::new()
    }

    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool {
        let Some(mask) = inputs.mask else { return false };
        for index in 0..distribution.logits().len() {
            let id = TokenId(index as u32);
            if !mask.allows(id) {
                distribution.cut(id, StageId::Constraint);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_probabilities;
    use tokenscope_tokens::TokenMask;

    #[test]
    fn the_allowed_share_the_mass_of_the_forbidden() {
        for (allowed, expected) in [
            (Some(&[0, 2][..]), [0.25, 0.0, 0.75, 0.0]),
            (Some(&[1]), [0.0, 1.0, 0.0, 0.0]),
            (None, [0.1, 0.2, 0.3, 0.4]),
        ] {
            let mask = allowed
                .map(|allowed| TokenMask::from_allowed(4, allowed.iter().copied().map(TokenId)));
            let settings = Settings::default();
            let raw = [0.1, 0.2, 0.3, 0.4];
            check_probabilities(&Constraint, &settings, mask.as_ref(), &raw, &expected);
        }
    }
}
