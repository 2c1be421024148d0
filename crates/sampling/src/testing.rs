//! Checks for tables of friendly numbers.

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
    let mut distribution = Distribution::new(logits);
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
    let mut distribution = Distribution::new(&logits_of(before));
    stage.apply(&mut distribution, &Inputs { settings, history: History::default(), mask });
    assert_close(&distribution.probabilities(), after);
}
