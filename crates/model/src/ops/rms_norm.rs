//! RMSNorm (arXiv:1910.07467): `y = x / sqrt(mean(x^2) + epsilon) * weight`.

/// Normalises each row of `x: [n][d]`.
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let d = weight.len();
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
        let mean_square = x.iter().map(|x| x * x).sum::<f32>() / d as f32;
        let scale = 1.0 / (mean_square + epsilon).sqrt();
        for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
            *y = x * scale * weight;
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::assert_close;

    #[test]
    fn rows_are_scaled_to_a_mean_square_of_one() {
        // Row 1: mean square 12.5; row 2: mean square 2 + 2 from epsilon.
        let y = rms_norm(&[3.0, 4.0, 2.0, 0.0], &[1.0, 2.0], 0.0);
        let rms = 12.5f32.sqrt();
        assert_close(&y, &[3.0 / rms, 8.0 / rms, 2f32.sqrt(), 0.0], 1e-6);
        assert_close(&rms_norm(&[2.0, 0.0], &[1.0, 1.0], 2.0), &[1.0, 0.0], 1e-6);
    }
}
