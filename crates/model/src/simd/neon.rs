//! NEON: sixteen numbers are four registers. Every 64-bit ARM processor has it.
//!
//! Those with the dot product (ARMv8.2 and later: Apple's since the A11, Neoverse N1, Cortex-A55 and A76) multiply
//! sixteen bytes and add fours of the products in one instruction; the others need four. Both are one
//! implementation, which differs in that place.

#![expect(
    unsafe_code,
    reason = "what is read or written through pointers is an array of exactly that size; assembly is \
              for instructions that stable Rust has no functions for, of which a value of Neon is the proof"
)]

use std::arch::aarch64::*;
use std::arch::asm;
use std::array::from_fn;

use super::Kernel;
use super::lanes::Simd;

/// Proof that this machine has the dot product where `DOT` says so. NEON itself is part of the target.
#[derive(Clone, Copy)]
pub(crate) struct Neon<const DOT: bool>(());

/// Runs a kernel compiled for NEON. A function of its own for each, as with the features of others.
#[inline(never)]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Neon::<false>(()))
}

/// Runs a kernel compiled for NEON with the dot product.
///
/// # Safety
/// The machine must have the feature named here.
#[target_feature(enable = "dotprod")]
pub(super) unsafe fn run_with_dot_products<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Neon::<true>(()))
}

/// Whether this machine has the dot product.
pub(super) fn has_dot_products() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

type Floats = [float32x4_t; 4];
type Ints = [int32x4_t; 4];
type Bytes = [uint8x16_t; 4];

/// The sums of four neighbours' products of 16 bytes, added to `sums`. The unsigned ones are at most 63.
#[inline(always)]
fn add_products_of_sixteen<const DOT: bool>(
    _: Neon<DOT>,
    sums: int32x4_t,
    unsigned: uint8x16_t,
    signed: int8x16_t,
) -> int32x4_t {
    unsafe {
        // Numbers of at most 63 are the same with a sign.
        let small = vreinterpretq_s8_u8(unsigned);
        if DOT {
            dot_products(sums, small, signed)
        } else {
            // A product is at most 63 * 128, so pairs of them fit into 16 bits.
            let lower = vmull_s8(vget_low_s8(small), vget_low_s8(signed));
            let upper = vmull_high_s8(small, signed);
            vpadalq_s16(sums, vpaddq_s16(lower, upper))
        }
    }
}

