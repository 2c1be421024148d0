//! The cache against a slow, obvious twin: a list of sequences, searched from end to end.

use std::collections::HashMap;
use std::path::Path;

use tokenscope_model::RopeRegime::{Long, Short};
use tokenscope_model::{Decoder, Forward, GgufFile, HfFolder, Model as _};

use super::*;

/// A model with random weights, and the cache of what it has computed.
struct Computed {
    model: Decoder,
    cache: PrefixCache,
}

impl Computed {
    /// The tiny Llama.
    fn llama(max_bytes: usize) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/llama/model.gguf");
        let model = Decoder::from_gguf(&GgufFile::open(Path::new(path)).unwrap(), 1).unwrap();
        Computed { model, cache: PrefixCache::new(max_bytes) }
    }

    /// A tiny Phi-3, for which up to 16 tokens are a short sequence.
    fn longrope(max_bytes: usize) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/phi3_longrope");
        let model = Decoder::from_folder(&HfFolder::open(Path::new(path)).unwrap(), 1).unwrap();
        Computed { model, cache: PrefixCache::new(max_bytes) }
    }

    fn regime(&self, ids: &[TokenId]) -> RopeRegime {
        self.model.config().regime(ids.len())
    }

    /// Runs what is missing of a sequence, for the logits after its last `outputs` beginnings, and
    /// remembers it whole. Returns how many ids were known, and what was remembered.
    fn remember(&mut self, ids: &[TokenId], outputs: usize) -> (usize, KvCache, Vec<Logits>) {
        let to_run = outputs.max(1);
        let past = self.cache.longest_prefix(self.regime(ids), &ids[..ids.len() - to_run]);
        let forward = self.model.forward(&past, &ids[past.len()..], outputs, &|| true);
        let Forward { cache, logits } = forward.expect("nobody stops it");
        let logits: Vec<Logits> = logits.into_iter().map(Arc::new).collect();
        self.cache.insert(ids, cache.clone(), logits.clone());
        (past.len(), cache, logits)
    }

    fn knows(&mut self, regime: RopeRegime, sequence: &[u32]) -> bool {
        !self.cache.logits(regime, &ids(sequence), sequence.len()).is_empty()
    }
}

fn ids(ids: &[u32]) -> Vec<TokenId> {
    ids.iter().copied().map(TokenId).collect()
}

/// The tiny Llama: a position takes 3 layers x 2 x 32 numbers and its id, logits are 320.
const POSITION: usize = (3 * 2 * 32 + 1) * 4;
const LOGITS: usize = 320 * 4;

#[test]
fn what_branches_share_counts_once_until_the_last_of_them_goes() {
    let mut known = Computed::llama(usize::MAX);
    for (sequence, found, positions, logits) in [
        (&[1, 2, 3, 4][..], 0, 4, 1),
        (&[1, 2, 3, 4, 5], 4, 5, 2),
        (&[1, 2, 9], 2, 6, 3),
        // The same once more: it is not kept twice.
        (&[1, 2, 9], 2, 6, 3),
        // A rewind to where nobody asked for logits before.
        (&[1, 2, 3], 2, 6, 4),
    ] {
        assert_eq!(known.remember(&ids(sequence), 1).0, found, "{sequence:?}");
        let bytes = positions * POSITION + logits * LOGITS;
        assert_eq!(known.cache.usage().bytes, bytes, "{sequence:?}");
    }
    // Nothing fits: the newest sequence stays, with those that it begins with.
    known.cache.usage.max_bytes = 1;
    known.remember(&ids(&[1, 2, 9]), 1);
    let usage = known.cache.usage();
    assert_eq!((usage.entries, usage.evictions), (2, 3));
    assert_eq!(usage.bytes, 5 * POSITION + LOGITS);
    assert!(known.knows(Short, &[1, 2, 9]));
    assert_eq!(known.cache.longest_prefix(Short, &ids(&[1, 2, 3, 4])).len(), 2);
}

#[test]
fn short_and_long_sequences_do_not_continue_each_other() {
    let mut known = Computed::longrope(usize::MAX);
    let all: Vec<u32> = (3..40).collect();
    for (length, found) in [(12, 0), (16, 12), (17, 0), (15, 14), (20, 17), (19, 18)] {
        assert_eq!(known.remember(&ids(&all[..length]), 1).0, found, "{length}");
    }
    assert!(known.knows(Short, &all[..15]) && !known.knows(Long, &all[..15]));
    assert_eq!(known.cache.longest_prefix(Long, &ids(&all[..15])).len(), 15);
}

