//! SSE2: sixteen numbers are four registers. Every 64-bit x86 processor has it, so here it is what
//! *portable* means.
//!
//! Plain loops over arrays ([`super::Portable`]) come to a tenth of its speed: the compiler takes arrays
//! of sixteen apart into single numbers before it looks for vectors.

#![expect(
    unsafe_code,
    reason = "instructions count as needing a CPU feature, which is part of the target; what is read or \
              written through pointers is an array of exactly that size"
)]

use std::arch::x86_64::*;
use std::array::from_fn;

use super::lanes::Simd;

/// Needs no proof: the feature is part of the target.
#[derive(Clone, Copy)]
pub(crate) struct Sse2;

type Floats = [__m128; 4];
type Ints = [__m128i; 4];

/// Bytes as words, four to a register.
#[inline(always)]
fn words(bytes: __m128i) -> Ints {
    // SAFETY: the feature is part of the target.
    unsafe {
        let zero = _mm_setzero_si128();
        let (low, high) = (_mm_unpacklo_epi8(bytes, zero), _mm_unpackhi_epi8(bytes, zero));
        [
            _mm_unpacklo_epi16(low, zero),
            _mm_unpackhi_epi16(low, zero),
            _mm_unpacklo_epi16(high, zero),
            _mm_unpackhi_epi16(high, zero),
        ]
    }
}

/// Signed bytes in 16 bits.
#[inline(always)]
fn with_sign(bytes: __m128i) -> [__m128i; 2] {
    // SAFETY: as above. A byte is put into the upper half and moved down with its sign.
    unsafe {
        [
            _mm_srai_epi16::<8>(_mm_unpacklo_epi8(bytes, bytes)),
            _mm_srai_epi16::<8>(_mm_unpackhi_epi8(bytes, bytes)),
        ]
    }
}

/// Four IEEE halves, which are the lower halves of the words, as float32; the upper ones must be zero.
#[inline(always)]
fn four_halves(words: __m128i) -> __m128 {
    // SAFETY: as above.
    unsafe {
        let sign = _mm_slli_epi32::<16>(_mm_and_si128(words, _mm_set1_epi32(0x8000)));
        let number = _mm_slli_epi32::<13>(_mm_and_si128(words, _mm_set1_epi32(0x7FFF)));
        // Exponents count from 15 and 127. A product does that for numbers below the normal ones, too.
        let scaled = _mm_mul_ps(_mm_castsi128_ps(number), _mm_set1_ps(2f32.powi(112)));
        // The largest exponent stands for no number.
        let is_none = _mm_cmpgt_epi32(number, _mm_set1_epi32(0x0F7F_FFFF));
        let exponent = _mm_and_si128(is_none, _mm_set1_epi32(0x7F80_0000));
        _mm_or_ps(scaled, _mm_castsi128_ps(_mm_or_si128(sign, exponent)))
    }
}

/// Rows of a square of four become columns.
#[inline(always)]
fn transpose_four([a, b, c, d]: Floats) -> Floats {
    // SAFETY: as above.
    unsafe {
        let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        let (ab_upper, cd_upper) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        [
            _mm_movelh_ps(ab, cd),
            _mm_movehl_ps(cd, ab),
            _mm_movelh_ps(ab_upper, cd_upper),
            _mm_movehl_ps(cd_upper, ab_upper),
        ]
    }
}

/// Each number in a register of its own, four times.
#[inline(always)]
fn spread_four(x: __m128) -> Floats {
    // SAFETY: as above.
    unsafe {
        [
            _mm_shuffle_ps::<0x00>(x, x),
            _mm_shuffle_ps::<0x55>(x, x),
            _mm_shuffle_ps::<0xAA>(x, x),
            _mm_shuffle_ps::<0xFF>(x, x),
        ]
    }
}

/// The sums of four neighbours' products of 16 bytes.
///
/// Even bytes and odd ones are multiplied apart. The instruction adds two neighbours of each kind, and so
/// all four are found in one lane, where unpacked bytes would have to be brought together first.
#[inline(always)]
fn products_of_sixteen(unsigned: __m128i, signed: __m128i) -> __m128i {
    // SAFETY: as above.
    unsafe {
        let even = _mm_madd_epi16(
            _mm_and_si128(unsigned, _mm_set1_epi16(0xFF)),
            _mm_srai_epi16::<8>(_mm_slli_epi16::<8>(signed)),
        );
        let odd = _mm_madd_epi16(_mm_srli_epi16::<8>(unsigned), _mm_srai_epi16::<8>(signed));
        _mm_add_epi32(even, odd)
    }
}

