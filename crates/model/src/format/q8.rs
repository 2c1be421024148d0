//! Eight-bit blocks of 32 weights.

use super::{BlockFormat, Blocks, Columns, for_sixteen};
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

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        let scale = s.lower_halves(blocks.words(s, 0)[0]);
        let halves = [blocks.words(s, 2), blocks.words(s, 18)];
        for_sixteen!(J => {
            for half in 0..2 {
                let number = s.signed_byte(halves[half][J / 4], J as u32 % 4);
                columns.put(s, 16 * half + J, s.mul(scale, s.to_floats(number)));
            }
        });
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