#[test]
fn sequences_go_from_their_ends_the_least_recently_used_first() {
    // Room for six positions beside the logits.
    let mut known = Computed::llama(6 * POSITION + 4 * LOGITS);
    for sequence in [&[1, 2][..], &[1, 2, 3], &[7, 8]] {
        known.remember(&ids(sequence), 1);
    }
    // [1, 2] is used again, but not what follows it.
    assert!(known.knows(Short, &[1, 2]));
    for (sequence, gone, stay) in [
        (&[20, 21, 22][..], &[&[1, 2, 3][..]][..], &[&[1, 2][..], &[7, 8]][..]),
        (&[30, 31, 32, 33], &[&[20, 21, 22], &[1, 2]], &[&[7, 8], &[30, 31, 32, 33]]),
    ] {
        known.remember(&ids(sequence), 1);
        gone.iter().for_each(|gone| assert!(!known.knows(Short, gone), "{gone:?}"));
        stay.iter().for_each(|stay| assert!(known.knows(Short, stay), "{stay:?}"));
    }
}

#[test]
fn logits_go_before_keys_and_values() {
    let n = 4 * FEWEST_LOGITS;
    let mut known = Computed::llama(1000 * POSITION);
    known.cache.usage.max_bytes = (FEWEST_LOGITS + 3) * LOGITS * SHARE_OF_LOGITS;
    let all: Vec<u32> = (3..).take(n).collect();
    (1..=n).for_each(|length| drop(known.remember(&ids(&all[..length]), 1)));
    assert_eq!(known.cache.usage().bytes, n * POSITION + (FEWEST_LOGITS + 3) * LOGITS);
    assert_eq!(known.cache.logits(Short, &ids(&all), 1).len(), 0);
    let newest = n + 1 - (FEWEST_LOGITS + 3);
    assert_eq!(known.cache.logits(Short, &ids(&all), newest).len(), FEWEST_LOGITS + 3);
    assert_eq!(known.cache.longest_prefix(Short, &ids(&all)).len(), n);
}

/// One that does the same, and is easy to believe.
#[derive(Default)]
struct Twin {
    sequences: Vec<Sequence>,
    max_bytes: usize,
    evictions: u64,
    clock: u64,
}

struct Sequence {
    regime: RopeRegime,
    ids: Vec<TokenId>,
    used: u64,
    /// If no other sequence goes on where this one ends.
    kv: Option<KvCache>,
    /// When they were last used.
    logits: Option<u64>,
}

impl Twin {
    fn find(&mut self, regime: RopeRegime, ids: &[TokenId]) -> Option<&mut Sequence> {
        self.sequences.iter_mut().find(|known| known.regime == regime && known.ids == ids)
    }

    fn is_leaf(&self, sequence: &Sequence) -> bool {
        !self.sequences.iter().any(|other| {
            other.regime == sequence.regime
                && other.ids.len() > sequence.ids.len()
                && other.ids.starts_with(&sequence.ids)
        })
    }

    fn longest_prefix(&self, regime: RopeRegime, ids: &[TokenId]) -> usize {
        let known = self.sequences.iter().filter(|known| known.regime == regime);
        let common =
            |known: &Sequence| known.ids.iter().zip(ids).take_while(|(a, b)| a == b).count();
        known.map(common).max().unwrap_or(0)
    }

    fn add(&mut self, regime: RopeRegime, ids: &[TokenId]) {
        // Where a sequence leaves those that are known, there is a sequence, too.
        for length in [self.longest_prefix(regime, ids), ids.len()] {
            if length > 0 && self.find(regime, &ids[..length]).is_none() {
                let ids = ids[..length].to_vec();
                self.sequences.push(Sequence { regime, ids, used: 0, kv: None, logits: None });
            }
        }
    }

    fn touch(&mut self, regime: RopeRegime, ids: &[TokenId]) {
        self.clock += 1;
        for known in &mut self.sequences {
            if known.regime == regime && ids.starts_with(&known.ids) {
                known.used = self.clock;
            }
        }
    }

    fn insert(&mut self, ids: &[TokenId], kv: KvCache, n_logits: usize) {
        let regime = kv.regime();
        for length in ids.len() + 1 - n_logits..=ids.len() {
            self.add(regime, &ids[..length]);
            self.use_logits(regime, &ids[..length]);
        }
        self.add(regime, ids);
        let (leaves, inner): (Vec<usize>, Vec<usize>) =
            (0..self.sequences.len()).partition(|known| self.is_leaf(&self.sequences[*known]));
        inner.into_iter().for_each(|known| self.sequences[known].kv = None);
        for leaf in leaves {
            let _ = self.sequences[leaf].kv.get_or_insert_with(|| kv.clone());
        }
        self.touch(regime, ids);
        self.evict();
    }

    fn use_logits(&mut self, regime: RopeRegime, ids: &[TokenId]) {
        self.clock += 1;
        let clock = self.clock;
        self.find(regime, ids).unwrap().logits = Some(clock);
    }

    fn logits(&mut self, regime: RopeRegime, ids: &[TokenId], shortest: usize) -> usize {
        let known = (shortest..=ids.len()).take_while(|length| {
            self.find(regime, &ids[..*length]).is_some_and(|known| known.logits.is_some())
        });
        let longest = known.last();
        let lengths = shortest..longest.map_or(shortest, |longest| longest + 1);
        if let Some(longest) = longest {
            self.touch(regime, &ids[..longest]);
        }
        lengths.clone().for_each(|length| self.use_logits(regime, &ids[..length]));
        lengths.len()
    }

