//! The key-value cache: what attention remembers of the tokens so far.
//!
//! A cache is a list of immutable segments, each written by one forward pass and shared by every
//! cache that continues it. So a fork or a rewind copies a few handles and no numbers. The
//! alternative, one growing buffer per sequence, decodes a little faster but must be copied or
//! recomputed for every branch.
//!
//! Tokens that come one by one would leave a segment each, and attention would hop from one to the
//! next. So once [`RUN`] positions at the end of a sequence are in short segments, they are copied
//! into one. What still holds the short ones keeps them: every position is copied at most once.

use std::sync::Arc;

use tokenscope_tokens::TokenId;

use crate::{Config, RopeRegime};

/// Keys and values of a sequence in one regime. Cloning and cutting are cheap.
#[derive(Clone)]
pub struct KvCache {
    regime: RopeRegime,
    /// The segments, and how many of each one's positions belong to this sequence.
    segments: Vec<(Arc<KvSegment>, usize)>,
    len: usize,
}

impl KvCache {
    /// The cache of the empty sequence, to be continued in the regime of what it will become
    /// ([`Config::regime`] of the whole input's length).
    pub fn empty(regime: RopeRegime) -> Self {
        KvCache { regime, segments: Vec::new(), len: 0 }
    }

    /// The regime its tokens were computed in.
    pub fn regime(&self) -> RopeRegime {
        self.regime
    }

    /// Positions covered.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no position is covered.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The cache of this sequence's first `len` tokens.
    ///
    /// # Panics
    /// If the sequence is shorter than that.
    pub fn prefix(&self, len: usize) -> KvCache {
        assert!(len <= self.len, "a cache of {} positions has no prefix of {len}", self.len);
        let mut prefix = KvCache::empty(self.regime);
        for (segment, used) in &self.segments {
            let wanted = (len - prefix.len).min(*used);
            if wanted == 0 {
                break;
            }
            prefix.segments.push((Arc::clone(segment), wanted));
            prefix.len += wanted;
        }
        prefix
    }

    /// The tokens it is of, or fewer if some of it is of other embeddings.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TokenId> {
        self.segments.iter().flat_map(|(segment, used)| segment.ids.iter().take(*used).copied())
    }

    /// This sequence with a segment after it.
    pub(crate) fn with(&self, segment: KvSegment) -> KvCache {
        let mut longer = self.clone();
        longer.len += segment.n;
        let n = segment.n;
        longer.segments.push((Arc::new(segment), n));
        longer.join_short_segments();
        longer
    }

    /// Copies the short segments at the end into one, if together they are long enough.
    fn join_short_segments(&mut self) {
        let short = self.segments.iter().rev().take_while(|(_, used)| *used < RUN);
        let n_short = short.clone().count();
        let positions: usize = short.map(|(_, used)| used).sum();
        if n_short < 2 || positions < RUN {
            return;
        }
        let parts = self.segments.split_off(self.segments.len() - n_short);
        self.segments.push((Arc::new(KvSegment::joined(&parts, positions)), positions));
    }

    /// What this cache keeps in memory: for each segment a name, the same in every cache that
    /// shares it, and its bytes. (A segment is kept whole, even if only a part of it is used.)
    pub fn segments(&self) -> impl Iterator<Item = (SegmentId, usize)> {
        let name = |segment| SegmentId(Arc::as_ptr(segment) as usize);
        self.segments.iter().map(move |(segment, _)| (name(segment), segment.bytes()))
    }

    /// One layer's (keys, values) `[positions][kv_dim]`, a pair of slices per segment in order.
    pub(crate) fn layer(&self, layer: usize) -> impl Iterator<Item = (&[f32], &[f32])> + Clone {
        self.segments.iter().map(move |(segment, used)| segment.layer(layer, *used))
    }
}

/// Positions of a segment that is long enough to be left alone.
const RUN: usize = 64;

/// Names a segment for as long as a cache holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId(usize);

/// The keys and values one forward pass wrote.
pub(crate) struct KvSegment {
    /// Positions.
    n: usize,
    kv_dim: usize,
    /// The tokens there; none if it is of other embeddings.
    ids: Vec<TokenId>,
    /// `[layer][keys, values][n][kv_dim]`
    numbers: Vec<f32>,
}

impl KvSegment {
    /// Room for tokens.
    pub(crate) fn of_tokens(ids: &[TokenId], config: &Config) -> Self {
        KvSegment { ids: ids.to_vec(), ..KvSegment::of_embeddings(ids.len(), config) }
    }

    /// Room for `n` positions of embeddings, whatever they are.
    pub(crate) fn of_embeddings(n: usize, config: &Config) -> Self {
        let kv_dim = config.kv_dim();
        let numbers = vec![0.0; config.layers.len() * 2 * n * kv_dim];
        KvSegment { n, kv_dim, ids: Vec::new(), numbers }
    }

