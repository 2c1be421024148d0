//! What the model has already computed, by token ids.
//!
//! For every prefix that was asked about, the cache holds its KV handle and, once they are known,
//! the logits that follow it. So a knob never runs the model, a step decodes one token, and a
//! rewind costs nothing. Least recently used entries go when the bytes run out.
//!
//! A beginning of a long sequence and the same ids as a short sequence are different entries: in
//! models with LongRoPE their numbers differ.

use std::collections::HashMap;
use std::sync::Arc;

use tokenscope_model::{KvCache, RopeRegime, SegmentId};
use tokenscope_tokens::TokenId;

/// Logits `[n_vocab]`, shared between the cache and whoever reads them.
pub(crate) type Logits = Arc<Vec<f32>>;

pub(crate) struct PrefixCache {
    entries: HashMap<(RopeRegime, Vec<TokenId>), Entry>,
    /// How many entries hold each segment: it takes memory once, until the last of them has gone.
    holders: HashMap<SegmentId, usize>,
    usage: CacheUsage,
    clock: u64,
}

struct Entry {
    kv: KvCache,
    logits: Option<Logits>,
    last_used: u64,
}

impl Entry {
    fn logits_bytes(&self) -> usize {
        self.logits.as_ref().map_or(0, |logits| logits.len() * size_of::<f32>())
    }
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
}

impl PrefixCache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        PrefixCache {
            entries: HashMap::new(),
            holders: HashMap::new(),
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
    pub(crate) fn logits(&mut self, regime: RopeRegime, ids: &[TokenId]) -> Option<Logits> {
        self.clock += 1;
        let entry = self.entries.get_mut(&(regime, ids.to_vec()))?;
        entry.last_used = self.clock;
        entry.logits.clone()
    }

    /// The KV cache of the longest known beginning of `ids` in a regime, of at most `limit`
    /// positions.
    pub(crate) fn longest_prefix(
        &mut self,
        regime: RopeRegime,
        ids: &[TokenId],
        limit: usize,
    ) -> KvCache {
        self.clock += 1;
        let shared = |known: &[TokenId]| {
            known.iter().zip(&ids[..limit]).take_while(|(known, id)| known == id).count()
        };
        let known = self.entries.iter_mut().filter(|((known, _), _)| *known == regime);
        let known = known.map(|((_, known), entry)| (shared(known), entry));
        let useful = known.filter(|(length, _)| *length > 0);
        match useful.max_by_key(|(length, _)| *length) {
            Some((length, entry)) => {
                entry.last_used = self.clock;
                entry.kv.prefix(length)
            }
            None => KvCache::empty(regime),
        }
    }

    /// Remembers a prefix.
    pub(crate) fn insert(&mut self, ids: &[TokenId], kv: KvCache, logits: Option<Logits>) {
        debug_assert_eq!(ids.len(), kv.len());
        self.clock += 1;
        let key = (kv.regime(), ids.to_vec());
        let entry = Entry { kv, logits, last_used: self.clock };
        for (segment, bytes) in entry.kv.segments() {
            let holders = self.holders.entry(segment).or_default();
            if *holders == 0 {
                self.usage.bytes += bytes;
            }
            *holders += 1;
        }
        self.usage.bytes += entry.logits_bytes();
        if let Some(replaced) = self.entries.insert(key, entry) {
            self.release(&replaced);
        }
        self.evict();
    }

