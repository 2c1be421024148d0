//! K-quants: super-blocks of 256 weights, whose groups of 16 or 32 weights have small integers as
//! scales. A half-precision number per super-block turns those into real scales, and where the
//! groups have minima, a second one does the same for them.
//!
//! All five formats pack their numbers in planes of bits: a run of bytes holds its first numbers in
//! the lowest bits of its bytes, one in each, and the next ones further up. Where a number has 3, 5
//! or 6 bits, its upper ones lie apart, in planes of their own.

#![expect(non_camel_case_types, reason = "the names are the field's own")]
#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]

mod centred;
mod with_minimum;

pub(crate) use centred::{Q3_K, Q6_K};
pub(crate) use with_minimum::{Q2_K, Q4_K, Q5_K};

use super::{BlockFormat, Blocks, Columns, for_sixteen};
use crate::digits::{Digits, Order};
use crate::simd::{Simd, bytes_at};

/// Weights in a super-block.
const SUPER_BLOCK: usize = 256;

/// What the numbers of each group are multiplied with, and what is then added.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Groups {
    scales: [f32; 16],
    offsets: [f32; 16],
}

impl Groups {
    #[inline(always)]
    fn new<S: Simd>(s: S, [scales, offsets]: [S::F; 2]) -> Self {
        let mut groups = Groups { scales: [0.0; 16], offsets: [0.0; 16] };
        s.store(scales, &mut groups.scales);
        s.store(offsets, &mut groups.offsets);
        // A single number gets into all lanes most cheaply from memory. Compilers that know where
        // the numbers come from would shuffle them out of the registers, and shuffles are what
        // expanding waits for anyway.
        std::hint::black_box(groups)
    }

    /// A scale and an offset, by their places.
    #[inline(always)]
    fn at<S: Simd>(&self, s: S, scale: usize, offset: usize) -> (S::F, S::F) {
        (s.splat(self.scales[scale]), s.splat(self.offsets[offset]))
    }
}

/// What a K-quant does in its own way: how its scales and numbers are packed.
pub(crate) trait Numbers: 'static {
    /// Bytes of a super-block.
    const BYTES: usize;
    /// Groups that share a scale: 16 of 16 numbers, or 8 of 32.
    const GROUPS: usize;

    /// The scales and offsets of 16 groups. Of 8 groups, the scales are in the first 8 lanes, and the
    /// offsets in the last 8.
    fn groups<S: Simd>(s: S, block: &[u8]) -> [S::F; 2];

    /// Numbers `32 * part..32 * part + 32` of one block, or of sixteen.
    fn numbers<S: Simd, P: Packed<S>>(s: S, packed: P, part: usize) -> [P::Bytes; 2];

    /// Numbers `64 * pair..64 * pair + 64` of a block.
    fn wide_numbers<S: Simd>(s: S, block: &[u8], pair: usize) -> S::W;
}

/// The places of the scale and the offset of group `16 * index..` of a format.
#[inline(always)]
fn places<F: Numbers>(sixteen: usize) -> (usize, usize) {
    if F::GROUPS == 16 { (sixteen, sixteen) } else { (sixteen / 2, 8 + sixteen / 2) }
}

impl<F: Numbers> BlockFormat for F {
    const BLOCK_LEN: usize = SUPER_BLOCK;
    const BLOCK_BYTES: usize = F::BYTES;
    const DIGITS: Option<Order> = Some(Order::Straight);
    type Scales<S: Simd> = Groups;

    #[inline(always)]
    fn scales<S: Simd>(s: S, block: &[u8]) -> Groups {
        Groups::new(s, F::groups(s, block))
    }

    #[inline(always)]
    fn add_products<S: Simd>(
        s: S,
        [block, ..]: [&[u8]; 4],
        x: &Digits,
        _half: usize,
        sums: &mut [S::F; 2],
    ) {
        add_products::<S, F>(s, block, x, sums);
    }

    #[inline(always)]
    fn expand<S: Simd>(s: S, block: &[u8], groups: &Groups, part: usize) -> [S::F; 2] {
        let numbers = F::numbers(s, OfOne(block), part);
        let mut weights = [s.splat(0.0); 2];
        for half in 0..2 {
            let (scale, offset) = places::<F>(2 * part + half);
            let (scale, offset) = groups.at(s, scale, offset);
            weights[half] = s.fma(scale, s.unsigned(numbers[half]), offset);
        }
        weights
    }

    #[inline(always)]
    fn expand_columns<S: Simd>(s: S, blocks: Blocks<'_>, columns: &mut Columns<'_>) {
        // Of every row its groups, transposed: of every group its rows.
        let (mut scales, mut offsets) = ([s.splat(0.0); 16], [s.splat(0.0); 16]);
        for r in 0..16 {
            [scales[r], offsets[r]] = F::groups(s, &blocks.rows[r][blocks.start..][..F::BYTES]);
        }
        let groups = RowsGroups { scales: stored(s, scales), offsets: stored(s, offsets) };
        // A loop, since eight times its code would not fit into the nearest cache.
        for part in 0..SUPER_BLOCK / 32 {
            expand_part::<S, F>(s, blocks, &groups, part, columns);
        }
    }
}