    /// The positions of several segments, as far as they are used, in one.
    fn joined(parts: &[(Arc<KvSegment>, usize)], n: usize) -> Self {
        let kv_dim = parts[0].0.kv_dim;
        let mut numbers = Vec::with_capacity(parts[0].0.numbers.len() / parts[0].0.n * n);
        for layer in 0..parts[0].0.layers() {
            numbers.extend(parts.iter().flat_map(|(part, used)| part.layer(layer, *used).0));
            numbers.extend(parts.iter().flat_map(|(part, used)| part.layer(layer, *used).1));
        }
        let ids = parts.iter().flat_map(|(part, used)| part.ids.iter().take(*used).copied());
        KvSegment { n, kv_dim, ids: ids.collect(), numbers }
    }

    fn layers(&self) -> usize {
        self.numbers.len() / (2 * self.n * self.kv_dim)
    }

    /// A layer's keys and values, each `[n][kv_dim]`, to be written.
    pub(crate) fn layer_mut(&mut self, layer: usize) -> (&mut [f32], &mut [f32]) {
        let len = self.n * self.kv_dim;
        self.numbers[layer * 2 * len..(layer + 1) * 2 * len].split_at_mut(len)
    }

    /// A layer's keys and values of the first `used` positions.
    pub(crate) fn layer(&self, layer: usize, used: usize) -> (&[f32], &[f32]) {
        let len = self.n * self.kv_dim;
        let (keys, values) = self.numbers[layer * 2 * len..(layer + 1) * 2 * len].split_at(len);
        (&keys[..used * self.kv_dim], &values[..used * self.kv_dim])
    }

    fn bytes(&self) -> usize {
        size_of_val(&self.numbers[..]) + size_of_val(&self.ids[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(n: usize, first: f32) -> KvSegment {
        let numbers: Vec<f32> = (0..n).map(|i| first + i as f32).collect();
        let ids = (0..n).map(|i| TokenId(first as u32 + i as u32)).collect();
        KvSegment { n, kv_dim: 1, ids, numbers: [numbers.clone(), numbers].concat() }
    }

    fn keys(cache: &KvCache) -> Vec<f32> {
        cache.layer(0).flat_map(|(keys, _)| keys.to_vec()).collect()
    }

    #[test]
    fn branches_share_a_prefix_and_do_not_disturb_each_other() {
        let trunk = KvCache::empty(RopeRegime::Short).with(segment(3, 0.0)).with(segment(2, 3.0));
        let branch = trunk.prefix(4).with(segment(1, 10.0));
        let other = trunk.prefix(2).with(segment(2, 20.0));
        for (cache, expected) in [
            (&trunk, &[0.0, 1.0, 2.0, 3.0, 4.0][..]),
            (&branch, &[0.0, 1.0, 2.0, 3.0, 10.0]),
            (&other, &[0.0, 1.0, 20.0, 21.0]),
            (&trunk.prefix(0), &[]),
        ] {
            assert_eq!(keys(cache), expected);
            assert_eq!(cache.len(), expected.len());
            assert!(cache.ids().map(|id| id.0 as f32).eq(expected.iter().copied()));
        }
    }

    #[test]
    fn short_segments_at_the_end_are_joined_and_nothing_changes() {
        let mut cache = KvCache::empty(RopeRegime::Short).with(segment(100, 0.0));
        for position in 100..100 + 3 * RUN + 5 {
            let before = cache.clone();
            cache = cache.with(segment(1, position as f32));
            assert_eq!(before.len(), position);
        }
        let expected: Vec<f32> = (0..cache.len()).map(|position| position as f32).collect();
        assert_eq!(keys(&cache), expected);
        assert!(cache.ids().map(|id| id.0 as f32).eq(expected.iter().copied()));
        assert_eq!(cache.segments().count(), 1 + 3 + 5);
        // A rewind into a joined segment leaves a short one, which is joined with what follows.
        let rewound = cache.prefix(110);
        assert_eq!(keys(&rewound.with(segment(RUN, 110.0)))[100..], expected[100..174]);
        assert_eq!(rewound.with(segment(60, 110.0)).segments().count(), 2);
    }

    #[test]
    fn joining_keeps_layers_keys_and_values_apart() {
        // Two layers, two numbers a position: layer, keys or values, position and place in digits.
        let segment = |first: usize, n: usize| {
            let number = |i: usize| {
                let (part, rest) = (i / (2 * n), i % (2 * n));
                (part * 1000 + (first + rest / 2) * 2 + rest % 2) as f32
            };
            KvSegment { n, kv_dim: 2, ids: Vec::new(), numbers: (0..8 * n).map(number).collect() }
        };
        let parts = KvCache::empty(RopeRegime::Short).with(segment(0, 40)).with(segment(40, 30));
        assert_eq!(parts.segments().count(), 1);
        let whole = segment(0, 70);
        for layer in 0..2 {
            assert_eq!(parts.layer(layer).next().unwrap(), whole.layer(layer, 70));
        }
    }
}
