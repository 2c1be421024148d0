//! Scaled dot-product attention with a causal mask and grouped heads
//! (arXiv:1706.03762, arXiv:2305.13245):
//! `out = softmax(scale * q k) v`, each query seeing its own position and those before it, all or
//! as many as a window holds.

use rayon::prelude::*;

use crate::Config;
use crate::ops::softcap;
use crate::simd::{self, SimdLevel, multiversioned};

/// Queries times keys from which a pass is worth several threads.
const PARALLEL_FROM: usize = 4096;

/// Attention of the last `n` positions over all of them.
///
/// `q: [n][n_heads * head_dim]`; `segments` are (keys, values) `[positions][kv_dim]` of all
/// positions in order, the last `n` being the queries' own. A `window` limits how many positions a
/// query sees, its own included. Returns `[n][n_heads * head_dim]`. If they are wanted, the
/// attention weights are written to `weights: [n][n_heads][positions]`.
pub(crate) fn attention<'a>(
    config: &Config,
    window: Option<usize>,
    q: &[f32],
    segments: impl Iterator<Item = (&'a [f32], &'a [f32])>,
    weights: Option<&mut Vec<f32>>,
) -> Vec<f32> {
    let keys_and_values: Vec<(&[f32], &[f32])> = segments.collect();
    let n_keys =
        keys_and_values.iter().map(|(keys, _)| keys.len()).sum::<usize>() / config.kv_dim();
    let n = q.len() / config.q_dim();
    let mut out = vec![0.0; q.len()];
    let level = SimdLevel::best();
    let one_head = |scores: &mut Vec<f32>, index: usize, out: &mut [f32]| {
        let (query, head) = (index / config.n_heads, index % config.n_heads);
        let end = n_keys - n + query + 1;
        let visible = end.min(window.unwrap_or(end));
        let head_place = HeadPlace {
            head_dim: config.head_dim,
            kv_dim: config.kv_dim(),
            offset: head / (config.n_heads / config.n_kv_heads) * config.head_dim,
        };
        let q = &q[index * config.head_dim..][..config.head_dim];
        scores.clear();
        scores.resize(visible, 0.0);
        let scoring = Scoring {
            first: end - visible,
            scale: config.attention_scale,
            softcap: config.attention_softcap,
        };
        attend(level, &head_place, &scoring, q, &keys_and_values, scores, out);
        scoring.first
    };
    if let Some(weights) = weights {
        // Only short passes are traced, so one thread is enough.
        *weights = vec![0.0; n * config.n_heads * n_keys];
        let mut scores = Vec::new();
        let rows = out.chunks_exact_mut(config.head_dim).zip(weights.chunks_exact_mut(n_keys));
        for (index, (out, row)) in rows.enumerate() {
            let first = one_head(&mut scores, index, out);
            row[first..first + scores.len()].copy_from_slice(&scores);
        }
    } else if n * n_keys < PARALLEL_FROM {
        let mut scores = Vec::new();
        for (index, out) in out.chunks_exact_mut(config.head_dim).enumerate() {
            one_head(&mut scores, index, out);
        }
    } else {
        out.par_chunks_exact_mut(config.head_dim).enumerate().for_each_init(
            Vec::new,
            |scores, (index, out)| {
                one_head(scores, index, out);
            },
        );
    }
    out
}

/// Where a head's numbers lie among a position's keys or values.
pub(crate) struct HeadPlace {
    head_dim: usize,
    kv_dim: usize,
    offset: usize,
}

impl HeadPlace {
    /// One head's vectors, position by position from `first` on, over all segments.
    #[inline(always)]
    fn vectors<'a>(
        &'a self,
        first: usize,
        segments: impl Iterator<Item = &'a [f32]> + 'a,
    ) -> impl Iterator<Item = &'a [f32]> + 'a {
        segments
            .flat_map(|segment| segment.chunks_exact(self.kv_dim))
            .skip(first)
            .map(|position| &position[self.offset..self.offset + self.head_dim])
    }
}

/// How a query's scores come about.
pub(crate) struct Scoring {
    /// The first position that is seen.
    first: usize,
    scale: f32,
    softcap: Option<f32>,
}

multiversioned! {
    /// One query and one head: fills `scores` with the attention weights of the `scores.len()`
    /// positions that are seen, and `out` with their weighted sum of values.
    fn attend(
        place: &HeadPlace,
        scoring: &Scoring,
        q: &[f32],
        segments: &[(&[f32], &[f32])],
        scores: &mut [f32],
        out: &mut [f32],
    ) = attend_body
}

#[inline(always)]
fn attend_body<const FMA: bool>(
    place: &HeadPlace,
    scoring: &Scoring,
    q: &[f32],
    segments: &[(&[f32], &[f32])],
    scores: &mut [f32],
    out: &mut [f32],
) {
    let keys = place.vectors(scoring.first, segments.iter().map(|(keys, _)| *keys));
    for (score, key) in scores.iter_mut().zip(keys) {
        *score = simd::dot::<FMA>(q, key) * scoring.scale;
    }
    if let Some(cap) = scoring.softcap {
        for score in scores.iter_mut() {
            *score = softcap(*score, cap);
        }
    }
    softmax(scores);
    let values = place.vectors(scoring.first, segments.iter().map(|(_, values)| *values));
    out.fill(0.0);
    for (weight, value) in scores.iter().zip(values) {
        for (out, value) in out.iter_mut().zip(value) {
            *out = simd::multiply_add::<FMA>(*weight, *value, *out);
        }
    }
}