    fn n_logits(&self) -> usize {
        self.sequences.iter().filter(|known| known.logits.is_some()).count()
    }

    fn bytes(&self, logits_bytes: usize) -> usize {
        let segments = self.sequences.iter().filter_map(|known| known.kv.as_ref());
        let segments: HashMap<_, _> = segments.flat_map(KvCache::segments).collect();
        segments.values().sum::<usize>() + self.n_logits() * logits_bytes
    }

    fn evict(&mut self) {
        let newest = self.clock;
        let logits_bytes = LONGROPE_LOGITS;
        while self.n_logits() * logits_bytes > self.max_bytes / SHARE_OF_LOGITS
            && self.n_logits() > FEWEST_LOGITS
        {
            let with_logits = self.sequences.iter_mut().filter(|known| known.logits.is_some());
            with_logits.min_by_key(|known| known.logits).unwrap().logits = None;
            self.evictions += 1;
        }
        while self.bytes(logits_bytes) > self.max_bytes {
            let leaves = self.sequences.iter().enumerate().filter(|(_, known)| self.is_leaf(known));
            let (oldest, _) = leaves.min_by_key(|(_, known)| known.used).unwrap();
            if self.sequences[oldest].used == newest {
                break;
            }
            let gone = self.sequences.remove(oldest);
            self.evictions += 1;
            let beginnings = self
                .sequences
                .iter_mut()
                .filter(|known| known.regime == gone.regime && gone.ids.starts_with(&known.ids));
            let parent = beginnings.max_by_key(|known| known.ids.len());
            let parent = parent.map(|known| (known.regime, known.ids.clone()));
            if let Some((regime, ids)) = parent {
                let index = self.sequences.iter().position(|k| k.regime == regime && k.ids == ids);
                let index = index.unwrap();
                if self.is_leaf(&self.sequences[index]) {
                    self.sequences[index].kv = Some(gone.kv.unwrap().prefix(ids.len()));
                }
            }
        }
    }
}

/// Bytes of the tiny Phi-3's logits.
const LONGROPE_LOGITS: usize = 320 * 4;

/// The same numbers in every run: a linear congruential generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % n
    }
}

#[test]
fn random_use_is_served_as_by_the_twin() {
    for (seed, max_bytes) in [(1, usize::MAX), (2, 60_000), (3, 90_000), (4, 150_000), (5, 1)] {
        let mut known = Computed::longrope(max_bytes);
        let mut twin = Twin { max_bytes, ..Twin::default() };
        let mut dice = Dice(seed);
        let mut past: Vec<Vec<TokenId>> = vec![Vec::new()];
        for round in 0..600 {
            // A few tokens after a beginning of a recent sequence: branches, rewinds, repetitions.
            let recent = past.len() - 1 - dice.below(past.len().min(12));
            let kept = dice.below(past[recent].len() + 1);
            let mut sequence = past[recent][..kept].to_vec();
            let more = dice.below(5);
            sequence.extend((0..more).map(|_| TokenId(3 + dice.below(3) as u32)));
            sequence.truncate(24);
            if sequence.is_empty() {
                continue;
            }
            let regime = known.regime(&sequence);
            let alike =
                (1..=sequence.len()).filter(|n| known.regime(&sequence[..*n]) == regime).count();
            let outputs = dice.below(alike.min(3) + 1);
            let context = format!("seed {seed}, round {round}: {sequence:?}, {outputs} outputs");

            let shortest = sequence.len() + 1 - outputs.max(1);
            let found = known.cache.logits(regime, &sequence, shortest);
            assert_eq!(found.len(), twin.logits(regime, &sequence, shortest), "{context}");
            let nothing = KvCache::empty(regime);
            let fresh = known.model.forward(&nothing, &sequence, outputs.max(1), &|| true);
            let fresh = fresh.expect("nobody stops it");
            found.iter().zip(&fresh.logits).for_each(|(a, b)| assert_close(a, b, &context));

            let expected =
                twin.longest_prefix(regime, &sequence[..sequence.len() - outputs.max(1)]);
            let (length, kv, logits) = known.remember(&sequence, outputs);
            assert_eq!(length, expected, "{context}");
            logits.iter().zip(&fresh.logits).for_each(|(a, b)| assert_close(a, b, &context));
            twin.insert(&sequence, kv, outputs);

            let usage = known.cache.usage();
            assert_eq!(usage.entries, twin.sequences.len(), "{context}");
            assert_eq!(usage.bytes, twin.bytes(LONGROPE_LOGITS), "{context}");
            assert_eq!(usage.evictions, twin.evictions, "{context}");
            past.push(sequence);
        }
        assert_eq!(twin.evictions > 0, max_bytes < usize::MAX, "{max_bytes}");
    }
}

fn assert_close(found: &[f32], expected: &[f32], context: &str) {
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-4, "{context}: logits are off by {difference}");
}
