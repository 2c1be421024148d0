//! Four-bit blocks of 32 weights. Byte `j` of a block's 16 holds weight `j` in its low half and
//! weight `j + 16` in its high half.

use super::{
    BlockFormat, Blocks, Columns, add_centred, add_with_minimum, bytes_of_four, for_sixteen,
};
use crate::digits::{Digits, Order};
use crate::simd::{Simd, bytes_at};

/// `w = d * (q - 8)`: a half-precision scale and 32 numbers of 0..16.
pub(crate) struct Q4_0;

impl BlockFormat for Q4_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 18;
    const DIGITS: Option<Order> = Some(Order::Fours);
    type Scales<S: Simd> = S::Affine;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> S::Affine {
        s.centred(s.half(bytes_at(block, 0)), 8.0)
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], map: &S::Affine, _: usize) -> [S::F; 2] {
        let pairs = bytes_at(block, 2);
        [s.low_nibbles(pairs, *map), s.high_nibbles(pairs, *map)]
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        let scale = s.lower_halves(blocks.words(s, 0)[0]);
        expand_columns(s, blocks.words(s, 2), scale, s.mul(scale, s.splat(-8.0)), columns);
    }

    #[inline(always)]
    fn add_products<S: Simd>(
        s: S,
        blocks: [&[u8]; 4],
        x: &Digits,
        half: usize,
        sums: &mut [S::F; 2],
    ) {
        let numbers = numbers_of_four(s, blocks, 2);
        add_centred(s, blocks, numbers, 3, (x, half), sums);
    }
}

/// `w = d * q + m`: a half-precision scale, a half-precision minimum, and 32 numbers of 0..16.
pub(crate) struct Q4_1;

impl BlockFormat for Q4_1 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 20;
    const DIGITS: Option<Order> = Some(Order::Fours);
    type Scales<S: Simd> = S::Affine;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> S::Affine {
        s.affine(s.half(bytes_at(block, 0)), s.half(bytes_at(block, 2)))
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], map: &S::Affine, _: usize) -> [S::F; 2] {
        let pairs = bytes_at(block, 4);
        [s.low_nibbles(pairs, *map), s.high_nibbles(pairs, *map)]
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        let header = blocks.words(s, 0)[0];
        let (scale, offset) = (s.lower_halves(header), s.lower_halves(s.shift_right(header, 16)));
        expand_columns(s, blocks.words(s, 4), scale, offset, columns);
    }

    #[inline(always)]
    fn add_products<S: Simd>(
        s: S,
        blocks: [&[u8]; 4],
        x: &Digits,
        half: usize,
        sums: &mut [S::F; 2],
    ) {
        let numbers = numbers_of_four(s, blocks, 4);
        add_with_minimum(s, blocks, numbers, (x, half), sums);
    }
}

/// The numbers of four blocks whose bytes begin at a place of them: those of the bytes' lower halves,
/// then those of the upper ones.
#[inline(always)]
fn numbers_of_four<S: Simd>(s: S, blocks: [&[u8]; 4], at: usize) -> [S::W; 2] {
    let pairs = bytes_of_four(s, blocks, at);
    [s.wide_field(pairs, 0, 0xF), s.wide_field(pairs, 4, 0xF)]
}

/// The weights of sixteen rows.
#[inline(always)]
fn expand_columns<S: Simd>(
    s: S,
    pairs: [S::I; 4],
    scale: S::F,
    offset: S::F,
    columns: &mut Columns<'_>,
) {
    for_sixteen!(J => {
        let lower = s.shift_right(pairs[J / 4], 8 * (J as u32 % 4));
        let upper = s.shift_right(pairs[J / 4], 8 * (J as u32 % 4) + 4);
        columns.put(s, J, s.fma(scale, s.nibbles_to_floats(lower), offset));
        columns.put(s, 16 + J, s.fma(scale, s.nibbles_to_floats(upper), offset));
    });
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::super::StorageFormat;
    use super::super::testing::assert_weights;

    /// Weight `j` is `j % 16`, so each byte holds the same number twice.
    fn numbers() -> impl Iterator<Item = u8> {
        (0..16).map(|j| j | j << 4)
    }

    #[test]
    fn q4_0_is_centred_on_eight() {
        let block: Vec<u8> =
            f16::from_f32(0.5).to_le_bytes().into_iter().chain(numbers()).collect();
        assert_weights(StorageFormat::Q4_0, &block, |j| 0.5 * ((j % 16) as f32 - 8.0));
    }

    #[test]
    fn q4_1_starts_at_its_minimum() {
        let header =
            [f16::from_f32(0.25).to_le_bytes(), f16::from_f32(-1.0).to_le_bytes()].concat();
        let block: Vec<u8> = header.into_iter().chain(numbers()).collect();
        assert_weights(StorageFormat::Q4_1, &block, |j| 0.25 * (j % 16) as f32 - 1.0);
    }
}
