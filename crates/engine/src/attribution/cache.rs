//! Findings that are known: hovering over a token again costs nothing, nor do other signs and groups.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Findings;
use super::question::Question;

/// What is known, the least recently used of it dropped first.
pub(crate) struct AttributionCache {
    known: HashMap<Arc<Question>, Entry>,
    /// Questions by the tick of their last use.
    by_use: BTreeMap<u64, Arc<Question>>,
    bytes: usize,
    max_bytes: usize,
    clock: u64,
}

struct Entry {
    findings: Arc<Findings>,
    used: u64,
    bytes: usize,
}

impl AttributionCache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let (known, by_use) = (HashMap::new(), BTreeMap::new());
        AttributionCache { known, by_use, bytes: 0, max_bytes, clock: 0 }
    }

    pub(super) fn get(&mut self, question: &Question) -> Option<Arc<Findings>> {
        let (key, _) = self.known.get_key_value(question)?;
        let key = Arc::clone(key);
        let entry = self.known.get_mut(question)?;
        self.by_use.remove(&entry.used);
        self.clock += 1;
        entry.used = self.clock;
        self.by_use.insert(self.clock, key);
        Some(Arc::clone(&entry.findings))
    }

    /// Remembers findings, unless they alone are too large.
    pub(super) fn insert(&mut self, question: Question, findings: Arc<Findings>) {
        let bytes = question.bytes() + findings.bytes();
        if bytes > self.max_bytes {
            return;
        }
        let key = Arc::new(question);
        self.remove(&key);
        self.clock += 1;
        self.by_use.insert(self.clock, Arc::clone(&key));
        self.known.insert(key, Entry { findings, used: self.clock, bytes });
        self.bytes += bytes;
        while self.bytes > self.max_bytes
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            let dropped = self.known.remove(&oldest).expect("what was used is known");
            self.bytes -= dropped.bytes;
        }
    }

    fn remove(&mut self, question: &Question) {
        if let Some(entry) = self.known.remove(question) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokenscope_tokens::TokenId;

    use super::*;
    use crate::attribution::{Method, Options};

    fn question(id: u32) -> Question {
        Question {
            context: vec![TokenId(id)],
            target: Some(TokenId(0)),
            method: Method::Saliency,
            options: Options::default(),
            occluded: Vec::new(),
        }
    }

    #[test]
    fn the_least_recently_used_findings_go_and_the_bytes_are_kept_count_of() {
        let findings = || Arc::new(Findings { sizes: vec![1.0], ..Findings::default() });
        let one = question(0).bytes() + findings().bytes();
        let mut cache = AttributionCache::new(2 * one);
        let known = |cache: &AttributionCache| {
            let mut known: Vec<u32> = cache.known.keys().map(|key| key.context[0].0).collect();
            known.sort_unstable();
            assert_eq!(known.len(), cache.by_use.len());
            assert_eq!(cache.bytes, known.len() * one);
            known
        };
        for (insert, look_up, expected) in [
            (1, 1, vec![1]),
            (2, 1, vec![1, 2]),
            (3, 3, vec![1, 3]),
            (3, 1, vec![1, 3]),
            (4, 4, vec![1, 4]),
        ] {
            cache.insert(question(insert), findings());
            assert!(cache.get(&question(look_up)).is_some());
            assert_eq!(known(&cache), expected);
        }
        assert!(cache.get(&question(2)).is_none());
        let huge = Findings { sizes: vec![0.0; one], ..Findings::default() };
        cache.insert(question(5), Arc::new(huge));
        assert_eq!(known(&cache), [1, 4]);
    }
}
