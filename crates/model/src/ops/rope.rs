//! Rotary position embedding: the numbers of a head, taken in pairs, are turned by an angle that
//! grows with the position.

use crate::{Pairing, Rope, RopeRegime};

/// Cosine and sine for each position of a pass and each pair of a head; the same in every layer.
pub(crate) struct Rotations {
    /// `[n][pairs]` of (cos, sin)
    turns: Vec<(f32, f32)>,
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
        let turns = (first..first + n)
            .flat_map(|position| {
                frequencies.iter().map(move |frequency| {
                    let angle = f64::from(position as f32 * frequency);
                    (angle.cos() as f32 * stretch, angle.sin() as f32 * stretch)
                })
            })
            .collect();
        Rotations { turns, pairs: frequencies.len(), pairing: rope.pairing }
    }

    /// Turns every head of `x: [n][heads * head_dim]` in place:
    /// `(a, b) -> (a cos - b sin, a sin + b cos)`. Numbers of a head beyond the pairs stay.
    pub(crate) fn apply(&self, x: &mut [f32], head_dim: usize) {
        if self.pairs == 0 {
            return;
        }
        let n = self.turns.len() / self.pairs;
        let row = x.len() / n;
        for (x, turns) in x.chunks_exact_mut(row).zip(self.turns.chunks_exact(self.pairs)) {
            for head in x.chunks_exact_mut(head_dim) {
                for (pair, &(cos, sin)) in turns.iter().enumerate() {
                    let (first, second) = match self.pairing {
                        Pairing::Neighbours => (2 * pair, 2 * pair + 1),
                        Pairing::Halves => (pair, pair + self.pairs),
                    };
                    let (a, b) = (head[first], head[second]);
                    head[first] = a * cos - b * sin;
                    head[second] = a * sin + b * cos;
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
    use crate::ops::testing::assert_close;

    #[test]
    fn pairs_turn_by_position_times_frequency() {
        let quarter = std::f32::consts::FRAC_PI_2;
        let rope = |pairing| Rope {
            inverse_frequencies: vec![quarter, 0.0],
            ..Rope::new(10_000.0, 4, pairing)
        };
        // Two positions (1 and 2), one head of five numbers: the last is in no pair.
        let mut x = vec![1.0, 0.0, 7.0, 8.0, 9.0, 1.0, 0.0, 7.0, 8.0, 9.0];
        Rotations::new(&rope(Pairing::Neighbours), Short, 1, 2).apply(&mut x, 5);
        assert_close(&x, &[0.0, 1.0, 7.0, 8.0, 9.0, -1.0, 0.0, 7.0, 8.0, 9.0], 1e-6);
        let mut x = vec![1.0, 7.0, 0.0, 8.0, 9.0, 1.0, 7.0, 0.0, 8.0, 9.0];
        Rotations::new(&rope(Pairing::Halves), Short, 1, 2).apply(&mut x, 5);
        assert_close(&x, &[0.0, 7.0, 1.0, 8.0, 9.0, -1.0, 7.0, 0.0, 8.0, 9.0], 1e-6);
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
            Rotations::new(&rope, regime, 1, 1).apply(&mut x, 3);
            assert_close(&x, &expected, 1e-6);
        }
    }

    #[test]
    fn the_product_of_two_turned_vectors_depends_on_their_distance_only() {
        let rope = Rope::new(10_000.0, 8, Pairing::Halves);
        let turned = |x: f32, position| {
            let mut x = vec![x; 8];
            Rotations::new(&rope, Short, position, 1).apply(&mut x, 8);
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
}
