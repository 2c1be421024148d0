//! AVX-512: sixteen numbers are one register.

#![expect(
    unsafe_code,
    reason = "instructions need CPU features, of which a value of Avx512 is the proof; what is read \
              or written through pointers is an array of exactly that size"
)]

use std::arch::x86_64::*;

use super::Kernel;
use super::lanes::Simd;

/// Proof that this machine has AVX-512 F, BW, DQ, VL and VNNI, AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// Runs a kernel compiled for AVX-512.
///
/// # Safety
/// The machine must have the features named here.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

/// Whether this machine has the features of [`Avx512`].
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && super::avx2::is_available()
}

/// What four bits can be.
const NUMBERS: [f32; 16] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];

// SAFETY of every block below: `self` proves the features, and pointers come from references to
// arrays of the size that is read or written.
impl Simd for Avx512 {
    type F = __m512;
    type B = __m128i;
    type W = __m512i;
    type I = __m512i;
    /// The map's sixteen values.
    type Affine = __m512;

    const TILE_ROWS: usize = 12;
    const TILE_COLUMNS: usize = 2;
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
    fn splat(self, x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> __m512 {
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: __m512, to: &mut [f32; 16]) {
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn round(self, x: __m512) -> __m512 {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { _mm512_roundscale_ps::<NEAREST>(x) }
    }

    #[inline(always)]
    fn times_power_of_two(self, x: __m512, n: __m512) -> __m512 {
        unsafe {
            // What would end below the normal numbers takes the processor hundreds of cycles.
            let is_normal = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(n, _mm512_set1_ps(-126.0));
            _mm512_maskz_scalef_ps(is_normal, x, n)
        }
    }

    #[inline(always)]
    fn sum(self, x: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(x) }
    }

    #[inline(always)]
    fn fours_of_rows(self, rows: [__m512; 4]) -> __m512 {
        unsafe {
            let [a, b, c, d] = rows;
            // Both halves of two rows, added; then both quarters that are left of each.
            let halves = |a, b| {
                let lower = _mm512_shuffle_f32x4::<0x44>(a, b);
                _mm512_add_ps(lower, _mm512_shuffle_f32x4::<0xEE>(a, b))
            };
            let (ab, cd) = (halves(a, b), halves(c, d));
            let even = _mm512_shuffle_f32x4::<0x88>(ab, cd);
            _mm512_add_ps(even, _mm512_shuffle_f32x4::<0xDD>(ab, cd))
        }
    }

    #[inline(always)]
    fn sums_of_fours(self, x: __m512) -> [f32; 4] {
        unsafe {
            let twos = _mm512_add_ps(x, _mm512_permute_ps::<0x4E>(x));
            let ones = _mm512_add_ps(twos, _mm512_permute_ps::<0xB1>(twos));
            let first_of_four = _mm512_maskz_compress_ps(0x1111, ones);
            let mut sums = [0.0; 4];
            _mm_storeu_ps(sums.as_mut_ptr(), _mm512_castps512_ps128(first_of_four));
            sums
        }
    }

    #[inline(always)]
    fn largest(self, x: __m512) -> f32 {
        unsafe { _mm512_reduce_max_ps(x) }
    }

    #[inline(always)]
    fn add_where(self, x: __m512, bits: u16, y: __m512) -> __m512 {
        unsafe { _mm512_mask_add_ps(x, bits, x, y) }
    }

    #[inline(always)]
    fn transpose(self, rows: [__m512; 16]) -> [__m512; 16] {
        unsafe {
            // Pairs of rows, then pairs of pairs: afterwards every quarter of a register holds
            // four numbers of one column.
            let mut pairs = rows;
            for i in 0..8 {
                let (a, b) = (rows[2 * i], rows[2 * i + 1]);
                pairs[2 * i] = _mm512_unpacklo_ps(a, b);
                pairs[2 * i + 1] = _mm512_unpackhi_ps(a, b);
            }
            let mut fours = pairs;
            for i in 0..4 {
                for j in 0..2 {
                    let a = _mm512_castps_pd(pairs[4 * i + j]);
                    let b = _mm512_castps_pd(pairs[4 * i + j + 2]);
                    fours[4 * i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                    fours[4 * i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                }
            }
            // `fours[4 * i + j]` has in quarter q column 4 * q + j of rows 4 * i..; quarters of
            // one column are now brought together.
            let mut columns = fours;
            for j in 0..4 {
                let lower01 = _mm512_shuffle_f32x4::<0x88>(fours[j], fours[4 + j]);
                let lower23 = _mm512_shuffle_f32x4::<0x88>(fours[8 + j], fours[12 + j]);
                let upper01 = _mm512_shuffle_f32x4::<0xDD>(fours[j], fours[4 + j]);
                let upper23 = _mm512_shuffle_f32x4::<0xDD>(fours[8 + j], fours[12 + j]);
                columns[j] = _mm512_shuffle_f32x4::<0x88>(lower01, lower23);
                columns[4 + j] = _mm512_shuffle_f32x4::<0x88>(upper01, upper23);
                columns[8 + j] = _mm512_shuffle_f32x4::<0xDD>(lower01, lower23);
                columns[12 + j] = _mm512_shuffle_f32x4::<0xDD>(upper01, upper23);
            }
            columns
        }
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
    fn unsigned(self, bytes: __m128i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)) }
    }

    #[inline(always)]
    fn signed(self, bytes: __m128i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)) }
    }

    #[inline(always)]
    fn wide(self, bytes: [__m128i; 4]) -> __m512i {
        unsafe {
            let lower = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(bytes[0]), bytes[1]);
            let upper = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(bytes[2]), bytes[3]);
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(lower), upper)
        }
    }

    #[inline(always)]
    fn no_sums(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, unsigned: __m512i, signed: &[i8; 64]) -> __m512i {
        unsafe {
            let signed = _mm512_loadu_si512(signed.as_ptr().cast());
            _mm512_dpbusd_epi32(sums, unsigned, signed)
        }
    }

    #[inline(always)]
    fn to_floats(self, x: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(x) }
    }

    #[inline(always)]
    fn wide_bytes(self, from: &[u8; 64]) -> __m512i {
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> __m512i {
        unsafe {
            let twice = _mm512_broadcast_i64x4(_mm256_loadu_si256(from.as_ptr().cast()));
            let [low, high] = shifts.map(|shift| _mm256_set1_epi16(shift as i16));
            let shifts = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
            _mm512_and_si512(_mm512_srlv_epi16(twice, shifts), _mm512_set1_epi8(mask as i8))
        }
    }

    #[inline(always)]
    fn wide_join(self, lower: __m512i, upper: __m512i, shift: u32) -> __m512i {
        unsafe { _mm512_or_si512(lower, _mm512_sll_epi16(upper, _mm_cvtsi32_si128(shift as i32))) }
    }

    #[inline(always)]
    fn wide_field(self, bytes: __m512i, shift: u32, mask: u8) -> __m512i {
        unsafe {
            let shifted = _mm512_srl_epi16(bytes, _mm_cvtsi32_si128(shift as i32));
            _mm512_and_si512(shifted, _mm512_set1_epi8(mask as i8))
        }
    }

    #[inline(always)]
    fn sixteen_where(self, bytes: __m512i, bits: u64) -> __m512i {
        unsafe { _mm512_mask_add_epi8(bytes, bits, bytes, _mm512_set1_epi8(16)) }
    }

    #[inline(always)]
    fn add_ints(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn ints(self, from: &[i32; 16]) -> __m512i {
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_ints(self, x: __m512i, to: &mut [i32; 16]) {
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), x) }
    }

    #[inline(always)]
    fn round_to_ints(self, x: __m512) -> __m512i {
        unsafe { _mm512_cvtps_epi32(x) }
    }

    #[inline(always)]
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [__m512i; 4] {
        unsafe {
            // Register i holds rows i, 4 + i, 8 + i and 12 + i, so that turning squares of four
            // words within its quarters brings rows into order.
            let mut fours = [_mm512_setzero_si512(); 4];
            for i in 0..4 {
                let first = _mm512_castsi128_si512(self.bytes(rows[i]));
                let two = _mm512_mask_broadcast_i32x4(first, 0x00F0, self.bytes(rows[4 + i]));
                let three = _mm512_mask_broadcast_i32x4(two, 0x0F00, self.bytes(rows[8 + i]));
                fours[i] = _mm512_mask_broadcast_i32x4(three, 0xF000, self.bytes(rows[12 + i]));
            }
            let [a, b, c, d] = fours;
            let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
            let (ab_upper, cd_upper) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
            [
                _mm512_unpacklo_epi64(ab, cd),
                _mm512_unpackhi_epi64(ab, cd),
                _mm512_unpacklo_epi64(ab_upper, cd_upper),
                _mm512_unpackhi_epi64(ab_upper, cd_upper),
            ]
        }
    }

    #[inline(always)]
    fn and(self, a: __m512i, mask: u32) -> __m512i {
        unsafe { _mm512_and_si512(a, _mm512_set1_epi32(mask as i32)) }
    }

    #[inline(always)]
    fn nibbles_to_floats(self, words: __m512i) -> __m512 {
        // Looked up: the permutation sees no more than those bits.
        unsafe { _mm512_permutexvar_ps(words, self.load(&NUMBERS)) }
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    fn shift_left(self, a: __m512i, n: u32) -> __m512i {
        unsafe { _mm512_sll_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }

    #[inline(always)]
    fn shift_right(self, a: __m512i, n: u32) -> __m512i {
        unsafe { _mm512_srl_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }

    #[inline(always)]
    fn signed_byte(self, words: __m512i, n: u32) -> __m512i {
        unsafe { _mm512_srai_epi32::<24>(self.shift_left(words, 24 - 8 * n)) }
    }

    #[inline(always)]
    fn lower_halves(self, words: __m512i) -> __m512 {
        unsafe { _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words)) }
    }

    #[inline(always)]
    fn bits_of_floats(self, words: __m512i) -> __m512 {
        unsafe { _mm512_castsi512_ps(words) }
    }

    #[inline(always)]
    fn spread(self, numbers: __m512, first: usize, per_16: usize) -> __m512 {
        unsafe {
            let steps = if per_16 == 2 {
                _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
            } else {
                _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)
            };
            let places = _mm512_add_epi32(steps, _mm512_set1_epi32(first as i32));
            _mm512_permutexvar_ps(places, numbers)
        }
    }

    #[inline(always)]
    fn affine(self, scale: __m512, offset: __m512) -> __m512 {
        self.fma(scale, self.load(&NUMBERS), offset)
    }

    #[inline(always)]
    fn centred(self, scale: __m512, centre: f32) -> __m512 {
        self.mul(scale, self.sub(self.load(&NUMBERS), self.splat(centre)))
    }

    #[inline(always)]
    fn low_nibbles(self, bytes: &[u8; 16], map: __m512) -> __m512 {
        // The permutation looks at the lowest four bits of each lane, so nothing need be masked.
        unsafe { _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(self.bytes(bytes)), map) }
    }

    #[inline(always)]
    fn high_nibbles(self, bytes: &[u8; 16], map: __m512) -> __m512 {
        unsafe {
            let wide = _mm512_cvtepu8_epi32(self.bytes(bytes));
            _mm512_permutexvar_ps(_mm512_srli_epi32::<4>(wide), map)
        }
    }

    #[inline(always)]
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> __m512 {
        let [a, b, c, d] = halves.map(|half| i16::from_le_bytes(*half));
        unsafe {
            let fours = _mm_cvtph_ps(_mm_set_epi16(0, 0, 0, 0, d, c, b, a));
            self.spread(_mm512_castps128_ps512(fours), 0, 4)
        }
    }

    #[inline(always)]
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [__m512; 2] {
        let [a, b, c, d] = pairs.map(|pair| i32::from_le_bytes(*pair));
        unsafe {
            let pairs = _mm512_castps256_ps512(_mm256_cvtph_ps(_mm_set_epi32(d, c, b, a)));
            let firsts = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
            let seconds = _mm512_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 7);
            [_mm512_permutexvar_ps(firsts, pairs), _mm512_permutexvar_ps(seconds, pairs)]
        }
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 32]) -> __m512 {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(bytes.as_ptr().cast())) }
    }

    #[inline(always)]
    fn brain_halves(self, bytes: &[u8; 32]) -> __m512 {
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(bytes.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }
    }

    #[inline(always)]
    fn floats(self, bytes: &[u8; 64]) -> __m512 {
        unsafe { _mm512_loadu_ps(bytes.as_ptr().cast()) }
    }
}
