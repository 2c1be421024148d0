//! K-quants whose groups have a scale and a minimum, both unsigned: `w = (d * s) * q - (dmin * m)`.

use super::{Numbers, Packed, join, unpack, wide_unpack};
use crate::simd::{Simd, bytes_at};

/// Two bits. 16 groups of 16 weights have one byte each: the scale `s` in the low half, the
/// minimum `m` in the high half. Then come the numbers, and `d` and `dmin` last.
pub(crate) struct Q2_K;

impl Numbers for Q2_K {
    const BYTES: usize = 84;
    const GROUPS: usize = 16;

    #[inline(always)]
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2] {
        let (scale, minimum) = (s.half(bytes_at(block, 80)), s.half(bytes_at(block, 82)));
        let zero = s.splat(0.0);
        let groups = bytes_at(block, 0);
        let scales = s.low_nibbles(groups, s.affine(scale, zero));
        let offsets = s.high_nibbles(groups, s.affine(s.sub(zero, minimum), zero));
        [scales, offsets]
    }

    #[inline(always)]
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2] {
        unpack::<S, P, 2, 32>(s, packed, 16, part)
    }

    #[inline(always)]
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W {
        wide_unpack::<S, 2, 32>(s, block, 16, pair)
    }
}

/// Four bits. `d`, `dmin`, the scales and minima of 8 groups of 32 weights (see `read_groups`), and
/// the numbers.
pub(crate) struct Q4_K;

impl Numbers for Q4_K {
    const BYTES: usize = 144;
    const GROUPS: usize = 8;

    #[inline(always)]
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2] {
        read_groups(s, bytes_at(block, 0))
    }

    #[inline(always)]
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2] {
        unpack::<S, P, 4, 32>(s, packed, 16, part)
    }

    #[inline(always)]
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W {
        wide_unpack::<S, 4, 32>(s, block, 16, pair)
    }
}

/// Five bits. Like [`Q4_K`], with the fifth bits of the numbers before the lower four.
pub(crate) struct Q5_K;

impl Numbers for Q5_K {
    const BYTES: usize = 176;
    const GROUPS: usize = 8;

    #[inline(always)]
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2] {
        read_groups(s, bytes_at(block, 0))
    }

    #[inline(always)]
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2] {
        let lower = unpack::<S, P, 4, 32>(s, packed, 48, part);
        let upper = unpack::<S, P, 1, 32>(s, packed, 16, part);
        join::<S, P>(s, lower, upper, 4)
    }

    #[inline(always)]
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W {
        let lower = wide_unpack::<S, 4, 32>(s, block, 48, pair);
        let upper = wide_unpack::<S, 1, 32>(s, block, 16, pair);
        s.wide_join(lower, upper, 4)
    }
}

/// The scales `d * s` of the 8 groups of a [`Q4_K`] or [`Q5_K`], in the first 8 places, and the
/// offsets `-dmin * m`, in the last 8.
///
/// After `d` and `dmin`, 12 bytes hold 16 numbers of six bits. The first four groups have theirs in
/// the lower six bits of bytes 0..4 (`s`) and 4..8 (`m`). The last four have their lower four bits
/// in bytes 8..12, `s` in the low half and `m` in the high one, and their upper two where the first
/// groups' left room.
#[inline(always)]
fn read_groups<S: Simd>(s: S, header: &[u8; 16]) -> [S::F; 2] {
    let (scale, minimum) = (s.half(bytes_at(header, 0)), s.half(bytes_at(header, 2)));
    let word = |at| u32::from_le_bytes(*bytes_at(header, at));
    let (first_s, first_m, rest) = (word(4), word(8), word(12));
    // Four numbers at a time, a byte each.
    const LOWER_SIX: u32 = 0x3F3F_3F3F;
    const LOWER_FOUR: u32 = 0x0F0F_0F0F;
    const TWO: u32 = 0x3030_3030;
    let scales = [first_s & LOWER_SIX, rest & LOWER_FOUR | first_s >> 2 & TWO];
    let minima = [first_m & LOWER_SIX, rest >> 4 & LOWER_FOUR | first_m >> 2 & TWO];
    // Put together in registers: bytes that have just been stored in pieces are slow to load at once.
    let eight = |[first, last]: [u32; 2]| u64::from(first) | u64::from(last) << 32;
    let bytes = (u128::from(eight(scales)) | u128::from(eight(minima)) << 64).to_le_bytes();
    let numbers = s.unsigned(s.bytes(&bytes));
    [s.mul(numbers, scale), s.mul(numbers, s.sub(s.splat(0.0), minimum))]
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::super::super::StorageFormat;
    use super::super::super::testing::assert_weights;
    use super::super::testing::{pack, scattered};

    /// `d` and `dmin`.
    fn halves() -> Vec<u8> {
        [f16::from_f32(0.5).to_le_bytes(), f16::from_f32(0.25).to_le_bytes()].concat()
    }

    #[test]
    fn q2_k_has_a_scale_and_a_minimum_for_every_sixteen_weights() {
        let number = |weight| scattered(weight, 4);
        let groups: Vec<u8> = (0..16).map(|group| group | (15 - group) << 4).collect();
        let block = [groups, pack(2, 32, number), halves()].concat();
        assert_weights(StorageFormat::Q2_K, &block, |j| {
            let (s, m) = ((j / 16) as f32, (15 - j / 16) as f32);
            0.5 * s * f32::from(number(j)) - 0.25 * m
        });
    }

    /// Six-bit scales and minima, with and without their upper two bits.
    const SCALES: [u8; 8] = [1, 2, 33, 63, 5, 22, 38, 63];
    const MINIMA: [u8; 8] = [63, 0, 17, 4, 48, 31, 15, 10];

    fn header() -> Vec<u8> {
        let mut bytes = halves();
        for numbers in [SCALES, MINIMA] {
            bytes.extend((0..4).map(|j| numbers[j] | numbers[j + 4] >> 4 << 6));
        }
        bytes.extend((4..8).map(|j| SCALES[j] & 0xF | MINIMA[j] << 4));
        bytes
    }

    #[track_caller]
    fn assert_scaled(format: StorageFormat, block: &[u8], number: impl Fn(usize) -> u8) {
        assert_weights(format, block, |j| {
            let (s, m) = (f32::from(SCALES[j / 32]), f32::from(MINIMA[j / 32]));
            0.5 * s * f32::from(number(j)) - 0.25 * m
        });
    }

    #[test]
    fn q4_k_has_a_scale_and_a_minimum_for_every_thirty_two_weights() {
        let number = |weight| scattered(weight, 16);
        let block = [header(), pack(4, 32, number)].concat();
        assert_scaled(StorageFormat::Q4_K, &block, number);
    }

    #[test]
    fn q5_k_has_its_fifth_bits_apart() {
        let number = |weight| scattered(weight, 32);
        let (upper, lower) = (pack(1, 32, |w| number(w) >> 4), pack(4, 32, |w| number(w) & 0xF));
        let block = [header(), upper, lower].concat();
        assert_scaled(StorageFormat::Q5_K, &block, number);
    }
}
