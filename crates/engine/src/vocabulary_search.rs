//! Which tokens of the vocabulary contain a text.

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
    _: &Cancelled,
) -> Result<Answer<TokensReport>, EngineError> {
    let vocabulary = model.tokenizer.vocabulary();
    let ids = containing(vocabulary, &query.text, model.facts.logit_size);
    let best = ids.iter().take(query.limit);
    let report = TokensReport {
        model_id: model.facts.model_id.clone(),
        tokens: best.map(|id| TokenPill::of(vocabulary, *id)).collect(),
        found: ids.len(),
    };
    Ok(Answer { report, next: None })
}

/// The tokens below `n_logits` whose text contains `text`: first the one that is the text, then
/// those that begin with it, then the others, short ones before long ones. An empty text is looked
/// for by nobody.
fn containing(vocabulary: &Vocabulary, text: &str, n_logits: usize) -> Vec<TokenId> {
    if text.is_empty() {
        return Vec::new();
    }
    let ids = (0..vocabulary.len().min(n_logits) as u32).map(TokenId);
    let mut found: Vec<(usize, usize, TokenId)> = ids
        .filter_map(|id| {
            let token = vocabulary.text(id);
            let place = token.find(text)?;
            // What is the text itself is the shortest of those that begin with it.
            Some((place.min(1), token.len(), id))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, id)| id).collect()
}

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
        ] {
            let found = containing(&vocabulary, text, n_logits);
            assert_eq!(
                found,
                expected.iter().copied().map(TokenId).collect::<Vec<_>>(),
                "{text:?}"
            );
        }
    }
}
