//! Normalisation of rows, as long as the weight.
//!
//! RMSNorm (arXiv:1910.07467): `y = x / sqrt(mean(x^2) + epsilon) * weight`.
//! LayerNorm (arXiv:1607.06450): `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.
//!
//! With `s = 1 / sqrt(.. + epsilon)` and `g = dy * weight`, their gradients are
//! `dx = s * (g - x * s^2 * mean(g * x))` and, with the centred `c = x - mean`,
//! `dx = s * (g - mean(g) - c * s^2 * mean(g * c))`.

use crate::NormKind;
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};
use crate::weights::Norm;

/// Normalises each row of `x: [n][weight.len()]` in place. With a weight as long as one head, that
/// is each head of each token.
pub(crate) fn norm(kind: NormKind, x: &mut [f32], norm: &Norm, epsilon: f32) {
    SimdLevel::current().run(Normalise { kind, x, norm, epsilon });
}

struct Normalise<'a> {
    kind: NormKind,
    x: &'a mut [f32],
    norm: &'a Norm,
    epsilon: f32,
}

impl Kernel for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let d = self.norm.weight.len();
        for x in self.x.chunks_exact_mut(d) {
            let (mean, scale) = moments(s, self.kind, x, self.epsilon);
            let (mean, scale) = (s.splat(mean), s.splat(scale));
            for index in 0..d.div_ceil(16) {
                let centred = s.sub(lanes_at(s, x, index), mean);
                let weight = lanes_at(s, &self.norm.weight, index);
                let mut y = s.mul(s.mul(centred, scale), weight);
                if let Some(bias) = &self.norm.bias {
                    y = s.add(y, lanes_at(s, bias, index));
                }
                store_at(s, y, x, index);
            }
        }
    }
}

/// The gradient of [`norm`]: `d` holds that with respect to the normalised rows before, and that with
/// respect to `x` after.
pub(crate) fn backward(kind: NormKind, x: &[f32], d: &mut [f32], norm: &Norm, epsilon: f32) {
    SimdLevel::current().run(Backward { kind, x, d, norm, epsilon });
}

struct Backward<'a> {
    kind: NormKind,
    x: &'a [f32],
    d: &'a mut [f32],
    norm: &'a Norm,
    epsilon: f32,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let weight = &self.norm.weight;
        let len = weight.len();
        for (x, d) in self.x.chunks_exact(len).zip(self.d.chunks_exact_mut(len)) {
            let (mean, scale) = moments(s, self.kind, x, self.epsilon);
            let (mean, square) = (s.splat(mean), scale * scale / len as f32);
            let (mut sum, mut products) = (s.splat(0.0), s.splat(0.0));
            for index in 0..len.div_ceil(16) {
                let g = s.mul(lanes_at(s, d, index), lanes_at(s, weight, index));
                sum = s.add(sum, g);
                products = s.fma(g, s.sub(lanes_at(s, x, index), mean), products);
            }
            let shift = s.splat(match self.kind {
                NormKind::Rms => 0.0,
                NormKind::Layer => s.sum(sum) / len as f32,
            });
            let slope = s.splat(-square * s.sum(products));
            for index in 0..len.div_ceil(16) {
                let g = s.mul(lanes_at(s, d, index), lanes_at(s, weight, index));
                let centred = s.sub(lanes_at(s, x, index), mean);
                let dx = s.fma(centred, slope, s.sub(g, shift));
                store_at(s, s.mul(dx, s.splat(scale)), d, index);
            }
        }
    }
}

