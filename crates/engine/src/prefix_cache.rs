//! What the model has already computed, by token ids: so a knob never runs the model, a step decodes
//! one token, and forks and rewinds share what they have in common.
//!
//! Two designs were possible. One has a node per position, each with a KV handle of its own. It is
//! flat and simple, but when the runs of small segments that single steps leave are joined, the
//! handles of the positions before keep the old segments alive beside the joined ones, and a rewind
//! pays per token of its length. The other, chosen here, is a radix tree in which only the leaves
//! hold KV handles: a beginning of a sequence is a prefix of any handle below it, so an inner node
//! needs none. A step hands its parent's handle on to the child, and a leaf that is dropped gives the
//! beginning back to its parent.
//!
//! Logits are remembered at the positions where they were computed. They are large (a step of
//! Qwen2.5-0.5B writes 25 times as many bytes of logits as of keys and values) and cheap to get back
//! (one token on what precedes it), and keys and values are the reverse. So logits may take only a
//! share of the memory and go by their own order of use; sequences go from their ends, the least
//! recently used first, when all of the memory is full.
//!
//! A beginning of a long sequence and the same ids as a short sequence are in different trees: in
//! models with LongRoPE their numbers differ.

mod segments;
mod tree;
#[cfg(test)]
mod twin;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use tokenscope_model::{KvCache, RopeRegime};
use tokenscope_tokens::TokenId;

use self::segments::Segments;
use self::tree::{NodeId, Tree};

/// Logits `[n_vocab]`, shared between the cache and whoever reads them.
pub(crate) type Logits = Arc<Vec<f32>>;

/// Logits may take one part in so many of the memory,
const SHARE_OF_LOGITS: usize = 16;
/// but those of so many positions are always kept: what the user goes back and forth between.
const FEWEST_LOGITS: usize = 8;

pub(crate) struct PrefixCache {
    tree: Tree<Prefix>,
    segments: Segments,
    /// The leaves by the tick of their last use.
    leaves: BTreeMap<u64, NodeId>,
    /// The nodes with logits, by the tick of these logits' last use.
    with_logits: BTreeMap<u64, NodeId>,
    usage: CacheUsage,
    logits_bytes: usize,
    clock: u64,
}

/// What is known of a sequence.
#[derive(Default)]
struct Prefix {
    /// Tick of the last use of this sequence, or of one that begins with it.
    used: u64,
    /// At leaves, and only there.
    kv: Option<KvCache>,
    /// The logits that follow, and the tick of their last use.
    logits: Option<(Logits, u64)>,
}

/// How full the cache is and how it has served so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// Prefixes held.
    pub entries: usize,
    /// Bytes of keys, values and logits held.
    pub bytes: usize,
    /// Bytes that may be held.
    pub max_bytes: usize,
    /// Requests whose logits were known.
    pub hits: u64,
    /// Requests that had to run the model.
    pub misses: u64,
    /// Prefixes, and logits of prefixes, that were dropped to make room.
    pub evictions: u64,
}

