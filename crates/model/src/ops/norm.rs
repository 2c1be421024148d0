//! Normalisation of rows, as long as the weight.
//!
//! RMSNorm (arXiv:1910.07467): `y = x / sqrt(mean(x^2) + epsilon) * weight`.
//! LayerNorm (arXiv:1607.06450): `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.

use crate::NormKind;
use crate::weights::Norm;

/// Normalises each row of `x: [n][weight.len()]`. With a weight as long as one head, that is each
/// head of each token.
pub(crate) fn norm(kind: NormKind, x: &[f32], norm: &Norm, epsilon: f32) -> Vec<f32> {
    let d = norm.weight.len();
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
        let mean = match kind {
            NormKind::Rms => 0.0,
            NormKind::Layer => x.iter().sum::<f32>() / d as f32,
        };
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / d as f32;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for ((y, x), weight) in y.iter_mut().zip(x).zip(&norm.weight) {
            *y = (x - mean) * scale * weight;
        }
        if let Some(bias) = &norm.bias {
            super::add_scaled(y, bias, 1.0);
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::assert_close;

    #[test]
    fn rms_rows_get_a_mean_square_of_one() {
        let weights = Norm { weight: vec![1.0, 2.0], bias: None };
        // Row 1: mean square 12.5; row 2: mean square 2.
        let y = norm(NormKind::Rms, &[3.0, 4.0, 2.0, 0.0], &weights, 0.0);
        let rms = 12.5f32.sqrt();
        assert_close(&y, &[3.0 / rms, 8.0 / rms, 2f32.sqrt(), 0.0], 1e-6);
        let ones = Norm { weight: vec![1.0, 1.0], bias: None };
        assert_close(&norm(NormKind::Rms, &[2.0, 0.0], &ones, 2.0), &[1.0, 0.0], 1e-6);
    }

    #[test]
    fn layer_rows_get_mean_zero_and_variance_one_before_scale_and_shift() {
        let weights = Norm { weight: vec![1.0, 3.0], bias: Some(vec![0.5, 0.0]) };
        // Mean 5, variance 4.
        assert_close(&norm(NormKind::Layer, &[3.0, 7.0], &weights, 0.0), &[-0.5, 3.0], 1e-6);
    }
}
