//! Tokens sorted roughly, by logit, into equal intervals.

use crate::weights::BLOCK;

/// A power of two.
pub(crate) const N_BINS: usize = 2048;

/// Equal intervals of logits, the highest first. What is higher than all of them belongs to the
/// first, what is lower to the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bins {
    pub(crate) highest: f32,
    pub(crate) lowest: f32,
    per_logit: f32,
}

impl Bins {
    /// Bins from one logit down to another.
    pub(crate) fn new(highest: f32, lowest: f32) -> Self {
        Bins { highest, lowest, per_logit: (N_BINS - 1) as f32 / (highest - lowest) }
    }

    /// The bin of each logit. A lower logit never has a lower bin, whatever the numbers are.
    #[inline(always)]
    pub(crate) fn of(&self, block: &[f32; BLOCK]) -> [u32; BLOCK] {
        // Adding this rounds to a whole number, which then is in the sum's last bits.
        const ROUND: f32 = 8_388_608.0;
        const LAST: f32 = (N_BINS - 1) as f32;
        block.map(|logit| {
            let bin = (self.highest - logit) * self.per_logit;
            // Where the ends are the same or infinite, this may not be a number: bin 0.
            let bin = if bin > 0.0 { bin } else { 0.0 };
            let bin = if bin < LAST { bin } else { LAST };
            (bin + ROUND).to_bits() % N_BINS as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_logits_never_have_lower_bins() {
        let inf = f32::NEG_INFINITY;
        let mut descending = [inf; BLOCK];
        let logits = [f32::MAX, 1e9, 3.0, 2.0, 1.999, 0.0, -1.0, -1.001, -1e9, f32::MIN];
        descending[..logits.len()].copy_from_slice(&logits);
        for (highest, lowest) in
            [(3.0, -1.0), (2.0, 2.0), (f32::MAX, f32::MIN), (1.0, inf), (inf, inf)]
        {
            let bins = Bins::new(highest, lowest).of(&descending);
            assert!(bins.is_sorted(), "{highest} to {lowest}: {bins:?}");
        }
        let bins = Bins::new(3.0, -1.0).of(&descending);
        assert_eq!(bins[..10], [0, 0, 0, 512, 512, 1535, 2047, 2047, 2047, 2047]);
    }
}