/// `e^(x - max) / sum`, in place. The maximum is taken off first so that nothing overflows.
#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sizes;
    use crate::ops::testing::{assert_close, noise};
    use crate::{Pairing, Rope};

    fn config(n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Config {
        let sizes = Sizes {
            n_layers: 1,
            d_model: n_heads * head_dim,
            n_heads,
            n_kv_heads,
            head_dim,
            d_ff: 1,
            n_vocab: 1,
            context_length: 64,
            norm_epsilon: 0.0,
        };
        Config::plain(&sizes, Rope::new(1.0, 0, Pairing::Halves)).unwrap()
    }

    /// The definition, in double precision and one number at a time.
    fn attention_slow(
        c: &Config,
        window: Option<usize>,
        q: &[f32],
        keys: &[f32],
        values: &[f32],
    ) -> Vec<f32> {
        let (n, n_keys) = (q.len() / c.q_dim(), keys.len() / c.kv_dim());
        let mut out = vec![0.0; q.len()];
        for i in 0..n {
            for h in 0..c.n_heads {
                let kv_head = h * c.n_kv_heads / c.n_heads;
                let own = n_keys - n + i;
                let is_seen = |j: &usize| *j <= own && window.is_none_or(|window| own - j < window);
                let seen: Vec<usize> = (0..n_keys).filter(is_seen).collect();
                let exponentials: Vec<f64> = seen
                    .iter()
                    .map(|j| {
                        let product: f64 = (0..c.head_dim)
                            .map(|d| {
                                f64::from(q[i * c.q_dim() + h * c.head_dim + d])
                                    * f64::from(keys[j * c.kv_dim() + kv_head * c.head_dim + d])
                            })
                            .sum();
                        let score = product * f64::from(c.attention_scale);
                        let cap = c.attention_softcap.map(f64::from);
                        cap.map_or(score, |cap| cap * (score / cap).tanh()).exp()
                    })
                    .collect();
                let sum: f64 = exponentials.iter().sum();
                for d in 0..c.head_dim {
                    let value = |j: usize| values[j * c.kv_dim() + kv_head * c.head_dim + d];
                    let weighted = seen.iter().zip(&exponentials);
                    out[i * c.q_dim() + h * c.head_dim + d] =
                        weighted.map(|(j, e)| e / sum * f64::from(value(*j))).sum::<f64>() as f32;
                }
            }
        }
        out
    }

    /// Values mixed by attention weights `[n][n_heads][n_keys]`.
    fn mixed_by(weights: &[f32], c: &Config, values: &[f32]) -> Vec<f32> {
        let n_keys = values.len() / c.kv_dim();
        let rows = weights.chunks_exact(n_keys).enumerate();
        rows.flat_map(|(row, weights)| {
            let kv_head = row % c.n_heads * c.n_kv_heads / c.n_heads;
            (0..c.head_dim).map(move |d| {
                let value = |j: usize| values[j * c.kv_dim() + kv_head * c.head_dim + d];
                weights.iter().enumerate().map(|(j, weight)| weight * value(j)).sum::<f32>()
            })
        })
        .collect()
    }

    #[test]
    fn equals_its_slow_twin_however_the_keys_are_cut_into_segments() {
        // The last case is large enough to run on several threads.
        for (heads, kv_heads, dim, n_keys, n, window, softcap) in [
            (2, 1, 8, 1, 1, None, None),
            (4, 2, 8, 5, 5, None, None),
            (6, 3, 10, 9, 2, Some(4), None),
            (4, 2, 8, 9, 9, Some(1), Some(0.5)),
            (4, 2, 8, 9, 3, Some(100), Some(2.0)),
            (4, 4, 64, 70, 65, None, None),
        ] {
            let c = Config { attention_softcap: softcap, ..config(heads, kv_heads, dim) };
            let q = noise(1, n * c.q_dim());
            let keys = noise(2, n_keys * c.kv_dim());
            let values = noise(3, n_keys * c.kv_dim());
            let expected = attention_slow(&c, window, &q, &keys, &values);
            for cut in [0, n_keys / 2, n_keys - n] {
                let at = cut * c.kv_dim();
                let segments = [(&keys[..at], &values[..at]), (&keys[at..], &values[at..])];
                let found = attention(&c, window, &q, segments.into_iter(), None);
                assert_close(&found, &expected, 1e-5);
                let mut weights = Vec::new();
                let traced = attention(&c, window, &q, segments.into_iter(), Some(&mut weights));
                assert_close(&traced, &found, 0.0);
                assert_close(&mixed_by(&weights, &c, &values), &expected, 1e-5);
            }
        }
    }
}
