//! Eight-bit blocks of 32 weights.

use super::{BlockFormat, f16_to_f32};

/// `w = d * q`: a half-precision scale and 32 signed bytes.
pub struct Q8_0;

impl BlockFormat for Q8_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 34;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        let scale = f16_to_f32([block[0], block[1]]);
        for (out, &q) in out[..32].iter_mut().zip(&block[2..34]) {
            *out = scale * f32::from(q as i8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    #[test]
    fn bytes_are_signed() {
        let block: Vec<u8> = f16::from_f32(0.5)
            .to_le_bytes()
            .into_iter()
            .chain((-16i8..16).map(|q| q as u8))
            .collect();
        let mut out = [0.0; 32];
        Q8_0::dequantize(&block, &mut out);
        for (j, w) in out.into_iter().enumerate() {
            assert_eq!(w, 0.5 * (j as f32 - 16.0));
        }
    }
}
