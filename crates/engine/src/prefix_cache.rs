//! What the model has already computed, by token ids.
//!
//! For every prefix that was asked about, the cache holds its KV handle and, once they are known,
//! the logits that follow it. So a knob never runs the model, a step decodes one token, and a
//! rewind costs nothing. Least recently used entries go when the bytes run out.

use std::collections::HashMap;
use std::sync::Arc;

use tokenscope_model::{Config, KvCache};
use tokenscope_tokens::TokenId;

/// Logits `[n_vocab]`, shared between the cache and whoever reads them.
pub(crate) type Logits = Arc<Vec<f32>>;

pub(crate) struct PrefixCache {
    entries: HashMap<Vec<TokenId>, Entry>,
    bytes_per_position: usize,
    usage: CacheUsage,
    clock: u64,
}

struct Entry {
    kv: KvCache,
    logits: Option<Logits>,
    /// What this entry added: its logits, and the positions its own pass computed. Segments are
    /// shared, so memory is returned only when the last entry that uses one has gone.
    bytes: usize,
    last_used: u64,
}

/// How full the cache is and how it has served so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// Prefixes held.
    pub entries: usize,
    /// Bytes held, estimated per entry.
    pub bytes: usize,
    /// Bytes that may be held.
    pub max_bytes: usize,
    /// Requests whose logits were known.
    pub hits: u64,
    /// Requests that had to run the model.
    pub misses: u64,
}

impl PrefixCache {
    pub(crate) fn new(config: &Config, max_bytes: usize) -> Self {
        PrefixCache {
            entries: HashMap::new(),
            bytes_per_position: KvCache::bytes_per_position(config),
            usage: CacheUsage { max_bytes, ..CacheUsage::default() },
            clock: 0,
        }
    }

    pub(crate) fn usage(&self) -> CacheUsage {
        CacheUsage { entries: self.entries.len(), ..self.usage }
    }

    /// Counts a request as a hit or a miss.
    pub(crate) fn count(&mut self, hit: bool) {
        let counter = if hit { &mut self.usage.hits } else { &mut self.usage.misses };
        *counter += 1;
    }

    /// The logits after exactly these ids, if they are known.
    pub(crate) fn logits(&mut self, ids: &[TokenId]) -> Option<Logits> {
        self.clock += 1;
        let entry = self.entries.get_mut(ids)?;
        entry.last_used = self.clock;
        entry.logits.clone()
    }

    /// The KV cache of the longest known beginning of `ids`, of at most `limit` positions.
    pub(crate) fn longest_prefix(&mut self, ids: &[TokenId], limit: usize) -> KvCache {
        self.clock += 1;
        let shared = |known: &[TokenId]| {
            known.iter().zip(&ids[..limit]).take_while(|(known, id)| known == id).count()
        };
        let best = self.entries.iter_mut().map(|(known, entry)| (shared(known), entry));
        match best.max_by_key(|(length, _)| *length) {
            Some((length, entry)) => {
                entry.last_used = self.clock;
                entry.kv.prefix(length)
            }
            None => KvCache::empty(),
        }
    }

    /// Remembers a prefix. `computed` is how many of its positions were computed for it, rather
    /// than found here.
    pub(crate) fn insert(
        &mut self,
        ids: &[TokenId],
        kv: KvCache,
        logits: Option<Logits>,
        computed: usize,
    ) {
        debug_assert_eq!(ids.len(), kv.len());
        self.clock += 1;
        let logits_bytes = logits.as_ref().map_or(0, |logits| logits.len() * size_of::<f32>());
        let bytes = computed * self.bytes_per_position + logits_bytes;
        let entry = Entry { kv, logits, bytes, last_used: self.clock };
        self.usage.bytes += bytes;
        if let Some(replaced) = self.entries.insert(ids.to_vec(), entry) {
            self.usage.bytes -= replaced.bytes;
        }
        self.evict();
    }

    /// Drops what was used longest ago, but never the newest entry, even if it alone is too big.
    fn evict(&mut self) {
        while self.usage.bytes > self.usage.max_bytes && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used);
            let ids = oldest.expect("there are at least two").0.clone();
            let dropped = self.entries.remove(&ids).expect("it was just found");
            self.usage.bytes -= dropped.bytes;
        }
    }
}
