//! The gradient of attention with respect to queries, keys and values.
//!
//! With the scores `S = scale * Q K^T`, the weights `P = softmax(S)` and the output `O = P V` of one
//! head: `dV = P^T dO`, `dP = dO V^T`, `dS = P * (dP - rowsum(P * dP))`, `dQ = scale * dS K` and
//! `dK = scale * dS^T Q` (arXiv:2205.14135, appendix B). A soft cap multiplies `dS` with its slope.
//! Weights are computed again: there are `n^2` of them in every head of every layer.

#![expect(
    unsafe_code,
    reason = "several threads write one output, each its own sequences and heads"
)]

use std::cell::RefCell;

use super::many::{TASK_ROWS, scale};
use super::{Pass, few};
use crate::Config;
use crate::ops::product::{self, Operand, Product, Rows};
use crate::ops::{softcap, softcap_slope};
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};
use crate::workers::{Shares, Workers};

/// What attention was given, and the gradient with respect to its output; shapes as in
/// [`super::attention`], for sequences of `n` positions one after the other.
pub(crate) struct Given<'a> {
    pub(crate) q: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) values: &'a [f32],
    pub(crate) d_out: &'a [f32],
}

/// Gradients with respect to what attention was given, which are overwritten.
pub(crate) struct Gradients<'a> {
    pub(crate) q: &'a mut [f32],
    pub(crate) keys: &'a mut [f32],
    pub(crate) values: &'a mut [f32],
}

/// The gradient of [`super::attention`] over whole sequences of `n` positions.
pub(crate) fn attention_backward(
    workers: &Workers,
    config: &Config,
    window: Option<usize>,
    n: usize,
    given: &Given<'_>,
    gradients: Gradients<'_>,
) {
    backward_at(SimdLevel::current(), workers, config, window, n, given, gradients);
}

pub(super) fn backward_at(
    level: SimdLevel,
    workers: &Workers,
    config: &Config,
    window: Option<usize>,
    n: usize,
    given: &Given<'_>,
    gradients: Gradients<'_>,
) {
    let (q_len, kv_len) = (n * config.q_dim(), n * config.kv_dim());
    let sequences = given.q.len() / q_len;
    let out = SharedGradients {
        q: Shares::of(gradients.q),
        keys: Shares::of(gradients.keys),
        values: Shares::of(gradients.values),
    };
    workers.run(sequences * config.n_kv_heads, |index| {
        let (sequence, kv_head) = (index / config.n_kv_heads, index % config.n_kv_heads);
        let (q, kv) = (sequence * q_len, sequence * kv_len);
        let segments = [(&given.keys[kv..kv + kv_len], &given.values[kv..kv + kv_len])];
        let queries = &given.q[q..q + q_len];
        let pass = Pass { level, config, window, q: queries, n, n_keys: n, segments: &segments };
        let d_out = &given.d_out[q..q + q_len];
        let first_row = sequence * n;
        BUFFERS.with_borrow_mut(|buffers| {
            level.run(Backward { pass, kv_head, d_out, out: &out, first_row, buffers });
        });
    });
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Memory that a thread uses again and again. Rows are queries times heads of the group; queries are
/// taken by tiles, so that weights are not as many as the square of the positions.
#[derive(Default)]
struct Buffers {
    /// Scaled queries, the gradients with respect to their output, and those with respect to
    /// themselves: `[rows][head_dim]`.
    q: Vec<f32>,
    d_out: Vec<f32>,
    d_q: Vec<f32>,
    /// Scores, then weights `[rows][positions]`, positions filled up to whole registers.
    weights: Vec<f32>,
    /// Gradients with respect to weights, then to scores: as many.
    d_weights: Vec<f32>,
    /// A soft cap's slopes: as many.
    slopes: Vec<f32>,
    /// Gradients of one head's keys and values `[n][head_dim]`.
    d_keys: Vec<f32>,
    d_values: Vec<f32>,
    product: product::Buffers,
}

struct SharedGradients<'a> {
    q: Shares<'a>,
    keys: Shares<'a>,
    values: Shares<'a>,
}

