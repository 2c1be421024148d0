//! K-quants whose groups of 16 weights have a signed scale and no minimum: `w = (d * s) * (q - c)`,
//! where `c` is the middle of the numbers' range.

use super::{Numbers, Packed, join, unpack, wide_unpack};
use crate::simd::{Simd, bytes_at};

/// Three bits, centred on 4. The third bits of the numbers, their lower two, the scales of 16
/// groups (see `six_bit_scales`), and `d` last.
pub(crate) struct Q3_K;

impl Numbers for Q3_K {
    const BYTES: usize = 110;
    const GROUPS: usize = 16;

    #[inline(always)]
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2] {
        let groups = six_bit_scales(bytes_at(block, 96));
        let scales = s.mul(s.signed(s.bytes(&groups)), s.half(bytes_at(block, 108)));
        [scales, s.mul(scales, s.splat(-4.0))]
    }

    #[inline(always)]
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2] {
        let upper = unpack::<S, P, 1, 32>(s, packed, 0, part);
        let lower = unpack::<S, P, 2, 32>(s, packed, 32, part);
        join::<S, P>(s, lower, upper, 2)
    }

    #[inline(always)]
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W {
        let upper = wide_unpack::<S, 1, 32>(s, block, 0, pair);
        let lower = wide_unpack::<S, 2, 32>(s, block, 32, pair);
        s.wide_join(lower, upper, 2)
    }
}

/// Six bits, centred on 32. The lower four bits of the numbers, in runs of 64 bytes, their upper
/// two, the scales of 16 groups as signed bytes, and `d` last.
pub(crate) struct Q6_K;

impl Numbers for Q6_K {
    const BYTES: usize = 210;
    const GROUPS: usize = 16;

    #[inline(always)]
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2] {
        let groups = s.signed(s.bytes(bytes_at(block, 192)));
        let scales = s.mul(groups, s.half(bytes_at(block, 208)));
        [scales, s.mul(scales, s.splat(-32.0))]
    }

    #[inline(always)]
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2] {
        let lower = unpack::<S, P, 4, 64>(s, packed, 0, part);
        let upper = unpack::<S, P, 2, 32>(s, packed, 128, part);
        join::<S, P>(s, lower, upper, 4)
    }

    #[inline(always)]
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W {
        let lower = wide_unpack::<S, 4, 64>(s, block, 0, pair);
        let upper = wide_unpack::<S, 2, 32>(s, block, 128, pair);
        s.wide_join(lower, upper, 4)
    }
}

/// The scales of the 16 groups of a [`Q3_K`], six bits each, centred on 32, as signed bytes.
///
/// Bytes 0..8 hold the lower four bits: of the first eight in their low halves, of the last eight
/// in their high halves. Bytes 8..12 hold the upper two bits: byte `8 + j` those of scales `j`,
/// `j + 4`, `j + 8` and `j + 12`, from the lowest bits up.
#[inline(always)]
fn six_bit_scales(packed: &[u8; 12]) -> [u8; 16] {
    let mut scales = [0; 16];
    for j in 0..16 {
        let lower = packed[j % 8] >> (j / 8 * 4) & 0xF;
        let upper = packed[8 + j % 4] >> (j / 4 * 2) & 0x3;
        scales[j] = (lower | upper << 4).wrapping_sub(32);
    }
    scales
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::super::super::StorageFormat;
    use super::super::super::testing::assert_weights;
    use super::super::testing::{pack, scattered};

    /// `d`.
    fn half() -> Vec<u8> {
        f16::from_f32(0.5).to_le_bytes().to_vec()
    }

    #[test]
    fn q3_k_is_centred_on_four_and_its_scales_on_thirty_two() {
        const SCALES: [u8; 16] = [0, 63, 32, 31, 33, 1, 16, 48, 2, 60, 21, 42, 15, 47, 30, 62];
        let number = |weight| scattered(weight, 8);
        let (upper, lower) = (pack(1, 32, |w| number(w) >> 2), pack(2, 32, |w| number(w) & 0x3));
        let mut groups: Vec<u8> = (0..8).map(|j| SCALES[j] & 0xF | SCALES[j + 8] << 4).collect();
        groups.extend((0..4).map(|j| {
            (0..4).fold(0, |byte, quarter| byte | SCALES[j + 4 * quarter] >> 4 << (2 * quarter))
        }));
        let block = [upper, lower, groups, half()].concat();
        assert_weights(StorageFormat::Q3_K, &block, |j| {
            0.5 * (f32::from(SCALES[j / 16]) - 32.0) * (f32::from(number(j)) - 4.0)
        });
    }

    #[test]
    fn q6_k_is_centred_on_thirty_two_and_its_scales_are_signed() {
        let number = |weight| scattered(weight, 64);
        let scale = |group: usize| (group as i8 - 8) * 16;
        let (lower, upper) = (pack(4, 64, |w| number(w) & 0xF), pack(2, 32, |w| number(w) >> 4));
        let groups: Vec<u8> = (0..16).map(|group| scale(group) as u8).collect();
        let block = [lower, upper, groups, half()].concat();
        assert_weights(StorageFormat::Q6_K, &block, |j| {
            0.5 * f32::from(scale(j / 16)) * (f32::from(number(j)) - 32.0)
        });
    }
}
