//! K-quants: super-blocks of 256 weights, whose groups of 16 or 32 weights have small integers as
//! scales. A half-precision number per super-block turns those into real scales, and where the
//! groups have minima, a second one does the same for them.
//!
//! All five formats pack their numbers in planes of bits (see [`unpack`]). Where a number has 3, 5
//! or 6 bits, its upper ones lie apart, in planes of their own. All numbers of a super-block are
//! unpacked to bytes before any is scaled: compilers make good AVX code of two loops that each do
//! one kind of work, and often poor code of one that does both.
//!
//! Products of a number, its group's scale and the super-block's are exact in float32: they have at
//! most 5, 7 and 11 significant bits. Only taking off a minimum rounds, once. So weights equal the
//! reference's bit for bit, in whatever order one multiplies.

#![expect(non_camel_case_types, reason = "the names are the field's own")]

mod centred;
mod with_minimum;

pub use centred::{Q3_K, Q6_K};
pub use with_minimum::{Q2_K, Q4_K, Q5_K};

/// Weights in a super-block.
const SUPER_BLOCK: usize = 256;

/// A super-block's numbers of `BITS` bits, packed in runs of `RUN` bytes.
///
/// A run fills the lowest bits of its bytes first: byte `j` of it holds its number `j` there, and
/// further up its numbers `j + RUN`, `j + 2 * RUN` and so on.
#[inline(always)]
fn unpack<const BITS: usize, const RUN: usize>(packed: &[u8]) -> [u8; SUPER_BLOCK] {
    let mut numbers = [0; SUPER_BLOCK];
    let runs = packed[..SUPER_BLOCK * BITS / 8].as_chunks::<RUN>().0;
    for (run, numbers) in runs.iter().zip(numbers.chunks_exact_mut(RUN * 8 / BITS)) {
        for (plane, numbers) in numbers.as_chunks_mut::<RUN>().0.iter_mut().enumerate() {
            for j in 0..RUN {
                numbers[j] = run[j] >> (plane * BITS) & ((1 << BITS) - 1);
            }
        }
    }
    numbers
}

/// Numbers of which the lower `BITS` bits were packed apart from the upper ones.
#[inline(always)]
fn join<const BITS: usize>(
    mut lower: [u8; SUPER_BLOCK],
    upper: [u8; SUPER_BLOCK],
) -> [u8; SUPER_BLOCK] {
    for j in 0..SUPER_BLOCK {
        lower[j] |= upper[j] << BITS;
    }
    lower
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

    fn reads_what_was_packed<const BITS: usize, const RUN: usize>() {
        let number = |weight| scattered(weight, 1 << BITS);
        let expected: Vec<u8> = (0..SUPER_BLOCK).map(number).collect();
        assert_eq!(unpack::<BITS, RUN>(&pack(BITS, RUN, number)), expected[..], "{BITS} {RUN}");
    }

    #[test]
    fn every_kind_of_plane_reads_what_was_packed() {
        reads_what_was_packed::<1, 32>();
        reads_what_was_packed::<2, 32>();
        reads_what_was_packed::<4, 32>();
        reads_what_was_packed::<4, 64>();
    }
}
