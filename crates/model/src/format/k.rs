//! K-quants: super-blocks of 256 weights, whose groups of 16 or 32 weights have small integers as
//! scales. A half-precision number per super-block turns those into real scales, and where the
//! groups have minima, a second one does the same for them.
//!
//! All five formats pack their numbers in planes of bits: a run of bytes holds its first numbers in
//! the lowest bits of its bytes, one in each, and the next ones further up. Where a number has 3, 5
//! or 6 bits, its upper ones lie apart, in planes of their own.

#![expect(non_camel_case_types, reason = "the names are the field's own")]

mod centred;
mod with_minimum;

pub(crate) use centred::{Q3_K, Q6_K};
pub(crate) use with_minimum::{Q2_K, Q4_K, Q5_K};

use crate::digits::Digits;
use crate::simd::{Simd, bytes_at};

/// Weights in a super-block.
const SUPER_BLOCK: usize = 256;

/// What the numbers of each group are multiplied with, and what is then added.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Groups {
    scales: [f32; 16],
    offsets: [f32; 16],
}

impl Groups {
    #[inline(always)]
    fn new<S: Simd>(s: S, [scales, offsets]: [S::F; 2]) -> Self {
        let mut groups = Groups { scales: [0.0; 16], offsets: [0.0; 16] };
        s.store(scales, &mut groups.scales);
        s.store(offsets, &mut groups.offsets);
        // A single number gets into all lanes most cheaply from memory. Compilers that know where
        // the numbers come from would shuffle them out of the registers, and shuffles are what
        // expanding waits for anyway.
        std::hint::black_box(groups)
    }

    /// A scale and an offset, by their places.
    #[inline(always)]
    fn at<S: Simd>(&self, s: S, scale: usize, offset: usize) -> (S::F, S::F) {
        (s.splat(self.scales[scale]), s.splat(self.offsets[offset]))
    }

    /// Two times 16 numbers, the first of group `2 * part`, the others of the next one.
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, part: usize, numbers: [S::B; 2]) -> [S::F; 2] {
        let first = self.at(s, 2 * part, 2 * part);
        let second = self.at(s, 2 * part + 1, 2 * part + 1);
        [
            s.fma(first.0, s.unsigned(numbers[0]), first.1),
            s.fma(second.0, s.unsigned(numbers[1]), second.1),
        ]
    }
}

/// What a K-quant does in its own way: how its numbers are packed.
trait Numbers {
    /// Groups that share a scale: 16 of 16 numbers, or 8 of 32.
    const GROUPS: usize;

    /// Its groups' scales and offsets.
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2];

    /// Numbers `32 * part..32 * part + 32` of a block.
    fn numbers<S: Simd>(s: S, block: &[u8], part: usize) -> [S::B; 2];
}

/// Adds the products of a super-block with a block of activations: of every group the sum of its
/// numbers' products, as integers, times its scale; and the sum of its activations times its offset.
#[inline(always)]
fn add_products<S: Simd, F: Numbers>(s: S, block: &[u8], x: &Digits, sums: &mut [S::F; 2]) {
    let [scales, offsets] = F::groups(s, block);
    let mut scaled = s.splat(0.0);
    // Two parts at a time, with the groups of both side by side.
    macro_rules! two_parts {
        ($($pair:literal)*) => {
            $({
                let (a, b) =
                    (F::numbers(s, block, 2 * $pair), F::numbers(s, block, 2 * $pair + 1));
                let numbers = s.wide([a[0], a[1], b[0], b[1]]);
                let mut products = s.no_sums();
                for digits in &x.digits {
                    let digits = &digits.as_chunks::<64>().0[$pair];
                    products = s.add_products(products, numbers, digits);
                }
                let per_pair = F::GROUPS / 4;
                let scales = s.spread(scales, $pair * per_pair, per_pair);
                scaled = s.fma(s.to_floats(products), scales, scaled);
            })*
        };
    }
    two_parts!(0 1 2 3);
    sums[0] = s.fma(scaled, s.splat(x.scale), sums[0]);
    let x_sums = if F::GROUPS == 16 { &x.sums_of_16 } else { &x.sums_of_32 };
    sums[1] = s.fma(offsets, s.load(x_sums), sums[1]);
}

/// Numbers `32 * part..32 * part + 32` of a super-block's numbers of `BITS` bits, packed in runs of
/// `RUN` bytes: byte `j` of a run holds its number `j` in its lowest bits, and further up its
/// numbers `j + RUN`, `j + 2 * RUN` and so on.
#[inline(always)]
fn unpack<S: Simd, const BITS: usize, const RUN: usize>(
    s: S,
    packed: &[u8],
    part: usize,
) -> [S::B; 2] {
    let numbers_in_run = RUN * 8 / BITS;
    let (run, within) = (32 * part / numbers_in_run, 32 * part % numbers_in_run);
    let (first, plane) = (run * RUN + within % RUN, within / RUN);
    let mask = (1u32 << BITS) - 1;
    let (shift, mask) = ((plane * BITS) as u32, mask as u8);
    [
        s.field(s.bytes(bytes_at(packed, first)), shift, mask),
        s.field(s.bytes(bytes_at(packed, first + 16)), shift, mask),
    ]
}

/// Numbers of which the lower `bits` bits were packed apart from the upper ones.
#[inline(always)]
fn join<S: Simd>(s: S, lower: [S::B; 2], upper: [S::B; 2], bits: u32) -> [S::B; 2] {
    [s.join(lower[0], upper[0], bits), s.join(lower[1], upper[1], bits)]
}

#[cfg(test)]
mod testing {
    use super::SUPER_BLOCK;

    /// Packs 256 numbers, one bit field at a time: the slow twin of [`super::unpack`].
    pub(super) fn pack(bits: usize, run: usize, number: impl Fn(usize) -> u8) -> Vec<u8> {
        let mut packed = vec![0; SUPER_BLOCK * bits / 8];
        let numbers_in_run = run * 8 / bits;
        for weight in 0..SUPER_BLOCK {
            let (start, within) = (weight / numbers_in_run * run, weight % numbers_in_run);
            packed[start + within % run] |= number(weight) << (within / run * bits);
        }
        packed
    }

    /// Numbers of 0..`end` in no order, the same every time.
    pub(super) fn scattered(weight: usize, end: usize) -> u8 {
        ((weight * 37 + weight / 16 * 5) % end) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{pack, scattered};
    use super::*;
    use crate::simd::Portable;

    fn reads_what_was_packed<const BITS: usize, const RUN: usize>() {
        let number = |weight| scattered(weight, 1 << BITS);
        let packed = pack(BITS, RUN, number);
        for part in 0..SUPER_BLOCK / 32 {
            let found = unpack::<_, BITS, RUN>(Portable, &packed, part);
            let expected: Vec<u8> = (32 * part..32 * part + 32).map(number).collect();
            assert_eq!(found.concat(), expected, "{BITS} {RUN} {part}");
        }
    }

    #[test]
    fn every_kind_of_plane_reads_what_was_packed() {
        reads_what_was_packed::<1, 32>();
        reads_what_was_packed::<2, 32>();
        reads_what_was_packed::<4, 32>();
        reads_what_was_packed::<4, 64>();
    }
}
