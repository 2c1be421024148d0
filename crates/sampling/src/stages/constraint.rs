//! Constraint: tokens that a grammar forbids at this position are cut.

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
        distribution.cut_outside(mask, StageId::Constraint);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_probabilities;
    use tokenscope_tokens::{TokenId, TokenMask};

    #[test]
    fn every_bit_of_a_mask_counts_and_what_is_beyond_it_is_forbidden() {
        let settings = Settings::default();
        for len in [1, 63, 64, 65, 130, 200] {
            let mask = TokenMask::from_allowed(130, (0..200).step_by(3).map(TokenId));
            let history = crate::History::default();
            let inputs = Inputs { settings: &settings, history, mask: Some(&mask) };
            let mut distribution = Distribution::new(vec![0.0; len].into());
            Constraint.apply(&mut distribution, &inputs);
            let kept: Vec<u32> =
                (0..len as u32).filter(|id| distribution.is_kept(TokenId(*id))).collect();
            let expected: Vec<u32> = (0..len.min(130) as u32).step_by(3).collect();
            assert_eq!((&kept, distribution.n_kept()), (&expected, expected.len()), "{len}");
        }
    }

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
