//! Which vector instructions this machine has, and how a kernel is compiled for them.
//!
//! Kernels are written once, over the sixteen lanes of [`Simd`], and compiled per instruction set:
//! a [`Kernel`] is inlined into a function with `#[target_feature]`. The default target of x86-64
//! builds is SSE2, which would leave three quarters of the machine idle.
//!
//! Plain loops that the compiler vectorises were tried first. They do for sums and products of
//! float32, but not for numbers of a few bits, which they expand to memory before they use them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;

use std::sync::OnceLock;

pub(crate) use lanes::{Simd, bytes_at, exp, lanes_at, store_at};
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(crate) use portable::Portable;

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimdLevel {
    /// AVX-512 F, BW, DQ, VL and VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2, FMA, F16C and AVX-VNNI.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// NEON with the dot product of bytes.
    #[cfg(target_arch = "aarch64")]
    DotProducts,
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// What every machine of this kind has: SSE2 on 64-bit x86; elsewhere plain loops, of which the
    /// compiler makes what it can.
    Portable,
}

#[cfg(target_arch = "x86_64")]
type Baseline = sse2::Sse2;
#[cfg(not(target_arch = "x86_64"))]
type Baseline = Portable;

/// A value of it.
#[cfg(target_arch = "x86_64")]
const BASELINE: Baseline = sse2::Sse2;
#[cfg(not(target_arch = "x86_64"))]
const BASELINE: Baseline = Portable;

/// The environment variable that chooses an instruction set.
const VARIABLE: &str = "TOKENSCOPE_SIMD";

/// Work that is compiled for every instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;
    /// Does the work.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

impl SimdLevel {
    /// The one kernels run with: the widest that this machine has, or the one that the environment
    /// variable `TOKENSCOPE_SIMD` names (`avx512`, `avxvnni`, `avx2`; `dotprod`, `neon`; `portable`). Asked once.
    ///
    /// # Errors
    /// A sentence for the user if the variable names none, or one that this machine does not have.
    pub(crate) fn chosen() -> Result<Self, String> {
        static CHOSEN: OnceLock<Result<SimdLevel, String>> = OnceLock::new();
        CHOSEN.get_or_init(|| Self::named(std::env::var(VARIABLE).ok().as_deref())).clone()
    }

    /// As [`SimdLevel::chosen`], where a wrong name has been reported already: it counts as none.
    pub(crate) fn current() -> Self {
        static CURRENT: OnceLock<SimdLevel> = OnceLock::new();
        *CURRENT.get_or_init(|| Self::chosen().unwrap_or_else(|_| Self::best()))
    }

    fn named(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Self::best()) };
        let available = Self::available();
        let found = available.iter().find(|level| level.name() == name).copied();
        found.ok_or_else(|| {
            let names: Vec<&str> = available.iter().map(|level| level.name()).collect();
            format!("{VARIABLE}={name:?}: this machine can do {}", names.join(", "))
        })
    }

    /// Its name, as in `TOKENSCOPE_SIMD`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            SimdLevel::AvxVnni => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            SimdLevel::DotProducts => "dotprod",
            #[cfg(target_arch = "aarch64")]
            SimdLevel::Neon => "neon",
            SimdLevel::Portable => "portable",
        }
    }

    fn best() -> Self {
        *Self::available().last().expect("the portable level is always there")
    }

    /// All that this machine has, narrowest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut levels = vec![SimdLevel::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(avx2::is_available().then_some(SimdLevel::Avx2));
            levels.extend(avx2::has_vnni().then_some(SimdLevel::AvxVnni));
            levels.extend(avx512::is_available().then_some(SimdLevel::Avx512));
        }
        #[cfg(target_arch = "aarch64")]
        {
            levels.push(SimdLevel::Neon);
            levels.extend(neon::has_dot_products().then_some(SimdLevel::DotProducts));
        }
        levels
    }

    /// Most rows of a [`crate::ops::tile`].
    pub(crate) fn tile_rows(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => avx512::Avx512::TILE_ROWS,
            #[cfg(target_arch = "x86_64")]
            SimdLevel::AvxVnni | SimdLevel::Avx2 => avx2::Avx2::<false>::TILE_ROWS,
            #[cfg(target_arch = "aarch64")]
            SimdLevel::DotProducts | SimdLevel::Neon => neon::Neon::<false>::TILE_ROWS,
            SimdLevel::Portable => Baseline::TILE_ROWS,
        }
    }

    /// Columns of a panel.
    pub(crate) fn panel_columns(self) -> usize {
        16 * match self {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => avx512::Avx512::TILE_COLUMNS,
            #[cfg(target_arch = "x86_64")]
            SimdLevel::AvxVnni | SimdLevel::Avx2 => avx2::Avx2::<false>::TILE_COLUMNS,
            #[cfg(target_arch = "aarch64")]
            SimdLevel::DotProducts | SimdLevel::Neon => neon::Neon::<false>::TILE_COLUMNS,
            SimdLevel::Portable => Baseline::TILE_COLUMNS,
        }
    }

    /// Runs a kernel compiled for this level.
    #[expect(
        unsafe_code,
        reason = "the callees need CPU features; a level is only handed out by `available`, which \
                  asks the machine for them"
    )]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the level is only handed out when its features were detected.
            SimdLevel::Avx512 => unsafe { avx512::run(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            SimdLevel::AvxVnni => unsafe { avx2::run_with_vnni(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            SimdLevel::Avx2 => unsafe { avx2::run(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            SimdLevel::DotProducts => unsafe { neon::run_with_dot_products(kernel) },
            #[cfg(target_arch = "aarch64")]
            SimdLevel::Neon => neon::run(kernel),
            SimdLevel::Portable => run_baseline(kernel),
        }
    }
}

/// A function of its own for each kernel, as the other levels have them: `cargo xtask cycles` finds kernels by them.
#[inline(never)]
fn run_baseline<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(BASELINE)
}
