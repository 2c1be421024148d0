//! No particular instructions: plain loops over sixteen numbers, which compilers vectorise for
//! whatever the build's target has. Where the target has vectors of its own the other sets do that better, and
//! there this is what they are compared with in tests.

use super::lanes::Simd;
use crate::format::HALVES;

/// Needs no proof of anything.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Portable {
    #[inline(always)]
    fn both(self, a: [f32; 16], b: [f32; 16], f: impl Fn(f32, f32) -> f32) -> [f32; 16] {
        std::array::from_fn(|i| f(a[i], b[i]))
    }

    /// Folds halves onto each other, in the order in which the other instruction sets do it.
    #[inline(always)]
    fn fold(self, mut x: [f32; 16], f: impl Fn(f32, f32) -> f32) -> f32 {
        for width in [8, 4, 2, 1] {
            for lane in 0..width {
                x[lane] = f(x[lane], x[lane + width]);
            }
        }
        x[0]
    }
}

impl Simd for Portable {
    type F = [f32; 16];
    type B = [u8; 16];
    type W = [[u8; 16]; 4];
    type I = [i32; 16];
    /// Scale and offset.
    type Affine = ([f32; 16], [f32; 16]);

    const TILE_ROWS: usize = 3;
    const TILE_COLUMNS: usize = 1;
    const TILE_RUN: usize = 128;

    #[inline(always)]
    fn prefetch(self, _: *const u8) {}

