//! Four-bit blocks of 32 weights. Byte `j` of a block's 16 holds weight `j` in its low half and
//! weight `j + 16` in its high half.

use super::{BlockFormat, f16_to_f32};

/// `w = d * (q - 8)`: a half-precision scale and 32 numbers of 0..16.
pub struct Q4_0;

impl BlockFormat for Q4_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 18;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[0], block[1]]);
        let (low, high) = out[..32].split_at_mut(16);
        let pairs = &block[2..18];
        for j in 0..16 {
            let pair = pairs[j];
            low[j] = scale * (i32::from(pair & 0xF) - 8) as f32;
            high[j] = scale * (i32::from(pair >> 4) - 8) as f32;
        }
    }
}

/// `w = d * q + m`: a half-precision scale, a half-precision minimum, and 32 numbers of 0..16.
pub struct Q4_1;

impl BlockFormat for Q4_1 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 20;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[0], block[1]]);
        let minimum = f16_to_f32([block[2], block[3]]);
        let (low, high) = out[..32].split_at_mut(16);
        let pairs = &block[4..20];
        for j in 0..16 {
            let pair = pairs[j];
            low[j] = scale * f32::from(pair & 0xF) + minimum;
            high[j] = scale * f32::from(pair >> 4) + minimum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    /// Weight `j` is `j % 16`, so each byte holds the same number twice.
    fn numbers() -> impl Iterator<Item = u8> {
        (0..16).map(|j| j | j << 4)
    }

    #[test]
    fn q4_0_is_centred_on_eight() {
        let block: Vec<u8> =
            f16::from_f32(0.5).to_le_bytes().into_iter().chain(numbers()).collect();
        let mut out = [0.0; 32];
        Q4_0::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            assert_eq!(w, 0.5 * ((j % 16) as f32 - 8.0));
        }
    }

    #[test]
    fn q4_1_starts_at_its_minimum() {
        let header =
            [f16::from_f32(0.25).to_le_bytes(), f16::from_f32(-1.0).to_le_bytes()].concat();
        let block: Vec<u8> = header.into_iter().chain(numbers()).collect();
        let mut out = [0.0; 32];
        Q4_1::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            assert_eq!(w, 0.25 * (j % 16) as f32 - 1.0);
        }
    }
}