/// The scales and offsets of sixteen blocks: `[group][row]`.
struct RowsGroups {
    scales: [[f32; 16]; 16],
    offsets: [[f32; 16]; 16],
}

#[inline(always)]
fn stored<S: Simd>(s: S, rows: [S::F; 16]) -> [[f32; 16]; 16] {
    let mut columns = [[0.0; 16]; 16];
    let transposed = s.transpose(rows);
    for i in 0..16 {
        s.store(transposed[i], &mut columns[i]);
    }
    columns
}

#[inline(always)]
fn expand_part<S: Simd, F: Numbers>(
    s: S,
    blocks: Blocks<'_>,
    groups: &RowsGroups,
    part: usize,
    columns: &mut Columns<'_>,
) {
    let numbers = F::numbers(s, OfSixteen(blocks), part);
    for half in 0..2 {
        let (scale, offset) = places::<F>(2 * part + half);
        let (scale, offset) = (s.load(&groups.scales[scale]), s.load(&groups.offsets[offset]));
        for_sixteen!(J => {
            let number = s.and(s.shift_right(numbers[half][J / 4], 8 * (J as u32 % 4)), 0xFF);
            let weight = s.fma(scale, s.to_floats(number), offset);
            columns.put(s, 32 * part + 16 * half + J, weight);
        });
    }
}

/// Packed numbers, sixteen of which are looked at together: those of one block, or the same ones of
/// sixteen blocks.
pub(crate) trait Packed<S: Simd>: Copy {
    /// Sixteen bytes, or sixteen of each block.
    type Bytes: Copy;
    fn bytes(self, s: S, at: usize) -> Self::Bytes;
    /// As [`Simd::field`].
    fn field(s: S, bytes: Self::Bytes, shift: u32, mask: u8) -> Self::Bytes;
    /// As [`Simd::join`].
    fn join(s: S, lower: Self::Bytes, upper: Self::Bytes, shift: u32) -> Self::Bytes;
}

#[derive(Clone, Copy)]
struct OfOne<'a>(&'a [u8]);

impl<S: Simd> Packed<S> for OfOne<'_> {
    type Bytes = S::B;

    #[inline(always)]
    fn bytes(self, s: S, at: usize) -> S::B {
        s.bytes(bytes_at(self.0, at))
    }

    #[inline(always)]
    fn field(s: S, bytes: S::B, shift: u32, mask: u8) -> S::B {
        s.field(bytes, shift, mask)
    }

    #[inline(always)]
    fn join(s: S, lower: S::B, upper: S::B, shift: u32) -> S::B {
        s.join(lower, upper, shift)
    }
}

#[derive(Clone, Copy)]
struct OfSixteen<'a>(Blocks<'a>);

impl<S: Simd> Packed<S> for OfSixteen<'_> {
    type Bytes = [S::I; 4];

    #[inline(always)]
    fn bytes(self, s: S, at: usize) -> [S::I; 4] {
        self.0.words(s, at)
    }

    #[inline(always)]
    fn field(s: S, mut bytes: [S::I; 4], shift: u32, mask: u8) -> [S::I; 4] {
        for i in 0..4 {
            bytes[i] = s.and(s.shift_right(bytes[i], shift), u32::from_le_bytes([mask; 4]));
        }
        bytes
    }

    #[inline(always)]
    fn join(s: S, mut lower: [S::I; 4], upper: [S::I; 4], shift: u32) -> [S::I; 4] {
        for i in 0..4 {
            lower[i] = s.or(lower[i], s.shift_left(upper[i], shift));
        }
        lower
    }
}

/// Adds the products of a super-block with a block of activations: of every group the sum of its
/// numbers' products, as integers, times its scale; and the sum of its activations times its offset.
#[inline(always)]
fn add_products<S: Simd, F: Numbers>(s: S, block: &[u8], x: &Digits, sums: &mut [S::F; 2]) {
    let [scales, offsets] = F::groups(s, block);
    let mut scaled = s.splat(0.0);
    // Two parts at a time, with the groups of both side by side.
    macro_rules! two_parts {
        ($($pair:literal)*) => {
            $({
                let numbers = F::wide_numbers(s, block, $pair);
                let mut products = s.no_sums();
                for digits in &x.digits {
                    let digits = &digits.as_chunks::<64>().0[$pair];
                    products = s.add_products(s.shift_left(products, 8), numbers, digits);
                }
                let per_pair = F::GROUPS / 4;
                let scales = s.spread(scales, $pair * per_pair, per_pair);
                scaled = s.fma(s.to_floats(products), scales, scaled);
            })*
        };
    }
    two_parts!(0 1 2 3);
    sums[0] = s.fma(scaled, s.splat(x.scale), sums[0]);
    let x_sums = if F::GROUPS == 16 { &x.sums_of_16 } else { &x.sums_of_32 };
    sums[1] = s.fma(offsets, s.load(x_sums), sums[1]);
}