    #[inline(always)]
    fn prefetch_far(self, _: *const u8) {}

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 16] {
        [x; 16]
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> [f32; 16] {
        *from
    }

    #[inline(always)]
    fn store(self, x: [f32; 16], to: &mut [f32; 16]) {
        *to = x;
    }

    #[inline(always)]
    fn add(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        self.both(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn fma(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        // Not f32::mul_add: without the instruction, that calls a library function.
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    fn round(self, x: [f32; 16]) -> [f32; 16] {
        // Above 2^23 there are whole numbers only, so adding it rounds, and ties go to even.
        const WHOLE: f32 = 12_582_912.0;
        x.map(|x| (x + WHOLE) - WHOLE)
    }

    #[inline(always)]
    fn times_power_of_two(self, x: [f32; 16], n: [f32; 16]) -> [f32; 16] {
        self.both(x, n, |x, n| {
            // The exponent's bits are put together by hand. An exponent of zero makes zero.
            let exponent = (n as i32 + 127).max(0) as u32;
            x * f32::from_bits(exponent << 23)
        })
    }

    #[inline(always)]
    fn sum(self, x: [f32; 16]) -> f32 {
        self.fold(x, |a, b| a + b)
    }

    #[inline(always)]
    fn fours_of_rows(self, rows: [[f32; 16]; 4]) -> [f32; 16] {
        let four =
            |row: &[f32; 16], lane| (row[lane] + row[lane + 8]) + (row[lane + 4] + row[lane + 12]);
        std::array::from_fn(|i| four(&rows[i / 4], i % 4))
    }

    #[inline(always)]
    fn sums_of_fours(self, x: [f32; 16]) -> [f32; 4] {
        std::array::from_fn(|i| (x[4 * i] + x[4 * i + 2]) + (x[4 * i + 1] + x[4 * i + 3]))
    }

    #[inline(always)]
    fn largest(self, x: [f32; 16]) -> f32 {
        self.fold(x, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn add_where(self, x: [f32; 16], bits: u16, y: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| x[i] + if bits & 1 << i != 0 { y[i] } else { 0.0 })
    }

    #[inline(always)]
    fn transpose(self, rows: [[f32; 16]; 16]) -> [[f32; 16]; 16] {
        std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
    }

    #[inline(always)]
    fn bytes(self, from: &[u8; 16]) -> [u8; 16] {
        *from
    }

    #[inline(always)]
    fn field(self, bytes: [u8; 16], shift: u32, mask: u8) -> [u8; 16] {
        bytes.map(|byte| byte >> shift & mask)
    }

    #[inline(always)]
    fn join(self, lower: [u8; 16], upper: [u8; 16], shift: u32) -> [u8; 16] {
        std::array::from_fn(|i| lower[i] | upper[i] << shift)
    }

    #[inline(always)]
    fn unsigned(self, bytes: [u8; 16]) -> [f32; 16] {
        bytes.map(f32::from)
    }

    #[inline(always)]
    fn signed(self, bytes: [u8; 16]) -> [f32; 16] {
        bytes.map(|byte| f32::from(byte as i8))
    }

    #[inline(always)]
    fn wide(self, bytes: [[u8; 16]; 4]) -> [[u8; 16]; 4] {
        bytes
    }

    #[inline(always)]
    fn no_sums(self) -> [i32; 16] {
        [0; 16]
    }

    #[inline(always)]
    fn add_products(
        self,
        sums: [i32; 16],
        unsigned: [[u8; 16]; 4],
        signed: &[i8; 64],
    ) -> [i32; 16] {
        let fours = unsigned.as_flattened().as_chunks::<4>().0;
        let signed = signed.as_chunks::<4>().0;
        std::array::from_fn(|lane| {
            let products = fours[lane].iter().zip(&signed[lane]);
            let products = products.map(|(u, s)| i32::from(*u) * i32::from(*s));
            sums[lane] + products.sum::<i32>()
        })
    }

    #[inline(always)]
    fn to_floats(self, x: [i32; 16]) -> [f32; 16] {
        x.map(|x| x as f32)
    }

    #[inline(always)]
    fn wide_bytes(self, from: &[u8; 64]) -> [[u8; 16]; 4] {
        std::array::from_fn(|i| from.as_chunks().0[i])
    }

    #[inline(always)]
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> [[u8; 16]; 4] {
        let sixteens = from.as_chunks::<16>().0;
        std::array::from_fn(|i| self.field(sixteens[i % 2], shifts[i / 2], mask))
    }

    #[inline(always)]
    fn wide_join(self, lower: [[u8; 16]; 4], upper: [[u8; 16]; 4], shift: u32) -> [[u8; 16]; 4] {
        std::array::from_fn(|i| self.join(lower[i], upper[i], shift))
    }

    #[inline(always)]
    fn wide_field(self, bytes: [[u8; 16]; 4], shift: u32, mask: u8) -> [[u8; 16]; 4] {
        bytes.map(|bytes| self.field(bytes, shift, mask))
    }

    #[inline(always)]
    fn sixteen_where(self, bytes: [[u8; 16]; 4], bits: u64) -> [[u8; 16]; 4] {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| bytes[i][j] + 16 * (bits >> (16 * i + j) & 1) as u8)
        })
    }

    #[inline(always)]
    fn add_ints(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn ints(self, from: &[i32; 16]) -> [i32; 16] {
        *from
    }

    #[inline(always)]
    fn store_ints(self, x: [i32; 16], to: &mut [i32; 16]) {
        *to = x;
    }

    #[inline(always)]
    fn round_to_ints(self, x: [f32; 16]) -> [i32; 16] {
        self.round(x).map(|x| x as i32)
    }

    #[inline(always)]
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [[i32; 16]; 4] {
        std::array::from_fn(|word| rows.map(|row| i32::from_le_bytes(row.as_chunks().0[word])))
    }

    #[inline(always)]
    fn and(self, a: [i32; 16], mask: u32) -> [i32; 16] {
        a.map(|a| a & mask as i32)
    }

    #[inline(always)]
    fn or(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        std::array::from_fn(|i| a[i] | b[i])
    }

    #[inline(always)]
    fn shift_left(self, a: [i32; 16], n: u32) -> [i32; 16] {
        a.map(|a| a << n)
    }

    #[inline(always)]
    fn shift_right(self, a: [i32; 16], n: u32) -> [i32; 16] {
        a.map(|a| (a as u32 >> n) as i32)
    }

    #[inline(always)]
    fn signed_byte(self, words: [i32; 16], n: u32) -> [i32; 16] {
        words.map(|word| i32::from(word.to_le_bytes()[n as usize] as i8))
    }

    #[inline(always)]
    fn lower_halves(self, words: [i32; 16]) -> [f32; 16] {
        words.map(|word| HALVES[usize::from(word as u16)])
    }

    #[inline(always)]
    fn bits_of_floats(self, words: [i32; 16]) -> [f32; 16] {
        words.map(|word| f32::from_bits(word as u32))
    }

    #[inline(always)]
    fn spread(self, numbers: [f32; 16], first: usize, per_16: usize) -> [f32; 16] {
        std::array::from_fn(|lane| numbers[first + lane * per_16 / 16])
    }

    #[inline(always)]
    fn affine(self, scale: [f32; 16], offset: [f32; 16]) -> Self::Affine {
        (scale, offset)
    }

    #[inline(always)]
    fn centred(self, scale: [f32; 16], centre: f32) -> Self::Affine {
        (scale, self.mul(scale, self.splat(-centre)))
    }

    #[inline(always)]
    fn low_nibbles(self, bytes: &[u8; 16], (scale, offset): Self::Affine) -> [f32; 16] {
        self.fma(scale, bytes.map(|byte| f32::from(byte & 0xF)), offset)
    }

    #[inline(always)]
    fn high_nibbles(self, bytes: &[u8; 16], (scale, offset): Self::Affine) -> [f32; 16] {
        self.fma(scale, bytes.map(|byte| f32::from(byte >> 4)), offset)
    }

    #[inline(always)]
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> [f32; 16] {
        std::array::from_fn(|lane| HALVES[usize::from(u16::from_le_bytes(*halves[lane / 4]))])
    }

    #[inline(always)]
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [[f32; 16]; 2] {
        let of = |i: usize| pairs.map(|pair| pair.as_chunks::<2>().0[i]);
        let (first, second) = (of(0), of(1));
        [self.spread_halves(first.each_ref()), self.spread_halves(second.each_ref())]
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 32]) -> [f32; 16] {
        let halves = bytes.as_chunks::<2>().0;
        std::array::from_fn(|i| HALVES[usize::from(u16::from_le_bytes(halves[i]))])
    }

    #[inline(always)]
    fn brain_halves(self, bytes: &[u8; 32]) -> [f32; 16] {
        let halves = bytes.as_chunks::<2>().0;
        let number = |half: [u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16);
        std::array::from_fn(|i| number(halves[i]))
    }

    #[inline(always)]
    fn floats(self, bytes: &[u8; 64]) -> [f32; 16] {
        let numbers = bytes.as_chunks::<4>().0;
        std::array::from_fn(|i| f32::from_le_bytes(numbers[i]))
    }
}
