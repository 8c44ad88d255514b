//! Points in time, and the two sources of what cannot be computed: the clock and randomness.

use std::time::Duration;

/// Milliseconds since the Unix epoch, as told by [`Clock`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The end of time, for deadlines that never come.
    pub const NEVER: Self = Self(u64::MAX);

    /// A point so many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A point so many seconds after the Unix epoch; the largest point if that is beyond all time.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point this much later.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The node's clock: wall time that never steps back.
pub trait Clock: Send + Sync {
    /// The present. Never smaller than any earlier answer.
    fn now(&self) -> Timestamp;
}

/// Randomness good enough for ids, epochs and secrets.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes` with random values.
    fn fill(&self, bytes: &mut [u8]);

    /// Sixteen random bytes.
    fn sixteen(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
