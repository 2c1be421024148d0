//! Scaled dot-product attention with a causal mask and grouped heads
//! (arXiv:1706.03762, arXiv:2305.13245):
//! `out = softmax(scale * q k) v`, each query seeing its own position and those before it, all or
//! as many as a window holds.
//!
//! Few queries read all keys and values once and should do so at the speed of memory: [`few`].
//! Many queries look at the same ones: [`many`] takes them by tiles, as in arXiv:2205.14135.

mod backward;
mod few;
mod many;

use std::ops::Range;

use crate::Config;
use crate::simd::SimdLevel;
use crate::workers::Workers;

pub(crate) use backward::{Given, Gradients, attention_backward};

/// Queries from which tiles pay.
const MANY: usize = 8;

/// Attention of the last `n` positions over all of them, from `q: [n][n_heads * head_dim]` to
/// `out` of the same shape.
///
/// `segments` are (keys, values) `[positions][kv_dim]` of all positions in order, the last `n`
/// being the queries' own. A `window` limits how many positions a query sees, its own included. If
/// they are wanted, the attention weights are written to `weights: [n][n_heads][positions]`.
pub(crate) fn attention(
    workers: &Workers,
    config: &Config,
    window: Option<usize>,
    q: &[f32],
    segments: &[(&[f32], &[f32])],
    out: &mut [f32],
    weights: Option<&mut Vec<f32>>,
) {
    attention_at(SimdLevel::current(), workers, config, window, q, segments, out, weights);
}

#[expect(clippy::too_many_arguments, reason = "one more than the public function, for tests")]
fn attention_at(
    level: SimdLevel,
    workers: &Workers,
    config: &Config,
    window: Option<usize>,
    q: &[f32],
    segments: &[(&[f32], &[f32])],
    out: &mut [f32],
    weights: Option<&mut Vec<f32>>,
) {
    let n_keys = segments.iter().map(|(keys, _)| keys.len()).sum::<usize>() / config.kv_dim();
    let n = q.len() / config.q_dim();
    let pass = Pass { level, config, window, q, n, n_keys, segments };
    match weights {
        Some(weights) => few::with_weights(&pass, out, weights),
        None if n < MANY => few::attention(&pass, workers, out),
        None => many::attention(&pass, workers, out),
    }
}

/// What all parts of an attention look at.
struct Pass<'a> {
    level: SimdLevel,
    config: &'a Config,
    window: Option<usize>,
    q: &'a [f32],
    n: usize,
    n_keys: usize,
    segments: &'a [(&'a [f32], &'a [f32])],
}

impl<'a> Pass<'a> {
    /// Heads that share keys and values.
    fn group(&self) -> usize {
        self.config.n_heads / self.config.n_kv_heads
    }

    /// The positions that a query sees.
    fn visible(&self, query: usize) -> Range<usize> {
        let end = self.n_keys - self.n + query + 1;
        end - end.min(self.window.unwrap_or(end))..end
    }

