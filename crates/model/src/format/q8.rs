//! Eight-bit blocks of 32 weights.

use super::BlockFormat;
use crate::simd::{Simd, bytes_at};

/// `w = d * q`: a half-precision scale and 32 signed bytes.
pub(crate) struct Q8_0;

impl BlockFormat for Q8_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 34;

    type Scales<S: Simd> = S::F;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> S::F {
        s.half(bytes_at(block, 0))
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], scale: &S::F, _: usize) -> [S::F; 2] {
        let numbers = [s.bytes(bytes_at(block, 2)), s.bytes(bytes_at(block, 18))];
        [s.mul(*scale, s.signed(numbers[0])), s.mul(*scale, s.signed(numbers[1]))]
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::super::StorageFormat;
    use super::super::testing::assert_weights;

    #[test]
    fn bytes_are_signed() {
        let block: Vec<u8> = f16::from_f32(0.5)
            .to_le_bytes()
            .into_iter()
            .chain((-16i8..16).map(|q| q as u8))
            .collect();
        assert_weights(StorageFormat::Q8_0, &block, |j| 0.5 * (j as f32 - 16.0));
    }
}
