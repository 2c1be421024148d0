//! AVX2 with FMA: sixteen numbers are two registers.
//!
//! Processors with AVX-VNNI (Intel's laptops since 2021) multiply 32 bytes and add fours of the products in
//! one instruction; the others need three. Both are one implementation, which differs in that place.

#![expect(
    unsafe_code,
    reason = "instructions need CPU features, of which a value of Avx2 is the proof; what is read or \
              written through pointers is an array of exactly that size"
)]

use std::arch::x86_64::*;

use super::Kernel;
use super::lanes::Simd;

/// Proof that this machine has AVX2, FMA and F16C, and AVX-VNNI where `VNNI` says so.
#[derive(Clone, Copy)]
pub(crate) struct Avx2<const VNNI: bool>(());

/// Runs a kernel compiled for AVX2.
///
/// # Safety
/// The machine must have the features named here.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2::<false>(()))
}

/// Runs a kernel compiled for AVX2 with AVX-VNNI.
///
/// # Safety
/// The machine must have the features named here.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub(super) unsafe fn run_with_vnni<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2::<true>(()))
}

/// Whether this machine has AVX2, FMA and F16C.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// Whether this machine has AVX-VNNI, too.
pub(super) fn has_vnni() -> bool {
    is_available() && is_x86_feature_detected!("avxvnni")
}

type Two = [__m256; 2];

/// The upper eight bytes, moved down.
#[inline(always)]
fn upper<const VNNI: bool>(_: Avx2<VNNI>, bytes: __m128i) -> __m128i {
    // SAFETY: the first argument proves the feature.
    unsafe { _mm_srli_si128::<8>(bytes) }
}

/// Rows of a square of eight become columns.
#[inline(always)]
fn transpose_eight<const VNNI: bool>(_: Avx2<VNNI>, r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the first argument proves the feature.
    unsafe {
        let mut pairs = r;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        let mut fours = pairs;
        for i in 0..2 {
            for j in 0..2 {
                let (a, b) = (pairs[4 * i + j], pairs[4 * i + j + 2]);
                fours[4 * i + 2 * j] = _mm256_shuffle_ps::<0x44>(a, b);
                fours[4 * i + 2 * j + 1] = _mm256_shuffle_ps::<0xEE>(a, b);
            }
        }
        let mut columns = fours;
        for j in 0..4 {
            columns[j] = _mm256_permute2f128_ps::<0x20>(fours[j], fours[4 + j]);
            columns[4 + j] = _mm256_permute2f128_ps::<0x31>(fours[j], fours[4 + j]);
        }
        columns
    }
}

/// `x * 2^n` for eight numbers.
#[inline(always)]
fn scale_eight<const VNNI: bool>(_: Avx2<VNNI>, x: __m256, n: __m256) -> __m256 {
    // SAFETY: the first argument proves the feature.
    unsafe {
        // The exponent's bits are put together by hand. An exponent of zero makes zero.
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        let exponent = _mm256_max_epi32(exponent, _mm256_setzero_si256());
        _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
    }
}

/// `x + y` where the bit of the lane is set, for eight numbers.
#[inline(always)]
fn add_where_eight<const VNNI: bool>(_: Avx2<VNNI>, x: __m256, bits: i32, y: __m256) -> __m256 {
    // SAFETY: the first argument proves the feature.
    unsafe {
        let lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
        let set = _mm256_and_si256(_mm256_set1_epi32(bits), lanes);
        let mask = _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, lanes));
        _mm256_add_ps(x, _mm256_and_ps(mask, y))
    }
}

/// 16 more in the bytes whose bit is set, for 32 bytes.
#[inline(always)]
fn sixteen_where_of_half<const VNNI: bool>(_: Avx2<VNNI>, bytes: __m256i, bits: u32) -> __m256i {
    // SAFETY: the first argument proves the feature.
    unsafe {
        // Every byte gets the byte of bits that its own bit is in, and looks at that one.
        let own = _mm256_setr_epi64x(
            0,
            0x0101_0101_0101_0101,
            0x0202_0202_0202_0202,
            0x0303_0303_0303_0303,
        );
        let spread = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), own);
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let is_set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
        _mm256_add_epi8(bytes, _mm256_and_si256(is_set, _mm256_set1_epi8(16)))
    }
}