// SAFETY of every block below: the feature is part of the target, and pointers come from references to
// arrays of the size that is read or written.
impl Simd for Sse2 {
    type F = Floats;
    type B = __m128i;
    type W = Ints;
    type I = Ints;
    /// Scale and offset.
    type Affine = (Floats, Floats);

    // Of 16 registers 8 for sums, 4 for the panel's columns, and what a product needs before it is added.
    const TILE_ROWS: usize = 2;
    const TILE_COLUMNS: usize = 1;
    const TILE_RUN: usize = 128;

    #[inline(always)]
    fn prefetch(self, bytes: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(self, bytes: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(bytes.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Floats {
        unsafe { [_mm_set1_ps(x); 4] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Floats {
        let fours = from.as_chunks::<4>().0;
        from_fn(|i| unsafe { _mm_loadu_ps(fours[i].as_ptr()) })
    }

    #[inline(always)]
    fn store(self, x: Floats, to: &mut [f32; 16]) {
        for (x, to) in x.into_iter().zip(to.as_chunks_mut::<4>().0) {
            unsafe { _mm_storeu_ps(to.as_mut_ptr(), x) }
        }
    }

    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_add_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_sub_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_mul_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_div_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_max_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn min(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| unsafe { _mm_min_ps(a[i], b[i]) })
    }

    #[inline(always)]
    fn fma(self, a: Floats, b: Floats, c: Floats) -> Floats {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn round(self, x: Floats) -> Floats {
        // Above 2^23 there are whole numbers only, so adding it rounds, and ties go to even.
        let whole = self.splat(12_582_912.0);
        self.sub(self.add(x, whole), whole)
    }

    #[inline(always)]
    fn times_power_of_two(self, x: Floats, n: Floats) -> Floats {
        from_fn(|i| unsafe {
            // The exponent's bits are put together by hand. An exponent of zero makes zero.
            let exponent = _mm_add_epi32(_mm_cvtps_epi32(n[i]), _mm_set1_epi32(127));
            let is_some = _mm_cmpgt_epi32(exponent, _mm_setzero_si128());
            let exponent = _mm_slli_epi32::<23>(_mm_and_si128(exponent, is_some));
            _mm_mul_ps(x[i], _mm_castsi128_ps(exponent))
        })
    }

    #[inline(always)]
    fn sum(self, x: Floats) -> f32 {
        unsafe {
            let four = _mm_add_ps(_mm_add_ps(x[0], x[2]), _mm_add_ps(x[1], x[3]));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<0x55>(two, two)))
        }
    }

    #[inline(always)]
    fn fours_of_rows(self, rows: [Floats; 4]) -> Floats {
        rows.map(|x| unsafe { _mm_add_ps(_mm_add_ps(x[0], x[2]), _mm_add_ps(x[1], x[3])) })
    }

    #[inline(always)]
    fn sums_of_fours(self, x: Floats) -> [f32; 4] {
        unsafe {
            let halves = |a, b| _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
            let (low, high) = (halves(x[0], x[1]), halves(x[2], x[3]));
            let even = _mm_shuffle_ps::<0x88>(low, high);
            let odd = _mm_shuffle_ps::<0xDD>(low, high);
            let mut sums = [0.0; 4];
            _mm_storeu_ps(sums.as_mut_ptr(), _mm_add_ps(even, odd));
            sums
        }
    }

    #[inline(always)]
    fn largest(self, x: Floats) -> f32 {
        unsafe {
            let four = _mm_max_ps(_mm_max_ps(x[0], x[2]), _mm_max_ps(x[1], x[3]));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<0x55>(two, two)))
        }
    }

    #[inline(always)]
    fn add_where(self, x: Floats, bits: u16, y: Floats) -> Floats {
        from_fn(|i| unsafe {
            let lanes = _mm_setr_epi32(1, 2, 4, 8);
            let set = _mm_and_si128(_mm_set1_epi32(i32::from(bits) >> (4 * i)), lanes);
            let mask = _mm_castsi128_ps(_mm_cmpeq_epi32(set, lanes));
            _mm_add_ps(x[i], _mm_and_ps(mask, y[i]))
        })
    }

    #[inline(always)]
    fn transpose(self, rows: [Floats; 16]) -> [Floats; 16] {
        // Sixteen squares of four; those off the diagonal change places.
        let mut columns = rows;
        for upper in 0..4 {
            for left in 0..4 {
                let square = transpose_four(from_fn(|i| rows[4 * upper + i][left]));
                for i in 0..4 {
                    columns[4 * left + i][upper] = square[i];
                }
            }
        }
        columns
    }

    #[inline(always)]
    fn bytes(self, from: &[u8; 16]) -> __m128i {
        unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn field(self, bytes: __m128i, shift: u32, mask: u8) -> __m128i {
        unsafe {
            let shifted = _mm_srl_epi16(bytes, _mm_cvtsi32_si128(shift as i32));
            _mm_and_si128(shifted, _mm_set1_epi8(mask as i8))
        }
    }

    #[inline(always)]
    fn join(self, lower: __m128i, upper: __m128i, shift: u32) -> __m128i {
        unsafe { _mm_or_si128(lower, _mm_sll_epi16(upper, _mm_cvtsi32_si128(shift as i32))) }
    }

    #[inline(always)]
    fn unsigned(self, bytes: __m128i) -> Floats {
        self.to_floats(words(bytes))
    }

    #[inline(always)]
    fn signed(self, bytes: __m128i) -> Floats {
        let [low, high] = with_sign(bytes);
        unsafe {
            self.to_floats([
                _mm_srai_epi32::<16>(_mm_unpacklo_epi16(low, low)),
                _mm_srai_epi32::<16>(_mm_unpackhi_epi16(low, low)),
                _mm_srai_epi32::<16>(_mm_unpacklo_epi16(high, high)),
                _mm_srai_epi32::<16>(_mm_unpackhi_epi16(high, high)),
            ])
        }
    }

    #[inline(always)]
    fn wide(self, bytes: Ints) -> Ints {
        bytes
    }

    #[inline(always)]
    fn no_sums(self) -> Ints {
        unsafe { [_mm_setzero_si128(); 4] }
    }

    #[inline(always)]
    fn add_products(self, sums: Ints, unsigned: Ints, signed: &[i8; 64]) -> Ints {
        let signed = signed.as_chunks::<16>().0;
        from_fn(|i| unsafe {
            let signed = _mm_loadu_si128(signed[i].as_ptr().cast());
            _mm_add_epi32(sums[i], products_of_sixteen(unsigned[i], signed))
        })
    }

    #[inline(always)]
    fn to_floats(self, x: Ints) -> Floats {
        x.map(|x| unsafe { _mm_cvtepi32_ps(x) })
    }

    #[inline(always)]
    fn wide_bytes(self, from: &[u8; 64]) -> Ints {
        let sixteens = from.as_chunks().0;
        from_fn(|i| self.bytes(&sixteens[i]))
    }

    #[inline(always)]
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> Ints {
        let sixteens = from.as_chunks().0;
        let bytes = [self.bytes(&sixteens[0]), self.bytes(&sixteens[1])];
        from_fn(|i| self.field(bytes[i % 2], shifts[i / 2], mask))
    }

    #[inline(always)]
    fn wide_join(self, lower: Ints, upper: Ints, shift: u32) -> Ints {
        from_fn(|i| self.join(lower[i], upper[i], shift))
    }

    #[inline(always)]
    fn wide_field(self, bytes: Ints, shift: u32, mask: u8) -> Ints {
        bytes.map(|bytes| self.field(bytes, shift, mask))
    }

    #[inline(always)]
    fn sixteen_where(self, bytes: Ints, bits: u64) -> Ints {
        from_fn(|i| unsafe {
            // Every byte gets the byte of bits that its own bit is in, and looks at that one.
            let [low, high] = ((bits >> (16 * i)) as u16).to_le_bytes();
            let eight = |bits: u8| i64::from_ne_bytes([bits; 8]);
            let bit = _mm_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
            let spread = _mm_set_epi64x(eight(high), eight(low));
            let is_set = _mm_cmpeq_epi8(_mm_and_si128(spread, bit), bit);
            _mm_add_epi8(bytes[i], _mm_and_si128(is_set, _mm_set1_epi8(16)))
        })
    }

    #[inline(always)]
    fn ints(self, from: &[i32; 16]) -> Ints {
        let fours = from.as_chunks::<4>().0;
        from_fn(|i| unsafe { _mm_loadu_si128(fours[i].as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_ints(self, x: Ints, to: &mut [i32; 16]) {
        for (x, to) in x.into_iter().zip(to.as_chunks_mut::<4>().0) {
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), x) }
        }
    }

    #[inline(always)]
    fn round_to_ints(self, x: Floats) -> Ints {
        x.map(|x| unsafe { _mm_cvtps_epi32(x) })
    }

    #[inline(always)]
    fn add_ints(self, a: Ints, b: Ints) -> Ints {
        from_fn(|i| unsafe { _mm_add_epi32(a[i], b[i]) })
    }

    #[inline(always)]
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [Ints; 4] {
        let mut result = [self.no_sums(); 4];
        for four in 0..4 {
            let row = |i: usize| unsafe { _mm_castsi128_ps(self.bytes(rows[4 * four + i])) };
            let columns = transpose_four([row(0), row(1), row(2), row(3)]);
            for word in 0..4 {
                result[word][four] = unsafe { _mm_castps_si128(columns[word]) };
            }
        }
        result
    }

    #[inline(always)]
    fn and(self, a: Ints, mask: u32) -> Ints {
        a.map(|a| unsafe { _mm_and_si128(a, _mm_set1_epi32(mask as i32)) })
    }

    #[inline(always)]
    fn or(self, a: Ints, b: Ints) -> Ints {
        from_fn(|i| unsafe { _mm_or_si128(a[i], b[i]) })
    }

    #[inline(always)]
    fn shift_left(self, a: Ints, n: u32) -> Ints {
        a.map(|a| unsafe { _mm_sll_epi32(a, _mm_cvtsi32_si128(n as i32)) })
    }

    #[inline(always)]
    fn shift_right(self, a: Ints, n: u32) -> Ints {
        a.map(|a| unsafe { _mm_srl_epi32(a, _mm_cvtsi32_si128(n as i32)) })
    }

    #[inline(always)]
    fn signed_byte(self, words: Ints, n: u32) -> Ints {
        self.shift_left(words, 24 - 8 * n).map(|word| unsafe { _mm_srai_epi32::<24>(word) })
    }

    #[inline(always)]
    fn lower_halves(self, words: Ints) -> Floats {
        self.and(words, 0xFFFF).map(four_halves)
    }

    #[inline(always)]
    fn bits_of_floats(self, words: Ints) -> Floats {
        words.map(|words| unsafe { _mm_castsi128_ps(words) })
    }

    #[inline(always)]
    fn spread(self, numbers: Floats, first: usize, per_16: usize) -> Floats {
        let mut in_memory = [0.0; 16];
        self.store(numbers, &mut in_memory);
        from_fn(|i| unsafe { _mm_set1_ps(in_memory[first + i * per_16 / 4]) })
    }

    #[inline(always)]
    fn affine(self, scale: Floats, offset: Floats) -> (Floats, Floats) {
        (scale, offset)
    }

    #[inline(always)]
    fn centred(self, scale: Floats, centre: f32) -> (Floats, Floats) {
        (scale, self.mul(scale, self.splat(-centre)))
    }

    #[inline(always)]
    fn low_nibbles(self, bytes: &[u8; 16], (scale, offset): (Floats, Floats)) -> Floats {
        let numbers = self.unsigned(self.field(self.bytes(bytes), 0, 0xF));
        self.fma(scale, numbers, offset)
    }

    #[inline(always)]
    fn high_nibbles(self, bytes: &[u8; 16], (scale, offset): (Floats, Floats)) -> Floats {
        let numbers = self.unsigned(self.field(self.bytes(bytes), 4, 0xF));
        self.fma(scale, numbers, offset)
    }

    #[inline(always)]
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> Floats {
        let [a, b, c, d] = halves.map(|half| i32::from(u16::from_le_bytes(*half)));
        spread_four(four_halves(unsafe { _mm_setr_epi32(a, b, c, d) }))
    }

    #[inline(always)]
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [Floats; 2] {
        let [a, b, c, d] = pairs.map(|pair| i32::from_le_bytes(*pair));
        unsafe {
            let pairs = _mm_setr_epi32(a, b, c, d);
            let first = _mm_and_si128(pairs, _mm_set1_epi32(0xFFFF));
            [spread_four(four_halves(first)), spread_four(four_halves(_mm_srli_epi32::<16>(pairs)))]
        }
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 32]) -> Floats {
        let [low, high] =
            [self.bytes(&bytes.as_chunks().0[0]), self.bytes(&bytes.as_chunks().0[1])];
        unsafe {
            let zero = _mm_setzero_si128();
            [
                four_halves(_mm_unpacklo_epi16(low, zero)),
                four_halves(_mm_unpackhi_epi16(low, zero)),
                four_halves(_mm_unpacklo_epi16(high, zero)),
                four_halves(_mm_unpackhi_epi16(high, zero)),
            ]
        }
    }

    #[inline(always)]
    fn brain_halves(self, bytes: &[u8; 32]) -> Floats {
        let [low, high] =
            [self.bytes(&bytes.as_chunks().0[0]), self.bytes(&bytes.as_chunks().0[1])];
        unsafe {
            let zero = _mm_setzero_si128();
            self.bits_of_floats([
                _mm_unpacklo_epi16(zero, low),
                _mm_unpackhi_epi16(zero, low),
                _mm_unpacklo_epi16(zero, high),
                _mm_unpackhi_epi16(zero, high),
            ])
        }
    }

    #[inline(always)]
    fn floats(self, bytes: &[u8; 64]) -> Floats {
        let fours = bytes.as_chunks::<16>().0;
        from_fn(|i| unsafe { _mm_loadu_ps(fours[i].as_ptr().cast()) })
    }
}