/// The instruction. Its function has the feature, as those of the standard library have theirs, so that
/// it also is right where it is not inlined.
///
/// # Safety
/// The machine must have it.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn dot_products(sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction touches no memory.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Four IEEE halves as float32.
#[inline(always)]
fn four_halves(halves: uint16x4_t) -> float32x4_t {
    let floats: float32x4_t;
    // SAFETY: the instruction is part of NEON and touches no memory.
    unsafe {
        asm!(
            "fcvtl {floats:v}.4s, {halves:v}.4h",
            floats = lateout(vreg) floats,
            halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    floats
}

/// Bytes as words, four to a register.
#[inline(always)]
fn words(bytes: uint8x16_t) -> [uint32x4_t; 4] {
    unsafe {
        let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
        [
            vmovl_u16(vget_low_u16(low)),
            vmovl_high_u16(low),
            vmovl_u16(vget_low_u16(high)),
            vmovl_high_u16(high),
        ]
    }
}

/// The first numbers of two pairs, and the second ones.
#[inline(always)]
fn pairs(a: float32x4_t, b: float32x4_t) -> [float32x4_t; 2] {
    unsafe {
        let (a, b) = (vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b));
        [vreinterpretq_f32_f64(vzip1q_f64(a, b)), vreinterpretq_f32_f64(vzip2q_f64(a, b))]
    }
}

/// Rows of a square of four become columns.
#[inline(always)]
fn transpose_four([a, b, c, d]: Floats) -> Floats {
    unsafe {
        let (ab, cd) = (vtrn1q_f32(a, b), vtrn1q_f32(c, d));
        let (ab_odd, cd_odd) = (vtrn2q_f32(a, b), vtrn2q_f32(c, d));
        let ([first, third], [second, fourth]) = (pairs(ab, cd), pairs(ab_odd, cd_odd));
        [first, second, third, fourth]
    }
}

/// The larger one of each two; `b` where one is NaN. (The instruction of that name gives NaN.)
#[inline(always)]
fn larger(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
}

/// Each number in a register of its own, four times.
#[inline(always)]
fn spread_four(x: float32x4_t) -> Floats {
    unsafe {
        [
            vdupq_laneq_f32::<0>(x),
            vdupq_laneq_f32::<1>(x),
            vdupq_laneq_f32::<2>(x),
            vdupq_laneq_f32::<3>(x),
        ]
    }
}

/// `byte >> shift & mask` of 16 bytes.
#[inline(always)]
fn field_of(bytes: uint8x16_t, shift: u32, mask: u8) -> uint8x16_t {
    unsafe {
        // A shift to the left by a negative number.
        vandq_u8(vshlq_u8(bytes, vdupq_n_s8(-(shift as i8))), vdupq_n_u8(mask))
    }
}

/// `lower | upper << shift` of 16 bytes.
#[inline(always)]
fn join_of(lower: uint8x16_t, upper: uint8x16_t, shift: u32) -> uint8x16_t {
    unsafe { vorrq_u8(lower, vshlq_u8(upper, vdupq_n_s8(shift as i8))) }
}

// SAFETY of every block below: pointers come from references to arrays of the size that is read or
// written.
impl<const DOT: bool> Simd for Neon<DOT> {
    type F = Floats;
    type B = uint8x16_t;
    type W = Bytes;
    type I = Ints;
    /// Scale and offset.
    type Affine = (Floats, Floats);

    // 24 registers of sums, 4 of the panel's columns and the rest for numbers of the rows.
    const TILE_ROWS: usize = 6;
    const TILE_COLUMNS: usize = 1;
    const TILE_RUN: usize = usize::MAX;

    #[inline(always)]
    fn prefetch(self, bytes: *const u8) {
        // SAFETY: a prefetch of an address that cannot be read does nothing.
        unsafe {
            asm!("prfm pldl1keep, [{}]", in(reg) bytes, options(readonly, nostack, preserves_flags));
        }
    }

    #[inline(always)]
    fn prefetch_far(self, bytes: *const u8) {
        // SAFETY: as above.
        unsafe {
            asm!("prfm pldl2keep, [{}]", in(reg) bytes, options(readonly, nostack, preserves_flags));
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Floats {
        unsafe { [vdupq_n_f32(x); 4] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Floats {
        unsafe {
            let fours = from.as_chunks::<4>().0;
            from_fn(|i| vld1q_f32(fours[i].as_ptr()))
        }
    }

    #[inline(always)]
    fn store(self, x: Floats, to: &mut [f32; 16]) {
        unsafe {
            for (x, to) in x.into_iter().zip(to.as_chunks_mut::<4>().0) {
                vst1q_f32(to.as_mut_ptr(), x)
            }
        }
    }

    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        unsafe { from_fn(|i| vaddq_f32(a[i], b[i])) }
    }

    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        unsafe { from_fn(|i| vsubq_f32(a[i], b[i])) }
    }

    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        unsafe { from_fn(|i| vmulq_f32(a[i], b[i])) }
    }

    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        unsafe { from_fn(|i| vdivq_f32(a[i], b[i])) }
    }

    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        from_fn(|i| larger(a[i], b[i]))
    }

    #[inline(always)]
    fn min(self, a: Floats, b: Floats) -> Floats {
        unsafe { from_fn(|i| vbslq_f32(vcltq_f32(a[i], b[i]), a[i], b[i])) }
    }

    #[inline(always)]
    fn fma(self, a: Floats, b: Floats, c: Floats) -> Floats {
        unsafe { from_fn(|i| vfmaq_f32(c[i], a[i], b[i])) }
    }

    #[inline(always)]
    fn round(self, x: Floats) -> Floats {
        unsafe { x.map(|x| vrndnq_f32(x)) }
    }

    #[inline(always)]
    fn times_power_of_two(self, x: Floats, n: Floats) -> Floats {
        unsafe {
            from_fn(|i| {
                // The exponent's bits are put together by hand. An exponent of zero makes zero.
                let exponent = vaddq_s32(vcvtnq_s32_f32(n[i]), vdupq_n_s32(127));
                let exponent = vmaxq_s32(exponent, vdupq_n_s32(0));
                vmulq_f32(x[i], vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent)))
            })
        }
    }

    #[inline(always)]
    fn sum(self, x: Floats) -> f32 {
        unsafe {
            let four = vaddq_f32(vaddq_f32(x[0], x[2]), vaddq_f32(x[1], x[3]));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vaddv_f32(two)
        }
    }

    #[inline(always)]
    fn fours_of_rows(self, rows: [Floats; 4]) -> Floats {
        unsafe { rows.map(|x| vaddq_f32(vaddq_f32(x[0], x[2]), vaddq_f32(x[1], x[3]))) }
    }

    #[inline(always)]
    fn sums_of_fours(self, x: Floats) -> [f32; 4] {
        unsafe {
            let two = |a, b| {
                let [lower, upper] = pairs(a, b);
                vaddq_f32(lower, upper)
            };
            let sums = vpaddq_f32(two(x[0], x[1]), two(x[2], x[3]));
            let mut four = [0.0; 4];
            vst1q_f32(four.as_mut_ptr(), sums);
            four
        }
    }

    #[inline(always)]
    fn largest(self, x: Floats) -> f32 {
        unsafe {
            let four = larger(larger(x[0], x[2]), larger(x[1], x[3]));
            let two = larger(four, vextq_f32::<2>(four, four));
            vgetq_lane_f32::<0>(larger(two, vextq_f32::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn add_where(self, x: Floats, bits: u16, y: Floats) -> Floats {
        unsafe {
            const LANES: [u32; 4] = [1, 2, 4, 8];
            let lanes = vld1q_u32(LANES.as_ptr());
            from_fn(|i| {
                let is_set = vtstq_u32(vdupq_n_u32(u32::from(bits) >> (4 * i)), lanes);
                let y = vandq_u32(is_set, vreinterpretq_u32_f32(y[i]));
                vaddq_f32(x[i], vreinterpretq_f32_u32(y))
            })
        }
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
    fn bytes(self, from: &[u8; 16]) -> uint8x16_t {
        unsafe { vld1q_u8(from.as_ptr()) }
    }

    #[inline(always)]
    fn field(self, bytes: uint8x16_t, shift: u32, mask: u8) -> uint8x16_t {
        field_of(bytes, shift, mask)
    }

    #[inline(always)]
    fn join(self, lower: uint8x16_t, upper: uint8x16_t, shift: u32) -> uint8x16_t {
        join_of(lower, upper, shift)
    }

    #[inline(always)]
    fn unsigned(self, bytes: uint8x16_t) -> Floats {
        unsafe { words(bytes).map(|words| vcvtq_f32_u32(words)) }
    }

    #[inline(always)]
    fn signed(self, bytes: uint8x16_t) -> Floats {
        unsafe {
            let bytes = vreinterpretq_s8_u8(bytes);
            let (low, high) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
            let low = [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low)];
            let high = [vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)];
            self.to_floats([low[0], low[1], high[0], high[1]])
        }
    }

    #[inline(always)]
    fn wide(self, bytes: Bytes) -> Bytes {
        bytes
    }

    #[inline(always)]
    fn no_sums(self) -> Ints {
        unsafe { [vdupq_n_s32(0); 4] }
    }

    #[inline(always)]
    fn add_products(self, sums: Ints, unsigned: Bytes, signed: &[i8; 64]) -> Ints {
        unsafe {
            let signed = signed.as_chunks::<16>().0;
            from_fn(|i| {
                let signed = vld1q_s8(signed[i].as_ptr());
                add_products_of_sixteen(self, sums[i], unsigned[i], signed)
            })
        }
    }

    #[inline(always)]
    fn to_floats(self, x: Ints) -> Floats {
        unsafe { x.map(|x| vcvtq_f32_s32(x)) }
    }

    #[inline(always)]
    fn wide_bytes(self, from: &[u8; 64]) -> Bytes {
        let sixteens = from.as_chunks().0;
        from_fn(|i| self.bytes(&sixteens[i]))
    }

    #[inline(always)]
    fn two_fields(self, from: &[u8; 32], shifts: [u32; 2], mask: u8) -> Bytes {
        let sixteens = from.as_chunks().0;
        let bytes = [self.bytes(&sixteens[0]), self.bytes(&sixteens[1])];
        from_fn(|i| field_of(bytes[i % 2], shifts[i / 2], mask))
    }

    #[inline(always)]
    fn wide_join(self, lower: Bytes, upper: Bytes, shift: u32) -> Bytes {
        from_fn(|i| join_of(lower[i], upper[i], shift))
    }

    #[inline(always)]
    fn wide_field(self, bytes: Bytes, shift: u32, mask: u8) -> Bytes {
        bytes.map(|bytes| field_of(bytes, shift, mask))
    }

    #[inline(always)]
    fn sixteen_where(self, bytes: Bytes, bits: u64) -> Bytes {
        unsafe {
            const LANES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
            let lanes = self.bytes(&LANES);
            from_fn(|i| {
                // Every byte gets the byte of bits that its own bit is in, and looks at that one.
                let [low, high] = ((bits >> (16 * i)) as u16).to_le_bytes();
                let spread = vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
                let is_set = vtstq_u8(spread, lanes);
                vaddq_u8(bytes[i], vandq_u8(is_set, vdupq_n_u8(16)))
            })
        }
    }

    #[inline(always)]
    fn ints(self, from: &[i32; 16]) -> Ints {
        unsafe {
            let fours = from.as_chunks::<4>().0;
            from_fn(|i| vld1q_s32(fours[i].as_ptr()))
        }
    }

    #[inline(always)]
    fn store_ints(self, x: Ints, to: &mut [i32; 16]) {
        unsafe {
            for (x, to) in x.into_iter().zip(to.as_chunks_mut::<4>().0) {
                vst1q_s32(to.as_mut_ptr(), x)
            }
        }
    }

    #[inline(always)]
    fn round_to_ints(self, x: Floats) -> Ints {
        unsafe { x.map(|x| vcvtnq_s32_f32(x)) }
    }

    #[inline(always)]
    fn add_ints(self, a: Ints, b: Ints) -> Ints {
        unsafe { from_fn(|i| vaddq_s32(a[i], b[i])) }
    }

    #[inline(always)]
    fn words_of_rows(self, rows: [&[u8; 16]; 16]) -> [Ints; 4] {
        unsafe {
            let mut result = [self.no_sums(); 4];
            for four in 0..4 {
                let rows = from_fn(|i| vreinterpretq_f32_u8(self.bytes(rows[4 * four + i])));
                let columns = transpose_four(rows);
                for word in 0..4 {
                    result[word][four] = vreinterpretq_s32_f32(columns[word]);
                }
            }
            result
        }
    }

    #[inline(always)]
    fn and(self, a: Ints, mask: u32) -> Ints {
        unsafe { a.map(|a| vandq_s32(a, vdupq_n_s32(mask as i32))) }
    }

    #[inline(always)]
    fn or(self, a: Ints, b: Ints) -> Ints {
        unsafe { from_fn(|i| vorrq_s32(a[i], b[i])) }
    }

    #[inline(always)]
    fn shift_left(self, a: Ints, n: u32) -> Ints {
        unsafe { a.map(|a| vshlq_s32(a, vdupq_n_s32(n as i32))) }
    }

    #[inline(always)]
    fn shift_right(self, a: Ints, n: u32) -> Ints {
        unsafe {
            let by = vdupq_n_s32(-(n as i32));
            a.map(|a| vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), by)))
        }
    }

    #[inline(always)]
    fn signed_byte(self, words: Ints, n: u32) -> Ints {
        unsafe { self.shift_left(words, 24 - 8 * n).map(|word| vshrq_n_s32::<24>(word)) }
    }

    #[inline(always)]
    fn lower_halves(self, words: Ints) -> Floats {
        unsafe { words.map(|words| four_halves(vmovn_u32(vreinterpretq_u32_s32(words)))) }
    }

    #[inline(always)]
    fn bits_of_floats(self, words: Ints) -> Floats {
        unsafe { words.map(|words| vreinterpretq_f32_s32(words)) }
    }

    #[inline(always)]
    fn spread(self, numbers: Floats, first: usize, per_16: usize) -> Floats {
        unsafe {
            let mut in_memory = [0.0; 16];
            self.store(numbers, &mut in_memory);
            from_fn(|i| vdupq_n_f32(in_memory[first + i * per_16 / 4]))
        }
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
        self.fma(scale, self.unsigned(field_of(self.bytes(bytes), 0, 0xF)), offset)
    }

    #[inline(always)]
    fn high_nibbles(self, bytes: &[u8; 16], (scale, offset): (Floats, Floats)) -> Floats {
        self.fma(scale, self.unsigned(field_of(self.bytes(bytes), 4, 0xF)), offset)
    }

    #[inline(always)]
    fn spread_halves(self, halves: [&[u8; 2]; 4]) -> Floats {
        unsafe {
            let halves: [u16; 4] = halves.map(|half| u16::from_le_bytes(*half));
            spread_four(four_halves(vld1_u16(halves.as_ptr())))
        }
    }

    #[inline(always)]
    fn spread_pairs(self, pairs: [&[u8; 4]; 4]) -> [Floats; 2] {
        unsafe {
            let pairs: [u32; 4] = pairs.map(|pair| u32::from_le_bytes(*pair));
            let pairs = vld1q_u32(pairs.as_ptr());
            // The lower halves of the words, and the upper ones.
            let (first, second) = (vmovn_u32(pairs), vshrn_n_u32::<16>(pairs));
            [spread_four(four_halves(first)), spread_four(four_halves(second))]
        }
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 32]) -> Floats {
        unsafe {
            let fours = bytes.as_chunks::<8>().0;
            from_fn(|i| four_halves(vreinterpret_u16_u8(vld1_u8(fours[i].as_ptr()))))
        }
    }

    #[inline(always)]
    fn brain_halves(self, bytes: &[u8; 32]) -> Floats {
        unsafe {
            let fours = bytes.as_chunks::<8>().0;
            from_fn(|i| {
                let halves = vreinterpret_u16_u8(vld1_u8(fours[i].as_ptr()));
                vreinterpretq_f32_u32(vshll_n_u16::<16>(halves))
            })
        }
    }

    #[inline(always)]
    fn floats(self, bytes: &[u8; 64]) -> Floats {
        unsafe {
            let fours = bytes.as_chunks::<16>().0;
            from_fn(|i| vreinterpretq_f32_u8(self.bytes(&fours[i])))
        }
    }
}
