//! How weights are stored: blocks of numbers that share a scale.
//!
//! One trait, `BlockFormat`, is all the rest of the crate knows of a format. [`StorageFormat`]
//! names the formats at run time.

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]

mod floats;
mod k;
mod q4;
mod q5;
mod q8;

use std::marker::PhantomData;

pub(crate) use floats::{Bf16, F16, F32, HALVES};
pub(crate) use k::{Q2_K, Q3_K, Q4_K, Q5_K, Q6_K};
pub(crate) use q4::{Q4_0, Q4_1};
pub(crate) use q5::{Q5_0, Q5_1};
pub(crate) use q8::Q8_0;

use crate::digits::{Digits, Order};
use crate::simd::{Kernel, Simd, SimdLevel, bytes_at, store_at};

/// A storage format: `BLOCK_LEN` weights in `BLOCK_BYTES` bytes, which kernels expand in registers,
/// 32 weights at a time. Unquantized numbers are taken as blocks of 32 as well, of which the last
/// one of a row may be cut short.
///
/// Weights come out bit-equal to the reference's on every instruction set: the product of a number,
/// its group's scale and the block's is exact in float32 (they have at most 8, 7 and 11 significant
/// bits), so that only adding an offset rounds, once.
pub(crate) trait BlockFormat: 'static {
    /// Weights in a block.
    const BLOCK_LEN: usize;
    /// Bytes of a block.
    const BLOCK_BYTES: usize;
    /// Weights that cannot be taken apart: the block, or one number where there are no blocks.
    const ATOM_LEN: usize = Self::BLOCK_LEN;

    /// Whether products are taken of the numbers as they are stored, as integers, and if so, in which
    /// order they come.
    const DIGITS: Option<Order> = None;

    /// Adds products to two lots of sums, where the format takes them as integers: of four blocks of
    /// 32 weights with one `half` of a block of activations, or of one block of 256 weights, the
    /// first one given, with all of it.
    #[inline(always)]
    fn add_products<S: Simd>(_: S, _: [&[u8]; 4], _: &Digits, _half: usize, _: &mut [S::F; 2]) {
        unreachable!("DIGITS is none");
    }

    /// What must be read of a block before its weights.
    type Scales<S: Simd>: Copy;

    /// Reads the scales of a block of `BLOCK_BYTES` bytes.
    fn scales<S: Simd>(simd: S, block: &[u8]) -> Self::Scales<S>;

    /// Weights `32 * part..32 * part + 32` of a block.
    fn expand<S: Simd>(simd: S, block: &[u8], scales: &Self::Scales<S>, part: usize) -> [S::F; 2];

    /// Expands the blocks of sixteen rows into sixteen columns of a panel. (Row by row, as above,
    /// every sixteen weights would have to be transposed as float32, which takes several times as
    /// long as transposing what is stored.)
    fn expand_columns<S: Simd>(simd: S, blocks: Blocks<'_>, columns: &mut Columns<'_>);
}

/// A block of each of sixteen rows.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    pub(crate) rows: &'a [&'a [u8]; 16],
    /// Where in its row each of the blocks starts.
    pub(crate) start: usize,
}

impl Blocks<'_> {
    /// Bytes `at..at + 16` of the blocks, as four words of each: row `r` is lane `r`.
    #[inline(always)]
    fn words<S: Simd>(self, s: S, at: usize) -> [S::I; 4] {
        let mut bytes = [&[0; 16]; 16];
        for r in 0..16 {
            bytes[r] = bytes_at(self.rows[r], self.start + at);
        }
        s.words_of_rows(bytes)
    }
}

/// Products of the numbers of four blocks with one half of a block of activations, as integers: in
/// lanes `4 * b..4 * b + 4` those of block `b`. The numbers are the lower halves of the blocks' bytes,
/// and then the upper ones.
#[inline(always)]
fn products_of_four<S: Simd>(s: S, numbers: [S::W; 2], x: &Digits, half: usize) -> S::I {
    let mut products = s.no_sums();
    for digit in 0..3 {
        let digits = x.digits[digit].as_chunks::<64>().0;
        if digit > 0 {
            products = s.shift_left(products, 8);
        }
        products = s.add_products(products, numbers[0], &digits[2 * half]);
        products = s.add_products(products, numbers[1], &digits[2 * half + 1]);
    }
    products
}

