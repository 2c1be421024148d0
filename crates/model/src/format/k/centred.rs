//! K-quants whose groups of 16 weights have a signed scale and no minimum: `w = (d * s) * (q - c)`,
//! where `c` is the middle of the numbers' range.

use super::super::{BlockFormat, f16_to_f32};
use super::{SUPER_BLOCK, join, unpack};

/// Three bits, centred on 4. The third bits of the numbers, their lower two, the scales of 16
/// groups (see `six_bit_scales`), and `d` last.
pub struct Q3_K;

impl BlockFormat for Q3_K {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = 110;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[108], block[109]]);
        let scales = six_bit_scales(&block[96..108]).map(|s| scale * f32::from(s));
        let numbers = join::<2>(unpack::<2, 32>(&block[32..96]), unpack::<1, 32>(&block[..32]));
        spread::<4>(&scales, &numbers, out);
    }
}

/// Six bits, centred on 32. The lower four bits of the numbers, in runs of 64 bytes, their upper
/// two, the scales of 16 groups as signed bytes, and `d` last.
pub struct Q6_K;

impl BlockFormat for Q6_K {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = 210;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[208], block[209]]);
        let mut scales = [0.0; 16];
        for (out, &s) in scales.iter_mut().zip(&block[192..208]) {
            *out = scale * f32::from(s as i8);
        }
        let numbers = join::<4>(unpack::<4, 64>(&block[..128]), unpack::<2, 32>(&block[128..192]));
        spread::<32>(&scales, &numbers, out);
    }
}

/// Weights from numbers centred on `CENTRE`, in groups of 16 that share a scale.
#[inline(always)]
fn spread<const CENTRE: i32>(scales: &[f32; 16], numbers: &[u8; SUPER_BLOCK], out: &mut [f32]) {
    let numbers = numbers.as_chunks::<16>().0;
    let out = out[..SUPER_BLOCK].as_chunks_mut::<16>().0;
    for ((scale, numbers), out) in scales.iter().zip(numbers).zip(out) {
        for j in 0..16 {
            out[j] = scale * (i32::from(numbers[j]) - CENTRE) as f32;
        }
    }
}

/// The scales of the 16 groups of a [`Q3_K`], six bits each, centred on 32.
///
/// Bytes 0..8 hold the lower four bits: of the first eight in their low halves, of the last eight
/// in their high halves. Bytes 8..12 hold the upper two bits: byte `8 + j` those of scales `j`,
/// `j + 4`, `j + 8` and `j + 12`, from the lowest bits up.
#[inline(always)]
fn six_bit_scales(packed: &[u8]) -> [i8; 16] {
    let mut scales = [0; 16];
    for j in 0..16 {
        let lower = packed[j % 8] >> (j / 8 * 4) & 0xF;
        let upper = packed[8 + j % 4] >> (j / 4 * 2) & 0x3;
        scales[j] = (lower | upper << 4) as i8 - 32;
    }
    scales
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pack, scattered};
    use super::*;
    use half::f16;

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
        let mut out = [0.0; 256];
        Q3_K::dequantize(&[upper, lower, groups, half()].concat(), &mut out);
        for (j, w) in out.into_iter().enumerate() {
            let s = f32::from(SCALES[j / 16]) - 32.0;
            assert_eq!(w, 0.5 * s * (f32::from(number(j)) - 4.0), "{j}");
        }
    }

    #[test]
    fn q6_k_is_centred_on_thirty_two_and_its_scales_are_signed() {
        let number = |weight| scattered(weight, 64);
        let scale = |group: usize| (group as i8 - 8) * 16;
        let (lower, upper) = (pack(4, 64, |w| number(w) & 0xF), pack(2, 32, |w| number(w) >> 4));
        let groups: Vec<u8> = (0..16).map(|group| scale(group) as u8).collect();
        let mut out = [0.0; 256];
        Q6_K::dequantize(&[lower, upper, groups, half()].concat(), &mut out);
        for (j, w) in out.into_iter().enumerate() {
            let s = f32::from(scale(j / 16));
            assert_eq!(w, 0.5 * s * (f32::from(number(j)) - 32.0), "{j}");
        }
    }
}
