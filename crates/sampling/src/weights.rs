//! Passes over the logits of a whole vocabulary, and the exponential they need.
//!
//! Logits are read in blocks of fixed size, in plain loops, which compilers turn into vector code.
//! The functions around these loops are compiled for several instruction sets by the multiversion
//! crate, which picks one at run time; what is called in them must be inlined for that. With the
//! SSE2 of plain x86-64 builds, a softmax takes 1.6 ns per token, with AVX-512 0.6. The results are
//! the same to the bit, since the order of all operations is.

use std::f32::consts::LOG2_E;
use std::f64::consts::LN_2;

use crate::StageId;

/// Tokens of one block. Loops over 16 would be unrolled instead of vectorised.
pub(crate) const BLOCK: usize = 64;

/// Doubles that sum up a block's numbers side by side.
const LANES: usize = BLOCK / 2;

/// Hands the logits to `visit`, block by block, with the first index of each block. What is missing
/// from the last block is -infinity.
#[inline(always)]
pub(crate) fn for_each_block(logits: &[f32], visit: impl FnMut(usize, &[f32; BLOCK])) {
    for_each_counted_block(logits, None, |_| true, visit);
}

/// The same, where tokens whose mark does not count are -infinity too. Without marks, all count.
#[inline(always)]
pub(crate) fn for_each_counted_block(
    logits: &[f32],
    cut_by: Option<&[Option<StageId>]>,
    counts: impl Fn(Option<StageId>) -> bool,
    mut visit: impl FnMut(usize, &[f32; BLOCK]),
) {
    let (mut padded, mut counted) = ([f32::NEG_INFINITY; BLOCK], [f32::NEG_INFINITY; BLOCK]);
    for (index, chunk) in logits.chunks(BLOCK).enumerate() {
        let first = index * BLOCK;
        let mut block: &[f32; BLOCK] = chunk.try_into().unwrap_or_else(|_| {
            padded[..chunk.len()].copy_from_slice(chunk);
            &padded
        });
        if let Some(cut_by) = cut_by {
            let mut marks = [None; BLOCK];
            let end = cut_by.len().min(first + BLOCK);
            marks[..end - first].copy_from_slice(&cut_by[first..end]);
            for (counted, (logit, mark)) in counted.iter_mut().zip(block.iter().zip(marks)) {
                *counted = if counts(mark) { *logit } else { f32::NEG_INFINITY };
            }
            block = &counted;
        }
        // In one place only: a call in each of the cases would not be inlined, and the sums of the
        // caller would go through memory.
        visit(first, block);
    }
}

/// Whether the test holds for any logit of the block.
#[inline(always)]
pub(crate) fn any(block: &[f32; BLOCK], test: impl Fn(f32) -> bool) -> bool {
    // No short circuit: that would be a branch per token.
    block.iter().fold(false, |any, logit| any | test(*logit))
}

/// Sums that many blocks are added to, in double precision: 50,000 float32 terms would lose three
/// digits.
#[derive(Default)]
pub(crate) struct Sum([f64; LANES]);

impl Sum {
    #[inline(always)]
    pub(crate) fn add(&mut self, block: &[f32; BLOCK]) {
        for i in 0..LANES {
            self.0[i] += f64::from(block[i]) + f64::from(block[i + LANES]);
        }
    }

    pub(crate) fn total(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// Below this, `e^x` counts as nothing. Next to the best token's weight of 1 it is nothing even in
/// double precision, and it keeps clear of subnormal numbers, which some processors are slow with.
pub(crate) const SMALLEST_EXPONENT: f32 = -87.0;

/// How far each logit is below the maximum (so at most 0), cut off where weights vanish.
#[inline(always)]
pub(crate) fn distances(block: &[f32; BLOCK], max: f32) -> [f32; BLOCK] {
    block.map(|logit| {
        let distance = logit - max;
        if distance > SMALLEST_EXPONENT { distance } else { SMALLEST_EXPONENT }
    })
}

/// The weights `e^distance` of tokens in the softmax.
#[inline(always)]
pub(crate) fn weights(distances: &[f32; BLOCK]) -> [f32; BLOCK] {
    distances.map(weight)
}

/// The weight `e^distance` of a token, to within 1.5 units in the last place.
///
/// `e^x = 2^n e^r` with n the whole number next to `x / ln 2`, and a polynomial for `e^r`.
#[inline(always)]
pub(crate) fn weight(distance: f32) -> f32 {
    // Adding this rounds to a whole number, which then is in the sum's last bits, 127 higher: as
    // the exponent field of a float wants it.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    // ln 2 in two parts; the first has so few bits that n times it is exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (LN_2 - LN_2_HIGH as f64) as f32;
    // The best polynomial for (e^r - 1 - r) / r^2, in the sense of the largest relative error of
    // e^r on |r| <= ln 2 / 2, which is 3e-9 (found by Lawson's algorithm).
    const C: [f32; 5] = [0.499_999_94, 0.166_665_2, 0.041_668_393, 0.008_368_781, 0.001_381_446_7];

    let rounded = distance * LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (distance - n * LN_2_HIGH) - n * LN_2_LOW;
    let polynomial = (((C[4] * r + C[3]) * r + C[2]) * r + C[1]) * r + C[0];
    let power_of_2 = f32::from_bits(rounded.to_bits() << 23);
    let weight = ((polynomial * r) * r + r + 1.0) * power_of_2;
    if distance > SMALLEST_EXPONENT { weight } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_exponential_over_the_whole_range() {
        // Every 64th float between -0 and the smallest exponent, and both ends.
        let last = SMALLEST_EXPONENT.to_bits();
        let floats: Vec<f32> =
            ((-0f32).to_bits()..last).step_by(64).chain([last - 1]).map(f32::from_bits).collect();
        let mut worst: f64 = 0.0;
        for_each_block(&floats, |first, block| {
            let found = weights(&distances(block, 0.0));
            for (x, found) in floats[first..].iter().zip(found) {
                let exact = f64::from(*x).exp();
                let unit = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
                worst = worst.max((f64::from(found) - exact).abs() / unit);
            }
        });
        assert!(worst < 1.5, "{worst} units in the last place");
    }

    #[test]
    fn the_ends_are_exact() {
        let mut block = [f32::NEG_INFINITY; BLOCK];
        block[..4].copy_from_slice(&[3.0, 3.0 - 87.0, -1e30, f32::MIN]);
        let mut expected = [0.0; BLOCK];
        expected[0] = 1.0;
        assert_eq!(weights(&distances(&block, 3.0)), expected);
    }

    #[test]
    fn blocks_cover_all_and_hide_what_does_not_count() {
        let len = 2 * BLOCK + 5;
        let logits: Vec<f32> = (0..len).map(|i| i as f32).collect();
        let mut cut_by = vec![None; len];
        let cut = [20, len - 1];
        for id in cut {
            cut_by[id] = Some(StageId::TopP);
        }
        let mut seen = Vec::new();
        for_each_counted_block(
            &logits,
            Some(&cut_by),
            |cut_by| cut_by.is_none(),
            |first, block| {
                assert_eq!(first, seen.len());
                seen.extend_from_slice(block);
            },
        );
        let mut expected = logits;
        for id in cut {
            expected[id] = f32::NEG_INFINITY;
        }
        expected.resize(3 * BLOCK, f32::NEG_INFINITY);
        assert_eq!(seen, expected);
    }
}
