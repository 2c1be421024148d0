//! The softmax, without writing it down.
//!
//! A token's probability is `e^(l - max) / sum`, so two numbers stand for all of them: whoever
//! wants the probability of a token gets it from its logit. The other design, a vector of
//! probabilities after each stage, would be simpler to read from, but means megabytes written for
//! every move of a knob, and the screen shows fifty tokens of 150,000.

use std::f64::consts::LN_2;

use multiversion::multiversion;

use crate::weights::{BLOCK, Sum, distances, for_each_counted_block, weights};
use crate::{Distribution, StageId};

/// The softmax over the tokens that were kept at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Softmax {
    /// The highest logit.
    pub(crate) max: f32,
    /// Sum of the tokens' weights `e^(l - max)`; at least 1, which is the best token's.
    pub(crate) sum: f64,
    /// Entropy of the probabilities.
    pub(crate) entropy_bits: f64,
}

impl Softmax {
    /// Over the kept tokens; none if none of them has a finite logit.
    pub(crate) fn of(distribution: &Distribution) -> Option<Self> {
        let max = highest(distribution);
        if !max.is_finite() {
            return None;
        }
        let (sum, products) = sums(distribution, max);
        let entropy_bits = (sum.ln() - products / sum) / LN_2;
        Some(Softmax { max, sum, entropy_bits })
    }

    /// The probability of a token that takes part, by its logit.
    pub(crate) fn probability(&self, logit: f32) -> f32 {
        (f64::from(logit - self.max).exp() / self.sum) as f32
    }

    /// The natural logarithm of that probability, exact where it would underflow.
    pub(crate) fn log_probability(&self, logit: f32) -> f64 {
        f64::from(logit) - f64::from(self.max) - self.sum.ln()
    }

    /// The probability of all counted tokens together; they must have taken part.
    pub(crate) fn mass(
        &self,
        logits: &[f32],
        cut_by: &[Option<StageId>],
        counts: impl Fn(Option<StageId>) -> bool,
    ) -> f64 {
        weight_of(logits, cut_by, counts, self.max) / self.sum
    }
}

/// The highest logit of a kept token, or -infinity.
#[multiversion(targets = "simd")]
fn highest(distribution: &Distribution) -> f32 {
    let mut max = [f32::NEG_INFINITY; BLOCK];
    distribution.for_each_kept_block(|_, block| {
        for (max, logit) in max.iter_mut().zip(block) {
            *max = if *logit > *max { *logit } else { *max };
        }
    });
    max.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// With d = l - max and w = e^d of kept tokens: the sums of w and of w d.
///
/// The entropy -sum(p ln p) is ln(sum w) - sum(w d) / sum w.
#[multiversion(targets = "simd")]
fn sums(distribution: &Distribution, max: f32) -> (f64, f64) {
    let (mut sum, mut products) = (Sum::default(), Sum::default());
    distribution.for_each_kept_block(|_, block| {
        let distances = distances(block, max);
        let mut weights = weights(&distances);
        sum.add(&weights);
        for (weight, distance) in weights.iter_mut().zip(distances) {
            *weight *= distance;
        }
        products.add(&weights);
    });
    (sum.total(), products.total())
}

/// Sum of the weights of the counted tokens.
#[multiversion(targets = "simd")]
fn weight_of(
    logits: &[f32],
    cut_by: &[Option<StageId>],
    counts: impl Fn(Option<StageId>) -> bool,
    max: f32,
) -> f64 {
    let mut sum = Sum::default();
    for_each_counted_block(logits, Some(cut_by), counts, |_, block| {
        sum.add(&weights(&distances(block, max)));
    });
    sum.total()
}
