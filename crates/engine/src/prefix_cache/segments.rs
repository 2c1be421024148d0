//! What the remembered keys and values take in memory: sequences share segments, and each is there
//! once.

use std::collections::HashMap;

use tokenscope_model::{KvCache, SegmentId};

/// The segments of all KV caches on the books.
#[derive(Default)]
pub(super) struct Segments {
    /// How many of the caches hold each segment: it takes memory until the last of them has gone.
    holders: HashMap<SegmentId, usize>,
    bytes: usize,
}

impl Segments {
    /// Bytes of all segments together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a cache on the books.
    pub(super) fn hold(&mut self, kv: &KvCache) {
        for (segment, bytes) in kv.segments() {
            let holders = self.holders.entry(segment).or_default();
            if *holders == 0 {
                self.bytes += bytes;
            }
            *holders += 1;
        }
    }

    /// Takes a cache off the books and lets it go.
    pub(super) fn release(&mut self, kv: KvCache) {
        // It is still alive here: segments are named by their place in memory.
        for (segment, bytes) in kv.segments() {
            let holders = self.holders.get_mut(&segment).expect("it is on the books");
            *holders -= 1;
            if *holders == 0 {
                self.holders.remove(&segment);
                self.bytes -= bytes;
            }
        }
    }
}
