//! Time as messages carry it, and turns at a fixed rate.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds of this process at a moment.
pub(crate) fn micros_at(moment: Instant) -> u64 {
    u64::try_from(moment.saturating_duration_since(*ORIGIN).as_micros()).unwrap_or(u64::MAX)
}

/// Turns that are due at a fixed rate, whatever became of those before. What is late is counted from when it was due;
/// counting from when it was begun would leave out exactly the stalls ("coordinated omission").
pub(crate) struct Cadence {
    next: Instant,
    every: Duration,
}

impl Cadence {
    /// The first turn is due at once.
    pub(crate) fn every(every: Duration) -> Self {
        // Whatever is stamped is later than the origin.
        LazyLock::force(&ORIGIN);
        Self { next: Instant::now(), every }
    }

    /// Waits for the next turn, if it is not overdue, and says when it was due. Who gives up waiting has not had it.
    pub(crate) async fn turn(&mut self) -> Instant {
        let due = self.next;
        tokio::time::sleep_until(due).await;
        self.next += self.every;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_turn_is_counted_from_when_it_was_due() {
        let every = Duration::from_millis(100);
        let mut cadence = Cadence::every(every);
        let begun = cadence.next;
        cadence.next = begun - every * 3;

        let late = [cadence.turn().await, cadence.turn().await];

        assert_eq!(late, [begun - every * 3, begun - every * 2]);
        assert_eq!(cadence.next, begun - every);
    }
}
