//! Activations in fixed point, for weights that are small integers.
//!
//! Products with weights of a few bits take most of their time to turn integers into float32 numbers.
//! So instead the activations of a block become integers of 22 bits and a sign, in three digits of a byte: bytes
//! can be multiplied with bytes 64 at a time, and integer sums are exact. What is lost is at most
//! `2^-22` of the block's largest activation, and nothing in the sums: about as much as float32
//! loses, which keeps more of every small number but rounds every sum.
//!
//! (llama.cpp takes one digit, and so keeps 8 bits.)

use crate::simd::{Kernel, Simd, SimdLevel};

/// Activations of a block: those of a K-quant's super-block, or of eight blocks of 32 weights.
pub(crate) const BLOCK: usize = 256;

/// The largest integer: with weights of up to 6 bits, the sum of four products is below `2^31`, and
/// so is that of eight with weights of 5 bits.
const LARGEST: f32 = (1 << 22) as f32;

/// The power of two at or above a number. (Scaling by it loses nothing.) Not below `2^-100`, since
/// its inverse must be a number too.
fn power_of_two_above(x: f32) -> f32 {
    const MANTISSA: u32 = (1 << 23) - 1;
    f32::from_bits((x.to_bits() + MANTISSA) & !MANTISSA).max(2f32.powi(-100))
}

/// In which order the digits of a block stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As the activations.
    Straight,
    /// For four blocks of 32 weights at a time, whose bytes hold two weights sixteen places apart. A half
    /// has the first sixteens of the activations of four blocks, and then the second ones. What is left
    /// at the end is for the same block of four rows, and so is there four times.
    Fours,
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
    /// For the order of fours, of each half: in lane `4 * b + i` the sum of the activations
    /// `4 * i..4 * i + 4` of both sixteens of block `b`.
    pub(crate) lane_sums: [[f32; 16]; 2],
    /// The same as integers, times -1.
    pub(crate) minus_lane_sums: [[i32; 16]; 2],
}

impl Digits {
    const ZERO: Digits = Digits {
        digits: [[0; BLOCK]; 3],
        scale: 0.0,
        sums_of_16: [0.0; 16],
        sums_of_32: [0.0; 16],
        lane_sums: [[0.0; 16]; 2],
        minus_lane_sums: [[0; 16]; 2],
    };
}

/// Takes activations apart. The last block is filled up with zeros.
pub(crate) fn take(level: SimdLevel, order: Order, x: &[f32], digits: &mut Vec<Digits>) {
    match order {
        Order::Straight => {
            debug_assert!(x.len().is_multiple_of(BLOCK));
            digits.resize(x.len() / BLOCK, Digits::ZERO);
            for (x, out) in x.as_chunks().0.iter().zip(digits) {
                level.run(Take { order, x, out });
            }
        }
        Order::Fours => {
            let (fours, rest) = x.as_chunks::<{ BLOCK / 2 }>();
            let (rest, short) = rest.as_chunks::<32>();
            debug_assert!(short.is_empty());
            let count = fours.len() + rest.len();
            digits.resize(count.div_ceil(2), Digits::ZERO);
            for (index, out) in digits.iter_mut().enumerate() {
                let mut x = [0.0; BLOCK];
                for (half, four) in x.as_chunks_mut().0.iter_mut().zip(2 * index..count) {
                    match fours.get(four) {
                        Some(four) => *half = *four,
                        None => half.as_chunks_mut().0.fill(rest[four - fours.len()]),
                    }
                }
                level.run(Take { order, x: &x, out });
            }
        }
    }
}

struct Take<'a> {
    order: Order,
    x: &'a [f32; BLOCK],
    out: &'a mut Digits,
}

