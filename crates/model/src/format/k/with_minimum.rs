//! K-quants whose groups have a scale and a minimum, both unsigned: `w = (d * s) * q - (dmin * m)`.

use super::super::{BlockFormat, f16_to_f32};
use super::{SUPER_BLOCK, join, unpack};

/// Two bits. 16 groups of 16 weights have one byte each: the scale `s` in the low half, the
/// minimum `m` in the high half. Then come the numbers, and `d` and `dmin` last.
pub struct Q2_K;

impl BlockFormat for Q2_K {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = 84;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[80], block[81]]);
        let minimum = f16_to_f32([block[82], block[83]]);
        let (mut scales, mut minima) = ([0.0; 16], [0.0; 16]);
        for (j, group) in block[..16].iter().enumerate() {
            scales[j] = scale * f32::from(group & 0xF);
            minima[j] = minimum * f32::from(group >> 4);
        }
        let numbers = unpack::<2, 32>(&block[16..80]);
        spread::<16>(&scales, &minima, &numbers, out);
    }
}

/// Four bits. `d`, `dmin`, the scales and minima of 8 groups of 32 weights (see `groups`), and
/// the numbers.
pub struct Q4_K;

impl BlockFormat for Q4_K {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = 144;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let (scales, minima) = groups(&block[..16]);
        let numbers = unpack::<4, 32>(&block[16..144]);
        spread::<32>(&scales, &minima, &numbers, out);
    }
}

/// Five bits. Like [`Q4_K`], with the fifth bits of the numbers before the lower four.
pub struct Q5_K;

impl BlockFormat for Q5_K {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = 176;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let (scales, minima) = groups(&block[..16]);
        let numbers = join::<4>(unpack::<4, 32>(&block[48..176]), unpack::<1, 32>(&block[16..48]));
        spread::<32>(&scales, &minima, &numbers, out);
    }
}

/// Weights from numbers, in groups of `GROUP` that share a scale and a minimum.
#[inline(always)]
fn spread<const GROUP: usize>(
    scales: &[f32],
    minima: &[f32],
    numbers: &[u8; SUPER_BLOCK],
    out: &mut [f32],
) {
    let numbers = numbers.as_chunks::<GROUP>().0;
    let out = out[..SUPER_BLOCK].as_chunks_mut::<GROUP>().0;
    for (((scale, minimum), numbers), out) in scales.iter().zip(minima).zip(numbers).zip(out) {
        for j in 0..GROUP {
            out[j] = scale * f32::from(numbers[j]) - minimum;
        }
    }
}

/// The scales `d * s` and the minima `dmin * m` of the 8 groups of a [`Q4_K`] or [`Q5_K`].
///
/// After `d` and `dmin`, 12 bytes hold 16 numbers of six bits. The first four groups have theirs in
/// the lower six bits of bytes 0..4 (`s`) and 4..8 (`m`). The last four have their lower four bits
/// in bytes 8..12, `s` in the low half and `m` in the high one, and their upper two where the first
/// groups' left room.
#[inline(always)]
fn groups(header: &[u8]) -> ([f32; 8], [f32; 8]) {
    let scale = f16_to_f32([header[0], header[1]]);
    let minimum = f16_to_f32([header[2], header[3]]);
    let packed = &header[4..16];
    let (mut scales, mut minima) = ([0.0; 8], [0.0; 8]);
    for j in 0..4 {
        let (s, m, rest) = (packed[j], packed[j + 4], packed[j + 8]);
        scales[j] = scale * f32::from(s & 0x3F);
        minima[j] = minimum * f32::from(m & 0x3F);
        scales[j + 4] = scale * f32::from(rest & 0xF | s >> 6 << 4);
        minima[j + 4] = minimum * f32::from(rest >> 4 | m >> 6 << 4);
    }
    (scales, minima)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pack, scattered};
    use super::*;
    use half::f16;

    /// `d` and `dmin`.
    fn halves() -> Vec<u8> {
        [f16::from_f32(0.5).to_le_bytes(), f16::from_f32(0.25).to_le_bytes()].concat()
    }

    #[test]
    fn q2_k_has_a_scale_and_a_minimum_for_every_sixteen_weights() {
        let number = |weight| scattered(weight, 4);
        let groups: Vec<u8> = (0..16).map(|group| group | (15 - group) << 4).collect();
        let block = [groups, pack(2, 32, number), halves()].concat();
        let mut out = [0.0; 256];
        Q2_K::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            let (s, m) = ((j / 16) as f32, (15 - j / 16) as f32);
            assert_eq!(w, 0.5 * s * f32::from(number(j)) - 0.25 * m, "{j}");
        }
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
    fn assert_scaled(found: [f32; 256], number: impl Fn(usize) -> u8) {
        for (j, w) in found.into_iter().enumerate() {
            let (s, m) = (f32::from(SCALES[j / 32]), f32::from(MINIMA[j / 32]));
            assert_eq!(w, 0.5 * s * f32::from(number(j)) - 0.25 * m, "{j}");
        }
    }

    #[test]
    fn q4_k_has_a_scale_and_a_minimum_for_every_thirty_two_weights() {
        let number = |weight| scattered(weight, 16);
        let block = [header(), pack(4, 32, number)].concat();
        let mut out = [0.0; 256];
        Q4_K::dequantize(&block, &mut out);
        assert_scaled(out, number);
    }

    #[test]
    fn q5_k_has_its_fifth_bits_apart() {
        let number = |weight| scattered(weight, 32);
        let (upper, lower) = (pack(1, 32, |w| number(w) >> 4), pack(4, 32, |w| number(w) & 0xF));
        let block = [header(), upper, lower].concat();
        let mut out = [0.0; 256];
        Q5_K::dequantize(&block, &mut out);
        assert_scaled(out, number);
    }
}
