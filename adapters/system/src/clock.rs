//! The node's clock, read from the operating system.

use std::time::{Instant, SystemTime};

use ports::time::{Clock, Timestamp};

use crate::slew::Slew;

/// Wall time carried forward by the monotonic clock and slewed gently towards the system clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    slew: Slew,
}

impl SystemClock {
    /// A clock that shows the system's time and runs on from there.
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    pub fn new() -> Self {
        Self { start: Instant::now(), slew: Slew::new(system_us()) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.slew.tell_ms(elapsed_us, system_us))
    }
}

/// Microseconds since the Unix epoch by the system's clock; zero if that lies before it.
#[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
fn system_us() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_shows_the_systems_time() {
        let before_ms = system_us() / 1_000;

        let now_ms = SystemClock::new().now().as_millis();

        assert!(now_ms >= before_ms && now_ms < before_ms + 60_000, "{now_ms} is not near {before_ms}");
    }
}