    /// Of `x: [n][n_heads * head_dim]` the part `[group][head_dim]` of a query and the heads that
    /// share a key-value head.
    fn heads<'b>(&self, x: &'b [f32], query: usize, kv_head: usize) -> &'b [f32] {
        let len = self.group() * self.config.head_dim;
        &x[query * self.config.q_dim() + kv_head * len..][..len]
    }

    /// One head's keys or values at some positions, in order, segment by segment: for each segment
    /// its positions' vectors `[kv_dim]`, of which the head's part starts at `kv_head * head_dim`.
    fn pieces(
        &self,
        positions: Range<usize>,
        of: impl Fn(&(&'a [f32], &'a [f32])) -> &'a [f32],
    ) -> impl Iterator<Item = &'a [f32]> {
        let kv_dim = self.config.kv_dim();
        let mut first = 0;
        self.segments.iter().filter_map(move |segment| {
            let numbers = of(segment);
            let here = first..first + numbers.len() / kv_dim;
            first = here.end;
            let (start, end) = (positions.start.max(here.start), positions.end.min(here.end));
            (start < end)
                .then(|| &numbers[(start - here.start) * kv_dim..(end - here.start) * kv_dim])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sizes;
    use crate::ops::testing::{assert_close, differences, noise};
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
        q: &[f64],
        keys: &[f64],
        values: &[f64],
    ) -> Vec<f64> {
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
                        let query = &q[i * c.q_dim() + h * c.head_dim..][..c.head_dim];
                        let key = &keys[j * c.kv_dim() + kv_head * c.head_dim..];
                        let product: f64 = query.iter().zip(key).map(|(q, k)| q * k).sum();
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
                        weighted.map(|(j, e)| e / sum * value(*j)).sum();
                }
            }
        }
        out
    }

    fn double(x: &[f32]) -> Vec<f64> {
        x.iter().map(|x| f64::from(*x)).collect()
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
        let workers = Workers::start(2).unwrap();
        // The last cases are long enough for several parts, few queries and many.
        for (heads, kv_heads, dim, n_keys, n, window, softcap) in [
            (2, 1, 8, 1, 1, None, None),
            (4, 2, 8, 5, 5, None, None),
            (6, 3, 10, 9, 2, Some(4), None),
            (5, 1, 20, 40, 7, Some(9), None),
            (4, 2, 8, 9, 9, Some(1), Some(0.5)),
            (4, 2, 8, 9, 3, Some(100), Some(2.0)),
            (9, 3, 64, 1000, 1, None, None),
            (9, 3, 64, 700, 1, Some(300), None),
            (4, 4, 64, 70, 65, None, None),
            (9, 3, 64, 300, 100, None, None),
            (6, 1, 40, 200, 77, Some(50), Some(3.0)),
            (3, 1, 80, 150, 150, Some(70), None),
        ] {
            let c = Config { attention_softcap: softcap, ..config(heads, kv_heads, dim) };
            let q = noise(1, n * c.q_dim());
            let keys = noise(2, n_keys * c.kv_dim());
            let values = noise(3, n_keys * c.kv_dim());
            let expected =
                attention_slow(&c, window, &double(&q), &double(&keys), &double(&values));
            let expected: Vec<f32> = expected.into_iter().map(|x| x as f32).collect();
            for cut in [0, n_keys / 2, n_keys - n] {
                let at = cut * c.kv_dim();
                let segments = [(&keys[..at], &values[..at]), (&keys[at..], &values[at..])];
                for level in SimdLevel::available() {
                    let mut found = vec![f32::NAN; q.len()];
                    let run = |out: &mut [f32], weights| {
                        attention_at(level, &workers, &c, window, &q, &segments, out, weights);
                    };
                    run(&mut found, None);
                    assert_close(&found, &expected, 1e-5);
                    let (mut traced, mut weights) = (vec![f32::NAN; q.len()], Vec::new());
                    run(&mut traced, Some(&mut weights));
                    assert_close(&traced, &expected, 1e-5);
                    assert_close(&mixed_by(&weights, &c, &values), &expected, 1e-5);
                }
            }
        }
    }

    /// Gradients of two sequences, which must not disturb each other.
    fn gradients_of_two(
        level: SimdLevel,
        c: &Config,
        window: Option<usize>,
        n: usize,
        given: &Given<'_>,
    ) -> [Vec<f32>; 3] {
        let workers = Workers::start(2).unwrap();
        let room = |x: &[f32]| vec![f32::NAN; x.len()];
        let (mut q, mut keys, mut values) = (room(given.q), room(given.keys), room(given.values));
        let gradients = Gradients { q: &mut q, keys: &mut keys, values: &mut values };
        backward::backward_at(level, &workers, c, window, n, given, gradients);
        [q, keys, values]
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for (heads, kv_heads, dim, n, window, softcap) in [
            (1, 1, 1, 1, None, None),
            (2, 1, 8, 2, None, None),
            (4, 2, 5, 7, None, None),
            (3, 3, 17, 5, Some(2), None),
            (4, 2, 8, 9, Some(4), Some(0.5)),
            (2, 2, 16, 6, None, Some(2.0)),
        ] {
            let c = Config { attention_softcap: softcap, ..config(heads, kv_heads, dim) };
            let c = Config { attention_scale: 0.7, ..c };
            let (q, d_out) = (noise(1, 2 * n * c.q_dim()), noise(4, 2 * n * c.q_dim()));
            let (keys, values) = (noise(2, 2 * n * c.kv_dim()), noise(3, 2 * n * c.kv_dim()));
            let given = Given { q: &q, keys: &keys, values: &values, d_out: &d_out };
            // One sequence after the other.
            let slow = |q: &[f64], keys: &[f64], values: &[f64]| {
                let (q_len, kv_len) = (n * c.q_dim(), n * c.kv_dim());
                let q = q.chunks_exact(q_len);
                let pairs = keys.chunks_exact(kv_len).zip(values.chunks_exact(kv_len));
                let by_sequence = q.zip(pairs);
                by_sequence
                    .flat_map(|(q, (keys, values))| attention_slow(&c, window, q, keys, values))
                    .collect::<Vec<f64>>()
            };
            let (q64, keys64, values64) = (double(&q), double(&keys), double(&values));
            let expected = [
                differences(&q, &d_out, |q| slow(q, &keys64, &values64)),
                differences(&keys, &d_out, |keys| slow(&q64, keys, &values64)),
                differences(&values, &d_out, |values| slow(&q64, &keys64, values)),
            ];
            for level in SimdLevel::available() {
                let found = gradients_of_two(level, &c, window, n, &given);
                for (found, expected) in found.iter().zip(&expected) {
                    assert_close(found, expected, 1e-5);
                }
            }
        }
    }

    /// Long enough for several tiles of queries. Every gradient at once would take too long by finite
    /// differences, so all numbers go into random directions together.
    #[test]
    fn gradients_of_long_sequences_are_those_of_finite_differences() {
        for (heads, kv_heads, dim, n, window, softcap) in [
            (6, 2, 20, 70, None, None),
            (3, 1, 40, 130, Some(50), None),
            (4, 4, 16, 110, Some(33), Some(1.5)),
        ] {
            let c = Config { attention_softcap: softcap, ..config(heads, kv_heads, dim) };
            let (q, d_out) = (noise(1, n * c.q_dim()), noise(4, n * c.q_dim()));
            let (keys, values) = (noise(2, n * c.kv_dim()), noise(3, n * c.kv_dim()));
            let given = Given { q: &q, keys: &keys, values: &values, d_out: &d_out };
            let found: Vec<[Vec<f32>; 3]> = SimdLevel::available()
                .into_iter()
                .map(|level| gradients_of_two(level, &c, window, n, &given))
                .collect();
            for seed in 10..15 {
                let ways = [&q, &keys, &values].map(|x| noise(seed, x.len()));
                for only in 0..3 {
                    let at = |step: f64| {
                        let mut moved = [double(&q), double(&keys), double(&values)];
                        for (x, way) in moved[only].iter_mut().zip(&ways[only]) {
                            *x += step * f64::from(*way);
                        }
                        let out = attention_slow(&c, window, &moved[0], &moved[1], &moved[2]);
                        out.iter().zip(&d_out).map(|(out, d)| out * f64::from(*d)).sum::<f64>()
                    };
                    let expected = (at(1e-4) - at(-1e-4)) / 2e-4;
                    for found in &found {
                        let products = found[only].iter().zip(&ways[only]);
                        let slope: f64 = products.map(|(d, w)| f64::from(*d) * f64::from(*w)).sum();
                        let size: f64 = found[only].iter().map(|d| f64::from(d * d)).sum();
                        assert!(
                            (slope - expected).abs() < 1e-5 * size.sqrt(),
                            "{slope} {expected}"
                        );
                    }
                }
            }
        }
    }
}
