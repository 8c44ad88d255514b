//! How often the API key may be used, and how that is told (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use ports::time::Timestamp;
use wigwag_core::limits::{Bucket, Verdict};

use super::refusal::Refusal;
use crate::config::Api;
use crate::http::problem::Problem;

/// The bucket of the key, if its use is bounded. A request costs one, whatever it holds.
#[derive(Debug, Default)]
pub struct Throttle(Option<Bounded>);

#[derive(Debug)]
struct Bounded {
    bucket: Mutex<Bucket>,
    rate: u32,
    burst: u32,
}

/// What is left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    requests: u32,
    rate: u32,
    burst: u32,
}

impl Throttle {
    /// A full bucket.
    pub fn new(api: &Api) -> Self {
        let count = |setting: usize| u32::try_from(setting).unwrap_or(u32::MAX);
        let rate = count(api.rate_max);
        let burst = if api.burst == 0 { rate } else { count(api.burst) };
        let bounded = || {
            let bucket = Bucket::new(Duration::from_secs(1) / rate, burst);
            Bounded { bucket: Mutex::new(bucket), rate, burst }
        };
        Self((rate > 0).then(bounded))
    }

    /// Takes one request.
    pub(super) fn take(&self, now: Timestamp) -> Result<Option<Left>, Problem> {
        let Some(bounded) = &self.0 else { return Ok(None) };
        let mut bucket = bounded.bucket.lock();
        match bucket.take(now, 1) {
            Verdict::Allowed => Ok(Some(bounded.left(*bucket, now))),
            Verdict::Wait(time) => {
                let seconds = u16::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX).max(1);
                let detail =
                    format!("this key may be used {} times a second; try again in {seconds} s", bounded.rate);
                Err(Refusal::TooManyRequests.because(detail).retry_after(seconds))
            }
        }
    }

    /// What a request that was refused finds.
    pub(super) fn nothing_left(&self) -> Option<Left> {
        let bounded = self.0.as_ref()?;
        Some(Left { requests: 0, rate: bounded.rate, burst: bounded.burst })
    }
}

impl Bounded {
    /// How many more a bucket would give, found by trying with copies of it.
    fn left(&self, bucket: Bucket, now: Timestamp) -> Left {
        let gives = |requests: u32| matches!({ bucket }.take(now, requests), Verdict::Allowed);
        let (mut least, mut most) = (0, self.burst);
        while least < most {
            let middle = least + (most - least).div_ceil(2);
            if gives(middle) { least = middle } else { most = middle - 1 }
        }
        Left { requests: least, rate: self.rate, burst: self.burst }
    }
}

impl Left {
    /// Tells it with an answer: the quota with the seconds that it takes to fill, what is left, and when it is full.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let Self { requests, rate, burst } = self;
        let policy = format!("\"key\";q={burst};w={}", burst.div_ceil(rate));
        let state = format!("\"key\";r={requests};t={}", (burst - requests).div_ceil(rate));
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(rate_max: usize, burst: usize) -> Throttle {
        Throttle::new(&Api { rate_max, burst, ..Api::default() })
    }

    #[test]
    fn requests_beyond_the_burst_wait_for_the_rate() {
        let (throttle, now) = (throttle(2, 5), Timestamp::from_secs(1_000));

        let left: Vec<u32> = (0..5).map(|_| throttle.take(now).ok().unwrap().unwrap().requests).collect();
        assert_eq!(left, [4, 3, 2, 1, 0]);
        assert!(throttle.take(now).is_err());
        let later = now.plus(Duration::from_millis(500));
        assert_eq!(throttle.take(later).ok().unwrap().unwrap().requests, 0);
        assert!(throttle.take(later).is_err());
    }

    #[test]
    fn what_is_left_is_told_in_two_headers() {
        let mut headers = HeaderMap::new();

        Left { requests: 3, rate: 2, burst: 8 }.tell(&mut headers);

        assert_eq!(headers["ratelimit-policy"], "\"key\";q=8;w=4");
        assert_eq!(headers["ratelimit"], "\"key\";r=3;t=3");
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let throttle = throttle(0, 0);

        assert!(matches!(throttle.take(Timestamp::from_secs(1)), Ok(None)));
        assert_eq!(throttle.nothing_left(), None);
    }
}
