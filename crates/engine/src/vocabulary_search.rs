//! Which tokens of the vocabulary contain a text.

use memchr::memmem;
use tokenscope_tokens::{TokenId, Vocabulary};

use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::query::TokenQuery;
use crate::report::{TokenPill, TokensReport};
use crate::step::Answer;

/// Answers a search.
pub(crate) fn tokens(
    model: &mut LoadedModel,
    query: &TokenQuery,
    cancelled: &Cancelled,
) -> Result<Answer<TokensReport>, EngineError> {
    let vocabulary = model.tokenizer.vocabulary();
    let ids = containing(vocabulary, &query.text, model.facts.logit_size, cancelled)?;
    let best = ids.iter().take(query.limit);
    let report = TokensReport {
        model_id: model.facts.model_id.clone(),
        tokens: best.map(|id| TokenPill::of(vocabulary, *id)).collect(),
        found: ids.len(),
    };
    Ok(Answer { report, next: None })
}

/// The tokens below `n_logits` whose text contains `text`: first the one that is the text, then
/// those that begin with it, then the others, short ones before long ones. An empty text is in none, and
/// one that is longer than any token is answered at once.
///
/// # Errors
/// If the answer is no longer wanted.
fn containing(
    vocabulary: &Vocabulary,
    text: &str,
    n_logits: usize,
    cancelled: &Cancelled,
) -> Result<Vec<TokenId>, EngineError> {
    if text.is_empty() || text.len() > BYTES_OF_A_MARK * vocabulary.longest() {
        return Ok(Vec::new());
    }
    // What makes the search quick is computed from the text once, and not for each token.
    let finder = memmem::Finder::new(text);
    let mut found: Vec<(usize, usize, TokenId)> = Vec::new();
    for id in (0..vocabulary.len().min(n_logits) as u32).map(TokenId) {
        if id.0.is_multiple_of(BETWEEN_LOOKS) {
            cancelled.check()?;
        }
        let token = vocabulary.text(id);
        if let Some(place) = finder.find(token.as_bytes()) {
            // What is the text itself is the shortest of those that begin with it.
            found.push((place.min(1), token.len(), id));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, _, id)| id).collect())
}

/// A byte that is no UTF-8 is shown as U+FFFD, which has three.
const BYTES_OF_A_MARK: usize = 3;

/// Tokens between two looks at whether the answer is still wanted.
const BETWEEN_LOOKS: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use tokenscope_tokens::TokenKind;

    #[test]
    fn exact_matches_come_first_then_beginnings_then_the_rest() {
        let texts = ["Paris", " Paris", "Parisian", "paris", "is", "comparison", "Paris!", "<s>"];
        let vocabulary = Vocabulary::new(texts.map(|text| (text, TokenKind::Normal)));
        for (text, n_logits, expected) in [
            ("Paris", 8, &[0, 6, 2, 1][..]),
            (" Paris", 8, &[1]),
            ("is", 8, &[4, 0, 3, 1, 6, 2, 5]),
            ("is", 4, &[0, 3, 1, 2]),
            ("s>", 99, &[7]),
            ("Rome", 8, &[]),
            ("", 8, &[]),
            (&"Paris".repeat(100_000), 8, &[]),
        ] {
            let found = containing(&vocabulary, text, n_logits, &Cancelled::default()).unwrap();
            assert_eq!(
                found,
                expected.iter().copied().map(TokenId).collect::<Vec<_>>(),
                "{text:?}"
            );
        }
        let cancelled = Cancelled::default();
        drop(cancelled.on_drop());
        let found = containing(&vocabulary, "is", 8, &cancelled);
        assert!(matches!(found, Err(EngineError::Cancelled)));
        let found = containing(&vocabulary, &"Paris".repeat(9), 8, &cancelled);
        assert!(found.is_ok(), "no token is looked at for a text longer than any");
    }
}
