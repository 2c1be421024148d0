//! Which vector instructions this machine has, and how a kernel is compiled for them.
//!
//! Kernels are written once, in plain loops over fixed-size arrays that compilers turn into vector
//! code, and instantiated per instruction set: an `#[inline(always)]` body called from a function
//! with `#[target_feature]` is compiled with that feature. The default target of x86-64 builds is
//! SSE2, which would leave three quarters of the machine idle.

use std::sync::OnceLock;

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimdLevel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl SimdLevel {
    /// The widest one that this machine has; asked once.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<SimdLevel> = OnceLock::new();
        *BEST.get_or_init(|| *Self::available().last().expect("the portable level is always there"))
    }

    /// All that this machine has, narrowest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut levels = vec![SimdLevel::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 {
                levels.push(SimdLevel::Avx2);
            }
            if avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                levels.push(SimdLevel::Avx512);
            }
        }
        levels
    }
}

/// Defines `$name`, which runs the `#[inline(always)]` function `$body` compiled for a
/// [`SimdLevel`]. `$body`'s first const argument says whether a multiply-add is one instruction.
macro_rules! multiversioned {
    ($(#[$doc:meta])* fn $name:ident $(<$f:ident: $bound:path>)? ($($arg:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        #[expect(
            unsafe_code,
            reason = "the callee needs CPU features; SimdLevel::available only lists levels \
                      whose features were detected"
        )]
        pub(crate) fn $name $(<$f: $bound>)? (level: $crate::simd::SimdLevel, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
            fn avx512 $(<$f: $bound>)? ($($arg: $type),*) {
                $body::<$($f,)? true>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2 $(<$f: $bound>)? ($($arg: $type),*) {
                $body::<$($f,)? true>($($arg),*)
            }
            match level {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the level is only handed out when its features were detected.
                $crate::simd::SimdLevel::Avx512 => unsafe { avx512 $(::<$f>)? ($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::simd::SimdLevel::Avx2 => unsafe { avx2 $(::<$f>)? ($($arg),*) },
                $crate::simd::SimdLevel::Portable => $body::<$($f,)? false>($($arg),*),
            }
        }
    };
}
pub(crate) use multiversioned;

/// `a * b + c`, in one instruction where there is one. Without one, `f32::mul_add` would call a
/// library function for every number.
#[inline(always)]
pub(crate) fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The dot product, in 64 running sums so that four vector registers work at once.
#[inline(always)]
pub(crate) fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 64;
    let mut sums = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] = multiply_add::<FMA>(a[lane], b[lane], sums[lane]);
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + tail
}
