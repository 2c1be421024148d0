//! Attributions against PyTorch's numbers.

use serde_json::{Value, json};

use crate::client::{Client, floats, with};

/// Asks for an attribution and insists on 200.
pub(crate) async fn attribute(client: &Client, body: &Value, extra: Value) -> Value {
    client.ok("/api/attribution", with(body.clone(), extra)).await
}

/// Scores must be these, one for each token, and 0 for the target: to 1e-3 of each, and of what they
/// are on average, since numbers that cancel out nearly are known less well.
#[track_caller]
pub(crate) fn assert_scores(answer: &Value, expected: &Value, what: &str) {
    let (found, expected) = (floats(&answer["attributions"]), floats(expected));
    assert_eq!(found.len(), expected.len() + 1, "{what}: {answer}");
    assert_eq!(found[expected.len()], 0.0, "{what}");
    let mean = expected.iter().map(|score| score.abs()).sum::<f64>() / expected.len() as f64;
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let bound = 1e-3 * expected.abs() + 1e-3 * mean;
        assert!((found - expected).abs() <= bound, "{what}, {place}: {found}, expected {expected}");
    }
}

/// The seed's four methods, and what their results are called in all goldens.
pub(crate) const SEED_METHODS: [&str; 4] =
    ["attention", "saliency", "input_x_gradient", "integrated_gradients"];

/// Options of signed scores.
pub(crate) fn signed(quantity: &str, contrast: &Value) -> Value {
    json!({"signed": true, "quantity": quantity, "contrast_id": contrast})
}
