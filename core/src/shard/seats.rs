//! A slab of sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::channels::{Form, Published};
use ports::ids::UserId;

use crate::session::Session;

/// Where a session sits. The generation tells it from earlier users of the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatId {
    /// The place.
    pub index: u32,
    /// Which user of the place.
    pub generation: u32,
}

/// A session with what its shard keeps for it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) session: Session,
    /// Events that must wait for the connect reply.
    pub(super) held: Vec<(Arc<Published>, Form)>,
    pub(super) held_bytes: usize,
    /// Known once the connection is established.
    user: Option<UserId>,
}

#[derive(Debug, Default)]
pub(super) struct Seats {
    first_generation: u32,
    places: Vec<(u32, Option<Box<Seat>>)>,
    free: Vec<u32>,
    /// Where the connections of a user sit.
    by_user: BTreeSet<(UserId, u32)>,
    taken: usize,
}

impl Seats {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    pub(super) fn take(&mut self, session: Session) -> SeatId {
        let seat = Box::new(Seat { session, held: Vec::new(), held_bytes: 0, user: None });
        self.taken += 1;
        if let Some(index) = self.free.pop()
            && let Some((generation, place)) = self.places.get_mut(index as usize)
        {
            *place = Some(seat);
            return SeatId { index, generation: *generation };
        }
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push((self.first_generation, Some(seat)));
        SeatId { index, generation: self.first_generation }
    }

    /// An empty slab whose seats cannot be mistaken for this one's.
    pub(super) fn successor(&self) -> Self {
        let newest = self.places.iter().map(|(generation, _)| *generation).max().unwrap_or(0);
        Self { first_generation: newest.max(self.first_generation).wrapping_add(1), ..Self::default() }
    }

    pub(super) fn get_mut(&mut self, id: SeatId) -> Option<&mut Seat> {
        let (generation, place) = self.places.get_mut(id.index as usize)?;
        if *generation != id.generation {
            return None;
        }
        place.as_deref_mut()
    }

    /// Who sits there at present.
    pub(super) fn id(&self, index: u32) -> Option<SeatId> {
        let (generation, place) = self.places.get(index as usize)?;
        place.as_ref().map(|_| SeatId { index, generation: *generation })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SeatId, &Seat)> {
        self.places.iter().zip(0_u32..).filter_map(|((generation, place), index)| {
            place.as_deref().map(|seat| (SeatId { index, generation: *generation }, seat))
        })
    }

    /// Where the connections of a user sit.
    pub(super) fn of(&self, user: &UserId) -> Vec<SeatId> {
        let places = self.by_user.range((user.clone(), 0)..=(user.clone(), u32::MAX));
        places.filter_map(|(_, index)| self.id(*index)).collect()
    }

    /// The users of the established connections.
    pub(super) fn users(&self) -> impl Iterator<Item = UserId> {
        self.places.iter().filter_map(|(_, place)| place.as_ref()?.user.clone())
    }

    pub(super) fn came(&mut self, id: SeatId, user: UserId) {
        if let Some(seat) = self.get_mut(id) {
            seat.user = Some(user.clone());
            self.by_user.insert((user, id.index));
        }
    }

    /// Empties the place; returns the user if the connection had been established.
    pub(super) fn free(&mut self, id: SeatId) -> Option<UserId> {
        self.get_mut(id)?;
        let (generation, place) = self.places.get_mut(id.index as usize)?;
        let seat = place.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(id.index);
        self.taken -= 1;
        if let Some(user) = &seat.user {
            self.by_user.remove(&(user.clone(), id.index));
        }
        seat.user
    }
}
