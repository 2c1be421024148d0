//! How fast this machine reads memory and multiplies: the bounds that kernels are held against.
//!
//! Both are measured with the widest instructions the machine has, whatever `TOKENSCOPE_SIMD` says,
//! and the best of several passes counts: a ceiling is what was possible, not what is usual.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that are read in one pass by all threads together; far more than caches hold.
const BUFFER_BYTES: usize = 512 << 20;
const PASSES: usize = 8;
/// Multiply-adds that do not wait for each other. Two units of four cycles' latency need eight.
const CHAINS: usize = 12;
/// Times that every chain is lengthened in one pass.
const ROUNDS: usize = 2_000_000;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Ceilings {
    /// Reading memory in order, in 10^9 bytes per second.
    pub read_gb_per_s: f64,
    /// float32 multiply-adds in registers, in 10^9 operations per second; one counts as two.
    pub gflop_per_s: f64,
}

impl Ceilings {
    /// Measures with `threads` threads; takes about a second and half a gigabyte.
    pub fn measure(threads: usize) -> Self {
        let level = Level::best();
        let words = BUFFER_BYTES / size_of::<u64>() / threads;
        let read = best_pass(threads, || vec![1u64; words], |words| level.sum(black_box(words)));
        let multiplied = best_pass(threads, || ROUNDS, |rounds| level.multiply_add(*rounds));
        let operations = 2 * threads * ROUNDS * CHAINS * level.lanes();
        Ceilings {
            read_gb_per_s: (words * size_of::<u64>() * threads) as f64 / read.as_secs_f64() / 1e9,
            gflop_per_s: operations as f64 / multiplied.as_secs_f64() / 1e9,
        }
    }
}

/// How long the quickest pass took until its slowest thread was done.
fn best_pass<T, R>(
    threads: usize,
    prepare: impl Fn() -> T + Sync,
    pass: impl Fn(&T) -> R + Sync,
) -> Duration {
    let barrier = Barrier::new(threads);
    let measure = || {
        // Each thread touches its own part first, so that its memory is near.
        let input = prepare();
        let times = (0..PASSES).map(|_| {
            barrier.wait();
            let started = Instant::now();
            black_box(pass(&input));
            started.elapsed()
        });
        times.collect::<Vec<Duration>>()
    };
    let times: Vec<Vec<Duration>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(measure)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a pass cannot panic")).collect()
    });
    let slowest = |pass| times.iter().map(|times: &Vec<Duration>| times[pass]).max();
    (0..PASSES).filter_map(slowest).min().expect("there are passes and threads")
}

/// An instruction set with vectors.
#[derive(Debug, Clone, Copy)]
enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Level {
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Level::Avx2;
            }
        }
        Level::Portable
    }

    /// float32 numbers of one vector.
    fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => 16,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => 8,
            Level::Portable => PORTABLE_LANES,
        }
    }

    /// Reads all words.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "the callees need CPU features, which `best` has detected")
    )]
    fn sum(self, words: &[u64]) -> u64 {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `best` only gives this level where AVX-512 is there.
            Level::Avx512 => unsafe { x86::sum_avx512(words) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above, for AVX2.
            Level::Avx2 => unsafe { x86::sum_avx2(words) },
            Level::Portable => sum(words),
        }
    }

    /// Lengthens `CHAINS` chains of vectors by `rounds` multiply-adds each.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "the callees need CPU features, which `best` has detected")
    )]
    fn multiply_add(self, rounds: usize) -> f32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `best` only gives this level where AVX-512 is there.
            Level::Avx512 => unsafe { x86::multiply_add_avx512(rounds) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above, for AVX2 and FMA.
            Level::Avx2 => unsafe { x86::multiply_add_avx2(rounds) },
            Level::Portable => multiply_add_portable(rounds),
        }
    }
}

/// A loop that compilers turn into vector code with several sums; spelling the sums out as an array
/// makes them give up.
#[inline(always)]
fn sum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}

const PORTABLE_LANES: usize = 4;

/// As the build's own target has it: on aarch64 a multiply-add is one instruction everywhere,
/// elsewhere it may be a library's function, so we multiply and add.
fn multiply_add_portable(rounds: usize) -> f32 {
    let (factor, summand) = (black_box(0.5f32), black_box(1.0f32));
    let mut chains = [[0.0f32; PORTABLE_LANES]; CHAINS];
    for _ in 0..rounds {
        for number in chains.as_flattened_mut() {
            *number = if cfg!(target_arch = "aarch64") {
                number.mul_add(factor, summand)
            } else {
                *number * factor + summand
            };
        }
    }
    chains.as_flattened().iter().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm512_fmadd_ps, _mm512_reduce_add_ps,
        _mm512_set1_ps, _mm512_setzero_ps,
    };
    use std::hint::black_box;

    use super::CHAINS;

    #[target_feature(enable = "avx512f")]
    pub(super) fn sum_avx512(words: &[u64]) -> u64 {
        super::sum(words)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn sum_avx2(words: &[u64]) -> u64 {
        super::sum(words)
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn multiply_add_avx512(rounds: usize) -> f32 {
        let (factor, summand) = (black_box(_mm512_set1_ps(0.5)), black_box(_mm512_set1_ps(1.0)));
        let mut chains = [_mm512_setzero_ps(); CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm512_fmadd_ps(*chain, factor, summand);
            }
        }
        chains.into_iter().map(|chain| _mm512_reduce_add_ps(chain)).sum()
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn multiply_add_avx2(rounds: usize) -> f32 {
        let (factor, summand) = (black_box(_mm256_set1_ps(0.5)), black_box(_mm256_set1_ps(1.0)));
        let mut chains = [_mm256_setzero_ps(); CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm256_fmadd_ps(*chain, factor, summand);
            }
        }
        black_box(chains);
        0.0
    }
}