/// Numbers `32 * part..32 * part + 32` of a super-block's numbers of `BITS` bits, packed from byte
/// `at` on in runs of `RUN` bytes: byte `j` of a run holds its number `j` in its lowest bits, and further up its
/// numbers `j + RUN`, `j + 2 * RUN` and so on.
#[inline(always)]
fn unpack<S: Simd, P: Packed<S>, const BITS: usize, const RUN: usize>(
    s: S,
    packed: P,
    at: usize,
    part: usize,
) -> [P::Bytes; 2] {
    let numbers_in_run = RUN * 8 / BITS;
    let (run, within) = (32 * part / numbers_in_run, 32 * part % numbers_in_run);
    let (first, plane) = (run * RUN + within % RUN, within / RUN);
    let mask = (1u32 << BITS) - 1;
    let (shift, mask) = ((plane * BITS) as u32, mask as u8);
    [
        P::field(s, packed.bytes(s, at + first), shift, mask),
        P::field(s, packed.bytes(s, at + first + 16), shift, mask),
    ]
}

/// The same of two parts, `2 * pair` and the next one.
#[inline(always)]
fn wide_unpack<S: Simd, const BITS: usize, const RUN: usize>(
    s: S,
    block: &[u8],
    at: usize,
    pair: usize,
) -> S::W {
    let numbers_in_run = RUN * 8 / BITS;
    let (run, within) = (64 * pair / numbers_in_run, 64 * pair % numbers_in_run);
    let (first, plane) = (at + run * RUN, within / RUN);
    let mask = ((1u32 << BITS) - 1) as u8;
    if RUN == 64 {
        s.wide_field(s.wide_bytes(bytes_at(block, first)), (plane * BITS) as u32, mask)
    } else {
        let shifts = [(plane * BITS) as u32, ((plane + 1) * BITS) as u32];
        s.two_fields(bytes_at(block, first), shifts, mask)
    }
}

/// Numbers of which the lower `bits` bits were packed apart from the upper ones.
#[inline(always)]
fn join<S: Simd, P: Packed<S>>(
    s: S,
    lower: [P::Bytes; 2],
    upper: [P::Bytes; 2],
    bits: u32,
) -> [P::Bytes; 2] {
    [P::join(s, lower[0], upper[0], bits), P::join(s, lower[1], upper[1], bits)]
}

#[cfg(test)]
mod testing {
    use super::SUPER_BLOCK;

    /// Packs 256 numbers, one bit field at a time: the slow twin of [`super::unpack`].
    pub(super) fn pack(bits: usize, run: usize, number: impl Fn(usize) -> u8) -> Vec<u8> {
        let mut packed = vec![0; SUPER_BLOCK * bits / 8];
        let numbers_in_run = run * 8 / bits;
        for weight in 0..SUPER_BLOCK {
            let (start, within) = (weight / numbers_in_run * run, weight % numbers_in_run);
            packed[start + within % run] |= number(weight) << (within / run * bits);
        }
        packed
    }

    /// Numbers of 0..`end` in no order, the same every time.
    pub(super) fn scattered(weight: usize, end: usize) -> u8 {
        ((weight * 37 + weight / 16 * 5) % end) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{pack, scattered};
    use super::*;
    use crate::simd::Portable;

    fn reads_what_was_packed<const BITS: usize, const RUN: usize>() {
        let number = |weight| scattered(weight, 1 << BITS);
        let packed = pack(BITS, RUN, number);
        for part in 0..SUPER_BLOCK / 32 {
            let found = unpack::<_, _, BITS, RUN>(Portable, OfOne(&packed), 0, part);
            let expected: Vec<u8> = (32 * part..32 * part + 32).map(number).collect();
            assert_eq!(found.concat(), expected, "{BITS} {RUN} {part}");
        }
        for pair in 0..SUPER_BLOCK / 64 {
            let found = wide_unpack::<_, BITS, RUN>(Portable, &packed, 0, pair);
            let expected: Vec<u8> = (64 * pair..64 * pair + 64).map(number).collect();
            assert_eq!(found.concat(), expected, "{BITS} {RUN} {pair}");
        }
    }

    #[test]
    fn every_kind_of_plane_reads_what_was_packed() {
        reads_what_was_packed::<1, 32>();
        reads_what_was_packed::<2, 32>();
        reads_what_was_packed::<4, 32>();
        reads_what_was_packed::<4, 64>();
    }
}
