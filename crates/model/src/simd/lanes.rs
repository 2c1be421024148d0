//! What kernels are made of: sixteen float32 numbers at a time, whatever the machine's registers
//! hold, and the expansion of stored bytes into them.

use crate::format::HALVES;

/// One instruction set's way to do things. A value of it is the proof that the machine has the
/// instructions, so its methods are safe; see [`super::SimdLevel::run`], the only place that makes
/// one.
///
/// All methods must be `#[inline(always)]`, and so must everything between them and
/// [`super::Kernel::run`]: only inside a function with the target features do they become
/// instructions.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen float32 numbers.
    type F: Copy;
    /// Sixteen bytes.
    type B: Copy;
    /// Sixty-four bytes.
    type W: Copy;
    /// Sixteen int32 numbers.
    type I: Copy;
    /// The map from a number of four bits to `scale * number + offset`, both the same in all lanes.
    type Affine: Copy;

    /// Most rows of a [`crate::ops::tile`], chosen so that its sums fit into the registers.
    const TILE_ROWS: usize;
    /// Its columns, in sixteens.
    const TILE_COLUMNS: usize;
    /// Most products that a tile adds up one after the other. More go in runs, whose sums are added:
    /// where every product is rounded too, the error of one long run is seen in attributions.
    const TILE_RUN: usize;

    /// Says that bytes will soon be read. They need not exist: a processor that cannot read them
    /// does nothing.
    fn prefetch(self, bytes: *const u8);
    /// The same into the second-level cache only.
    fn prefetch_far(self, bytes: *const u8);

    fn splat(self, x: f32) -> Self::F;
    fn load(self, from: &[f32; 16]) -> Self::F;
    fn store(self, x: Self::F, to: &mut [f32; 16]);
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// The larger one of each two; `b` where one is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller one of each two; `b` where one is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the machine can.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The nearest whole numbers.
    fn round(self, x: Self::F) -> Self::F;
    /// `x * 2^n` for whole `n`, where a `2^n` below the normal numbers counts as zero.
    fn times_power_of_two(self, x: Self::F, n: Self::F) -> Self::F;
    /// The sum of all sixteen.
    fn sum(self, x: Self::F) -> f32;
    /// Of each of four rows the sums of lanes that are whole fours apart: those of row `r` are in lanes
    /// `4 * r..4 * r + 4`.
    fn fours_of_rows(self, rows: [Self::F; 4]) -> Self::F;
    /// The sums of four neighbours each.
    fn sums_of_fours(self, x: Self::F) -> [f32; 4];
    /// The largest of all sixteen.
    fn largest(self, x: Self::F) -> f32;
    /// `x + y` where the bit of the lane is set, else `x`.
    fn add_where(self, x: Self::F, bits: u16, y: Self::F) -> Self::F;
    /// Rows become columns.
    fn transpose(self, rows: [Self::F; 16]) -> [Self::F; 16];

    fn bytes(self, from: &[u8; 16]) -> Self::B;
    /// `byte >> shift & mask`; the mask has no bits beyond the `8 - shift` that are left.
    fn field(self, bytes: Self::B, shift: u32, mask: u8) -> Self::B;
    /// `lower | upper << shift`; no bit is shifted out of its byte.
    fn join(self, lower: Self::B, upper: Self::B, shift: u32) -> Self::B;
    fn unsigned(self, bytes: Self::B) -> Self::F;
    fn signed(self, bytes: Self::B) -> Self::F;

    fn wide(self, bytes: [Self::B; 4]) -> Self::W;
    fn no_sums(self) -> Self::I;
    /// `sums` plus, in each lane, the products of four neighbours. The unsigned numbers are at most
    /// 63.
    fn add_products(self, sums: Self::I, unsigned: Self::W, signed: &[i8; 64]) -> Self::I;
    fn to_floats(self, x: Self::I) -> Self::F;

    fn wide_bytes(self, from: &[u8; 64]) -> Self::W;
    /// `byte >> shifts[0] & mask` of 32 bytes, and then `byte >> shifts[1] & mask` of the same ones.
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> Self::W;
    /// As [`Simd::join`].
    fn wide_join(self, lower: Self::W, upper: Self::W, shift: u32) -> Self::W;
    /// `byte >> shift & mask`, as [`Simd::field`].
    fn wide_field(self, bytes: Self::W, shift: u32, mask: u8) -> Self::W;
    /// 16 more in the bytes whose bit is set.
    fn sixteen_where(self, bytes: Self::W, bits: u64) -> Self::W;
    fn ints(self, from: &[i32; 16]) -> Self::I;
    fn store_ints(self, x: Self::I, to: &mut [i32; 16]);
    /// The nearest whole numbers. They must fit.
    fn round_to_ints(self, x: Self::F) -> Self::I;
    fn add_ints(self, a: Self::I, b: Self::I) -> Self::I;
    /// The little-endian words 0, 1, 2 and 3 of sixteen rows: row `r` is lane `r`.
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [Self::I; 4];
    fn and(self, a: Self::I, mask: u32) -> Self::I;
    /// The four lowest bits of each word, a number of 0..16.
    #[inline(always)]
    fn nibbles_to_floats(self, words: Self::I) -> Self::F {
        self.to_floats(self.and(words, 0xF))
    }
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    fn shift_left(self, a: Self::I, n: u32) -> Self::I;
    /// Zeros come in from the left.
    fn shift_right(self, a: Self::I, n: u32) -> Self::I;
    /// Byte `n` of each word, a signed number.
    fn signed_byte(self, words: Self::I, n: u32) -> Self::I;
    /// The lower halves of the words as IEEE halves.
    fn lower_halves(self, words: Self::I) -> Self::F;
    /// The words as float32.
    fn bits_of_floats(self, words: Self::I) -> Self::F;

    /// Number `first + lane * per_16 / 16` in each lane; `per_16` is 2 or 4.
    fn spread(self, numbers: Self::F, first: usize, per_16: usize) -> Self::F;

    fn affine(self, scale: Self::F, offset: Self::F) -> Self::Affine;
    /// The map to `scale * (number - centre)`.
    fn centred(self, scale: Self::F, centre: f32) -> Self::Affine;
    /// The lower halves of the bytes, mapped.
    fn low_nibbles(self, bytes: &[u8; 16], map: Self::Affine) -> Self::F;
    /// The upper halves of the bytes, mapped.
    fn high_nibbles(self, bytes: &[u8; 16], map: Self::Affine) -> Self::F;

    /// A little-endian IEEE half, in all lanes.
    #[inline(always)]
    fn half(self, bytes: &[u8; 2]) -> Self::F {
        self.splat(HALVES[usize::from(u16::from_le_bytes(*bytes))])
    }
    /// Four of them, each in four neighbouring lanes.
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> Self::F;
    /// Four pairs of them: the first ones, as above, and the second ones.
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [Self::F; 2];
    /// Sixteen of them.
    fn halves(self, bytes: &[u8; 32]) -> Self::F;
    /// Sixteen upper halves of float32.
    fn brain_halves(self, bytes: &[u8; 32]) -> Self::F;
    /// Sixteen little-endian float32.
    fn floats(self, bytes: &[u8; 64]) -> Self::F;
}

