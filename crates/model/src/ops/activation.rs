//! The MLP's non-linearities.

use crate::Activation;
use crate::simd::{self, Kernel, Simd, SimdLevel, lanes_at, store_at};

/// Applies a non-linearity in place and, in a gated MLP (arXiv:2002.05202), multiplies with the
/// other half.
pub(crate) fn activate(kind: Activation, x: &mut [f32], other_half: Option<&[f32]>) {
    SimdLevel::current().run(Activate { kind, x, other_half });
}

struct Activate<'a> {
    kind: Activation,
    x: &'a mut [f32],
    other_half: Option<&'a [f32]>,
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for index in 0..self.x.len().div_ceil(16) {
            let x = lanes_at(s, self.x, index);
            let mut y = match self.kind {
                Activation::Silu => silu(s, x),
                Activation::Gelu => gelu(s, x),
                Activation::GeluTanh => gelu_tanh(s, x),
            };
            if let Some(other) = self.other_half {
                y = s.mul(y, lanes_at(s, other, index));
            }
            store_at(s, y, self.x, index);
        }
    }
}

/// `x / (1 + e^-x)` (arXiv:1702.03118)
#[inline(always)]
fn silu<S: Simd>(s: S, x: S::F) -> S::F {
    x_over_one_plus_exp(s, x, s.sub(s.splat(0.0), x))
}

/// `x / (1 + e^y)`
#[inline(always)]
fn x_over_one_plus_exp<S: Simd>(s: S, x: S::F, y: S::F) -> S::F {
    s.div(x, s.add(s.splat(1.0), simd::exp(s, y)))
}

/// `x * Phi(x)`, with `Phi(x) = (1 + erf(x / sqrt 2)) / 2` (arXiv:1606.08415)
#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::F) -> S::F {
    let mut lanes = [0.0; 16];
    s.store(x, &mut lanes);
    for x in &mut lanes {
        *x = 0.5 * *x * (1.0 + libm::erff(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
    s.load(&lanes)
}

/// The same paper's approximation: `x / 2 * (1 + tanh(u))` with
/// `u = sqrt(2 / pi) * (x + 0.044715 x^3)`, which is `x / (1 + e^(-2 u))`.
#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::F) -> S::F {
    let cubic = s.fma(s.mul(s.splat(0.044_715), s.mul(x, x)), x, x);
    x_over_one_plus_exp(s, x, s.mul(s.splat(-2.0 * 0.797_884_6), cubic))
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
            for level in SimdLevel::available() {
                let mut y = x;
                level.run(Activate { kind, x: &mut y, other_half: None });
                assert_close(&y, &expected, 1e-6);
                let mut y = x;
                let other_half = Some(&[3.0, 0.5, 1.0, -1.0, 2.0][..]);
                level.run(Activate { kind, x: &mut y, other_half });
                let gated = [0.0, 50.0, 0.0, -expected[3], 2.0 * expected[4]];
                assert_close(&y, &gated, 1e-6);
            }
        }
    }
}
