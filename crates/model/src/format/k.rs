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

use crate::simd::{Simd, bytes_at};

/// Weights in a super-block.
const SUPER_BLOCK: usize = 256;

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