/// What a row is shifted by, and what it is then multiplied with.
#[inline(always)]
fn moments<S: Simd>(s: S, kind: NormKind, x: &[f32], epsilon: f32) -> (f32, f32) {
    let mean = match kind {
        NormKind::Rms => 0.0,
        NormKind::Layer => sum(s, x) / x.len() as f32,
    };
    let variance = sum_of_squares(s, x, mean) / x.len() as f32;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[inline(always)]
fn sum<S: Simd>(s: S, x: &[f32]) -> f32 {
    let mut sum = s.splat(0.0);
    for index in 0..x.len().div_ceil(16) {
        sum = s.add(sum, lanes_at(s, x, index));
    }
    s.sum(sum)
}

/// The sum of `(x - mean)^2`.
#[inline(always)]
fn sum_of_squares<S: Simd>(s: S, x: &[f32], mean: f32) -> f32 {
    let (whole, rest) = x.as_chunks::<16>();
    let mut sum = s.splat(0.0);
    for x in whole {
        let centred = s.sub(s.load(x), s.splat(mean));
        sum = s.fma(centred, centred, sum);
    }
    // Not with zeros filled up: they would count as numbers off the mean.
    s.sum(sum) + rest.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{assert_close, differences, noise};

    fn normalised(kind: NormKind, x: &[f32], norm: &Norm, epsilon: f32) -> Vec<f32> {
        let by_level = SimdLevel::available().into_iter().map(|level| {
            let mut x = x.to_vec();
            level.run(Normalise { kind, x: &mut x, norm, epsilon });
            x
        });
        let results: Vec<Vec<f32>> = by_level.collect();
        results.iter().for_each(|result| assert_close(result, &results[0], 1e-6));
        results[0].clone()
    }

    #[test]
    fn rms_rows_get_a_mean_square_of_one() {
        let weights = Norm { weight: vec![1.0, 2.0], bias: None };
        // Row 1: mean square 12.5; row 2: mean square 2.
        let y = normalised(NormKind::Rms, &[3.0, 4.0, 2.0, 0.0], &weights, 0.0);
        let rms = 12.5f32.sqrt();
        assert_close(&y, &[3.0 / rms, 8.0 / rms, 2f32.sqrt(), 0.0], 1e-6);
        let ones = Norm { weight: vec![1.0, 1.0], bias: None };
        assert_close(&normalised(NormKind::Rms, &[2.0, 0.0], &ones, 2.0), &[1.0, 0.0], 1e-6);
    }

    #[test]
    fn layer_rows_get_mean_zero_and_variance_one_before_scale_and_shift() {
        let weights = Norm { weight: vec![1.0, 3.0], bias: Some(vec![0.5, 0.0]) };
        // Mean 5, variance 4.
        assert_close(&normalised(NormKind::Layer, &[3.0, 7.0], &weights, 0.0), &[-0.5, 3.0], 1e-6);
        // Long enough for a register and a rest: numbers 0..37 have mean 18 and variance 114.
        let ones = Norm { weight: vec![1.0; 37], bias: None };
        let x: Vec<f32> = (0..37).map(|x| x as f32).collect();
        let expected: Vec<f32> = x.iter().map(|x| (x - 18.0) / 114f32.sqrt()).collect();
        assert_close(&normalised(NormKind::Layer, &x, &ones, 0.0), &expected, 1e-6);
    }

    /// The definition in double precision.
    fn normalised_slow(kind: NormKind, x: &[f64], norm: &Norm, epsilon: f64) -> Vec<f64> {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let rows = x.chunks_exact(norm.weight.len()).flat_map(|x| {
            let centre = if kind == NormKind::Layer { mean(x) } else { 0.0 };
            let squares: Vec<f64> = x.iter().map(|x| (x - centre).powi(2)).collect();
            let scale = (mean(&squares) + epsilon).powf(-0.5);
            x.iter().zip(&norm.weight).enumerate().map(move |(i, (x, weight))| {
                let bias = norm.bias.as_ref().map_or(0.0, |bias| f64::from(bias[i]));
                (x - centre) * scale * f64::from(*weight) + bias
            })
        });
        rows.collect()
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for (kind, len, rows) in [
            (NormKind::Rms, 1, 2),
            (NormKind::Rms, 37, 3),
            (NormKind::Rms, 64, 2),
            (NormKind::Layer, 2, 1),
            (NormKind::Layer, 37, 3),
            (NormKind::Layer, 64, 2),
        ] {
            let bias = (kind == NormKind::Layer).then(|| noise(4, len));
            let weights = Norm { weight: noise(3, len), bias };
            let (x, dy) = (noise(1, rows * len), noise(2, rows * len));
            let expected = differences(&x, &dy, |x| normalised_slow(kind, x, &weights, 1e-2));
            for level in SimdLevel::available() {
                let mut d = dy.clone();
                let (x, d_x) = (&x, &mut d);
                level.run(Backward { kind, x, d: d_x, norm: &weights, epsilon: 1e-2 });
                assert_close(&d, &expected, 1e-5);
            }
        }
    }
}
