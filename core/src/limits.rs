//! How often something may happen: one rule, for whoever has to be slowed down.

#[cfg(test)]
mod tests;

use std::time::Duration;

use ports::time::Timestamp;

/// A bucket of tokens that fills steadily, kept as the one point in time at which it will be full (the generic cell
/// rate algorithm). Sixteen bytes, nothing that ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Microseconds since the Unix epoch.
    full_at: u64,
    /// Microseconds for one token.
    interval: u32,
    /// How many tokens it holds.
    burst: u32,
}

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tokens are taken.
    Allowed,
    /// None are taken; after this time they would be.
    Wait(Duration),
}

impl Bucket {
    /// A full bucket for so many tokens, which gets one each interval: at most an hour, in whole microseconds.
    pub fn new(interval: Duration, burst: u32) -> Self {
        const INTERVAL_MAX: u32 = 3_600_000_000;
        let interval = u32::try_from(interval.as_micros()).unwrap_or(u32::MAX).min(INTERVAL_MAX);
        Self { full_at: 0, interval, burst: burst.max(1) }
    }

    /// A full bucket that gets so many tokens a second, and holds as many.
    pub fn per_second(tokens: u32) -> Self {
        Self::new(Duration::from_secs(1) / tokens.max(1), tokens)
    }

    /// Takes tokens, all or none. More than the bucket holds count as all that it holds: they could never be had.
    pub fn take(&mut self, now: Timestamp, cost: u32) -> Verdict {
        let now = micros(now);
        let cost = self.micros_for(cost.min(self.burst));
        let full_at = self.full_at.max(now).saturating_add(cost);
        let allowed_at = full_at.saturating_sub(self.micros_for(self.burst));
        if allowed_at > now {
            return Verdict::Wait(Duration::from_micros(allowed_at - now));
        }
        self.full_at = full_at;
        Verdict::Allowed
    }

    /// Whether it is full again, so that a new one would do as well.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= micros(now)
    }

    fn micros_for(&self, tokens: u32) -> u64 {
        u64::from(tokens) * u64::from(self.interval)
    }
}

fn micros(at: Timestamp) -> u64 {
    at.as_millis().saturating_mul(1_000)
}