/// One sequence and the heads that share a key-value head.
struct Backward<'a> {
    pass: Pass<'a>,
    kv_head: usize,
    d_out: &'a [f32],
    out: &'a SharedGradients<'a>,
    /// The sequence's first row in the gradients.
    first_row: usize,
    buffers: &'a mut Buffers,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Backward { pass, kv_head, d_out, out, first_row, buffers: b } = self;
        let (config, level, group) = (pass.config, pass.level, pass.group());
        let (d, kv_dim) = (config.head_dim, config.kv_dim());
        let (keys, values) = pass.segments[0];
        for gradient in [&mut b.d_keys, &mut b.d_values] {
            gradient.clear();
            gradient.resize(pass.n * d, 0.0);
        }
        let tile = TASK_ROWS.div_ceil(group);
        for first in (0..pass.n).step_by(tile) {
            let queries = first..pass.n.min(first + tile);
            let rows = queries.len() * group;
            let seen = pass.visible(queries.start).start..queries.end;
            let wide = seen.len().next_multiple_of(16);
            let from_here = seen.start * kv_dim + kv_head * d;
            let (keys, values) = (&keys[from_here..], &values[from_here..]);
            let of_head = Rows { numbers: keys, stride: kv_dim, len: d, count: seen.len() };
            let (keys, values) = (of_head, Rows { numbers: values, ..of_head });
            b.q.clear();
            b.d_out.clear();
            for query in queries.clone() {
                b.q.extend_from_slice(pass.heads(pass.q, query, kv_head));
                b.d_out.extend_from_slice(pass.heads(d_out, query, kv_head));
            }
            scale(s, &mut b.q, config.attention_scale);
            b.d_q.resize(rows * d, 0.0);
            for numbers in [&mut b.weights, &mut b.d_weights, &mut b.slopes] {
                numbers.resize(rows * wide, 0.0);
            }

            macro_rules! multiply {
                ($left:expr, $right:expr, $adds:literal => $out:expr, $stride:expr) => {
                    level.run(Product {
                        level,
                        left: $left,
                        right: $right,
                        adds: $adds,
                        out: $out,
                        stride: $stride,
                        buffers: &mut b.product,
                    })
                };
            }
            let (q, d_out) = (Rows::packed(&b.q, d), Rows::packed(&b.d_out, d));
            let (plain, turned) = (Operand::Plain, Operand::Transposed);
            multiply!(plain(q), turned(keys), false => &mut b.weights, wide);
            multiply!(plain(d_out), turned(values), false => &mut b.d_weights, wide);
            for row in 0..rows {
                let visible = pass.visible(queries.start + row / group);
                let visible = visible.start - seen.start..visible.end - seen.start;
                let places = row * wide..(row + 1) * wide;
                let slopes = config.attention_softcap.map(|cap| {
                    let slopes = &mut b.slopes[places.clone()];
                    for (score, slope) in b.weights[places.clone()].iter_mut().zip(&mut *slopes) {
                        *score = softcap(*score, cap);
                        *slope = softcap_slope(*score, cap);
                    }
                    &*slopes
                });
                let weights = &mut b.weights[places.clone()];
                weights[..visible.start].fill(f32::NEG_INFINITY);
                weights[visible.end..].fill(f32::NEG_INFINITY);
                let d_weights = &mut b.d_weights[places];
                d_weights[seen.len()..].fill(0.0);
                softmax_backward(s, weights, d_weights, slopes);
            }
            let seen_of = |numbers| Rows { len: seen.len(), ..Rows::packed(numbers, wide) };
            let (weights, d_scores) = (seen_of(&b.weights), seen_of(&b.d_weights));
            let places = seen.start * d..seen.end * d;
            multiply!(turned(weights), plain(d_out), true => &mut b.d_values[places.clone()], d);
            multiply!(turned(d_scores), plain(q), true => &mut b.d_keys[places], d);
            multiply!(plain(d_scores), plain(keys), false => &mut b.d_q, d);

            scale(s, &mut b.d_q, config.attention_scale);
            for (query, d_q) in queries.zip(b.d_q.chunks_exact(group * d)) {
                let place = (first_row + query) * config.q_dim() + kv_head * group * d;
                // SAFETY: every task is its own sequence and heads, and comes once.
                unsafe { out.q.place(place, group * d) }.copy_from_slice(d_q);
            }
        }
        for (out, gradient) in [(&out.keys, &b.d_keys), (&out.values, &b.d_values)] {
            for (position, gradient) in gradient.chunks_exact(d).enumerate() {
                let place = (first_row + position) * kv_dim + kv_head * d;
                // SAFETY: as above.
                unsafe { out.place(place, d) }.copy_from_slice(gradient);
            }
        }
    }
}

/// Turns one query's scores, a whole number of registers, into weights, and gradients with respect to
/// the weights into those with respect to the scores, before a soft cap where there is one.
#[inline(always)]
fn softmax_backward<S: Simd>(
    s: S,
    scores: &mut [f32],
    d_weights: &mut [f32],
    slopes: Option<&[f32]>,
) {
    let (_, total) = few::exponentials(s, scores, f32::NEG_INFINITY);
    scale(s, scores, 1.0 / total);
    let mut mean = s.splat(0.0);
    for index in 0..scores.len() / 16 {
        mean = s.fma(lanes_at(s, scores, index), lanes_at(s, d_weights, index), mean);
    }
    let mean = s.splat(s.sum(mean));
    for index in 0..scores.len() / 16 {
        let off_mean = s.sub(lanes_at(s, d_weights, index), mean);
        let mut d = s.mul(lanes_at(s, scores, index), off_mean);
        if let Some(slopes) = slopes {
            d = s.mul(d, lanes_at(s, slopes, index));
        }
        store_at(s, d, d_weights, index);
    }
}