/// `N` bytes of a slice, from `at` on.
#[inline(always)]
pub(crate) fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> &[u8; N] {
    bytes[at..].first_chunk().expect("the format's block is long enough")
}

/// `e^x`, off by less than two units in the last place: `2^n * e^r` with `r` within half of
/// `ln 2`, and the polynomial of the Cephes library's `expf`. Zero below the smallest normal number
/// (give or take a factor of two), and never infinite: results stop growing at `e^88`.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    const COEFFICIENTS: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    // ln 2 in two parts, the first of so few bits that its product with n is exact.
    const LN_2_UPPER: f32 = 0.693_359_4;
    const LN_2_LOWER: f32 = -2.121_944_4e-4;
    // In this order, a NaN stays one.
    let x = s.max(s.splat(-104.0), s.min(s.splat(88.0), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.fma(n, s.splat(-LN_2_UPPER), x);
    let r = s.fma(n, s.splat(-LN_2_LOWER), r);
    let mut p = s.splat(COEFFICIENTS[0]);
    for c in &COEFFICIENTS[1..] {
        p = s.fma(p, r, s.splat(*c));
    }
    let p = s.fma(p, s.mul(r, r), s.add(r, s.splat(1.0)));
    s.times_power_of_two(p, n)
}

/// Sixteen numbers of a slice from `16 * index` on, with zeros where it has ended.
#[inline(always)]
pub(crate) fn lanes_at<S: Simd>(s: S, numbers: &[f32], index: usize) -> S::F {
    let rest = &numbers[16 * index..];
    match rest.first_chunk() {
        Some(lanes) => s.load(lanes),
        None => {
            let mut lanes = [0.0; 16];
            lanes[..rest.len()].copy_from_slice(rest);
            s.load(&lanes)
        }
    }
}

/// Writes sixteen numbers from `16 * index` on, as far as the slice goes.
#[inline(always)]
pub(crate) fn store_at<S: Simd>(s: S, x: S::F, numbers: &mut [f32], index: usize) {
    let rest = &mut numbers[16 * index..];
    match rest.first_chunk_mut() {
        Some(lanes) => s.store(x, lanes),
        None => {
            let mut lanes = [0.0; 16];
            s.store(x, &mut lanes);
            rest.copy_from_slice(&lanes[..rest.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, SimdLevel};

    struct Exp(f32);

    impl Kernel for Exp {
        type Output = f32;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            let mut out = [0.0; 16];
            s.store(exp(s, s.splat(self.0)), &mut out);
            assert!(out.iter().all(|x| x.to_bits() == out[0].to_bits()));
            out[0]
        }
    }

    #[test]
    fn exponentials_are_within_two_units_in_the_last_place() {
        for level in SimdLevel::available() {
            for i in -870_000..880_000 {
                let x = i as f32 * 1e-4;
                let (found, expected) = (level.run(Exp(x)), f64::from(x).exp());
                let unit = f64::from(f32::from_bits((expected as f32).to_bits() + 1))
                    - f64::from(expected as f32);
                let off = (f64::from(found) - expected).abs() / unit;
                assert!(off < 2.0, "{level:?}: e^{x} is off by {off} units");
            }
            assert_eq!(level.run(Exp(0.0)), 1.0);
            assert_eq!(level.run(Exp(f32::NEG_INFINITY)), 0.0);
            assert!(level.run(Exp(f32::INFINITY)).is_finite());
            assert!(level.run(Exp(f32::NAN)).is_nan());
        }
    }

    const COUNTING: [f32; 16] =
        [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

    struct Everything;

    impl Kernel for Everything {
        /// What each operation makes of known lanes.
        type Output = Vec<(&'static str, Vec<f32>)>;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            let list = |x: S::F| {
                let mut out = [0.0; 16];
                s.store(x, &mut out);
                out.to_vec()
            };
            let a: [f32; 16] = std::array::from_fn(|i| i as f32 * 0.75 - 5.0);
            let b: [f32; 16] = std::array::from_fn(|i| 3.0 - (i * 7 % 16) as f32);
            let bytes: [u8; 16] = std::array::from_fn(|i| (i * 77 + 200) as u8);
            let many: [u8; 64] = std::array::from_fn(|i| (i * 41 % 120) as u8);
            let (va, vb, packed) = (s.load(&a), s.load(&b), s.bytes(&bytes));
            let mut square = [s.splat(0.0); 16];
            for (i, row) in square.iter_mut().enumerate() {
                *row = s.add(s.splat(16.0 * i as f32), s.load(&COUNTING));
            }
            let mut transposed = Vec::new();
            for column in s.transpose(square) {
                transposed.extend(list(column));
            }
            let map = s.affine(s.splat(0.5), s.splat(-3.0));
            vec![
                ("add", list(s.add(va, vb))),
                ("sub", list(s.sub(va, vb))),
                ("mul", list(s.mul(va, vb))),
                ("div", list(s.div(va, s.splat(4.0)))),
                ("max", list(s.max(va, vb))),
                ("min", list(s.min(va, vb))),
                ("fma", list(s.fma(va, vb, s.splat(2.0)))),
                ("round", list(s.round(va))),
                ("round_to_ints", {
                    let mut ints = [0; 16];
                    s.store_ints(s.round_to_ints(va), &mut ints);
                    ints.map(|x| x as f32).to_vec()
                }),
                ("times_power_of_two", list(s.times_power_of_two(va, vb))),
                ("sum", vec![s.sum(vb)]),
                ("fours_of_rows", {
                    let row = |r: usize| s.load(&std::array::from_fn(|i| (16 * r + i) as f32));
                    list(s.fours_of_rows([row(0), row(1), row(2), row(3)]))
                }),
                ("sums_of_fours", s.sums_of_fours(va).to_vec()),
                ("largest", vec![s.largest(va), s.largest(vb)]),
                ("add_where", list(s.add_where(va, 0b1010_0110_1111_0001, vb))),
                ("transpose", transposed),
                ("unsigned", list(s.unsigned(packed))),
                ("signed", list(s.signed(packed))),
                ("field", list(s.unsigned(s.field(packed, 3, 0x7)))),
                ("join", {
                    let (low, high) = (s.field(packed, 0, 0x3), s.field(packed, 2, 0x7));
                    list(s.unsigned(s.join(low, high, 2)))
                }),
                ("add_products", {
                    let small = s.field(packed, 0, 0x3F);
                    let wide =
                        s.wide([small, s.field(packed, 2, 0x3F), small, s.field(packed, 4, 0xF)]);
                    let signed: [i8; 64] = std::array::from_fn(|i| (i * 57 % 256) as u8 as i8);
                    let once = s.add_products(s.no_sums(), wide, &signed);
                    let twice = s.add_products(s.shift_left(once, 8), wide, &signed);
                    list(s.to_floats(s.add_ints(twice, s.ints(&[5; 16]))))
                }),
                ("spread by 2", list(s.spread(va, 6, 2))),
                ("spread by 4", list(s.spread(va, 8, 4))),
                ("sixteen_where", {
                    let wide = s.wide_field(s.wide([packed; 4]), 4, 0xF);
                    let wide = s.sixteen_where(wide, 0x8421_F00F_1234_9ABC);
                    list(s.to_floats(s.add_products(s.no_sums(), wide, &[1; 64])))
                }),
                ("wide", {
                    let lower = s.wide_field(s.wide_bytes(&many), 2, 0x7);
                    let upper = s.two_fields(bytes_at(&many, 9), [1, 4], 0x3);
                    let wide = s.wide_join(lower, upper, 3);
                    let ones: [i8; 64] = std::array::from_fn(|i| 1 + (i % 4) as i8);
                    list(s.to_floats(s.add_products(s.no_sums(), wide, &ones)))
                }),
                ("words_of_rows", {
                    let rows: [[u8; 16]; 16] =
                        std::array::from_fn(|row| std::array::from_fn(|i| (row * 16 + i) as u8));
                    let words = s.words_of_rows(rows.each_ref());
                    words.into_iter().flat_map(|w| list(s.to_floats(s.and(w, 0xFFFF)))).collect()
                }),
                ("bits", {
                    let words = s.ints(&std::array::from_fn(|i| i as i32 * 0x0123_4567 - 99));
                    let parts = [
                        s.or(s.and(words, 0xF0F0), s.shift_left(s.and(words, 0xF), 8)),
                        s.shift_right(words, 9),
                        s.signed_byte(words, 0),
                        s.signed_byte(words, 2),
                        s.signed_byte(words, 3),
                    ];
                    parts.into_iter().flat_map(|part| list(s.to_floats(part))).collect()
                }),
                ("lower_halves", {
                    let words =
                        std::array::from_fn(|i| (i as i32 * 0x0001_0500) ^ ((i as i32 & 1) << 15));
                    list(s.lower_halves(s.ints(&words)))
                }),
                ("bits_of_floats", {
                    list(s.bits_of_floats(s.ints(&std::array::from_fn(|i| 0x3F80_0000 + i as i32))))
                }),
                ("centred", list(s.low_nibbles(&bytes, s.centred(s.splat(0.5), 8.0)))),
                ("low_nibbles", list(s.low_nibbles(&bytes, map))),
                ("high_nibbles", list(s.high_nibbles(&bytes, map))),
                ("half", list(s.half(&[0x00, 0x3C]))),
                ("tiny half", list(s.half(&[0x01, 0x00]))),
                ("negative half", list(s.half(&[0xCD, 0xD0]))),
                ("halves", list(s.halves(bytes_at(&many, 3)))),
                ("spread_halves", {
                    let at = |i| bytes_at(&many, i);
                    list(s.spread_halves([at(0), at(10), at(20), at(30)]))
                }),
                ("spread_pairs", {
                    let at = |i| bytes_at(&many, i);
                    let pairs = s.spread_pairs([at(0), at(10), at(20), at(30)]);
                    [list(pairs[0]), list(pairs[1])].concat()
                }),
                ("brain_halves", list(s.brain_halves(bytes_at(&many, 5)))),
                ("floats", list(s.floats(&many))),
                ("lanes_at", list(lanes_at(s, &a[..13], 0))),
            ]
        }
    }

    #[test]
    fn all_instruction_sets_do_the_same() {
        let expected = Everything.run(crate::simd::Portable);
        for level in SimdLevel::available() {
            assert_eq!(level.run(Everything), expected, "{level:?}");
        }
        let of = |name: &str| expected.iter().find(|(n, _)| *n == name).unwrap().1.clone();
        assert_eq!(of("half"), [1.0; 16]);
        assert_eq!(of("tiny half"), [2f32.powi(-24); 16]);
        assert_eq!(of("negative half"), [-38.40625; 16]);
        assert_eq!(of("transpose")[..3], [0.0, 16.0, 32.0]);
        // Bytes 0, 41, 82, 3 (123 - 120): 0, 2, 4, 0; and 8 times 9 * 41 % 120 = 9, 50, 91, 12 (132 -
        // 120), shifted by one: 0, 1, 1, 2.
        assert_eq!(of("wide")[0], (2 * (2 + 8) + 3 * (4 + 8) + 4 * 16) as f32);
        // Upper halves 12, 1, 6 and 10 (bytes 200, 21, 98, 175); bits 2 and 3 of 0xC are set.
        assert_eq!(of("sixteen_where")[0], 61.0);
        assert_eq!(of("words_of_rows")[..2], [256.0, (16 + 17 * 256) as f32]);
        assert_eq!(of("words_of_rows")[48], (12 + 13 * 256) as f32);
        // 0x8500 is a sign, an exponent of 1, so 2^(1 - 15), and a quarter.
        assert_eq!(of("lower_halves")[1], -1.25 * 2f32.powi(-14));
        assert_eq!(of("round")[..4], [-5.0, -4.0, -4.0, -3.0]);
        assert_eq!(of("round_to_ints"), of("round"));
        assert_eq!(of("sum"), [-72.0]);
        assert_eq!(of("fours_of_rows")[..5], [24.0, 28.0, 32.0, 36.0, 88.0]);
        assert_eq!(of("fours_of_rows")[15], 228.0);
        assert_eq!(of("signed")[0], -56.0);
        assert_eq!(of("spread by 2")[6..10], [-0.5, -0.5, 0.25, 0.25]);
        assert_eq!(of("spread by 4")[2..6], [1.0, 1.0, 1.75, 1.75]);
        // Numbers 8, 21, 34 and 47 (bytes 200, 277, 354, 431), times 0, 57, 114 and -85, twice.
        let sum = 21 * 57 + 34 * 114 - 47 * 85;
        assert_eq!(of("add_products")[0], (sum * 256 + sum + 5) as f32);
    }
}
