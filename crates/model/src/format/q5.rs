//! Five-bit blocks of 32 weights. Byte `j` of a block's 16 holds the lower four bits of weight `j`
//! in its low half and those of weight `j + 16` in its high half. The fifth bits come before them,
//! together in four bytes: read as one little-endian number, its bit `j` belongs to weight `j`.

use super::{
    BlockFormat, Blocks, Columns, add_centred, add_with_minimum, bytes_of_four, for_sixteen,
};
use crate::digits::{Digits, Order};
use crate::simd::{Simd, bytes_at};

/// `w = d * (q - 16)`: a half-precision scale and 32 numbers of 0..32.
pub(crate) struct Q5_0;

impl BlockFormat for Q5_0 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 22;
    const DIGITS: Option<Order> = Some(Order::Fours);
    /// `d` and `-16 d`
    type Scales<S: Simd> = (S::F, S::F);

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> (S::F, S::F) {
        let scale = s.half(bytes_at(block, 0));
        (scale, s.mul(scale, s.splat(-16.0)))
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], scales: &(S::F, S::F), _: usize) -> [S::F; 2] {
        expand(s, bytes_at(block, 2), scales.0, scales.1)
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        let scale = s.lower_halves(blocks.words(s, 0)[0]);
        expand_columns(s, blocks, 2, scale, s.mul(scale, s.splat(-16.0)), columns);
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
        add_centred(s, blocks, numbers, 4, (x, half), sums);
    }
}

/// `w = d * q + m`: a half-precision scale, a half-precision minimum, and 32 numbers of 0..32.
pub(crate) struct Q5_1;

impl BlockFormat for Q5_1 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 24;
    const DIGITS: Option<Order> = Some(Order::Fours);
    /// `d` and `m`
    type Scales<S: Simd> = (S::F, S::F);

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> (S::F, S::F) {
        (s.half(bytes_at(block, 0)), s.half(bytes_at(block, 2)))
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], scales: &(S::F, S::F), _: usize) -> [S::F; 2] {
        expand(s, bytes_at(block, 4), scales.0, scales.1)
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        let header = blocks.words(s, 0)[0];
        let (scale, offset) = (s.lower_halves(header), s.lower_halves(s.shift_right(header, 16)));
        expand_columns(s, blocks, 4, scale, offset, columns);
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

/// The 32 weights of a block: the fifth bits, then the lower four.
#[inline(always)]
fn expand<S: Simd>(s: S, packed: &[u8; 20], scale: S::F, offset: S::F) -> [S::F; 2] {
    let pairs = bytes_at(packed, 4);
    let numbers = s.affine(s.splat(1.0), s.splat(0.0));
    let (low, high) = (s.low_nibbles(pairs, numbers), s.high_nibbles(pairs, numbers));
    let fifths =
        [u16::from_le_bytes([packed[0], packed[1]]), u16::from_le_bytes([packed[2], packed[3]])];
    let sixteen = s.splat(16.0);
    [
        s.fma(scale, s.add_where(low, fifths[0], sixteen), offset),
        s.fma(scale, s.add_where(high, fifths[1], sixteen), offset),
    ]
}

/// The numbers of four blocks whose packed numbers are at a place of them: those of the bytes' lower
/// halves, then those of the upper ones.
#[inline(always)]
fn numbers_of_four<S: Simd>(s: S, blocks: [&[u8]; 4], at: usize) -> [S::W; 2] {
    let pairs = bytes_of_four(s, blocks, at + 4);
    let (mut lower, mut upper) = (0, 0);
    for b in 0..4 {
        let fifths = u32::from_le_bytes(*bytes_at(blocks[b], at));
        lower |= u64::from(fifths & 0xFFFF) << (16 * b);
        upper |= u64::from(fifths >> 16) << (16 * b);
    }
    [
        s.sixteen_where(s.wide_field(pairs, 0, 0xF), lower),
        s.sixteen_where(s.wide_field(pairs, 4, 0xF), upper),
    ]
}

/// The weights of sixteen rows, whose packed numbers are at a place of their blocks.
#[inline(always)]
fn expand_columns<S: Simd>(
    s: S,
    blocks: Blocks<'_>,
    at: usize,
    scale: S::F,
    offset: S::F,
    columns: &mut Columns<'_>,
) {
    let fifths = blocks.words(s, at)[0];
    let pairs = blocks.words(s, at + 4);
    for_sixteen!(J => {
        const SHIFT: u32 = 8 * (J as u32 % 4);
        let lower = s.and(s.shift_right(pairs[J / 4], SHIFT), 0xF);
        let upper = s.and(s.shift_right(pairs[J / 4], SHIFT + 4), 0xF);
        // The fifth bits of weights J and 16 + J, moved to where a fifth bit stands.
        let fifth = if J < 4 {
            s.shift_left(fifths, 4u32.saturating_sub(J as u32))
        } else {
            s.shift_right(fifths, (J as u32).saturating_sub(4))
        };
        let upper_fifth = s.shift_right(fifths, 12 + J as u32);
        let lower = s.to_floats(s.or(lower, s.and(fifth, 0x10)));
        let upper = s.to_floats(s.or(upper, s.and(upper_fifth, 0x10)));
        columns.put(s, J, s.fma(scale, lower, offset));
        columns.put(s, 16 + J, s.fma(scale, upper, offset));
    });
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::super::StorageFormat;
    use super::super::testing::assert_weights;

    /// Weight `j` is `j`: the lower bits run twice from 0 to 15, the second time with the fifth.
    fn counting() -> impl Iterator<Item = u8> {
        0xFFFF_0000u32.to_le_bytes().into_iter().chain((0..16).map(|j| j | j << 4))
    }

    #[test]
    fn q5_0_is_centred_on_sixteen() {
        let block: Vec<u8> =
            f16::from_f32(0.5).to_le_bytes().into_iter().chain(counting()).collect();
        assert_weights(StorageFormat::Q5_0, &block, |j| 0.5 * (j as f32 - 16.0));
    }

    #[test]
    fn q5_1_starts_at_its_minimum() {
        let header =
            [f16::from_f32(0.25).to_le_bytes(), f16::from_f32(-1.0).to_le_bytes()].concat();
        let block: Vec<u8> = header.into_iter().chain(counting()).collect();
        assert_weights(StorageFormat::Q5_1, &block, |j| 0.25 * j as f32 - 1.0);
    }
}
