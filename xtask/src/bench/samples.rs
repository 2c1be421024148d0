//! Repeated measurements of one thing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Milliseconds, in ascending order.
#[derive(Debug, Clone)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Sorts what was measured; there must be something.
    pub(crate) fn new(mut milliseconds: Vec<f64>) -> Self {
        assert!(!milliseconds.is_empty(), "nothing was measured");
        milliseconds.sort_by(f64::total_cmp);
        Samples(milliseconds)
    }

    /// Measures at most `most` times, and once at least, until `budget` is used up.
    pub(super) fn take(
        most: usize,
        budget: Duration,
        mut measure: impl FnMut(usize) -> Result<f64, String>,
    ) -> Result<Self, String> {
        let started = Instant::now();
        let mut taken = vec![measure(0)?];
        while taken.len() < most && started.elapsed() < budget {
            taken.push(measure(taken.len())?);
        }
        Ok(Samples::new(taken))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// The smallest measurement that at least this part of all does not exceed.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let rank = (part * self.0.len() as f64).ceil() as usize;
        self.0[rank.max(1) - 1]
    }

    pub(super) fn min(&self) -> f64 {
        self.0[0]
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "count": self.count(),
            "median_ms": self.median(),
            "p99_ms": self.percentile(0.99),
            "min_ms": self.min(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measurements() {
        let hundred = Samples::new((1..=100).rev().map(f64::from).collect());
        let three = Samples::new(vec![3.0, 1.0, 2.0]);
        for (samples, part, expected) in [
            (&hundred, 0.5, 50.0),
            (&hundred, 0.99, 99.0),
            (&hundred, 1.0, 100.0),
            (&three, 0.5, 2.0),
            (&three, 0.99, 3.0),
            (&three, 0.0, 1.0),
        ] {
            assert_eq!(samples.percentile(part), expected);
        }
    }

    #[test]
    fn a_budget_ends_measuring() {
        let none = Samples::take(9, Duration::ZERO, |_| Ok(1.0)).unwrap();
        let all = Samples::take(9, Duration::MAX, |index| Ok(index as f64)).unwrap();
        assert_eq!((none.count(), all.count(), all.median()), (1, 9, 4.0));
    }
}
