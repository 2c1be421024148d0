//! Nucleus sampling, top-p (arXiv:1904.09751): only the most probable tokens that together reach
//! the mass p are kept.
//!
//! Implementations differ on the token that carries the sum across p. The standard rule keeps it:
//! a token stays while the mass *before* it is below p. The seed's rule drops it: a token stays
//! while the mass *including* it is at most p. Both always keep the first token.

use crate::knob::{KnobKind, KnobSpec, KnobValue};
use crate::mass::{Crossing, crossing};
use crate::{Distribution, Inputs, NucleusRule, Settings, Stage, StageId};

/// The stage.
pub struct TopP;

/// One of its knobs.
pub(crate) const TOP_P: KnobSpec = KnobSpec {
    id: "top_p",
    label: "Top-p (nucleus)",
    kind: KnobKind::Number { min: 0.0, max: 1.0, step: 0.01 },
    default: KnobValue::Number(0.8),
    off: Some(KnobValue::Number(1.0)),
    explanation: "Keeps the most probable tokens until together they reach this share of the \
                  probability, and cuts the long tail of unlikely ones. When the model is sure, \
                  few tokens are kept; when it is not, many. 1 is off, 0 keeps one token.",
};

/// The other.
pub(crate) const NUCLEUS_RULE: KnobSpec = KnobSpec {
    id: "nucleus_rule",
    label: "Nucleus rule",
    kind: KnobKind::Choice(&["standard", "seed"]),
    default: KnobValue::Choice("standard"),
    off: None,
    explanation: "What happens to the token that carries the sum across top-p: standard keeps it, \
                  as Hugging Face, llama.cpp and vLLM do; seed drops it, as the program did that \
                  this one set out from.",
};

impl Stage for TopP {
    fn id(&self) -> StageId {
        StageId::TopP
    }

    fn label(&self) -> &'static str {
        "Top-p"
    }

    fn explanation(&self) -> &'static str {
        "The long tail is cut; the nucleus shares its probability."
    }

    fn knobs(&self) -> &'static [&'static KnobSpec] {
        &[&TOP_P, &NUCLEUS_RULE]
    }

    fn values(&self, settings: &Settings) -> Vec<(&'static str, KnobValue)> {
        vec![
            (TOP_P.id, KnobValue::Number(settings.top_p)),
            (NUCLEUS_RULE.id, KnobValue::Choice(settings.nucleus_rule.name())),
        ]
    }

    fn apply(&self, distribution: &mut Distribution, inputs: &Inputs<'_>) -> bool {
        let top_p = inputs.settings.top_p;
        if top_p >= 1.0 {
            return false;
        }
        let crossing = match inputs.settings.nucleus_rule {
            NucleusRule::Standard => crossing(distribution, top_p, |mass, top_p| mass >= top_p),
            NucleusRule::Seed => crossing(distribution, top_p, |mass, top_p| mass > top_p),
        };
        if let Some(Crossing { id, is_first }) = crossing {
            distribution.cut_after(id, StageId::TopP);
            if inputs.settings.nucleus_rule == NucleusRule::Seed && !is_first {
                distribution.cut(id, StageId::TopP);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_probabilities;

    #[test]
    fn the_crossing_token_is_kept_by_the_standard_and_dropped_by_the_seeds_rule() {
        use NucleusRule::{Seed, Standard};
        for (top_p, rule, expected) in [
            (1.0, Standard, [0.1, 0.2, 0.3, 0.4]),
            (1.5, Seed, [0.1, 0.2, 0.3, 0.4]),
            (0.6, Standard, [0.0, 0.0, 3.0 / 7.0, 4.0 / 7.0]),
            (0.6, Seed, [0.0, 0.0, 0.0, 1.0]),
            (0.75, Standard, [0.0, 2.0 / 9.0, 3.0 / 9.0, 4.0 / 9.0]),
            (0.75, Seed, [0.0, 0.0, 3.0 / 7.0, 4.0 / 7.0]),
            (0.0, Standard, [0.0, 0.0, 0.0, 1.0]),
            (0.0, Seed, [0.0, 0.0, 0.0, 1.0]),
            (-1.0, Standard, [0.0, 0.0, 0.0, 1.0]),
        ] {
            let settings = Settings { top_p, nucleus_rule: rule, ..Settings::default() };
            check_probabilities(&TopP, &settings, None, &[0.1, 0.2, 0.3, 0.4], &expected);
        }
    }

    #[test]
    fn among_equals_the_lower_id_is_kept() {
        let settings = Settings { top_p: 0.5, ..Settings::default() };
        check_probabilities(&TopP, &settings, None, &[0.25; 4], &[0.5, 0.5, 0.0, 0.0]);
    }
}
