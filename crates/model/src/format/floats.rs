//! Unquantized weights. Kernels take 32 of them as a block.

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]

use super::{BlockFormat, Blocks, Columns};
use crate::simd::{Simd, bytes_at};

/// IEEE single precision.
pub(crate) struct F32;

impl BlockFormat for F32 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 128;
    const ATOM_LEN: usize = 1;
    type Scales<S: Simd> = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8]) {}

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], (): &(), _: usize) -> [S::F; 2] {
        [s.floats(bytes_at(block, 0)), s.floats(bytes_at(block, 64))]
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        for four in 0..8 {
            let words = blocks.words(s, 16 * four);
            for j in 0..4 {
                columns.put(s, 4 * four + j, s.bits_of_floats(words[j]));
            }
        }
    }
}

/// IEEE half precision.
pub(crate) struct F16;

impl BlockFormat for F16 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 64;
    const ATOM_LEN: usize = 1;
    type Scales<S: Simd> = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8]) {}

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], (): &(), _: usize) -> [S::F; 2] {
        [s.halves(bytes_at(block, 0)), s.halves(bytes_at(block, 32))]
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        for eight in 0..4 {
            let words = blocks.words(s, 16 * eight);
            for j in 0..4 {
                let upper = s.shift_right(words[j], 16);
                columns.put(s, 8 * eight + 2 * j, s.lower_halves(words[j]));
                columns.put(s, 8 * eight + 2 * j + 1, s.lower_halves(upper));
            }
        }
    }
}

/// The upper half of a float32.
pub(crate) struct Bf16;

impl BlockFormat for Bf16 {
    const BLOCK_LEN: usize = 32;
    const BLOCK_BYTES: usize = 64;
    const ATOM_LEN: usize = 1;
    type Scales<S: Simd> = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: &[u8]) {}

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], (): &(), _: usize) -> [S::F; 2] {
        [s.brain_halves(bytes_at(block, 0)), s.brain_halves(bytes_at(block, 32))]
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        for eight in 0..4 {
            let words = blocks.words(s, 16 * eight);
            for j in 0..4 {
                let lower = s.bits_of_floats(s.shift_left(words[j], 16));
                let upper = s.bits_of_floats(s.and(words[j], 0xFFFF_0000));
                columns.put(s, 8 * eight + 2 * j, lower);
                columns.put(s, 8 * eight + 2 * j + 1, upper);
            }
        }
    }
}

/// Half to single precision without a branch or a call, so that loops over blocks vectorise;
/// `half`'s own conversion asks the CPU for its features each time.
///
/// The 15 bits below the sign, moved to float32's place, are the number times 2^-112, since the
/// exponent biases are 15 and 127. That holds for subnormals too; only infinities and NaN, whose
/// exponent bits are all ones, need theirs filled up.
#[inline(always)]
const fn f16_to_f32(half: u16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    const INFINITE: u32 = 31 << 23;
    let half = half as u32;
    let magnitude = (half & 0x7FFF) << 13;
    let number = (f32::from_bits(magnitude) * TWO_TO_112).to_bits();
    let filled = if magnitude >= INFINITE { number | 0x7F80_0000 } else { number };
    f32::from_bits(filled | (half & 0x8000) << 16)
}

/// Every half-precision number in single precision. Kernels look up the scales of blocks here: that
/// takes two loads, while a conversion in vector registers takes turns with the arithmetic, which
/// made every product with weights of four bits a quarter slower.
pub(crate) static HALVES: [f32; 1 << 16] = {
    let mut table = [0.0; 1 << 16];
    let mut half = 0;
    while half < table.len() {
        table[half] = f16_to_f32(half as u16);
        half += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::super::StorageFormat;
    use super::super::testing::assert_weights;
    use super::*;

    #[test]
    fn every_half_precision_number_converts_exactly() {
        for bits in 0..=u16::MAX {
            let (fast, slow) = (f16_to_f32(bits), f16::from_bits(bits).to_f32());
            assert!(fast.to_bits() == slow.to_bits() || (fast.is_nan() && slow.is_nan()), "{bits}");
        }
    }

    #[test]
    fn floats_are_read_as_they_are_also_where_a_row_is_cut_short() {
        let numbers: Vec<f32> = (0..39).map(|j| j as f32 - 7.5).collect();
        let f32s: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let f16s: Vec<u8> = numbers.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        let bf16s: Vec<u8> =
            numbers.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect();
        for (format, stored) in
            [(StorageFormat::F32, f32s), (StorageFormat::F16, f16s), (StorageFormat::Bf16, bf16s)]
        {
            assert_weights(format, &stored, |j| numbers[j]);
        }
    }
}
