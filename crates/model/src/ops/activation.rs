//! The MLP's non-linearities.

use crate::Activation;

/// Applies a non-linearity in place.
pub(crate) fn activate(kind: Activation, x: &mut [f32]) {
    let function = match kind {
        Activation::Silu => silu,
        Activation::Gelu => gelu,
        Activation::GeluTanh => gelu_tanh,
    };
    for x in x {
        *x = function(*x);
    }
}

/// Multiplies with the other half of a gated MLP (arXiv:2002.05202).
pub(crate) fn multiply(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x *= y;
    }
}

/// `x / (1 + e^-x)` (arXiv:1702.03118)
fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// `x * Phi(x)`, with `Phi(x) = (1 + erf(x / sqrt 2)) / 2` (arXiv:1606.08415)
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The same paper's approximation:
/// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`
fn gelu_tanh(x: f32) -> f32 {
    let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
    0.5 * x * (1.0 + inner.tanh())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::assert_close;

    #[test]
    fn known_values() {
        let x = [0.0, 100.0, -100.0, 1.0, -0.5];
        for (kind, expected) in [
            (Activation::Silu, [0.0, 100.0, 0.0, 0.731_058_6, -0.188_770_33]),
            (Activation::Gelu, [0.0, 100.0, 0.0, 0.841_344_7, -0.154_268_77]),
            (Activation::GeluTanh, [0.0, 100.0, 0.0, 0.841_192, -0.154_285_98]),
        ] {
            let mut y = x;
            activate(kind, &mut y);
            assert_close(&y, &expected, 1e-6);
        }
        let mut gated = [2.0, 3.0];
        multiply(&mut gated, &[0.5, -1.0]);
        assert_close(&gated, &[1.0, -3.0], 0.0);
    }
}
