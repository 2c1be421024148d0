//! Running the stages and remembering what each did.

use std::sync::Arc;

use tokenscope_tokens::TokenId;

use crate::{Distribution, Inputs, STAGES, StageId};

/// A distribution after all stages, with its past.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The model's logits.
    pub(crate) raw_logits: Vec<f32>,
    /// First the raw model, then one entry per stage of [`STAGES`].
    pub(crate) snapshots: Vec<Snapshot>,
    /// The logits and marks at the end.
    pub(crate) distribution: Distribution,
    /// Whether a grammar's mask was on.
    pub(crate) constrained: bool,
}

/// What the distribution was at one point.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The stage that has just run; none for the raw model.
    pub stage: Option<StageId>,
    /// Probability of every token. Shared with the snapshot before where a stage did nothing.
    pub probabilities: Arc<Vec<f32>>,
    /// Tokens not cut so far.
    pub kept: usize,
    /// Probability, before this stage, of the tokens that it cut.
    pub removed_mass: f64,
    /// Entropy of `probabilities`, in bits.
    pub entropy_bits: f64,
}

/// Why there is no distribution. The sentences are part of the HTTP contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SamplingError {
    /// A knob's value drove a logit to infinity or beyond arithmetic.
    #[error("Sampling distribution became invalid for the current settings.")]
    Invalid,
    /// The grammar allows no token.
    #[error("Constraint has no valid next token at this position.")]
    NothingAllowed,
}

/// Runs all stages over a model's logits `[n_vocab]`.
///
/// # Errors
/// If the settings give no distribution, or the mask allows no token.
///
/// # Panics
/// If an id of the history is beyond the logits.
pub fn explain(logits: &[f32], inputs: &Inputs<'_>) -> Result<Explained, SamplingError> {
    let mut distribution = Distribution::new(logits);
    check(&distribution)?;
    let mut snapshots = vec![snapshot(None, &distribution, None)];
    for stage in STAGES {
        let before = &snapshots[snapshots.len() - 1];
        let after = if stage.apply(&mut distribution, inputs) {
            check(&distribution)?;
            snapshot(Some(stage.id()), &distribution, Some(before))
        } else {
            Snapshot { stage: Some(stage.id()), removed_mass: 0.0, ..before.clone() }
        };
        snapshots.push(after);
    }
    let constrained = inputs.mask.is_some();
    Ok(Explained { raw_logits: logits.to_vec(), snapshots, distribution, constrained })
}

/// A distribution needs a finite logit among the kept, and none that is NaN or +infinity. (A logit
/// of -infinity is a probability of zero.)
fn check(distribution: &Distribution) -> Result<(), SamplingError> {
    let logits = distribution.logits();
    if logits.iter().any(|logit| logit.is_nan() || *logit == f32::INFINITY) {
        return Err(SamplingError::Invalid);
    }
    let mut kept = distribution.kept().peekable();
    if kept.peek().is_none() {
        return Err(SamplingError::NothingAllowed);
    }
    if kept.all(|id| logits[id.index()] == f32::NEG_INFINITY) {
        return Err(SamplingError::Invalid);
    }
    Ok(())
}

fn snapshot(
    stage: Option<StageId>,
    distribution: &Distribution,
    before: Option<&Snapshot>,
) -> Snapshot {
    let probabilities = distribution.probabilities();
    let entropy_bits = probabilities
        .iter()
        .filter(|p| **p > 0.0)
        .map(|p| f64::from(*p) * -f64::from(*p).log2())
        .sum();
    let removed_mass = before.map_or(0.0, |before| {
        let cut_here = before
            .probabilities
            .iter()
            .enumerate()
            .filter(|(index, _)| distribution.cut_by(TokenId(*index as u32)) == stage);
        // From 0.0, since an empty sum would be -0.0.
        cut_here.fold(0.0, |mass, (_, p)| mass + f64::from(*p))
    });
    let kept = distribution.kept().count();
    Snapshot { stage, probabilities: Arc::new(probabilities), kept, removed_mass, entropy_bits }
}

impl Explained {
    /// The snapshots: the raw model first, then one per stage.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The model's own probabilities.
    pub fn base_probabilities(&self) -> &[f32] {
        &self.snapshots[0].probabilities
    }

    /// The probabilities the token is drawn with.
    pub fn final_probabilities(&self) -> &[f32] {
        &self.snapshots[self.snapshots.len() - 1].probabilities
    }