/// Numbers `first`, `first + step` and so on, each in four lanes.
#[inline(always)]
fn spread_every<const VNNI: bool>(_: Avx2<VNNI>, numbers: __m256, step: i32, first: i32) -> Two {
    // SAFETY: the first argument proves the feature.
    unsafe {
        let at = |i: i32| _mm_set1_epi32(i * step + first);
        let (low, high) = (_mm256_set_m128i(at(1), at(0)), _mm256_set_m128i(at(3), at(2)));
        [_mm256_permutevar8x32_ps(numbers, low), _mm256_permutevar8x32_ps(numbers, high)]
    }
}

/// Words 0 to 3 of eight rows.
#[inline(always)]
fn words_of_eight<const VNNI: bool>(s: Avx2<VNNI>, rows: [&[u8; 16]; 8]) -> [__m256i; 4] {
    // SAFETY: the first argument proves the feature.
    unsafe {
        let two = |i: usize| _mm256_set_m128i(s.bytes(rows[4 + i]), s.bytes(rows[i]));
        let [a, b, c, d] = [two(0), two(1), two(2), two(3)];
        let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
        let (ab_upper, cd_upper) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_upper, cd_upper),
            _mm256_unpackhi_epi64(ab_upper, cd_upper),
        ]
    }
}

// SAFETY of every block below: `self` proves the features, and pointers come from references to
// arrays of the size that is read or written.
impl<const VNNI: bool> Simd for Avx2<VNNI> {
    type F = Two;
    type B = __m128i;
    type W = [__m256i; 2];
    type I = [__m256i; 2];
    /// Scale and offset.
    type Affine = (Two, Two);

    const TILE_ROWS: usize = 6;
    const TILE_COLUMNS: usize = 1;
    const TILE_RUN: usize = usize::MAX;

