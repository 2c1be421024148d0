//! The MLP's non-linearities.

use crate::Activation;
use crate::simd::{self, Kernel, Simd, SimdLevel, lanes_at, store_at};

/// Applies a non-linearity and, in a gated MLP (arXiv:2002.05202), multiplies with the other half:
/// `y = act(x)` or `y = act(x) * other_half`.
pub(crate) fn activate(kind: Activation, x: &[f32], other_half: Option<&[f32]>, y: &mut [f32]) {
    SimdLevel::current().run(Activate { kind, x, other_half, y });
}

struct Activate<'a> {
    kind: Activation,
    x: &'a [f32],
    other_half: Option<&'a [f32]>,
    y: &'a mut [f32],
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
            store_at(s, y, self.y, index);
        }
    }
}

/// The gradient of [`activate`] with respect to what it is given: `d_x` holds that with respect to
/// `y` before, and that with respect to `x` after; `d_other_half` gets that with respect to the other
/// half.
///
/// `d_x = d_y * act'(x) * other_half` and `d_other_half = d_y * act(x)`
pub(crate) fn backward(
    kind: Activation,
    x: &[f32],
    d_x: &mut [f32],
    gated: Option<(&[f32], &mut [f32])>,
) {
    SimdLevel::current().run(Backward { kind, x, d_x, gated });
}

struct Backward<'a> {
    kind: Activation,
    x: &'a [f32],
    d_x: &'a mut [f32],
    /// The other half and its gradient.
    gated: Option<(&'a [f32], &'a mut [f32])>,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for index in 0..self.x.len().div_ceil(16) {
            let x = lanes_at(s, self.x, index);
            let mut d = lanes_at(s, self.d_x, index);
            let (y, slope) = match self.kind {
                Activation::Silu => silu_and_slope(s, x),
                Activation::Gelu => gelu_and_slope(s, x),
                Activation::GeluTanh => gelu_tanh_and_slope(s, x),
            };
            if let Some((other, d_other)) = &mut self.gated {
                store_at(s, s.mul(d, y), d_other, index);
                d = s.mul(d, lanes_at(s, other, index));
            }
            store_at(s, s.mul(d, slope), self.d_x, index);
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

/// With the logistic function `l`: `x l(x)`, and its slope `l(x) (1 + x (1 - l(x)))`.
#[inline(always)]
fn silu_and_slope<S: Simd>(s: S, x: S::F) -> (S::F, S::F) {
    x_times_logistic(s, x, x, s.splat(1.0))
}

/// `x Phi(x)`, and its slope `Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)`.
#[inline(always)]
fn gelu_and_slope<S: Simd>(s: S, x: S::F) -> (S::F, S::F) {
    /// `1 / sqrt(2 pi)`
    const PEAK: f32 = 0.398_942_3;
    let (mut lanes, mut slopes) = ([0.0; 16], [0.0; 16]);
    s.store(x, &mut lanes);
    for (x, slope) in lanes.iter_mut().zip(&mut slopes) {
        let phi = 0.5 * (1.0 + libm::erff(*x * std::f32::consts::FRAC_1_SQRT_2));
        *slope = phi + *x * PEAK * (-0.5 * *x * *x).exp();
        *x *= phi;
    }
    (s.load(&lanes), s.load(&slopes))
}

/// `x l(2 u)` with the `u` of [`gelu_tanh`], and its slope.
#[inline(always)]
fn gelu_tanh_and_slope<S: Simd>(s: S, x: S::F) -> (S::F, S::F) {
    let square = s.mul(x, x);
    let cubic = s.fma(s.mul(s.splat(0.044_715), square), x, x);
    let slope = s.fma(s.splat(3.0 * 0.044_715), square, s.splat(1.0));
    let twice = s.splat(2.0 * 0.797_884_6);
    x_times_logistic(s, x, s.mul(twice, cubic), s.mul(twice, slope))
}

/// `x l(v)`, and its slope `l(v) + x l(v) (1 - l(v)) v'`, of a `v` whose slope is `v'`.
#[inline(always)]
fn x_times_logistic<S: Simd>(s: S, x: S::F, v: S::F, v_slope: S::F) -> (S::F, S::F) {
    let one = s.splat(1.0);
    let logistic = s.div(one, s.add(one, simd::exp(s, s.sub(s.splat(0.0), v))));
    let y = s.mul(x, logistic);
    (y, s.fma(s.mul(y, s.sub(one, logistic)), v_slope, logistic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{assert_close, differences, noise};

    #[test]
    fn known_values() {
        let x = [0.0, 100.0, -100.0, 1.0, -0.5];
        for (kind, expected) in [
            (Activation::Silu, [0.0, 100.0, 0.0, 0.731_058_6, -0.188_770_33]),
            (Activation::Gelu, [0.0, 100.0, 0.0, 0.841_344_7, -0.154_268_77]),
            (Activation::GeluTanh, [0.0, 100.0, 0.0, 0.841_192, -0.154_285_98]),
        ] {
            for level in SimdLevel::available() {
                let mut y = [f32::NAN; 5];
                level.run(Activate { kind, x: &x, other_half: None, y: &mut y });
                assert_close(&y, &expected, 1e-6);
                let other_half = Some(&[3.0, 0.5, 1.0, -1.0, 2.0][..]);
                level.run(Activate { kind, x: &x, other_half, y: &mut y });
                let gated = [0.0, 50.0, 0.0, -expected[3], 2.0 * expected[4]];
                assert_close(&y, &gated, 1e-6);
            }
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let x: Vec<f32> = noise(1, 37).into_iter().map(|x| 5.0 * x).chain([60.0, -60.0]).collect();
        let (other, dy) = (noise(2, x.len()), noise(3, x.len()));
        for kind in [Activation::Silu, Activation::Gelu, Activation::GeluTanh] {
            let slow = |x: f64| match kind {
                Activation::Silu => x / (1.0 + (-x).exp()),
                Activation::Gelu => x * 0.5 * (1.0 + libm::erf(x * 0.5f64.sqrt())),
                Activation::GeluTanh => {
                    let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                    0.5 * x * (1.0 + u.tanh())
                }
            };
            let product = |x: &[f64], other: &[f64]| {
                x.iter().zip(other).map(|(x, other)| slow(*x) * other).collect::<Vec<f64>>()
            };
            let double = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
            let ones = vec![1.0; x.len()];
            for level in SimdLevel::available() {
                let mut d = dy.clone();
                level.run(Backward { kind, x: &x, d_x: &mut d, gated: None });
                assert_close(&d, &differences(&x, &dy, |x| product(x, &ones)), 2e-6);

                let (mut d, mut d_other) = (dy.clone(), vec![f32::NAN; x.len()]);
                let gated = Some((&other[..], &mut d_other[..]));
                level.run(Backward { kind, x: &x, d_x: &mut d, gated });
                let expected = differences(&x, &dy, |x| product(x, &double(&other)));
                assert_close(&d, &expected, 2e-6);
                let expected = differences(&other, &dy, |other| product(&double(&x), other));
                for (found, expected) in d_other.iter().zip(expected) {
                    assert_close(&[*found], &[expected], 2e-6 * expected.abs().max(1.0));
                }
            }
        }
    }
}
