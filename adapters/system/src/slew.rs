//! How a clock follows another one without ever jumping. Pure but for its atomics: both clocks' readings are arguments.

use std::sync::atomic::{AtomicU64, Ordering};

/// Carries wall time forward by a monotonic clock and bends it towards the system's clock.
///
/// Any number of threads may ask. Between two corrections an answer costs three loads; the system's clock is read only
/// when a correction is due.
#[derive(Debug)]
pub(crate) struct Slew {
    /// What the carried time was when the monotonic clock stood at zero, corrections included.
    origin_us: AtomicU64,
    /// When, by the monotonic clock, the origin was corrected last.
    corrected_us: AtomicU64,
    told_ms: AtomicU64,
}

impl Slew {
    /// A clock showing `system_us` while the monotonic clock stands at zero.
    pub(crate) fn new(system_us: u64) -> Self {
        Self {
            origin_us: AtomicU64::new(system_us),
            corrected_us: AtomicU64::new(0),
            told_ms: AtomicU64::new(system_us / 1_000),
        }
    }

    /// The time when the monotonic clock stands at `elapsed_us`; never smaller than an earlier answer.
    pub(crate) fn tell_ms(&self, elapsed_us: u64, system_us: impl FnOnce() -> u64) -> u64 {
        let corrected_us = self.corrected_us.load(Ordering::Relaxed);
        let since_us = elapsed_us.saturating_sub(corrected_us);
        if since_us >= CORRECTION_EVERY_US && self.claim(corrected_us, elapsed_us) {
            let carried_us = self.origin_us.load(Ordering::Relaxed).saturating_add(elapsed_us);
            let by_us = correction_us(carried_us, system_us(), since_us);
            // Two's complement makes this a subtraction where the correction is negative.
            self.origin_us.fetch_add(by_us.cast_unsigned(), Ordering::Relaxed);
        }
        let now_ms = self.origin_us.load(Ordering::Relaxed).saturating_add(elapsed_us) / 1_000;
        // Other threads may have told a little more just before a correction; writing only when time moved on keeps
        // the cache line shared.
        let told_ms = self.told_ms.load(Ordering::Acquire);
        if now_ms <= told_ms { told_ms } else { now_ms.max(self.told_ms.fetch_max(now_ms, Ordering::AcqRel)) }
    }

    /// Whether this thread is the one to correct the clock now.
    fn claim(&self, corrected_us: u64, elapsed_us: u64) -> bool {
        let order = Ordering::Relaxed;
        self.corrected_us.compare_exchange(corrected_us, elapsed_us, order, order).is_ok()
    }
}

/// By how much a clock at `carried_us` is moved towards the system's after `since_us` without a correction: at most one
/// per cent of that time, of which no more than a second counts.
fn correction_us(carried_us: u64, system_us: u64, since_us: u64) -> i64 {
    let bound_us = i64::try_from(since_us.min(COUNTED_US_MAX) / 100).unwrap_or(0);
    let behind_us = i128::from(system_us) - i128::from(carried_us);
    i64::try_from(behind_us.clamp(-i128::from(bound_us), i128::from(bound_us))).unwrap_or(0)
}

const CORRECTION_EVERY_US: u64 = 10_000;
/// A thread that reads the clock while another one sets it back after a long silence can have told more by one
/// correction, and the clock stands still for as long. This bounds that to ten milliseconds.
const COUNTED_US_MAX: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const START_US: u64 = 1_800_000_000_000_000;
    const HOUR_US: u64 = 3_600_000_000;

    #[test]
    fn clock_in_step_shows_the_systems_time() {
        let slew = Slew::new(START_US);

        let told = slew.tell_ms(5_000_000, || START_US + 5_000_000);

        assert_eq!(told, START_US / 1_000 + 5_000);
    }

    #[test]
    fn hour_forward_moves_the_clock_by_a_millisecond_in_a_hundred() {
        let slew = Slew::new(START_US);

        for step in 1..=1_000_u64 {
            let elapsed_us = step * 100_000;
            let told = slew.tell_ms(elapsed_us, || START_US + HOUR_US + elapsed_us);

            assert_eq!(told, START_US / 1_000 + step * 101);
        }
    }

    #[test]
    fn hour_back_moves_the_clock_by_a_millisecond_in_a_hundred_and_never_back() {
        let slew = Slew::new(START_US);

        for step in 1..=1_000_u64 {
            let elapsed_us = step * 100_000;
            let told = slew.tell_ms(elapsed_us, || START_US - HOUR_US + elapsed_us);

            assert_eq!(told, START_US / 1_000 + step * 99);
        }
    }

    #[test]
    fn small_error_is_gone_after_a_hundred_times_its_length() {
        let slew = Slew::new(START_US);
        let system_us = |elapsed_us: u64| START_US + elapsed_us - 50_000;

        for elapsed_us in (0..=5_100_000).step_by(1_000) {
            slew.tell_ms(elapsed_us, || system_us(elapsed_us));
        }

        assert_eq!(slew.tell_ms(6_000_000, || system_us(6_000_000)), system_us(6_000_000) / 1_000);
    }

    #[test]
    fn system_clock_is_read_only_when_a_correction_is_due() {
        let slew = Slew::new(START_US);

        let told = slew.tell_ms(9_999, || panic!("read too early"));

        assert_eq!(told, START_US / 1_000 + 9);
    }

    #[test]
    fn late_reading_of_another_thread_does_not_step_back() {
        let slew = Slew::new(START_US);

        let told = slew.tell_ms(8_000, || START_US);

        assert_eq!(slew.tell_ms(3_000, || START_US), told);
    }

    #[test]
    fn correction_is_at_most_a_hundredth_of_a_second() {
        assert_eq!(correction_us(0, HOUR_US, 100_000), 1_000);
        assert_eq!(correction_us(HOUR_US, 0, 100_000), -1_000);
        assert_eq!(correction_us(0, u64::MAX, u64::MAX), 10_000);
        assert_eq!(correction_us(u64::MAX, 0, u64::MAX), -10_000);
        assert_eq!(correction_us(1_000, 1_007, 100_000), 7);
    }

    #[test]
    fn threads_never_see_the_clock_step_back() {
        let slew = Slew::new(START_US);
        let elapsed = AtomicU64::new(0);

        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut last = 0;
                    for _ in 0..50_000 {
                        let elapsed_us = elapsed.fetch_add(700, Ordering::Relaxed);
                        let told = slew.tell_ms(elapsed_us, || START_US - HOUR_US + elapsed_us);
                        assert!(told >= last);
                        last = told;
                    }
                });
            }
        });
    }
}
