//! How much one call may be answered, and all calls together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most bytes of all results of one call. History has no bound of its own, and one small body may ask for it many times.
pub const ANSWER_BYTES_MAX: usize = 32 << 20;
/// Most bytes of the results of all calls under way, from when they are made until they are sent.
pub const ANSWERS_BYTES_MAX: usize = 256 << 20;
/// What the bytes of all calls are counted in.
const UNIT_BYTES: usize = 1 << 10;

/// What is left for the results of all calls.
pub struct Answers(Arc<Semaphore>);

/// What is left for the results of one call. It is given back when this is dropped.
pub(super) struct Room {
    left: AtomicUsize,
    all: Arc<Semaphore>,
    taken: Mutex<Option<OwnedSemaphorePermit>>,
}

/// Why a result does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The call has as much as one may have.
    Call,
    /// All calls together have; in a moment there is room again.
    Node,
}

impl Answers {
    /// So many bytes for all.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT_BYTES)))
    }

    /// Room for a whole call.
    pub(super) fn room(&self) -> Room {
        let (left, taken) = (AtomicUsize::new(ANSWER_BYTES_MAX), Mutex::new(None));
        Room { left, all: Arc::clone(&self.0), taken }
    }
}

impl Room {
    /// How long the next result may be, if it may have any length.
    pub(super) fn left(&self) -> Result<usize, Full> {
        let of_all = self.all.available_permits() * UNIT_BYTES;
        match self.left.load(Ordering::Relaxed) {
            0 => Err(Full::Call),
            _ if of_all == 0 => Err(Full::Node),
            left => Ok(left.min(of_all)),
        }
    }

    /// Whether a result of so many bytes fits.
    pub(super) fn check(&self, bytes: usize) -> Result<(), Full> {
        if bytes > self.left.load(Ordering::Relaxed) {
            return Err(Full::Call);
        }
        if units(bytes) as usize > self.all.available_permits() { Err(Full::Node) } else { Ok(()) }
    }

    /// Takes the room of a result, if there is enough.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Full> {
        self.check(bytes)?;
        let left =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        left.map_err(|_| Full::Call)?;
        if self.hold(units(bytes)) { Ok(()) } else { Err(Full::Node) }
    }

    /// Takes the room of a result that must be told, whether there is enough or not.
    pub(super) fn spend(&self, bytes: usize) {
        let spent = |left: usize| Some(left.saturating_sub(bytes));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
        if !self.hold(units(bytes)) {
            self.hold(u32::try_from(self.all.available_permits()).unwrap_or(u32::MAX));
        }
    }

    fn hold(&self, units: u32) -> bool {
        let Ok(more) = Arc::clone(&self.all).try_acquire_many_owned(units) else { return false };
        match &mut *self.taken.lock() {
            Some(taken) => taken.merge(more),
            taken => *taken = Some(more),
        }
        true
    }
}

/// Short results cost nothing here: they are bounded by the number of calls.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_takes_nothing() {
        let room = Answers::new(ANSWERS_BYTES_MAX).room();
        assert!(room.take(ANSWER_BYTES_MAX - 10).is_ok());

        assert_eq!(room.take(11), Err(Full::Call));
        assert_eq!((room.check(11), room.left()), (Err(Full::Call), Ok(10)));
        assert!(room.check(10).is_ok() && room.take(10).is_ok() && room.take(1).is_err());
        assert_eq!(room.left(), Err(Full::Call));
    }

    #[test]
    fn what_must_be_told_takes_the_room_of_others() {
        let room = Answers::new(ANSWERS_BYTES_MAX).room();
        room.spend(ANSWER_BYTES_MAX - 1);
        room.spend(2);

        assert!(room.take(1).is_err() && room.take(0).is_ok());
    }

    #[test]
    fn all_calls_share_their_room_until_each_is_over() {
        let answers = Answers::new(10 * UNIT_BYTES);
        let (one, other) = (answers.room(), answers.room());
        assert!(one.take(4 * UNIT_BYTES).is_ok() && one.take(3 * UNIT_BYTES).is_ok());

        assert_eq!(other.left(), Ok(3 * UNIT_BYTES));
        assert_eq!(
            (other.check(4 * UNIT_BYTES), other.take(4 * UNIT_BYTES)),
            (Err(Full::Node), Err(Full::Node))
        );
        other.spend(5 * UNIT_BYTES);
        assert_eq!(other.left(), Err(Full::Node));
        drop(one);

        assert_eq!(other.left(), Ok(7 * UNIT_BYTES));
    }
}
