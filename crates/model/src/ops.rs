//! The steps of a forward pass, one file each: the formula, the code, a slow twin in its tests.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod embedding;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod rope;
pub(crate) mod tile;

/// `x += scale * y`: what each block adds to the residual stream.
pub(crate) fn add_scaled(x: &mut [f32], y: &[f32], scale: f32) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += scale * y;
    }
}

/// `cap * tanh(x / cap)`: squeezes into +-cap (Gemma 2, arXiv:2408.00118).
#[inline(always)]
pub(crate) fn softcap(x: f32, cap: f32) -> f32 {
    cap * (x / cap).tanh()
}

#[cfg(test)]
pub(crate) mod testing {
    /// `n` numbers in -1..1 that look random and are the same every time.
    pub(crate) fn noise(seed: u64, n: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let difference = (found - expected).abs();
            assert!(difference <= tolerance, "[{i}]: {found} is not {expected} +- {tolerance}");
        }
    }
}