/// The first half-precision number of four blocks, each in the four lanes of its block.
#[inline(always)]
fn halves_of_four<S: Simd>(s: S, blocks: [&[u8]; 4]) -> S::F {
    let [a, b, c, d] = blocks;
    s.spread_halves([bytes_at(a, 0), bytes_at(b, 0), bytes_at(c, 0), bytes_at(d, 0)])
}

/// The first two half-precision numbers of four blocks, in the same way.
#[inline(always)]
fn pairs_of_four<S: Simd>(s: S, blocks: [&[u8]; 4]) -> [S::F; 2] {
    let [a, b, c, d] = blocks;
    s.spread_pairs([bytes_at(a, 0), bytes_at(b, 0), bytes_at(c, 0), bytes_at(d, 0)])
}

/// Adds the products of four blocks whose numbers are centred on `2^centre_bits` and have a scale.
#[inline(always)]
fn add_centred<S: Simd>(
    s: S,
    blocks: [&[u8]; 4],
    numbers: [S::W; 2],
    centre_bits: u32,
    (x, half): (&Digits, usize),
    sums: &mut [S::F; 2],
) {
    let centre = s.shift_left(s.ints(&x.minus_lane_sums[half]), centre_bits);
    let products = s.add_ints(products_of_four(s, numbers, x, half), centre);
    let scales = s.mul(halves_of_four(s, blocks), s.splat(x.scale));
    sums[0] = s.fma(s.to_floats(products), scales, sums[0]);
}

/// Adds the products of four blocks whose numbers have a scale and a minimum.
#[inline(always)]
fn add_with_minimum<S: Simd>(
    s: S,
    blocks: [&[u8]; 4],
    numbers: [S::W; 2],
    (x, half): (&Digits, usize),
    sums: &mut [S::F; 2],
) {
    let products = products_of_four(s, numbers, x, half);
    let [scales, minima] = pairs_of_four(s, blocks);
    let scales = s.mul(scales, s.splat(x.scale));
    sums[0] = s.fma(s.to_floats(products), scales, sums[0]);
    sums[1] = s.fma(minima, s.load(&x.lane_sums[half]), sums[1]);
}

/// Sixteen bytes of each of four blocks.
#[inline(always)]
fn bytes_of_four<S: Simd>(s: S, blocks: [&[u8]; 4], at: usize) -> S::W {
    let [a, b, c, d] = blocks;
    s.wide([
        s.bytes(bytes_at(a, at)),
        s.bytes(bytes_at(b, at)),
        s.bytes(bytes_at(c, at)),
        s.bytes(bytes_at(d, at)),
    ])
}

/// Sixteen columns of a panel, some of whose rows stand between one of theirs and the next.
pub(crate) struct Columns<'a> {
    /// Sixteen numbers each.
    pub(crate) pieces: &'a mut [[f32; 16]],
    /// Pieces from one row to the next.
    pub(crate) stride: usize,
}

impl Columns<'_> {
    /// Puts sixteen rows' weight number `row` into its place.
    #[inline(always)]
    fn put<S: Simd>(&mut self, s: S, row: usize, weights: S::F) {
        s.store(weights, &mut self.pieces[row * self.stride]);
    }
}

/// Runs `$body` for every 32 weights of a block, with `$part` known when this is compiled: shifts and
/// masks are then constants.
macro_rules! for_parts {
    ($format:ident, $part:ident => $body:expr) => {
        match $format::BLOCK_LEN {
            32 => {
                const $part: usize = 0;
                $body
            }
            256 => {
                $crate::format::for_parts!(@ $part $body; 0 1 2 3 4 5 6 7);
            }
            _ => unreachable!("blocks have 32 or 256 weights"),
        }
    };
    (@ $part:ident $body:expr; $($number:literal)*) => {
        $({
            const $part: usize = $number;
            $body
        })*
    };
}
pub(crate) use for_parts;

