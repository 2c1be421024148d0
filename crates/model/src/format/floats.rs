//! Unquantized weights: a "block" is one number.

use half::bf16;

use super::BlockFormat;

/// IEEE single precision.
pub struct F32;

impl BlockFormat for F32 {
    const BLOCK_LEN: usize = 1;
    const BLOCK_BYTES: usize = 4;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        out[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    }
}

/// IEEE half precision.
pub struct F16;

impl BlockFormat for F16 {
    const BLOCK_LEN: usize = 1;
    const BLOCK_BYTES: usize = 2;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        out[0] = f16_to_f32([block[0], block[1]]);
    }
}

/// The upper half of a float32.
pub struct Bf16;

impl BlockFormat for Bf16 {
    const BLOCK_LEN: usize = 1;
    const BLOCK_BYTES: usize = 2;

    #[inline(always)]
    fn dequantize_block(block: &[u8], out: &mut [f32]) {
        out[0] = bf16::from_le_bytes([block[0], block[1]]).to_f32();
    }
}

/// Half to single precision without a branch or a call, so that loops over blocks vectorise;
/// `half`'s own conversion asks the CPU for its features each time.
///
/// The 15 bits below the sign, moved to float32's place, are the number times 2^-112, since the
/// exponent biases are 15 and 127. That holds for subnormals too; only infinities and NaN, whose
/// exponent bits are all ones, need theirs filled up.
#[inline(always)]
pub fn f16_to_f32(bytes: [u8; 2]) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    const INFINITE: u32 = 31 << 23;
    let half = u32::from(u16::from_le_bytes(bytes));
    let magnitude = (half & 0x7FFF) << 13;
    let number = (f32::from_bits(magnitude) * TWO_TO_112).to_bits();
    let filled = if magnitude >= INFINITE { number | 0x7F80_0000 } else { number };
    f32::from_bits(filled | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    #[test]
    fn every_half_precision_number_converts_exactly() {
        for bits in 0..=u16::MAX {
            let (fast, slow) = (f16_to_f32(bits.to_le_bytes()), f16::from_bits(bits).to_f32());
            assert!(fast.to_bits() == slow.to_bits() || (fast.is_nan() && slow.is_nan()), "{bits}");
        }
    }

    #[test]
    fn floats_are_read_as_they_are() {
        let mut out = [0.0; 2];
        F32::dequantize(&[1.5f32.to_le_bytes(), (-3.25f32).to_le_bytes()].concat(), &mut out);
        assert_eq!(out, [1.5, -3.25]);
        F16::dequantize(
            &[f16::from_f32(0.5).to_le_bytes(), f16::from_f32(-2.0).to_le_bytes()].concat(),
            &mut out,
        );
        assert_eq!(out, [0.5, -2.0]);
        Bf16::dequantize(
            &[bf16::from_f32(0.5).to_le_bytes(), bf16::from_f32(-2.0).to_le_bytes()].concat(),
            &mut out,
        );
        assert_eq!(out, [0.5, -2.0]);
    }
}
