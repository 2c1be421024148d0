//! Luck as a function.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A number in [0, 1) that depends on nothing but a seed and a position: the `position`-th stream
/// of the ChaCha8 generator with that seed. Rewinding to a position and stepping again meets the
/// same luck, and so do two branches with one seed.
pub fn coin(seed: i64, position: u64) -> f64 {
    let mut generator = ChaCha8Rng::seed_from_u64(seed as u64);
    generator.set_stream(position);
    // The upper 53 bits are as many as a double in [0, 1) can hold.
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_give_the_same_coin_and_others_another() {
        assert_eq!(coin(7, 3), coin(7, 3));
        for (seed, position) in [(7, 4), (8, 3), (-7, 3), (i64::MAX, 3), (i64::MIN, u64::MAX)] {
            assert_ne!(coin(7, 3), coin(seed, position));
            assert!((0.0..1.0).contains(&coin(seed, position)));
        }
    }

    #[test]
    fn coins_fall_evenly() {
        let mut tenths = [0u32; 10];
        for position in 0..10_000 {
            tenths[(coin(1, position) * 10.0) as usize] += 1;
        }
        // 1000 are expected in each; five standard deviations are 150.
        assert!(tenths.iter().all(|n| (850..1150).contains(n)), "{tenths:?}");
    }

    #[test]
    fn coins_stay_the_same_in_later_versions() {
        // Saved sessions replay only as long as this holds.
        assert_eq!((coin(42, 0) * 1e6) as u32, COIN_42_0);
        assert_eq!((coin(42, 1) * 1e6) as u32, COIN_42_1);
    }

    const COIN_42_0: u32 = 681_896;
    const COIN_42_1: u32 = 716_791;
}