/// Runs `$body` for 0..16, with `$number` known when this is compiled.
macro_rules! for_sixteen {
    ($number:ident => $body:expr) => {
        $crate::format::for_parts!(@ $number $body; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
}
pub(crate) use for_sixteen;

/// Expands a row of weights.
struct Dequantize<'a, F> {
    stored: &'a [u8],
    out: &'a mut [f32],
    format: PhantomData<F>,
}

impl<F: BlockFormat> Kernel for Dequantize<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let blocks = self.stored.chunks(F::BLOCK_BYTES);
        for (block, out) in blocks.zip(self.out.chunks_mut(F::BLOCK_LEN)) {
            if out.len() == F::BLOCK_LEN {
                expand_block::<S, F>(simd, block, out);
            } else {
                let (mut whole, mut expanded) = ([0; SHORT_BYTES], [0.0; 32]);
                whole[..block.len()].copy_from_slice(block);
                expand_block::<S, F>(simd, &whole[..F::BLOCK_BYTES], &mut expanded);
                out.copy_from_slice(&expanded[..out.len()]);
            }
        }
    }
}

/// Bytes of the longest block that can be cut short: 32 float32.
pub(crate) const SHORT_BYTES: usize = 128;

#[inline(always)]
fn expand_block<S: Simd, F: BlockFormat>(simd: S, block: &[u8], out: &mut [f32]) {
    let scales = F::scales(simd, block);
    for_parts!(F, PART => {
        let weights = F::expand(simd, block, &scales, PART);
        store_at(simd, weights[0], out, 2 * PART);
        store_at(simd, weights[1], out, 2 * PART + 1);
    });
}

/// Calls `$body` with `$format` standing for the [`BlockFormat`] type that a [`StorageFormat`]
/// value names: the one place where the run-time name becomes a compile-time type.
macro_rules! with_format {
    ($value:expr, $format:ident => $body:expr) => {
        match $value {
            $crate::format::StorageFormat::F32 => {
                type $format = $crate::format::F32;
                $body
            }
            $crate::format::StorageFormat::F16 => {
                type $format = $crate::format::F16;
                $body
            }
            $crate::format::StorageFormat::Bf16 => {
                type $format = $crate::format::Bf16;
                $body
            }
            $crate::format::StorageFormat::Q4_0 => {
                type $format = $crate::format::Q4_0;
                $body
            }
            $crate::format::StorageFormat::Q4_1 => {
                type $format = $crate::format::Q4_1;
                $body
            }
            $crate::format::StorageFormat::Q5_0 => {
                type $format = $crate::format::Q5_0;
                $body
            }
            $crate::format::StorageFormat::Q5_1 => {
                type $format = $crate::format::Q5_1;
                $body
            }
            $crate::format::StorageFormat::Q8_0 => {
                type $format = $crate::format::Q8_0;
                $body
            }
            $crate::format::StorageFormat::Q2_K => {
                type $format = $crate::format::Q2_K;
                $body
            }
            $crate::format::StorageFormat::Q3_K => {
                type $format = $crate::format::Q3_K;
                $body
            }
            $crate::format::StorageFormat::Q4_K => {
                type $format = $crate::format::Q4_K;
                $body
            }
            $crate::format::StorageFormat::Q5_K => {
                type $format = $crate::format::Q5_K;
                $body
            }
            $crate::format::StorageFormat::Q6_K => {
                type $format = $crate::format::Q6_K;
                $body
            }
        }
    };
}
pub(crate) use with_format;

/// The formats that are supported, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, non_camel_case_types, reason = "the names are the field's own")]
pub enum StorageFormat {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
}

