//! Activations in fixed point, for weights that are small integers.
//!
//! Products with K-quants take most of their time to turn integers into float32 numbers. So instead
//! the activations of a block become integers of 22 bits and a sign, in three digits of a byte: bytes
//! can be multiplied with bytes 64 at a time, and integer sums are exact. What is lost is at most
//! `2^-22` of the block's largest activation, and nothing in the sums: about as much as float32
//! loses, which keeps more of every small number but rounds every sum.
//!
//! (llama.cpp takes one digit, and so keeps 8 bits.)

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]

use crate::simd::{Kernel, Simd, SimdLevel};

/// Activations of a block: those of a K-quants' super-block.
pub(crate) const BLOCK: usize = 256;

/// The largest integer: with weights of up to 6 bits, the sum of four products is below `2^31`.
const LARGEST: f32 = (1 << 22) as f32;

/// The power of two at or above a number. (Scaling by it loses nothing.) Not below `2^-100`, since
/// its inverse must be a number too.
fn power_of_two_above(x: f32) -> f32 {
    const MANTISSA: u32 = (1 << 23) - 1;
    f32::from_bits((x.to_bits() + MANTISSA) & !MANTISSA).max(2f32.powi(-100))
}

/// A block of activations `x = scale * (65536 * digits[0] + 256 * digits[1] + digits[2])`.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct Digits {
    /// The upper ones first.
    pub(crate) digits: [[i8; BLOCK]; 3],
    pub(crate) scale: f32,
    /// Sums of each 16 activations.
    pub(crate) sums_of_16: [f32; 16],
    /// Sums of each 32 activations in the last 8 places, zeros before.
    pub(crate) sums_of_32: [f32; 16],
}

impl Digits {
    const ZERO: Digits = Digits {
        digits: [[0; BLOCK]; 3],
        scale: 0.0,
        sums_of_16: [0.0; 16],
        sums_of_32: [0.0; 16],
    };
}

/// Takes activations apart, a whole number of blocks.
pub(crate) fn take(level: SimdLevel, x: &[f32], digits: &mut Vec<Digits>) {
    digits.resize(x.len() / BLOCK, Digits::ZERO);
    level.run(Take { x, digits });
}

struct Take<'a> {
    x: &'a [f32],
    digits: &'a mut [Digits],
}

impl Kernel for Take<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (x, out) in self.x.as_chunks::<BLOCK>().0.iter().zip(self.digits) {
            let x = x.as_chunks::<16>().0;
            let mut largest = s.splat(0.0);
            for x in x {
                let x = s.load(x);
                largest = s.max(s.max(x, s.sub(s.splat(0.0), x)), largest);
            }
            let largest = s.largest(largest);
            let bound = power_of_two_above(largest);
            out.scale = bound / LARGEST;
            let inverse = LARGEST / bound;
            for (group, x) in x.iter().enumerate() {
                let lanes = s.load(x);
                out.sums_of_16[group] = s.sum(lanes);
                let mut whole = [0.0; 16];
                s.store(s.round(s.mul(lanes, s.splat(inverse))), &mut whole);
                for i in 0..16 {
                    let x = whole[i] as i32;
                    // A byte has a sign, so the digit above takes one more where it is negative.
                    let lower = x as i8;
                    let x = (x - i32::from(lower)) >> 8;
                    let middle = x as i8;
                    let upper = (x - i32::from(middle)) >> 8;
                    out.digits[0][16 * group + i] = upper as i8;
                    out.digits[1][16 * group + i] = middle;
                    out.digits[2][16 * group + i] = lower;
                }
            }
            for i in 0..8 {
                out.sums_of_32[8 + i] = out.sums_of_16[2 * i] + out.sums_of_16[2 * i + 1];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{assert_close, noise};

    #[test]
    fn digits_make_up_the_activations() {
        for level in SimdLevel::available() {
            let mut x = noise(5, 2 * BLOCK);
            (x[3], x[BLOCK]) = (-70.0, 0.0);
            let mut digits = Vec::new();
            take(level, &x, &mut digits);
            for (x, digits) in x.chunks_exact(BLOCK).zip(&digits) {
                let largest = x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
                let number = |i: usize| {
                    let digit = |d: usize| i32::from(digits.digits[d][i]);
                    ((digit(0) * 256 + digit(1)) * 256 + digit(2)) as f32 * digits.scale
                };
                let found: Vec<f32> = (0..BLOCK).map(number).collect();
                assert_close(&found, x, power_of_two_above(largest) * 2f32.powi(-23));
                for group in 0..16 {
                    let sum: f32 = x[16 * group..][..16].iter().sum();
                    assert_close(&digits.sums_of_16[group..=group], &[sum], 1e-5 * largest);
                }
            }
            take(level, &[0.0; BLOCK], &mut digits);
            assert_eq!(digits[0].digits, [[0; BLOCK]; 3]);
        }
    }
}
