//! Checks for tables of friendly numbers.

use std::sync::Arc;

use tokenscope_tokens::{TokenId, TokenMask};

use crate::{Distribution, History, Inputs, Settings, Stage};

/// Logits whose softmax is `probabilities`.
pub(crate) fn logits_of(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln()).collect()
}

#[track_caller]
pub(crate) fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close, "found {found:?}, expected {expected:?}");
}

/// Runs one stage on logits, after a completion of `seen`.
#[track_caller]
pub(crate) fn check_logits(
    stage: &dyn Stage,
    settings: &Settings,
    logits: &[f32],
    seen: &[u32],
    expected: &[f32],
) {
    let completion: Vec<TokenId> = seen.iter().copied().map(TokenId).collect();
    let history = History { completion: &completion, ..History::default() };
    let mut distribution = Distribution::new(Arc::new(logits.to_vec()));
    stage.apply(&mut distribution, &Inputs { settings, history, mask: None });
    assert_close(distribution.logits(), expected);
}

/// Runs one stage on probabilities.
#[track_caller]
pub(crate) fn check_probabilities(
    stage: &dyn Stage,
    settings: &Settings,
    mask: Option<&TokenMask>,
    before: &[f32],
    after: &[f32],
) {
    let mut distribution = Distribution::new(Arc::new(logits_of(before)));
    stage.apply(&mut distribution, &Inputs { settings, history: History::default(), mask });
    let softmax = distribution.softmax().unwrap();
    let probabilities = (0..before.len()).map(|index| {
        let is_kept = distribution.is_kept(TokenId(index as u32));
        if is_kept { softmax.probability(distribution.logits()[index]) } else { 0.0 }
    });
    assert_close(&probabilities.collect::<Vec<_>>(), after);
}

/// Random numbers between -1 and 1, the same ones every time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f32 {
        // A linear congruential generator (Knuth's MMIX), of which the upper bits are good.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
