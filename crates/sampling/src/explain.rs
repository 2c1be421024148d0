//! Running the stages and remembering what each did.

use std::sync::Arc;

use multiversion::multiversion;
use tokenscope_tokens::TokenId;

use crate::softmax::Softmax;
use crate::{Distribution, Inputs, STAGES, StageId};

/// A distribution after all stages, with its past.
#[derive(Debug, Clone)]
pub struct Explained {
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
    /// Tokens not cut so far.
    pub kept: usize,
    /// Probability, before this stage, of the tokens that it cut.
    pub removed_mass: f64,
    /// Entropy of the probabilities, in bits.
    pub entropy_bits: f64,
    /// Of every token. Shared with the snapshot before where a stage did not change them.
    pub(crate) logits: Arc<Vec<f32>>,
    /// What makes logits probabilities.
    pub(crate) softmax: Softmax,
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
pub fn explain(logits: Arc<Vec<f32>>, inputs: &Inputs<'_>) -> Result<Explained, SamplingError> {
    let mut distribution = Distribution::new(logits);
    let mut snapshots = vec![snapshot(None, &distribution, None)?];
    for stage in STAGES {
        let before = &snapshots[snapshots.len() - 1];
        let after = if stage.apply(&mut distribution, inputs) {
            snapshot(Some(stage.id()), &distribution, Some(before))?
        } else {
            Snapshot { stage: Some(stage.id()), removed_mass: 0.0, ..before.clone() }
        };
        snapshots.push(after);
    }
    Ok(Explained { snapshots, distribution, constrained: inputs.mask.is_some() })
}

/// A distribution needs a finite logit among the kept, and none that is NaN or +infinity. (A logit
/// of -infinity is a probability of zero.)
fn snapshot(
    stage: Option<StageId>,
    distribution: &Distribution,
    before: Option<&Snapshot>,
) -> Result<Snapshot, SamplingError> {
    let logits = distribution.shared_logits();
    let is_new = before.is_none_or(|before| !Arc::ptr_eq(&before.logits, logits));
    if is_new && has_bad(logits) {
        return Err(SamplingError::Invalid);
    }
    let kept = distribution.n_kept();
    if kept == 0 {
        return Err(SamplingError::NothingAllowed);
    }
    let softmax = distribution.softmax().ok_or(SamplingError::Invalid)?;
    let removed_mass = before.filter(|before| before.kept > kept).map_or(0.0, |before| {
        before.softmax.mass(&before.logits, distribution.marks(), |cut_by| cut_by == stage)
    });
    Ok(Snapshot {
        stage,
        kept,
        removed_mass,
        entropy_bits: softmax.entropy_bits,
        logits: Arc::clone(logits),
        softmax,
    })
}

/// Whether a logit is NaN or +infinity.
#[multiversion(targets = "simd")]
fn has_bad(logits: &[f32]) -> bool {
    // No short circuit: that would be a branch per token.
    logits.iter().fold(false, |bad, logit| bad | logit.is_nan() | (*logit == f32::INFINITY))
}

impl Explained {
    /// The snapshots: the raw model first, then one per stage.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The token's probability at each of the snapshots.
    pub fn probabilities(&self, id: TokenId) -> Vec<f32> {
        let cut_by = self.distribution.cut_by(id);
        let mut is_cut = false;
        let after = self.snapshots.iter().map(|snapshot| {
            is_cut |= cut_by.is_some() && cut_by == snapshot.stage;
            if is_cut { 0.0 } else { snapshot.softmax.probability(snapshot.logits[id.index()]) }
        });
        after.collect()
    }

    /// The probability that the token is drawn with.
    pub fn final_probability(&self, id: TokenId) -> f32 {
        let probabilities = self.probabilities(id);
        probabilities[probabilities.len() - 1]
    }

    /// The model's logits.
    pub(crate) fn raw_logits(&self) -> &[f32] {
        &self.snapshots[0].logits
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
        let logits = logits_of(&[1.0, 2.0, 4.0, 8.0]);
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
        let explained = explain(logits.into(), &inputs).unwrap();

        let fractions = |n: [f32; 4], of: f32| n.map(|n| n / of);
        let expected = [
            fractions([1.0, 2.0, 4.0, 8.0], 15.0),
            fractions([1.0, 2.0, 4.0, 8.0], 15.0),
            fractions([1.0, 2.0, 4.0, 4.0], 11.0),
            fractions([1.0, 4.0, 16.0, 16.0], 37.0),
            fractions([1.0, 4.0, 0.0, 16.0], 21.0),
            fractions([0.0, 4.0, 0.0, 16.0], 20.0),
        ];
        for id in 0..4 {
            let expected = expected.map(|after_stage| after_stage[id as usize]);
            assert_close(&explained.probabilities(TokenId(id)), &expected);
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
            let explained = explain(logits_of(probabilities).into(), &inputs).unwrap();
            assert!((explained.snapshots()[0].entropy_bits - bits).abs() < 1e-6);
        }
    }

    #[test]
    fn settings_that_leave_no_distribution_are_an_error() {
        let allow_nothing = TokenMask::none(2);
        for (settings, mask, expected) in [
            (Settings { repetition_penalty: 0.0, ..plain() }, None, SamplingError::Invalid),
            (Settings { presence_penalty: -1e300, ..plain() }, None, SamplingError::Invalid),
            (plain(), Some(&allow_nothing), SamplingError::NothingAllowed),
        ] {
            let completion = [TokenId(0)];
            let history = History { completion: &completion, ..History::default() };
            let inputs = Inputs { settings: &settings, history, mask };
            assert_eq!(
                explain(vec![2.0, 1.0].into(), &inputs).unwrap_err(),
                expected,
                "{settings:?}"
            );
        }
        let settings = plain();
        let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
        assert_eq!(
            explain(vec![f32::NAN, 1.0].into(), &inputs).unwrap_err(),
            SamplingError::Invalid
        );
    }

    #[test]
    fn the_first_screenshots_nucleus() {
        // p = .582 and .382 at top-p .8: the standard rule keeps both, the seed's only the first.
        let logits = logits_of(&[0.382, 0.582, 0.036]);
        for (nucleus_rule, kept) in [(NucleusRule::Standard, 2), (NucleusRule::Seed, 1)] {
            let settings = Settings { top_p: 0.8, nucleus_rule, ..plain() };
            let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
            let explained = explain(logits.clone().into(), &inputs).unwrap();
            assert_eq!(explained.snapshots()[5].kept, kept);
        }
    }
}
