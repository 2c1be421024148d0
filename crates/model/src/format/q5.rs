//! Five-bit blocks of 32 weights. Byte `j` of a block's 16 holds the lower four bits of weight `j`
//! in its low half and those of weight `j + 16` in its high half. The fifth bits come before them,
//! together in four bytes: read as one little-endian number, its bit `j` belongs to weight `j`.

use super::{BlockFormat, f16_to_f32};

/// `w = d * (q - 16)`: a half-precision scale and 32 numbers of 0..32.
pub struct Q5_0;

impl BlockFormat for Q5_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 22;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[0], block[1]]);
        let numbers = numbers(&block[2..22]);
        for (out, q) in out[..32].iter_mut().zip(numbers) {
            *out = scale * (i32::from(q) - 16) as f32;
        }
    }
}

/// `w = d * q + m`: a half-precision scale, a half-precision minimum, and 32 numbers of 0..32.
pub struct Q5_1;

impl BlockFormat for Q5_1 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 24;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[0], block[1]]);
        let minimum = f16_to_f32([block[2], block[3]]);
        let numbers = numbers(&block[4..24]);
        for (out, q) in out[..32].iter_mut().zip(numbers) {
            *out = scale * f32::from(q) + minimum;
        }
    }
}

/// The 32 numbers of a block: the fifth bits, then the lower four.
#[inline(always)]
fn numbers(packed: &[u8]) -> [u8; 32] {
    let fifths = &packed[..4];
    let pairs = &packed[4..20];
    let mut numbers = [0; 32];
    for j in 0..16 {
        numbers[j] = pairs[j] & 0xF;
        numbers[j + 16] = pairs[j] >> 4;
    }
    for j in 0..32 {
        // Tested where it lies: the masks repeat from byte to byte, and vector units have no
        // shift of bytes by different amounts.
        let is_set = fifths[j / 8] & 1 << (j % 8) != 0;
        numbers[j] |= if is_set { 16 } else { 0 };
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    /// Weight `j` is `j`: the lower bits run twice from 0 to 15, the second time with the fifth.
    fn counting() -> impl Iterator<Item = u8> {
        0xFFFF_0000u32.to_le_bytes().into_iter().chain((0..16).map(|j| j | j << 4))
    }

    #[test]
    fn q5_0_is_centred_on_sixteen() {
        let block: Vec<u8> =
            f16::from_f32(0.5).to_le_bytes().into_iter().chain(counting()).collect();
        let mut out = [0.0; 32];
        Q5_0::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            assert_eq!(w, 0.5 * (j as f32 - 16.0));
        }
    }

    #[test]
    fn q5_1_starts_at_its_minimum() {
        let header =
            [f16::from_f32(0.25).to_le_bytes(), f16::from_f32(-1.0).to_le_bytes()].concat();
        let block: Vec<u8> = header.into_iter().chain(counting()).collect();
        let mut out = [0.0; 32];
        Q5_1::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            assert_eq!(w, 0.25 * j as f32 - 1.0);
        }
    }
}