impl Kernel for Take<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Take { order, x, out } = self;
        let x = x.as_chunks::<16>().0;
        let mut largest = s.splat(0.0);
        for x in x {
            let x = s.load(x);
            largest = s.max(s.max(x, s.sub(s.splat(0.0), x)), largest);
        }
        let bound = power_of_two_above(s.largest(largest));
        out.scale = bound / LARGEST;
        let inverse = s.splat(LARGEST / bound);
        let mut whole = [[0; 16]; BLOCK / 16];
        for group in 0..BLOCK / 16 {
            let lanes = s.load(&x[group]);
            out.sums_of_16[group] = s.sum(lanes);
            s.store_ints(s.round_to_ints(s.mul(lanes, inverse)), &mut whole[group]);
            let place = match order {
                Order::Straight => group,
                // Eight sixteens are a half of the block.
                Order::Fours => group / 8 * 8 + group % 2 * 4 + group % 8 / 2,
            };
            let [upper, middle, lower] = &mut out.digits;
            let upper = &mut upper.as_chunks_mut::<16>().0[place];
            let middle = &mut middle.as_chunks_mut::<16>().0[place];
            let lower = &mut lower.as_chunks_mut::<16>().0[place];
            for i in 0..16 {
                let x = whole[group][i];
                // A byte has a sign, so the digit above takes one more where it is negative.
                lower[i] = x as i8;
                let x = (x - i32::from(lower[i])) >> 8;
                middle[i] = x as i8;
                upper[i] = ((x - i32::from(middle[i])) >> 8) as i8;
            }
        }
        match order {
            Order::Straight => {
                for i in 0..8 {
                    out.sums_of_32[8 + i] = out.sums_of_16[2 * i] + out.sums_of_16[2 * i + 1];
                }
            }
            Order::Fours => {
                for half in 0..2 {
                    for lane in 0..16 {
                        let (first, four) = (8 * half + lane / 4 * 2, 4 * (lane % 4));
                        let fours =
                            [&whole[first][four..four + 4], &whole[first + 1][four..four + 4]];
                        let sum: i32 = fours.iter().copied().flatten().sum();
                        out.minus_lane_sums[half][lane] = -sum;
                        out.lane_sums[half][lane] = sum as f32 * out.scale;
                    }
                }
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
            take(level, Order::Straight, &x, &mut digits);
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
            take(level, Order::Straight, &[0.0; BLOCK], &mut digits);
            assert_eq!(digits[0].digits, [[0; BLOCK]; 3]);
        }
    }

    #[test]
    fn fours_come_apart_and_what_is_left_is_there_four_times() {
        for level in SimdLevel::available() {
            let x: Vec<f32> = (0..BLOCK + 64).map(|i| (i % 200) as f32 - 70.0).collect();
            let mut digits = Vec::new();
            take(level, Order::Fours, &x, &mut digits);
            assert_eq!(digits.len(), 2);
            // Where the activations of each place were, whose blocks are those that products want.
            let (mut four, mut rest) = (Vec::new(), Vec::new());
            for (sixteen, block) in (0..2).flat_map(|s| (0..4).map(move |b| (s, b))) {
                four.extend((0..16).map(|i| 32 * block + 16 * sixteen + i));
                rest.extend((0..16).map(|i| BLOCK + 16 * sixteen + i));
            }
            for half in 0..2 {
                for (place, (four, rest)) in four.iter().zip(&rest).enumerate() {
                    for (digits, from) in
                        [(&digits[0], four + 128 * half), (&digits[1], rest + 32 * half)]
                    {
                        let digit = |d: usize| i32::from(digits.digits[d][128 * half + place]);
                        let number = ((digit(0) * 256 + digit(1)) * 256 + digit(2)) as f32;
                        assert_close(&[number * digits.scale], &[x[from]], 1e-4);
                    }
                }
            }
            let sum = |first: usize| x[first..first + 4].iter().sum::<f32>();
            assert_close(&digits[0].lane_sums[1][5..6], &[sum(164) + sum(180)], 1e-4);
            for block in 0..4 {
                let lanes = &digits[1].lane_sums[1][4 * block..];
                assert_close(&lanes[..2], &[sum(288) + sum(304), sum(292) + sum(308)], 1e-4);
            }
            let as_float = -digits[0].minus_lane_sums[1][5] as f32 * digits[0].scale;
            assert_eq!(as_float, digits[0].lane_sums[1][5]);
        }
    }
}
