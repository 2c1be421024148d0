//! The steps of a pass, one file each: the formula, the code, its gradient with respect to its input,
//! a slow twin in its tests.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod embedding;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod product;
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

/// The slope of [`softcap`] where it has given `y`: `1 - tanh^2`.
#[inline(always)]
pub(crate) fn softcap_slope(y: f32, cap: f32) -> f32 {
    1.0 - (y / cap) * (y / cap)
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

    /// The gradient of `sum over i of d[i] * y[i]` for `y = f(x)`, by central differences in double
    /// precision.
    pub(crate) fn differences(x: &[f32], d: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f32> {
        const STEP: f64 = 1e-5;
        let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let number = |i: usize, step: f64| -> f64 {
            let mut x = x.clone();
            x[i] += step;
            f(&x).into_iter().zip(d).map(|(y, d)| y * f64::from(*d)).sum()
        };
        let slope = |i| (number(i, STEP) - number(i, -STEP)) / (2.0 * STEP);
        (0..x.len()).map(|i| slope(i) as f32).collect()
    }
}
