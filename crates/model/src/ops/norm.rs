//! Normalisation of rows, as long as the weight.
//!
//! RMSNorm (arXiv:1910.07467): `y = x / sqrt(mean(x^2) + epsilon) * weight`.
//! LayerNorm (arXiv:1607.06450): `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.

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
            let mean = match self.kind {
                NormKind::Rms => 0.0,
                NormKind::Layer => sum(s, x) / d as f32,
            };
            let variance = sum_of_squares(s, x, mean) / d as f32;
            let (mean, scale) = (s.splat(mean), s.splat(1.0 / (variance + self.epsilon).sqrt()));
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
    use crate::ops::testing::assert_close;

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
}