    #[inline(always)]
    fn prefetch(self, bytes: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(self, bytes: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(bytes.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Two {
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Two {
        let halves = from.as_chunks::<8>().0;
        unsafe { [_mm256_loadu_ps(halves[0].as_ptr()), _mm256_loadu_ps(halves[1].as_ptr())] }
    }

    #[inline(always)]
    fn store(self, x: Two, to: &mut [f32; 16]) {
        let halves = to.as_chunks_mut::<8>().0;
        unsafe {
            _mm256_storeu_ps(halves[0].as_mut_ptr(), x[0]);
            _mm256_storeu_ps(halves[1].as_mut_ptr(), x[1]);
        }
    }

    #[inline(always)]
    fn add(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn sub(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn div(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn max(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn min(self, a: Two, b: Two) -> Two {
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn fma(self, a: Two, b: Two, c: Two) -> Two {
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn round(self, x: Two) -> Two {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { [_mm256_round_ps::<NEAREST>(x[0]), _mm256_round_ps::<NEAREST>(x[1])] }
    }

    #[inline(always)]
    fn times_power_of_two(self, x: Two, n: Two) -> Two {
        [scale_eight(self, x[0], n[0]), scale_eight(self, x[1], n[1])]
    }

    #[inline(always)]
    fn sum(self, x: Two) -> f32 {
        unsafe {
            let eight = _mm256_add_ps(x[0], x[1]);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn fours_of_rows(self, rows: [Two; 4]) -> Two {
        unsafe {
            let [a, b, c, d] = rows.map(|row| _mm256_add_ps(row[0], row[1]));
            // The lower halves of two rows, and the upper ones.
            let pair = |a, b| {
                let lower = _mm256_permute2f128_ps::<0x20>(a, b);
                _mm256_add_ps(lower, _mm256_permute2f128_ps::<0x31>(a, b))
            };
            [pair(a, b), pair(c, d)]
        }
    }

    #[inline(always)]
    fn sums_of_fours(self, x: Two) -> [f32; 4] {
        unsafe {
            let [lower, upper] = x;
            // Pairs of both registers' fours: those of rows 0, 2, 1 and 3.
            let twos = _mm256_hadd_ps(lower, upper);
            let ones = _mm256_hadd_ps(twos, twos);
            let [even, odd] = [_mm256_castps256_ps128(ones), _mm256_extractf128_ps::<1>(ones)];
            let mut sums = [0.0; 4];
            _mm_storeu_ps(sums.as_mut_ptr(), _mm_unpacklo_ps(even, odd));
            sums
        }
    }

    #[inline(always)]
    fn largest(self, x: Two) -> f32 {
        unsafe {
            let eight = _mm256_max_ps(x[0], x[1]);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn add_where(self, x: Two, bits: u16, y: Two) -> Two {
        let bits = i32::from(bits);
        [add_where_eight(self, x[0], bits, y[0]), add_where_eight(self, x[1], bits >> 8, y[1])]
    }

    #[inline(always)]
    fn transpose(self, rows: [Two; 16]) -> [Two; 16] {
        // Four squares of eight; those off the diagonal change places.
        let mut columns = rows;
        for (upper, lower) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut square = [rows[0][0]; 8];
            for i in 0..8 {
                square[i] = rows[8 * upper + i][lower];
            }
            let square = transpose_eight(self, square);
            for i in 0..8 {
                columns[8 * lower + i][upper] = square[i];
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
    fn unsigned(self, bytes: __m128i) -> Two {
        unsafe {
            let (low, high) =
                (_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(upper(self, bytes)));
            [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)]
        }
    }

    #[inline(always)]
    fn signed(self, bytes: __m128i) -> Two {
        unsafe {
            let (low, high) =
                (_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(upper(self, bytes)));
            [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)]
        }
    }

    #[inline(always)]
    fn wide(self, bytes: [__m128i; 4]) -> [__m256i; 2] {
        unsafe { [_mm256_set_m128i(bytes[1], bytes[0]), _mm256_set_m128i(bytes[3], bytes[2])] }
    }

    #[inline(always)]
    fn no_sums(self) -> [__m256i; 2] {
        unsafe { [_mm256_setzero_si256(); 2] }
    }

    #[inline(always)]
    fn add_products(
        self,
        sums: [__m256i; 2],
        unsigned: [__m256i; 2],
        signed: &[i8; 64],
    ) -> [__m256i; 2] {
        let halves = signed.as_chunks::<32>().0;
        let mut result = sums;
        for i in 0..2 {
            unsafe {
                let signed = _mm256_loadu_si256(halves[i].as_ptr().cast());
                if VNNI {
                    result[i] = _mm256_dpbusd_avx_epi32(sums[i], unsigned[i], signed);
                    continue;
                }
                // Two products of at most 63 * 128 fit into 16 bits.
                let pairs = _mm256_maddubs_epi16(unsigned[i], signed);
                let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
                result[i] = _mm256_add_epi32(sums[i], fours);
            }
        }
        result
    }

    #[inline(always)]
    fn to_floats(self, x: [__m256i; 2]) -> Two {
        unsafe { [_mm256_cvtepi32_ps(x[0]), _mm256_cvtepi32_ps(x[1])] }
    }

    #[inline(always)]
    fn wide_bytes(self, from: &[u8; 64]) -> [__m256i; 2] {
        let halves = from.as_chunks::<32>().0;
        let (low, high) = (halves[0].as_ptr().cast(), halves[1].as_ptr().cast());
        unsafe { [_mm256_loadu_si256(low), _mm256_loadu_si256(high)] }
    }

    #[inline(always)]
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> [__m256i; 2] {
        unsafe {
            let bytes = _mm256_loadu_si256(from.as_ptr().cast());
            let [low, high] = shifts.map(|shift| _mm_cvtsi32_si128(shift as i32));
            let mask = _mm256_set1_epi8(mask as i8);
            [
                _mm256_and_si256(_mm256_srl_epi16(bytes, low), mask),
                _mm256_and_si256(_mm256_srl_epi16(bytes, high), mask),
            ]
        }
    }

    #[inline(always)]
    fn wide_join(self, lower: [__m256i; 2], upper: [__m256i; 2], shift: u32) -> [__m256i; 2] {
        unsafe {
            let shift = _mm_cvtsi32_si128(shift as i32);
            [
                _mm256_or_si256(lower[0], _mm256_sll_epi16(upper[0], shift)),
                _mm256_or_si256(lower[1], _mm256_sll_epi16(upper[1], shift)),
            ]
        }
    }

    #[inline(always)]
    fn wide_field(self, bytes: [__m256i; 2], shift: u32, mask: u8) -> [__m256i; 2] {
        unsafe {
            let (shift, mask) = (_mm_cvtsi32_si128(shift as i32), _mm256_set1_epi8(mask as i8));
            [
                _mm256_and_si256(_mm256_srl_epi16(bytes[0], shift), mask),
                _mm256_and_si256(_mm256_srl_epi16(bytes[1], shift), mask),
            ]
        }
    }

    #[inline(always)]
    fn sixteen_where(self, bytes: [__m256i; 2], bits: u64) -> [__m256i; 2] {
        [
            sixteen_where_of_half(self, bytes[0], bits as u32),
            sixteen_where_of_half(self, bytes[1], (bits >> 32) as u32),
        ]
    }

    #[inline(always)]
    fn add_ints(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
    }

    #[inline(always)]
    fn ints(self, from: &[i32; 16]) -> [__m256i; 2] {
        let halves = from.as_chunks::<8>().0;
        let (low, high) = (halves[0].as_ptr().cast(), halves[1].as_ptr().cast());
        unsafe { [_mm256_loadu_si256(low), _mm256_loadu_si256(high)] }
    }

    #[inline(always)]
    fn store_ints(self, x: [__m256i; 2], to: &mut [i32; 16]) {
        let halves = to.as_chunks_mut::<8>().0;
        unsafe {
            _mm256_storeu_si256(halves[0].as_mut_ptr().cast(), x[0]);
            _mm256_storeu_si256(halves[1].as_mut_ptr().cast(), x[1]);
        }
    }

    #[inline(always)]
    fn round_to_ints(self, x: Two) -> [__m256i; 2] {
        unsafe { [_mm256_cvtps_epi32(x[0]), _mm256_cvtps_epi32(x[1])] }
    }

    #[inline(always)]
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [[__m256i; 2]; 4] {
        let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15] = rows;
        let low = words_of_eight(self, [r0, r1, r2, r3, r4, r5, r6, r7]);
        let high = words_of_eight(self, [r8, r9, r10, r11, r12, r13, r14, r15]);
        [[low[0], high[0]], [low[1], high[1]], [low[2], high[2]], [low[3], high[3]]]
    }

    #[inline(always)]
    fn and(self, a: [__m256i; 2], mask: u32) -> [__m256i; 2] {
        unsafe {
            let mask = _mm256_set1_epi32(mask as i32);
            [_mm256_and_si256(a[0], mask), _mm256_and_si256(a[1], mask)]
        }
    }

    #[inline(always)]
    fn or(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        unsafe { [_mm256_or_si256(a[0], b[0]), _mm256_or_si256(a[1], b[1])] }
    }

    #[inline(always)]
    fn shift_left(self, a: [__m256i; 2], n: u32) -> [__m256i; 2] {
        unsafe {
            let n = _mm_cvtsi32_si128(n as i32);
            [_mm256_sll_epi32(a[0], n), _mm256_sll_epi32(a[1], n)]
        }
    }

    #[inline(always)]
    fn shift_right(self, a: [__m256i; 2], n: u32) -> [__m256i; 2] {
        unsafe {
            let n = _mm_cvtsi32_si128(n as i32);
            [_mm256_srl_epi32(a[0], n), _mm256_srl_epi32(a[1], n)]
        }
    }

    #[inline(always)]
    fn signed_byte(self, words: [__m256i; 2], n: u32) -> [__m256i; 2] {
        let [low, high] = self.shift_left(words, 24 - 8 * n);
        unsafe { [_mm256_srai_epi32::<24>(low), _mm256_srai_epi32::<24>(high)] }
    }

    #[inline(always)]
    fn lower_halves(self, words: [__m256i; 2]) -> Two {
        let [low, high] = self.and(words, 0xFFFF);
        unsafe {
            // Packing goes by halves of registers, whose middle quarters then change places.
            let packed = _mm256_permute4x64_epi64::<0xD8>(_mm256_packus_epi32(low, high));
            let upper = _mm256_extracti128_si256::<1>(packed);
            [_mm256_cvtph_ps(_mm256_castsi256_si128(packed)), _mm256_cvtph_ps(upper)]
        }
    }

    #[inline(always)]
    fn bits_of_floats(self, words: [__m256i; 2]) -> Two {
        unsafe { [_mm256_castsi256_ps(words[0]), _mm256_castsi256_ps(words[1])] }
    }

    #[inline(always)]
    fn spread(self, numbers: Two, first: usize, per_16: usize) -> Two {
        let mut in_memory = [0.0; 16];
        self.store(numbers, &mut in_memory);
        let numbers = in_memory;
        unsafe {
            if per_16 == 2 {
                [_mm256_set1_ps(numbers[first]), _mm256_set1_ps(numbers[first + 1])]
            } else {
                let four = |i: usize| _mm_set1_ps(numbers[first + i]);
                [_mm256_set_m128(four(1), four(0)), _mm256_set_m128(four(3), four(2))]
            }
        }
    }

    #[inline(always)]
    fn affine(self, scale: Two, offset: Two) -> (Two, Two) {
        (scale, offset)
    }

    #[inline(always)]
    fn centred(self, scale: Two, centre: f32) -> (Two, Two) {
        (scale, self.mul(scale, self.splat(-centre)))
    }

    #[inline(always)]
    fn low_nibbles(self, bytes: &[u8; 16], (scale, offset): (Two, Two)) -> Two {
        let numbers = self.unsigned(self.field(self.bytes(bytes), 0, 0xF));
        self.fma(scale, numbers, offset)
    }

    #[inline(always)]
    fn high_nibbles(self, bytes: &[u8; 16], (scale, offset): (Two, Two)) -> Two {
        let numbers = self.unsigned(self.field(self.bytes(bytes), 4, 0xF));
        self.fma(scale, numbers, offset)
    }

    #[inline(always)]
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> Two {
        let [a, b, c, d] = halves.map(|half| i16::from_le_bytes(*half));
        unsafe {
            let fours = _mm_cvtph_ps(_mm_set_epi16(0, 0, 0, 0, d, c, b, a));
            spread_every(self, _mm256_castps128_ps256(fours), 1, 0)
        }
    }

    #[inline(always)]
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [Two; 2] {
        let [a, b, c, d] = pairs.map(|pair| i32::from_le_bytes(*pair));
        unsafe {
            let pairs = _mm256_cvtph_ps(_mm_set_epi32(d, c, b, a));
            [spread_every(self, pairs, 2, 0), spread_every(self, pairs, 2, 1)]
        }
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 32]) -> Two {
        let halves = bytes.as_chunks::<16>().0;
        let (low, high) = (self.bytes(&halves[0]), self.bytes(&halves[1]));
        unsafe { [_mm256_cvtph_ps(low), _mm256_cvtph_ps(high)] }
    }

    #[inline(always)]
    fn brain_halves(self, bytes: &[u8; 32]) -> Two {
        let halves = bytes.as_chunks::<16>().0;
        let (low, high) = (self.bytes(&halves[0]), self.bytes(&halves[1]));
        unsafe {
            let low = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(low));
            let high = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(high));
            [_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)]
        }
    }

    #[inline(always)]
    fn floats(self, bytes: &[u8; 64]) -> Two {
        let halves = bytes.as_chunks::<32>().0;
        let (low, high) = (halves[0].as_ptr().cast(), halves[1].as_ptr().cast());
        unsafe { [_mm256_loadu_ps(low), _mm256_loadu_ps(high)] }
    }
}
