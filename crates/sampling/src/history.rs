//! Which tokens have occurred, and how often.

use std::collections::HashMap;

use tokenscope_tokens::TokenId;

use crate::PenaltyScope;

/// The sequence so far, as the penalties see it.
#[derive(Debug, Clone, Copy, Default)]
pub struct History<'a> {
    /// Ids of the prompt, template included.
    pub prompt: &'a [TokenId],
    /// Ids of the completion.
    pub completion: &'a [TokenId],
    /// The special tokens among them (any order; others may be listed too).
    pub specials: &'a [TokenId],
}

impl History<'_> {
    /// Each distinct id in the scope with the number of its occurrences, by id.
    pub fn counts(&self, scope: PenaltyScope) -> Vec<(TokenId, u32)> {
        let prompt = match scope {
            PenaltyScope::All | PenaltyScope::NoSpecials => self.prompt,
            PenaltyScope::Completion => &[],
        };
        let mut counts: HashMap<TokenId, u32> = HashMap::new();
        for id in prompt.iter().chain(self.completion) {
            if scope != PenaltyScope::NoSpecials || !self.specials.contains(id) {
                *counts.entry(*id).or_default() += 1;
            }
        }
        let mut counts: Vec<(TokenId, u32)> = counts.into_iter().collect();
        counts.sort_unstable();
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_decides_what_counts() {
        let ids = |ids: &[u32]| ids.iter().copied().map(TokenId).collect::<Vec<_>>();
        let (prompt, completion, specials) = (ids(&[9, 5, 5, 9]), ids(&[5, 7, 9]), ids(&[9]));
        let history = History { prompt: &prompt, completion: &completion, specials: &specials };
        for (scope, expected) in [
            (PenaltyScope::All, &[(5, 3), (7, 1), (9, 3)][..]),
            (PenaltyScope::Completion, &[(5, 1), (7, 1), (9, 1)]),
            (PenaltyScope::NoSpecials, &[(5, 3), (7, 1)]),
        ] {
            let expected: Vec<_> = expected.iter().map(|&(id, n)| (TokenId(id), n)).collect();
            assert_eq!(history.counts(scope), expected, "{scope:?}");
        }
    }
}
