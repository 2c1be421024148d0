//! Tokens in order of their logits, sorted only as far as anybody looks.

use std::cmp::Ordering;

use tokenscope_tokens::TokenId;

/// An iterator over ids, highest logit first, ties by lower id.
///
/// Most readers want the first few of 50,000, so it sorts in growing slices: 64 tokens, then four
/// times as many whenever it is asked for more.
pub(crate) struct Ranking<'a> {
    ids: Vec<TokenId>,
    logits: &'a [f32],
    sorted: usize,
    next: usize,
}

const FIRST_SLICE: usize = 64;
const GROWTH: usize = 4;

impl<'a> Ranking<'a> {
    pub(crate) fn new(ids: impl IntoIterator<Item = TokenId>, logits: &'a [f32]) -> Self {
        Ranking { ids: ids.into_iter().collect(), logits, sorted: 0, next: 0 }
    }

    fn sort_more(&mut self) {
        let logits = self.logits;
        let order = |a: &TokenId, b: &TokenId| {
            // Not total_cmp: to that, 0.0 and -0.0 are no tie. There is never a NaN.
            let by_logit = logits[b.index()].partial_cmp(&logits[a.index()]);
            by_logit.unwrap_or(Ordering::Equal).then(a.cmp(b))
        };
        let target = (self.sorted * GROWTH).max(FIRST_SLICE).min(self.ids.len());
        let unsorted = &mut self.ids[self.sorted..];
        let slice = target - self.sorted;
        if slice < unsorted.len() {
            unsorted.select_nth_unstable_by(slice, order);
        }
        unsorted[..slice].sort_unstable_by(order);
        self.sorted = target;
    }
}

impl Iterator for Ranking<'_> {
    type Item = TokenId;

    fn next(&mut self) -> Option<TokenId> {
        if self.next == self.sorted && self.sorted < self.ids.len() {
            self.sort_more();
        }
        let id = self.ids.get(self.next).copied();
        self.next += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_join_into_the_order_of_a_full_sort() {
        // Few distinct values, so that ties abound, also across the slices' borders.
        let logits: Vec<f32> = (0..1000).map(|i| ((i * 37) % 11) as f32).collect();
        let ids: Vec<TokenId> = (0..1000).filter(|i| i % 3 != 0).map(TokenId).collect();
        let mut sorted = ids.clone();
        sorted.sort_by(|a, b| {
            logits[b.index()].partial_cmp(&logits[a.index()]).unwrap().then(a.cmp(b))
        });
        assert_eq!(Ranking::new(ids, &logits).collect::<Vec<_>>(), sorted);
        assert_eq!(Ranking::new([], &logits).next(), None);
        let zeros = [-0.0, 0.0, -0.0];
        assert!(Ranking::new([2, 1, 0].map(TokenId), &zeros).is_sorted());
    }
}
