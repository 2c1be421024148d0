//! Rotary position embedding: the numbers of a head, taken in pairs, are turned by an angle that
//! grows with the position.

use crate::{Pairing, Rope, RopeRegime};

/// Cosines and sines for each position of a pass and each pair of a head; the same in every layer.
pub(crate) struct Rotations {
    /// `[n][pairs]`
    cosines: Vec<f32>,
    /// `[n][pairs]`
    sines: Vec<f32>,
    pairs: usize,
    pairing: Pairing,
}

impl Rotations {
    /// The rotations for positions `first..first + n`. Cosine and sine are both stretched by the
    /// rope's attention factor.
    ///
    /// The angle is a float32 product, as the models were trained with; its cosine is taken in
    /// double precision.
    pub(crate) fn new(rope: &Rope, regime: RopeRegime, first: usize, n: usize) -> Self {
        let frequencies = rope.frequencies(regime);
        let stretch = rope.attention_factor;
        let (mut cosines, mut sines) = (Vec::new(), Vec::new());
        for position in first..first + n {
            for frequency in frequencies {
                let (sine, cosine) = f64::from(position as f32 * frequency).sin_cos();
                cosines.push(cosine as f32 * stretch);
                sines.push(sine as f32 * stretch);
            }
        }
        Rotations { cosines, sines, pairs: frequencies.len(), pairing: rope.pairing }
    }

    /// Turns every head of a token, the pass's `token`th, in place:
    /// `(a, b) -> (a cos - b sin, a sin + b cos)`. Numbers of a head beyond the pairs stay.
    pub(crate) fn apply(&self, token: usize, x: &mut [f32], head_dim: usize) {
        self.turn(token, x, head_dim, |a, b, cosine, sine| {
            (a * cosine - b * sine, a * sine + b * cosine)
        });
    }

    /// The gradient of [`Rotations::apply`], in place. The matrix of a turn is transposed, so it
    /// turns back; stretched it stays.
    pub(crate) fn backward(&self, token: usize, d: &mut [f32], head_dim: usize) {
        self.turn(token, d, head_dim, |a, b, cosine, sine| {
            (a * cosine + b * sine, b * cosine - a * sine)
        });
    }

    #[inline(always)]
    fn turn(
        &self,
        token: usize,
        x: &mut [f32],
        head_dim: usize,
        turn: impl Fn(f32, f32, f32, f32) -> (f32, f32),
    ) {
        let place = token * self.pairs..(token + 1) * self.pairs;
        let turns = self.cosines[place.clone()].iter().zip(&self.sines[place]);
        for head in x.chunks_exact_mut(head_dim) {
            match self.pairing {
                Pairing::Neighbours => {
                    let pairs = head.as_chunks_mut::<2>().0.iter_mut();
                    for ([a, b], (cosine, sine)) in pairs.zip(turns.clone()) {
                        (*a, *b) = turn(*a, *b, *cosine, *sine);
                    }
                }
                Pairing::Halves => {
                    let (first, second) = head.split_at_mut(self.pairs);
                    let pairs = first.iter_mut().zip(second);
                    for ((a, b), (cosine, sine)) in pairs.zip(turns.clone()) {
                        (*a, *b) = turn(*a, *b, *cosine, *sine);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RopeRegime::{Long, Short};
    use super::*;
    use crate::LongRope;
    use crate::ops::testing::{assert_close, noise};

    #[test]
    fn pairs_turn_by_position_times_frequency() {
        let quarter = std::f32::consts::FRAC_PI_2;
        let rope = |pairing| Rope {
            inverse_frequencies: vec![quarter, 0.0],
            ..Rope::new(10_000.0, 4, pairing)
        };
        // Positions 1 and 2, a head of five numbers: the last is in no pair.
        let turned = |pairing, token, mut x: [f32; 5]| {
            Rotations::new(&rope(pairing), Short, 1, 2).apply(token, &mut x, 5);
            x
        };
        for (token, first, second) in [(0, 0.0, 1.0), (1, -1.0, 0.0)] {
            let x = turned(Pairing::Neighbours, token, [1.0, 0.0, 7.0, 8.0, 9.0]);
            assert_close(&x, &[first, second, 7.0, 8.0, 9.0], 1e-6);
            let x = turned(Pairing::Halves, token, [1.0, 7.0, 0.0, 8.0, 9.0]);
            assert_close(&x, &[first, 7.0, second, 8.0, 9.0], 1e-6);
        }
    }

    #[test]
    fn the_attention_factor_stretches_what_is_turned_and_long_sequences_turn_otherwise() {
        let half = std::f32::consts::PI;
        let long = LongRope { trained_length: 4, inverse_frequencies: vec![half / 2.0] };
        let rope = Rope {
            inverse_frequencies: vec![half],
            long: Some(long),
            attention_factor: 3.0,
            pairing: Pairing::Halves,
        };
        for (regime, expected) in [(Short, [-3.0, 0.0, 9.0]), (Long, [0.0, 3.0, 9.0])] {
            let mut x = vec![1.0, 0.0, 9.0];
            Rotations::new(&rope, regime, 1, 1).apply(0, &mut x, 3);
            assert_close(&x, &expected, 1e-6);
        }
    }

    #[test]
    fn the_product_of_two_turned_vectors_depends_on_their_distance_only() {
        let rope = Rope::new(10_000.0, 8, Pairing::Halves);
        let turned = |x: f32, position| {
            let mut x = vec![x; 8];
            Rotations::new(&rope, Short, position, 1).apply(0, &mut x, 8);
            x
        };
        let product =
            |i, j| -> f32 { turned(0.5, i).iter().zip(turned(2.0, j)).map(|(a, b)| a * b).sum() };
        assert_close(&[product(3, 1)], &[product(12, 10)], 1e-5);
    }

    #[test]
    fn factors_slow_the_turning_down() {
        let plain = Rope::new(100.0, 4, Pairing::Neighbours);
        assert_close(&plain.inverse_frequencies, &[1.0, 0.1], 1e-7);
        let scaled = plain.divided_by(&[1.0, 8.0]);
        assert_close(&scaled.inverse_frequencies, &[1.0, 0.0125], 1e-7);
    }

    /// Turning is linear, so the gradient is right if `turned(x) . d = x . backward(d)` for all.
    #[test]
    fn the_gradient_is_the_transpose() {
        for (pairing, pairs, stretch) in
            [(Pairing::Neighbours, 3, 1.0), (Pairing::Halves, 5, 1.5), (Pairing::Halves, 3, 0.5)]
        {
            let rope = Rope { attention_factor: stretch, ..Rope::new(50.0, 2 * pairs, pairing) };
            let rotations = Rotations::new(&rope, Short, 2, 3);
            let (x, d) = (noise(1, 22), noise(2, 22));
            let product =
                |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            for token in 0..3 {
                let (mut turned, mut back) = (x.clone(), d.clone());
                rotations.apply(token, &mut turned, 11);
                rotations.backward(token, &mut back, 11);
                assert_close(&[product(&x, &back)], &[product(&turned, &d)], 1e-5);
            }
        }
    }
}