    /// Whether the grammar allows the token (always, without one).
    pub fn is_valid(&self, id: TokenId) -> bool {
        self.distribution.cut_by(id) != Some(StageId::Constraint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, logits_of};
    use crate::{History, NucleusRule, Settings};
    use tokenscope_tokens::TokenMask;

    fn plain() -> Settings {
        Settings { temperature: 1.0, top_p: 1.0, repetition_penalty: 1.0, ..Settings::default() }
    }

    #[test]
    fn every_stage_leaves_its_mark_on_every_token() {
        // Penalty: token 3 (logit ln 8, of weights 1 2 4 8) has occurred and loses ln 2 in the
        // presence stage: 1 2 4 4 of 11. Temperature 0.5 squares: 1 4 16 16 of 37.
        // The mask forbids token 2: 1 4 - 16 of 21. Top-p 0.8 keeps 16 and 4: 4 - 16 of 20.
        let logits: Vec<f32> = [1.0f32, 2.0, 4.0, 8.0].iter().map(|w| w.ln()).collect();
        let settings = Settings {
            presence_penalty: f64::from(2f32.ln()),
            temperature: 0.5,
            top_p: 0.8,
            ..plain()
        };
        let mask = TokenMask::from_allowed(4, [0, 1, 3].map(TokenId));
        let completion = [TokenId(3)];
        let history = History { completion: &completion, ..History::default() };
        let inputs = Inputs { settings: &settings, history, mask: Some(&mask) };
        let explained = explain(&logits, &inputs).unwrap();

        let fractions = |n: [f32; 4], of: f32| n.map(|n| n / of);
        let expected = [
            fractions([1.0, 2.0, 4.0, 8.0], 15.0),
            fractions([1.0, 2.0, 4.0, 8.0], 15.0),
            fractions([1.0, 2.0, 4.0, 4.0], 11.0),
            fractions([1.0, 4.0, 16.0, 16.0], 37.0),
            fractions([1.0, 4.0, 0.0, 16.0], 21.0),
            fractions([0.0, 4.0, 0.0, 16.0], 20.0),
        ];
        for (snapshot, expected) in explained.snapshots().iter().zip(expected) {
            assert_close(&snapshot.probabilities, &expected);
        }
        let names: Vec<_> =
            explained.snapshots().iter().map(|s| s.stage.map_or("raw", StageId::name)).collect();
        assert_eq!(
            names,
            ["raw", "repetition", "presence_frequency", "temperature", "constraint", "top_p"]
        );
        let kept: Vec<usize> = explained.snapshots().iter().map(|s| s.kept).collect();
        assert_eq!(kept, [4, 4, 4, 4, 3, 2]);
        let removed: Vec<f32> =
            explained.snapshots().iter().map(|s| s.removed_mass as f32).collect();
        assert_close(&removed, &[0.0, 0.0, 0.0, 0.0, 16.0 / 37.0, 1.0 / 21.0]);
        let cut: Vec<_> = (0..4).map(|id| explained.distribution.cut_by(TokenId(id))).collect();
        assert_eq!(cut, [Some(StageId::TopP), None, Some(StageId::Constraint), None]);
    }

    #[test]
    fn entropy_is_in_bits() {
        for (probabilities, bits) in [
            (&[0.25f32; 4][..], 2.0),
            (&[0.5, 0.5], 1.0),
            (&[1.0], 0.0),
            (&[0.5, 0.25, 0.125, 0.125], 1.75),
        ] {
            let settings = plain();
            let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
            let explained = explain(&logits_of(probabilities), &inputs).unwrap();
            assert!((explained.snapshots()[0].entropy_bits - bits).abs() < 1e-6);
        }
    }

    #[test]
    fn settings_that_leave_no_distribution_are_an_error() {
        let allow_nothing = TokenMask::none(2);
        for (settings, mask, expected) in [
            (Settings { repetition_penalty: 0.0, ..plain() }, None, SamplingError::Invalid),
            (Settings { presence_penalty: -1e300, ..plain() }, None, SamplingError::Invalid),
            (Settings { temperature: 1e-45, ..plain() }, None, SamplingError::Invalid),
            (plain(), Some(&allow_nothing), SamplingError::NothingAllowed),
        ] {
            let completion = [TokenId(0)];
            let history = History { completion: &completion, ..History::default() };
            let inputs = Inputs { settings: &settings, history, mask };
            assert_eq!(explain(&[2.0, 1.0], &inputs).unwrap_err(), expected, "{settings:?}");
        }
        let settings = plain();
        let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
        assert_eq!(explain(&[f32::NAN, 1.0], &inputs).unwrap_err(), SamplingError::Invalid);
    }

    #[test]
    fn the_first_screenshots_nucleus() {
        // p = .582 and .382 at top-p .8: the standard rule keeps both, the seed's only the first.
        let logits = logits_of(&[0.382, 0.582, 0.036]);
        for (nucleus_rule, kept) in [(NucleusRule::Standard, 2), (NucleusRule::Seed, 1)] {
            let settings = Settings { top_p: 0.8, nucleus_rule, ..plain() };
            let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
            let explained = explain(&logits, &inputs).unwrap();
            assert_eq!(explained.snapshots()[5].kept, kept);
        }
    }
}
