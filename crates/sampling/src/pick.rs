//! Taking the token.

use tokenscope_tokens::TokenId;

use crate::Explained;
use crate::mass::crossing;
use crate::ranking::top;

/// The most probable kept token, or the one where the coin falls.
///
/// For the coin the kept tokens are laid end to end on [0, 1), most probable first, each as long as
/// its final probability. With `None` the choice is greedy; ties go to the lower id.
pub fn pick(explained: &Explained, coin: Option<f64>) -> TokenId {
    let distribution = &explained.distribution;
    match coin {
        None => top(1, distribution.logits(), distribution.marks(), |cut_by| cut_by.is_none())
            .first()
            .expect("a distribution always keeps a token")
            .id(),
        // Rounding may leave the sum a little below 1; a coin beyond it gets the last token that
        // has any probability.
        Some(coin) => {
            crossing(distribution, coin, |mass, coin| mass > coin)
                .expect("a distribution always has a token with a probability")
                .id
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::logits_of;
    use crate::{History, Inputs, Settings, explain};

    fn picked(top_p: f64, coin: Option<f64>) -> u32 {
        let settings =
            Settings { temperature: 1.0, top_p, repetition_penalty: 1.0, ..Settings::default() };
        let inputs = Inputs { settings: &settings, history: History::default(), mask: None };
        let explained = explain(logits_of(&[0.1, 0.2, 0.3, 0.4]).into(), &inputs).unwrap();
        pick(&explained, coin).0
    }

    #[test]
    fn tokens_lie_on_the_line_in_order_of_probability() {
        for (top_p, coin, expected) in [
            (1.0, None, 3),
            (1.0, Some(0.0), 3),
            (1.0, Some(0.39), 3),
            (1.0, Some(0.41), 2),
            (1.0, Some(0.69), 2),
            (1.0, Some(0.71), 1),
            (1.0, Some(0.91), 0),
            (1.0, Some(1.0 - f64::EPSILON), 0),
            // Two tokens are kept, with 4/7 and 3/7.
            (0.6, Some(0.57), 3),
            (0.6, Some(0.58), 2),
            (0.6, Some(1.0 - f64::EPSILON), 2),
        ] {
            assert_eq!(picked(top_p, coin), expected, "top-p {top_p}, coin {coin:?}");
        }
    }

    #[test]
    fn many_coins_give_the_final_probabilities() {
        let mut counts = [0u32; 4];
        for position in 0..10_000 {
            counts[picked(1.0, Some(crate::coin(5, position))) as usize] += 1;
        }
        for (count, p) in counts.into_iter().zip([0.1f64, 0.2, 0.3, 0.4]) {
            // Five standard deviations of a binomial with n = 10,000.
            let spread = 5.0 * (10_000.0 * p * (1.0 - p)).sqrt();
            assert!((f64::from(count) - 10_000.0 * p).abs() < spread, "{counts:?}");
        }
    }
}
