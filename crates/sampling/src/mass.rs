//! Where the probability of the best tokens together passes a limit.
//!
//! The nucleus ends there, and there a coin falls. Sorting all tokens by probability would find it,
//! but takes milliseconds; here they are counted into bins by logit, and only the bin in which the
//! limit is passed gets sorted.
//!
//! This sums in another order than the definition. A float32 weight has 24 bits and a double 53, so
//! that the order matters only for weights below 2^-29 of the sum: in the sixteenth digit.

use multiversion::multiversion;
use tokenscope_tokens::TokenId;

use crate::Distribution;
use crate::bins::{Bins, N_BINS};
use crate::ranking::RankKey;
use crate::softmax::Softmax;
use crate::weights::{BLOCK, SMALLEST_EXPONENT, any, distances, weight, weights};

/// The token that takes the sum across the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crossing {
    pub(crate) id: TokenId,
    /// Whether it is the best token.
    pub(crate) is_first: bool,
}

/// The first of the kept tokens, most probable first, for which `passes(mass, limit)` holds, where
/// `mass` is the probability of all tokens up to and including it. Both come multiplied by one
/// factor; `passes` says no more than whether being at the limit is enough. If it never holds,
/// the last token that has any probability; none if no token has.
pub(crate) fn crossing(
    distribution: &Distribution,
    limit: f64,
    passes: impl Fn(f64, f64) -> bool,
) -> Option<Crossing> {
    let softmax = distribution.softmax()?;
    let bins = bins_above(limit, distribution, softmax);
    let limit = limit * softmax.sum;
    let masses = masses(&bins, distribution);
    let (mut bin, mut mass_before) = (0, 0.0);
    let mut mass = 0.0;
    for (index, in_bin) in masses.iter().enumerate().filter(|(_, in_bin)| **in_bin > 0.0) {
        (bin, mass_before) = (index, mass);
        mass += in_bin;
        if passes(mass, limit) {
            break;
        }
    }

    let mut mass = mass_before;
    let mut last = None;
    for key in sorted_members(&bins, distribution, bin) {
        let weight = weight(distribution.logits()[key.id().index()] - softmax.max);
        if weight == 0.0 {
            break;
        }
        last = Some(Crossing { id: key.id(), is_first: mass == 0.0 });
        mass += f64::from(weight);
        if passes(mass, limit) {
            break;
        }
    }
    last
}

/// Bins for all tokens that may be needed to reach the limit. Lower ones may be left out.
fn bins_above(limit: f64, distribution: &Distribution, softmax: Softmax) -> Bins {
    // Tokens further than d below the best one have, together, a weight of at most n e^-d. If what
    // is beyond the limit weighs more, the limit is passed before they come. One more is for safety.
    let beyond = (1.0 - limit) * softmax.sum;
    let depth = (distribution.n_kept() as f64 / beyond).ln() as f32 + 1.0;
    // Where nothing is beyond, the depth is not a number or infinite.
    let depth = if depth < -SMALLEST_EXPONENT { depth.max(1.0) } else { -SMALLEST_EXPONENT };
    Bins::new(softmax.max, lowest_finite(distribution).max(softmax.max - depth))
}

/// The lowest logit of a kept token that is not -infinity.
#[multiversion(targets = "simd")]
fn lowest_finite(distribution: &Distribution) -> f32 {
    let mut lowest = [f32::INFINITY; BLOCK];
    distribution.for_each_kept_block(|_, block| {
        for (lowest, logit) in lowest.iter_mut().zip(block) {
            let is_lower = (*logit < *lowest) & (*logit > f32::NEG_INFINITY);
            *lowest = if is_lower { *logit } else { *lowest };
        }
    });
    lowest.into_iter().fold(f32::INFINITY, f32::min)
}

/// The sum of the weights in each bin.
#[multiversion(targets = "simd")]
fn masses(bins: &Bins, distribution: &Distribution) -> [f64; N_BINS] {
    let mut masses = [0.0; N_BINS];
    distribution.for_each_kept_block(|_, block| {
        if any(block, |logit| logit >= bins.lowest) {
            let weights = weights(&distances(block, bins.highest));
            for (bin, weight) in bins.of(block).into_iter().zip(weights) {
                masses[bin as usize % N_BINS] += f64::from(weight);
            }
        }
    });
    masses
}

/// The tokens in a bin, in order.
#[multiversion(targets = "simd")]
fn sorted_members(bins: &Bins, distribution: &Distribution, bin: usize) -> Vec<RankKey> {
    let bin = bin as u32;
    let mut members = Vec::new();
    distribution.for_each_kept_block(|first, block| {
        let bins = bins.of(block);
        if bins.iter().fold(false, |any, known| any | (*known == bin)) {
            for (i, logit) in block.iter().enumerate() {
                if bins[i] == bin && *logit > f32::NEG_INFINITY {
                    members.push(RankKey::of(*logit, first + i));
                }
            }
        }
    });
    members.sort_unstable();
    members
}
