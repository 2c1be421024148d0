//! The number that is attributed, and its slope.

use tokenscope_tokens::TokenId;

use super::options::Quantity;

/// A number that follows from the logits `[n_vocab]` of one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) quantity: Quantity,
    pub(super) target: TokenId,
    /// The other candidate of a difference; for the other quantities nobody looks at it.
    pub(super) contrast: TokenId,
}

impl Measure {
    /// The number.
    pub(super) fn of(&self, logits: &[f32]) -> f64 {
        let logit = |id: TokenId| f64::from(logits[id.index()]);
        match self.quantity {
            Quantity::Probability => self.log_probability(logits).exp(),
            Quantity::LogProbability => self.log_probability(logits),
            Quantity::Logit => logit(self.target),
            Quantity::LogitDifference => logit(self.target) - logit(self.contrast),
        }
    }

    /// The number, and its derivatives with respect to the logits, which are written over zeros. With
    /// `p` the softmax of logits `z` and `t` the target, `d p_t / d z_i = p_t ([i = t] - p_i)` and
    /// `d log p_t / d z_i = [i = t] - p_i`.
    pub(super) fn with_slope(&self, logits: &[f32], slope: &mut [f32]) -> f64 {
        let target = self.target.index();
        let logit = |id: TokenId| f64::from(logits[id.index()]);
        match self.quantity {
            Quantity::Probability | Quantity::LogProbability => {
                let sum = log_sum(logits);
                let log_p = logit(self.target) - sum;
                let is_logarithm = self.quantity == Quantity::LogProbability;
                let scale = if is_logarithm { 1.0 } else { log_p.exp() };
                for (slope, logit) in slope.iter_mut().zip(logits) {
                    *slope = (-scale * (f64::from(*logit) - sum).exp()) as f32;
                }
                slope[target] = (scale * (1.0 - log_p.exp())) as f32;
                if is_logarithm { log_p } else { scale }
            }
            Quantity::Logit => {
                slope[target] = 1.0;
                logit(self.target)
            }
            Quantity::LogitDifference => {
                slope[target] += 1.0;
                slope[self.contrast.index()] -= 1.0;
                logit(self.target) - logit(self.contrast)
            }
        }
    }

    fn log_probability(&self, logits: &[f32]) -> f64 {
        f64::from(logits[self.target.index()]) - log_sum(logits)
    }
}

/// The logarithm of the sum of the logits' exponentials.
fn log_sum(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let largest = f64::from(largest);
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - largest).exp()).sum();
    largest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_slopes_are_those_of_a_small_softmax() {
        // Probabilities 1/6, 2/6, 3/6.
        let logits = [1.0f32, 2.0, 3.0].map(f32::ln);
        let (p, ln) = ([1.0 / 6.0, 1.0 / 3.0, 0.5], f64::ln);
        for (quantity, value, slope) in [
            (Quantity::Probability, p[1], [-p[1] * p[0], p[1] * (1.0 - p[1]), -p[1] * p[2]]),
            (Quantity::LogProbability, ln(p[1]), [-p[0], 1.0 - p[1], -p[2]]),
            (Quantity::Logit, ln(2.0), [0.0, 1.0, 0.0]),
            (Quantity::LogitDifference, ln(2.0) - ln(3.0), [0.0, 1.0, -1.0]),
        ] {
            let measure = Measure { quantity, target: TokenId(1), contrast: TokenId(2) };
            assert!((measure.of(&logits) - value).abs() < 1e-7, "{quantity:?}");
            let mut found = [0.0; 3];
            assert_eq!(measure.with_slope(&logits, &mut found), measure.of(&logits));
            for (found, expected) in found.iter().zip(slope) {
                assert!((f64::from(*found) - expected).abs() < 1e-7, "{quantity:?} {found}");
            }
        }
    }

    #[test]
    fn large_logits_and_a_difference_to_oneself_are_no_trouble() {
        let of = |quantity, contrast| Measure { quantity, target: TokenId(0), contrast };
        let logits = [1e4f32, -1e4];
        assert_eq!(of(Quantity::Probability, TokenId(0)).of(&logits), 1.0);
        let same = of(Quantity::LogitDifference, TokenId(0));
        let mut slope = [0.0; 2];
        assert_eq!((same.with_slope(&logits, &mut slope), slope), (0.0, [0.0; 2]));
    }
}
