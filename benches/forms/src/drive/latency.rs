//! A histogram of durations: 64 steps for each doubling, so that a figure is off by less than two per cent.

use serde_json::{Value, json};

const STEPS_BITS: u32 = 6;
const STEPS: usize = 1 << STEPS_BITS;

/// Durations in nanoseconds.
#[derive(Clone)]
pub struct Latency {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: vec![0; STEPS * (u64::BITS - STEPS_BITS + 1) as usize], total: 0 }
    }
}

impl Latency {
    /// Counts a duration.
    pub fn record(&mut self, ns: u64) {
        self.counts[place(ns)] += 1;
        self.total += 1;
    }

    /// The duration that so many of a hundred do not exceed.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let rank = ((self.total as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut passed = 0;
        let found = self.counts.iter().position(|count| {
            passed += count;
            passed >= rank
        });
        found.map_or(0, middle)
    }

    /// The usual three, in microseconds.
    pub fn report(&self) -> Value {
        let micros = |percent| (self.percentile_ns(percent) as f64 / 100.0).round() / 10.0;
        json!({ "p50": micros(50.0), "p90": micros(90.0), "p99": micros(99.0) })
    }
}

fn place(ns: u64) -> usize {
    let doublings = (u64::BITS - ns.leading_zeros()).saturating_sub(STEPS_BITS + 1);
    ((doublings as usize) << STEPS_BITS) + (ns >> doublings) as usize
}

/// The middle of what is counted at a place.
fn middle(place: usize) -> u64 {
    let doublings = (place >> STEPS_BITS).saturating_sub(1);
    let step = (place - (doublings << STEPS_BITS)) as u64;
    (step << doublings) + ((1_u64 << doublings) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_found_again_within_two_per_cent() {
        for ns in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 7_654_321, u64::MAX / 3] {
            let found = middle(place(ns));
            assert!(found.abs_diff(ns) as f64 <= ns as f64 * 0.02, "{ns} became {found}");
        }
        assert!(place(u64::MAX) < Latency::default().counts.len());
    }

    #[test]
    fn percentiles_stand_where_the_ranks_are() {
        let mut latency = Latency::default();
        (1..=1_000).for_each(|micros| latency.record(micros * 1_000));

        let close = |percent: f64, micros: f64| {
            let found = latency.percentile_ns(percent) as f64 / 1e3;
            assert!((found / micros - 1.0).abs() < 0.02, "{percent} % is {found}");
        };
        close(50.0, 500.0);
        close(99.0, 990.0);
        close(100.0, 1_000.0);
        assert_eq!(Latency::default().percentile_ns(99.0), 0);
    }
}