impl PrefixCache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        PrefixCache {
            tree: Tree::new(),
            segments: Segments::default(),
            leaves: BTreeMap::new(),
            with_logits: BTreeMap::new(),
            usage: CacheUsage { max_bytes, ..CacheUsage::default() },
            logits_bytes: 0,
            clock: 0,
        }
    }

    pub(crate) fn usage(&self) -> CacheUsage {
        CacheUsage { entries: self.tree.len(), bytes: self.bytes(), ..self.usage }
    }

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.logits_bytes
    }

    /// Counts a request as a hit or a miss.
    pub(crate) fn count(&mut self, hit: bool) {
        let counter = if hit { &mut self.usage.hits } else { &mut self.usage.misses };
        *counter += 1;
    }

    /// The logits after the first `shortest` ids, after one more, and so on, as far as they are
    /// known without a gap.
    pub(crate) fn logits(
        &mut self,
        regime: RopeRegime,
        ids: &[TokenId],
        shortest: usize,
    ) -> Vec<Logits> {
        let met = self.tree.along(self.tree.root(regime), ids).filter(|met| met.whole);
        let wanted = met.skip_while(|met| met.matched < shortest).zip(shortest..);
        let known = wanted.take_while(|(met, length)| {
            met.matched == *length && self.tree.value(met.node).logits.is_some()
        });
        let known: Vec<NodeId> = known.map(|(met, _)| met.node).collect();
        if let Some(last) = known.last() {
            self.touch(*last);
        }
        known.into_iter().map(|node| self.use_logits(node)).collect()
    }

    /// The KV cache of the longest known beginning of `ids` in a regime. Whoever continues it
    /// inserts the result, and that counts as its use.
    pub(crate) fn longest_prefix(&self, regime: RopeRegime, ids: &[TokenId]) -> KvCache {
        match self.tree.along(self.tree.root(regime), ids).last() {
            Some(met) => {
                let leaf = self.tree.leaf_below(met.node);
                let kv = self.tree.value(leaf).kv.as_ref().expect("a leaf has keys and values");
                kv.prefix(met.matched)
            }
            None => KvCache::empty(regime),
        }
    }

    /// Remembers a sequence (not the empty one), and the logits that follow its last beginnings: as
    /// many as there are logits, the shortest first and the whole sequence last.
    pub(crate) fn insert(&mut self, ids: &[TokenId], kv: KvCache, logits: Vec<Logits>) {
        debug_assert_eq!(ids.len(), kv.len());
        let mut node = self.tree.root(kv.regime());
        for (length, logits) in (ids.len() + 1 - logits.len()..).zip(logits) {
            node = self.tree.grow(node, &ids[self.tree.length(node)..length]);
            self.logits_bytes += bytes_of(&logits);
            if let Some((replaced, used)) = self.tree.value_mut(node).logits.replace((logits, 0)) {
                self.forget_logits(&replaced, used);
            }
            self.use_logits(node);
        }
        node = self.tree.grow(node, &ids[self.tree.length(node)..]);
        // Where the sequence is known already, perhaps as part of a longer one, so are its keys and
        // values, and the new ones would only take memory twice.
        if self.tree.is_leaf(node) && self.tree.value(node).kv.is_none() {
            self.segments.hold(&kv);
            self.tree.value_mut(node).kv = Some(kv);
        }
        self.touch(node);
        self.evict(node);
    }

    /// Marks a sequence and its beginnings as just used. If one of these was a leaf until now, it
    /// gives up its KV handle.
    fn touch(&mut self, end: NodeId) {
        self.clock += 1;
        let mut next = Some(end);
        while let Some(node) = next {
            let prefix = self.tree.value_mut(node);
            let used = mem::replace(&mut prefix.used, self.clock);
            if prefix.kv.is_some() {
                self.leaves.remove(&used);
            }
            if let Some(kv) = prefix.kv.take_if(|_| node != end) {
                self.segments.release(kv);
            }
            next = self.tree.parent(node);
        }
        if self.tree.is_leaf(end) {
            self.leaves.insert(self.clock, end);
        }
    }

    /// The logits at a node that has some, now the last ones used.
    fn use_logits(&mut self, node: NodeId) -> Logits {
        self.clock += 1;
        let known = self.tree.value_mut(node).logits.as_mut().expect("the node has logits");
        self.with_logits.remove(&known.1);
        known.1 = self.clock;
        self.with_logits.insert(self.clock, node);
        Arc::clone(&known.0)
    }

    /// Takes logits that were removed from their node off the books.
    fn forget_logits(&mut self, logits: &Logits, used: u64) {
        self.with_logits.remove(&used);
        self.logits_bytes -= bytes_of(logits);
    }

    /// Drops what was used longest ago, but not the `newest` sequence, even if it alone is too big.
    fn evict(&mut self, newest: NodeId) {
        while self.logits_bytes > self.usage.max_bytes / SHARE_OF_LOGITS
            && self.with_logits.len() > FEWEST_LOGITS
        {
            let (_, node) = self.with_logits.first_key_value().expect("there are some");
            let dropped = self.tree.value_mut(*node).logits.take();
            let (logits, used) = dropped.expect("the node has logits");
            self.forget_logits(&logits, used);
            self.usage.evictions += 1;
        }
        while self.bytes() > self.usage.max_bytes
            && let Some((_, leaf)) = self.leaves.first_key_value()
            && *leaf != newest
        {
            self.drop_leaf(*leaf);
            self.usage.evictions += 1;
        }
    }

    /// Drops the last ids of a sequence, up to the next shorter one there is.
    fn drop_leaf(&mut self, leaf: NodeId) {
        let parent = self.tree.parent(leaf);
        let Prefix { used, kv, logits } = self.tree.remove_leaf(leaf);
        self.leaves.remove(&used);
        if let Some((logits, used)) = logits {
            self.forget_logits(&logits, used);
        }
        let kv = kv.expect("a leaf has keys and values");
        if let Some(parent) = parent.filter(|parent| self.tree.is_leaf(*parent)) {
            let beginning = kv.prefix(self.tree.length(parent));
            self.segments.hold(&beginning);
            let prefix = self.tree.value_mut(parent);
            prefix.kv = Some(beginning);
            self.leaves.insert(prefix.used, parent);
        }
        self.segments.release(kv);
    }
}

fn bytes_of(logits: &Logits) -> usize {
    logits.len() * size_of::<f32>()
}
