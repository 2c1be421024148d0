//! What the clients write down.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Examples that are kept of each answer that was not intended.
const EXAMPLES: usize = 2;

/// Counts of answers, times, and what should not have been.
#[derive(Debug, Default)]
pub(super) struct Books {
    counts: Mutex<BTreeMap<(&'static str, String), usize>>,
    unintended: Mutex<Vec<String>>,
    moves: Mutex<Vec<f64>>,
}

impl Books {
    /// Notes an answer of a client; one that is not intended ends up as a fault.
    pub(super) fn note(&self, client: &'static str, answer: &str, intended: bool, more: &str) {
        let mut counts = self.counts.lock().expect("no holder of the lock panics");
        let name = if intended { answer.to_owned() } else { format!("{answer} (unintended)") };
        let count = counts.entry((client, name)).or_default();
        *count += 1;
        let mut unintended = self.unintended.lock().expect("no holder of the lock panics");
        if !intended && *count <= EXAMPLES {
            unintended.push(format!("{client}: unintended: {answer}: {more}"));
        }
    }

    /// Notes the milliseconds of a move of a knob whose logits were known.
    pub(super) fn note_move(&self, milliseconds: f64) {
        self.moves.lock().expect("no holder of the lock panics").push(milliseconds);
    }

    pub(super) fn counts(&self) -> BTreeMap<(&'static str, String), usize> {
        self.counts.lock().expect("no holder of the lock panics").clone()
    }

    pub(super) fn unintended(&self) -> Vec<String> {
        self.unintended.lock().expect("no holder of the lock panics").clone()
    }

    pub(super) fn moves(&self) -> Vec<f64> {
        self.moves.lock().expect("no holder of the lock panics").clone()
    }
}