    /// Drops what was used longest ago, but never the newest entry, even if it alone is too big.
    fn evict(&mut self) {
        while self.usage.bytes > self.usage.max_bytes && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used);
            let key = oldest.expect("there are at least two").0.clone();
            let dropped = self.entries.remove(&key).expect("it was just found");
            self.release(&dropped);
        }
    }

    /// Takes an entry that is about to go off the books. It must still be alive: segments are named
    /// by their place in memory.
    fn release(&mut self, entry: &Entry) {
        self.usage.bytes -= entry.logits_bytes();
        for (segment, bytes) in entry.kv.segments() {
            let holders = self.holders.get_mut(&segment).expect("it was counted when inserted");
            *holders -= 1;
            if *holders == 0 {
                self.holders.remove(&segment);
                self.usage.bytes -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokenscope_model::RopeRegime::{Long, Short};
    use tokenscope_model::{Decoder, GgufFile, HfFolder, Model as _};

    /// The tiny Llama: a position takes 3 layers x 2 x 32 numbers, logits are 320.
    const POSITION: usize = 3 * 2 * 32 * 4;
    const LOGITS: usize = 320 * 4;

    fn model() -> Decoder {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/llama/model.gguf");
        Decoder::from_gguf(&GgufFile::open(Path::new(path)).unwrap(), 1).unwrap()
    }

    fn ids(ids: &[u32]) -> Vec<TokenId> {
        ids.iter().copied().map(TokenId).collect()
    }

    /// Runs the missing part of `sequence` and remembers it whole.
    fn remember(cache: &mut PrefixCache, model: &Decoder, sequence: &[u32]) -> usize {
        let sequence = ids(sequence);
        let regime = model.config().regime(sequence.len());
        let known = cache.longest_prefix(regime, &sequence, sequence.len() - 1);
        let forward = model.forward(&known, &sequence[known.len()..], 1, &|| true).unwrap();
        let logits = Arc::new(forward.logits.into_iter().next().unwrap());
        cache.insert(&sequence, forward.cache, Some(logits));
        known.len()
    }

    #[test]
    fn shared_segments_count_once_until_their_last_holder_goes() {
        let (model, mut cache) = (model(), PrefixCache::new(usize::MAX));
        assert_eq!(remember(&mut cache, &model, &[1, 2, 3, 4]), 0);
        assert_eq!(cache.usage().bytes, 4 * POSITION + LOGITS);
        assert_eq!(remember(&mut cache, &model, &[1, 2, 3, 4, 5]), 4);
        assert_eq!(remember(&mut cache, &model, &[1, 2, 9]), 2);
        assert_eq!(cache.usage().bytes, 6 * POSITION + 3 * LOGITS);
        // The same prefix again replaces itself.
        assert_eq!(remember(&mut cache, &model, &[1, 2, 9]), 2);
        assert_eq!(cache.usage().bytes, 6 * POSITION + 3 * LOGITS);
        // Only one entry fits: its own segments stay, shared ones included.
        cache.usage.max_bytes = 1;
        cache.evict();
        assert_eq!(cache.usage().entries, 1);
        assert_eq!(cache.usage().bytes, 5 * POSITION + LOGITS);
        assert!(cache.logits(Short, &ids(&[1, 2, 9])).is_some());
    }

    #[test]
    fn short_and_long_sequences_do_not_continue_each_other() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/phi3_longrope");
        let folder = HfFolder::open(Path::new(path)).unwrap();
        // Up to 16 tokens are a short sequence.
        let model = Decoder::from_folder(&folder, 1).unwrap();
        let mut cache = PrefixCache::new(usize::MAX);
        let all: Vec<u32> = (3..40).collect();
        for (length, known) in [(12, 0), (16, 12), (17, 0), (15, 14), (20, 17), (19, 18)] {
            assert_eq!(remember(&mut cache, &model, &all[..length]), known, "{length}");
        }
        // The first 15 of the long ones are an entry beside the short sequence of 15.
        let start = cache.longest_prefix(Long, &ids(&all), 15);
        cache.insert(&ids(&all[..15]), start, None);
        assert!(cache.logits(Long, &ids(&all[..15])).is_none());
        assert!(cache.logits(Short, &ids(&all[..15])).is_some());
    }

    #[test]
    fn what_was_used_last_stays() {
        let (model, mut cache) = (model(), PrefixCache::new(2 * (POSITION + LOGITS)));
        remember(&mut cache, &model, &[1]);
        remember(&mut cache, &model, &[2]);
        assert!(cache.logits(Short, &ids(&[1])).is_some());
        remember(&mut cache, &model, &[3]);
        assert!(cache.logits(Short, &ids(&[1])).is_some());
        assert!(cache.logits(Short, &ids(&[2])).is_none());
    }
}
