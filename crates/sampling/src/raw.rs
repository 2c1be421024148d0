//! Questions about the model's own distribution that need no stages.

use std::sync::Arc;

use tokenscope_tokens::{TokenId, TokenMask};

use crate::softmax::Softmax;
use crate::stages::constraint::Constraint;
use crate::{Distribution, History, Inputs, SamplingError, Settings, Stage, StageId};

/// The probability, by the model's logits `[n_vocab]`, of the tokens that a grammar allows.
///
/// # Errors
/// If the logits are no distribution.
pub fn legal_mass(logits: Arc<Vec<f32>>, mask: &TokenMask) -> Result<f64, SamplingError> {
    let mut distribution = Distribution::new(logits);
    let softmax = Softmax::of(&distribution).ok_or(SamplingError::Invalid)?;
    let settings = Settings::default();
    let inputs = Inputs { settings: &settings, history: History::default(), mask: Some(mask) };
    Constraint.apply(&mut distribution, &inputs);
    let is_legal = |cut_by| cut_by != Some(StageId::Constraint);
    Ok(softmax.mass(distribution.logits(), distribution.marks(), is_legal))
}

/// The natural logarithms of the probabilities of some tokens by the model's logits `[n_vocab]`.
///
/// # Errors
/// If the logits are no distribution.
///
/// # Panics
/// If an id is beyond the logits.
pub fn log_probabilities(
    logits: &Arc<Vec<f32>>,
    ids: &[TokenId],
) -> Result<Vec<f64>, SamplingError> {
    let softmax =
        Softmax::of(&Distribution::new(Arc::clone(logits))).ok_or(SamplingError::Invalid)?;
    let of = |id: &TokenId| softmax.log_probability(logits[id.index()]);
    Ok(ids.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, logits_of};

    #[test]
    fn raw_probabilities_need_no_stages() {
        let logits = Arc::new(logits_of(&[0.1, 0.2, 0.3, 0.4]));
        for (allowed, mass) in [(&[0, 2][..], 0.4), (&[3], 0.4), (&[], 0.0), (&[0, 1, 2, 3], 1.0)] {
            let mask = TokenMask::from_allowed(4, allowed.iter().copied().map(TokenId));
            let found = legal_mass(Arc::clone(&logits), &mask).unwrap();
            assert_close(&[found as f32], &[mass]);
        }
        let logs = log_probabilities(&logits, &[TokenId(3), TokenId(0)]).unwrap();
        let found: Vec<f32> = logs.iter().map(|log| log.exp() as f32).collect();
        assert_close(&found, &[0.4, 0.1]);
        let broken = Arc::new(vec![f32::NEG_INFINITY; 4]);
        assert_eq!(log_probabilities(&broken, &[]), Err(SamplingError::Invalid));
    }
}
