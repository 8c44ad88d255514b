//! How much one call may be answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use ports::protocol::ErrorCode;

use super::failure::Failure;

/// Most bytes of all results of one call. History has no bound of its own here, and one small body may ask for it many
/// times.
pub(super) const ANSWER_BYTES_MAX: usize = 32 << 20;

/// The bytes that are left for the results of one call.
pub(super) struct Room(AtomicUsize);

impl Room {
    /// Room for a whole call.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(ANSWER_BYTES_MAX))
    }

    /// Whether a result of so many bytes fits.
    pub(super) fn check(&self, bytes: usize) -> Result<(), Failure> {
        if bytes <= self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(full()) }
    }

    /// Takes the room of a result, if there is enough.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Failure> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        left.map(drop).map_err(|_| full())
    }

    /// Takes the room of a result that must be told, whether there is enough or not.
    pub(super) fn spend(&self, bytes: usize) {
        let spent = |left: usize| Some(left.saturating_sub(bytes));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
    }
}

fn full() -> Failure {
    let message = format!(
        "one call is answered with at most {ANSWER_BYTES_MAX} bytes; ask for less: history with limit and since, \
         channels with a pattern, fewer commands in one call"
    );
    Failure::Refused(ErrorCode::LimitExceeded, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_the_bound_and_takes_nothing() {
        let room = Room::new();
        assert!(room.take(ANSWER_BYTES_MAX - 10).is_ok());

        let Err(Failure::Refused(code, message)) = room.take(11) else { panic!("taken") };
        assert_eq!((code.number(), message.contains("33554432")), (106, true));
        assert!(room.check(11).is_err());
        assert!(room.check(10).is_ok() && room.take(10).is_ok() && room.take(1).is_err());
    }

    #[test]
    fn what_must_be_told_takes_the_room_of_others() {
        let room = Room::new();
        room.spend(ANSWER_BYTES_MAX - 1);
        room.spend(2);

        assert!(room.take(1).is_err() && room.take(0).is_ok());
    }
}