impl StorageFormat {
    pub(crate) const ALL: [StorageFormat; 13] = [
        StorageFormat::F32,
        StorageFormat::F16,
        StorageFormat::Bf16,
        StorageFormat::Q4_0,
        StorageFormat::Q4_1,
        StorageFormat::Q5_0,
        StorageFormat::Q5_1,
        StorageFormat::Q8_0,
        StorageFormat::Q2_K,
        StorageFormat::Q3_K,
        StorageFormat::Q4_K,
        StorageFormat::Q5_K,
        StorageFormat::Q6_K,
    ];

    /// The format of a `ggml_type` number.
    pub fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ggml() == number)
    }

    fn ggml(self) -> u32 {
        match self {
            StorageFormat::F32 => 0,
            StorageFormat::F16 => 1,
            StorageFormat::Q4_0 => 2,
            StorageFormat::Q4_1 => 3,
            StorageFormat::Q5_0 => 6,
            StorageFormat::Q5_1 => 7,
            StorageFormat::Q8_0 => 8,
            StorageFormat::Q2_K => 10,
            StorageFormat::Q3_K => 11,
            StorageFormat::Q4_K => 12,
            StorageFormat::Q5_K => 13,
            StorageFormat::Q6_K => 14,
            StorageFormat::Bf16 => 30,
        }
    }

    /// The usual name: ggml's for quantized formats, PyTorch's for floats.
    pub fn name(self) -> &'static str {
        match self {
            StorageFormat::F32 => "float32",
            StorageFormat::F16 => "float16",
            StorageFormat::Bf16 => "bfloat16",
            StorageFormat::Q4_0 => "Q4_0",
            StorageFormat::Q4_1 => "Q4_1",
            StorageFormat::Q5_0 => "Q5_0",
            StorageFormat::Q5_1 => "Q5_1",
            StorageFormat::Q8_0 => "Q8_0",
            StorageFormat::Q2_K => "Q2_K",
            StorageFormat::Q3_K => "Q3_K",
            StorageFormat::Q4_K => "Q4_K",
            StorageFormat::Q5_K => "Q5_K",
            StorageFormat::Q6_K => "Q6_K",
        }
    }

    /// Weights that share a scale; 1 where there are no blocks.
    pub fn block_len(self) -> usize {
        with_format!(self, F => F::ATOM_LEN)
    }

    /// Bytes of [`Self::block_len`] weights.
    pub fn block_bytes(self) -> usize {
        with_format!(self, F => F::BLOCK_BYTES * F::ATOM_LEN / F::BLOCK_LEN)
    }

    /// Expands consecutive blocks, for example a row of a matrix: `out` gets [`Self::block_len`]
    /// weights for every [`Self::block_bytes`] bytes of `stored`.
    pub fn dequantize(self, stored: &[u8], out: &mut [f32]) {
        self.dequantize_at(SimdLevel::current(), stored, out);
    }

    fn dequantize_at(self, level: SimdLevel, stored: &[u8], out: &mut [f32]) {
        with_format!(self, F => {
            level.run(Dequantize::<F> { stored, out, format: PhantomData });
        });
    }

    /// The names of all supported formats, for error messages.
    pub(crate) fn supported() -> String {
        Self::ALL.map(StorageFormat::name).join(", ")
    }

    /// A format that is not supported, by name where ggml has one.
    pub(crate) fn describe_ggml(number: u32) -> String {
        let name = match number {
            9 => "Q8_1",
            15 => "Q8_K",
            _ => return format!("ggml type {number}"),
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod testing {
    use super::StorageFormat;
    use crate::simd::SimdLevel;

    /// Checks one block against the weights that it holds, on every instruction set.
    #[track_caller]
    pub(super) fn assert_weights(
        format: StorageFormat,
        block: &[u8],
        weight: impl Fn(usize) -> f32,
    ) {
        for level in SimdLevel::available() {
            let n = block.len() / format.block_bytes() * format.block_len();
            let mut out = vec![0.0; n];
            format.dequantize_at(level, block, &mut out);
            for (j, w) in out.into_iter().enumerate() {
                assert_eq!(w, weight(j), "{level:?}, weight {j}");
            }
        }
    }
}
