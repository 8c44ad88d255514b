use proptest::prelude::*;

use super::*;

/// The obvious token bucket, in fractions of a token so that nothing is rounded.
struct Obvious {
    parts: u64,
    interval: u64,
    burst: u64,
    at: u64,
}

impl Obvious {
    fn new(interval: u64, burst: u32) -> Self {
        let burst = u64::from(burst);
        Self { parts: burst * interval, interval, burst, at: 0 }
    }

    /// One part a microsecond; a token is as many parts as its interval has microseconds.
    fn take(&mut self, now_ms: u64, cost: u32) -> bool {
        let now = now_ms * 1_000;
        self.parts = (self.parts + (now - self.at)).min(self.burst * self.interval);
        self.at = now;
        let needed = u64::from(cost).min(self.burst) * self.interval;
        let is_allowed = needed <= self.parts;
        if is_allowed {
            self.parts -= needed;
        }
        is_allowed
    }
}

proptest! {
    #[test]
    fn bucket_allows_what_the_obvious_one_allows(
        interval in 1_u64..5_000_000,
        burst in 1_u32..50,
        takes in prop::collection::vec((0_u64..3_000, 0_u32..60), 1..200),
    ) {
        let mut bucket = Bucket::new(Duration::from_micros(interval), burst);
        let mut obvious = Obvious::new(interval, burst);
        let mut now = 1_800_000_000_000;

        for (pause, cost) in takes {
            now += pause;
            let verdict = bucket.take(Timestamp::from_millis(now), cost);
            prop_assert_eq!(verdict == Verdict::Allowed, obvious.take(now, cost));
        }
    }

    #[test]
    fn whoever_waits_as_told_is_allowed_and_a_moment_before_is_not(
        interval in 1_000_u64..5_000_000,
        burst in 1_u32..50,
        cost in 1_u32..60,
    ) {
        let mut bucket = Bucket::new(Duration::from_micros(interval), burst);
        let begin = 1_800_000_000_000;
        let told = loop {
            match bucket.take(Timestamp::from_millis(begin), cost) {
                Verdict::Allowed => {}
                Verdict::Wait(told) => break u64::try_from(told.as_micros()).unwrap(),
            }
        };
        prop_assert!(told > 0);

        // Time comes in milliseconds here.
        let (before, after) = (begin + (told - 1) / 1_000, begin + told.div_ceil(1_000));
        let mut early = bucket;
        prop_assert!(early.take(Timestamp::from_millis(before), cost) != Verdict::Allowed);
        prop_assert_eq!(bucket.take(Timestamp::from_millis(after), cost), Verdict::Allowed);
    }
}

#[test]
fn burst_is_taken_at_once_and_then_one_by_one() {
    let mut bucket = Bucket::per_second(10);
    let at = |millis: u64| Timestamp::from_millis(1_800_000_000_000 + millis);

    let at_once = (0..20).filter(|_| bucket.take(at(0), 1) == Verdict::Allowed).count();

    assert_eq!(at_once, 10);
    assert_eq!(bucket.take(at(40), 1), Verdict::Wait(Duration::from_millis(60)));
    assert_eq!(bucket.take(at(100), 1), Verdict::Allowed);
    assert!(!bucket.is_full(at(1_099)));
    assert!(bucket.is_full(at(1_100)));
}

#[test]
fn bucket_is_small() {
    assert_eq!(size_of::<Bucket>(), 16);
}

#[test]
fn bounds_of_time_and_rate_overflow_nothing() {
    let mut endless = Bucket::new(Duration::MAX, u32::MAX);
    let mut quick = Bucket::per_second(u32::MAX);

    assert_eq!(endless.take(Timestamp::NEVER, u32::MAX), Verdict::Allowed);
    assert_eq!(quick.take(Timestamp::NEVER, 1), Verdict::Allowed);
    assert_eq!(Bucket::per_second(0).take(Timestamp::default(), 1), Verdict::Allowed);
}
