//! Tokens in order of their logits, sorted only as far as anybody looks.

use multiversion::multiversion;
use tokenscope_tokens::TokenId;

use crate::StageId;
use crate::bins::{Bins, N_BINS};
use crate::weights::{BLOCK, any, for_each_block};

/// A token's place in the order: the smaller key has the higher logit, or the same and the lower
/// id. Whole numbers, since those sort quickest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RankKey(u64);

impl RankKey {
    /// The logit must be a number.
    pub(crate) fn of(logit: f32, index: usize) -> Self {
        // Adding zero makes -0.0 a 0.0: they are a tie.
        let bits = (logit + 0.0).to_bits();
        // Bits of positive floats are in the order of the floats, those of negative ones reversed.
        let descending = if logit < 0.0 { bits } else { !(bits | 1 << 31) };
        RankKey(u64::from(descending) << 32 | index as u64)
    }

    /// The token.
    pub(crate) fn id(self) -> TokenId {
        TokenId(self.0 as u32)
    }
}

/// The first `n` of the counted tokens in order.
///
/// Once there are `n` candidates, the last of them is a bar to take; hardly any block of logits
/// has one that takes it.
#[multiversion(targets = "simd")]
pub(crate) fn top(
    n: usize,
    logits: &[f32],
    cut_by: &[Option<StageId>],
    counts: impl Fn(Option<StageId>) -> bool,
) -> Vec<RankKey> {
    if n == 0 {
        return Vec::new();
    }
    // Room for more, so that the bar is not raised for every single candidate.
    let room = (n * 2).max(64);
    let mut best: Vec<RankKey> = Vec::new();
    let mut bar = None;
    // Which tokens count is asked of the few candidates only.
    for_each_block(logits, |first, block| {
        let takes_bar = |logit: f32| bar.is_none_or(|bar| logit > bar);
        if !any(block, takes_bar) {
            return;
        }
        for (index, logit) in (first..logits.len()).zip(block) {
            if takes_bar(*logit) && counts(cut_by[index]) {
                best.push(RankKey::of(*logit, index));
            }
        }
        if best.len() >= room {
            let (_, last, _) = best.select_nth_unstable(n - 1);
            // Later tokens have higher ids, so that they must be better, not just equal.
            bar = Some(logits[last.id().index()]);
            best.truncate(n);
        }
    });
    best.sort_unstable();
    best.truncate(n);
    best
}

/// The places, from 1, of some tokens among all.
///
/// One pass over the vocabulary for all of them: tokens are counted into bins by logit, and those
/// that fall into a bin with tokens of interest are sorted in among these.
#[multiversion(targets = "simd")]
pub(crate) fn places(ids: &[TokenId], logits: &[f32]) -> Vec<usize> {
    let key = |index: usize| RankKey::of(logits[index], index);
    let mut sorted: Vec<RankKey> = ids.iter().map(|id| key(id.index())).collect();
    sorted.sort_unstable();
    let sorted_logits = || sorted.iter().map(|key| logits[key.id().index()]);
    let Some(highest) = sorted_logits().next() else { return Vec::new() };
    let lowest = sorted_logits().next_back().unwrap_or(highest);
    let lowest_finite = sorted_logits().rfind(|logit| logit.is_finite()).unwrap_or(highest);

    let bins = Bins::new(highest, lowest_finite);
    let bin_of = |key: &RankKey| bins.of(&[logits[key.id().index()]; BLOCK])[0];
    let sorted_bins: Vec<u32> = sorted.iter().map(bin_of).collect();
    let mut is_of_interest = [false; N_BINS];
    for bin in &sorted_bins {
        is_of_interest[*bin as usize] = true;
    }
    // Tokens of the other bins.
    let mut tokens_in_bin = [0usize; N_BINS];
    // Tokens that come before sorted[i], but not before sorted[i - 1], in bins of interest.
    let mut between = vec![0; sorted.len() + 1];
    for_each_block(logits, |first, block| {
        if !any(block, |logit| logit >= lowest) {
            return;
        }
        for (index, bin) in (first..logits.len()).zip(bins.of(block)) {
            let bin = bin as usize % N_BINS;
            if is_of_interest[bin] {
                let key = key(index);
                between[sorted.partition_point(|known| *known <= key)] += 1;
            } else {
                tokens_in_bin[bin] += 1;
            }
        }
    });

    let mut place_of = vec![0; ids.len()];
    let (mut before, mut bins_before) = (0, 0);
    for ((key, bin), between) in sorted.iter().zip(sorted_bins).zip(between) {
        before += tokens_in_bin[bins_before..bin as usize].iter().sum::<usize>();
        bins_before = bin as usize;
        before += between;
        let row = ids.iter().position(|id| *id == key.id()).expect("sorted holds the same ids");
        place_of[row] = before + 1;
    }
    place_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    /// Logits with few distinct values, so that ties abound, among them both zeros.
    fn logits(len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| [1.5, -0.0, 0.0, -7.0, f32::NEG_INFINITY, 3.0, -2.0][(i * 37) % 7])
            .collect()
    }

    fn sorted(logits: &[f32], mut ids: Vec<u32>) -> Vec<u32> {
        ids.sort_by(|a, b| {
            logits[*b as usize].partial_cmp(&logits[*a as usize]).unwrap().then(a.cmp(b))
        });
        ids
    }

    #[test]
    fn the_first_are_those_of_a_full_sort() {
        let mut numbers = Numbers(1);
        let random: Vec<f32> = (0..1000).map(|_| numbers.next() * 9.0).collect();
        let rising: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        for logits in [logits(1000), random, rising] {
            let marks: Vec<_> =
                (0..1000).map(|i| (i % 3 == 0).then_some(StageId::Constraint)).collect();
            let all = sorted(&logits, (0..1000).filter(|i| i % 3 != 0).collect());
            for n in [0, 1, 2, 50, 333, 1000] {
                let found = top(n, &logits, &marks, |mark| mark.is_none());
                let found: Vec<u32> = found.into_iter().map(|key| key.id().0).collect();
                assert_eq!(found, all[..n.min(all.len())], "{n}");
            }
        }
    }

    #[test]
    fn places_are_those_of_a_full_sort() {
        let mut numbers = Numbers(2);
        let spread: Vec<f32> = (0..300).map(|_| numbers.next() * 1e30).collect();
        for logits in [logits(300), spread, vec![f32::NEG_INFINITY; 300]] {
            let all = sorted(&logits, (0..300).collect());
            for ids in [&[][..], &[7], &[4, 11], &[7, 0, 299, 150, 17, 34], &all] {
                let expected: Vec<usize> = ids
                    .iter()
                    .map(|id| 1 + all.iter().position(|known| known == id).unwrap())
                    .collect();
                let ids: Vec<TokenId> = ids.iter().copied().map(TokenId).collect();
                assert_eq!(places(&ids, &logits), expected);
            }
        }
    }
}
