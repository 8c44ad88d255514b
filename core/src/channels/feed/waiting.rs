//! Those who wait to become members of a feed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::channels::Published;

use super::Seat;
use super::held::Held;
use super::member::Newcomer;

/// The newcomers by seat, and what was handed out while they waited for a read that may not contain it. Nobody waits
/// most of the time; then it takes no room.
#[derive(Debug, Default)]
pub(super) struct Waiting(Option<Box<Room>>);

#[derive(Debug, Default)]
struct Room {
    newcomers: BTreeMap<Seat, Newcomer>,
    recent: Held,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |room| room.newcomers.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn insert(&mut self, seat: Seat, newcomer: Newcomer) {
        self.0.get_or_insert_default().newcomers.insert(seat, newcomer);
    }

    pub(super) fn remove(&mut self, seat: Seat) -> Option<Newcomer> {
        let newcomer = self.0.as_mut()?.newcomers.remove(&seat);
        self.give_back();
        newcomer
    }

    pub(super) fn pop_first(&mut self) -> Option<(Seat, Newcomer)> {
        let first = self.0.as_mut()?.newcomers.pop_first();
        self.give_back();
        first
    }

    /// Who waits, in the order of their seats.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Newcomer)> {
        self.0.iter().flat_map(|room| &room.newcomers).map(|(seat, newcomer)| (*seat, newcomer))
    }

    /// What was handed out since the latest read began, as far as it is kept.
    pub(super) fn recent(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.0.iter().flat_map(|room| room.recent.iter())
    }

    /// Keeps what is being handed out, if anybody waits.
    pub(super) fn keep_recent(&mut self, published: &Arc<Published>, bytes_max: usize) {
        if let Some(room) = &mut self.0 {
            room.recent.push(Arc::clone(published), bytes_max);
        }
    }

    /// Begins anew to keep what is handed out.
    pub(super) fn reset_recent(&mut self) {
        if let Some(room) = &mut self.0 {
            room.recent.reset();
        }
    }

    /// Whether too much was handed out to be kept.
    pub(super) fn has_lost_recent(&self) -> bool {
        self.0.as_ref().is_some_and(|room| room.recent.has_lost())
    }

    fn give_back(&mut self) {
        self.0.take_if(|room| room.newcomers.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use ports::channels::{Address, ChannelName};
    use ports::ids::TenantId;

    use super::super::Join;
    use super::*;

    #[test]
    fn nobody_who_waits_takes_no_room() {
        let mut waiting = Waiting::default();
        for seat in 0..3 {
            waiting.insert(seat, newcomer());
        }

        waiting.remove(1);
        waiting.pop_first();
        assert_eq!((waiting.len(), waiting.is_empty()), (1, false));
        waiting.pop_first();

        assert!(waiting.0.is_none());
    }

    fn newcomer() -> Newcomer {
        let channel = ChannelName::parse("a").unwrap();
        let join = Join {
            address: Arc::new(Address::public(TenantId::default(), channel)),
            stream: None,
            join: 1,
            recover: None,
            recovery_bytes_max: 0,
            refuse_unrecoverable: false,
            positioned: false,
            notices: false,
            cache: false,
            delta: false,
            filter: None,
        };
        Newcomer::new(join, 1)
    }
}
