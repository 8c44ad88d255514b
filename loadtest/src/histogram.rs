//! Many durations in little room.

use std::time::Duration;

/// Microseconds in steps of less than one percent; the extremes are exact.
#[derive(Clone, Default, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max_us: u64,
}

/// Every power of two is divided into this many steps.
const STEPS: u64 = 128;
/// Nothing takes longer than an hour here.
const CEILING_US: u64 = 3_600_000_000;

impl Histogram {
    /// Takes one in.
    pub(crate) fn add(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(CEILING_US).min(CEILING_US);
        let step = step_of(us);
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
        }
        self.count += 1;
        self.max_us = self.max_us.max(us);
    }

    /// Takes in all of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.max_us = self.max_us.max(other.max_us);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The longest.
    pub(crate) fn max(&self) -> Duration {
        Duration::from_micros(self.max_us)
    }

    /// The time that this share of all did not exceed; none if there are none.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count);
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(Duration::from_micros(middle_of(step as u64).min(self.max_us)));
            }
        }
        Some(self.max())
    }
}

fn step_of(us: u64) -> usize {
    let shift = (u64::BITS - us.leading_zeros()).saturating_sub(STEPS.ilog2() + 1);
    usize::try_from(u64::from(shift) * STEPS + (us >> shift)).unwrap_or(usize::MAX)
}

fn middle_of(step: u64) -> u64 {
    if step < 2 * STEPS {
        return step;
    }
    let shift = step / STEPS - 1;
    let lowest = (step - shift * STEPS) << shift;
    lowest + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        micros.into_iter().for_each(|us| histogram.add(Duration::from_micros(us)));
        histogram
    }

    #[test]
    fn quantiles_are_right_within_one_percent() {
        for scale in [1, 17, 900, 33_000] {
            let histogram = of((1..=1000).map(|us| us * scale));

            for share in [0.01, 0.5, 0.95, 0.99, 1.0] {
                let exact = share * 1000.0 * scale as f64;
                let found = histogram.quantile(share).unwrap().as_micros() as f64;
                assert!((found / exact - 1.0).abs() < 0.01, "{share} of {scale}: {found} for {exact}");
            }
        }
    }

    #[test]
    fn the_longest_is_exact_and_nothing_exceeds_it() {
        let histogram = of([5, 1_234_567]);

        assert_eq!(histogram.max(), Duration::from_micros(1_234_567));
        assert!(histogram.quantile(1.0) <= Some(histogram.max()));
        assert_eq!(of([]).quantile(0.5), None);
    }

    #[test]
    fn two_halves_are_a_whole() {
        let mut merged = of(1..=300);
        merged.merge(&of(301..=1000));

        let whole = of(1..=1000);
        assert_eq!(merged.counts, whole.counts);
        assert_eq!((merged.count, merged.max_us), (whole.count, whole.max_us));
    }

    #[test]
    fn steps_follow_each_other_without_a_hole() {
        let mut last = 0;
        for us in 0..100_000 {
            let step = step_of(us);
            assert!(step == last || step == last + 1, "{us}");
            last = step;
        }
    }
}
