//! A slab of sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::ids::UserId;

use crate::channels::Batch;
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
    /// Events that must wait for the connect reply, if there are any.
    pub(super) held: Option<Box<Held>>,
    /// Known once the connection is established.
    user: Option<UserId>,
}

/// Events that wait for a connect reply.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) bytes: usize,
}

/// What is looked at for every delivery; everything else is behind the pointer.
#[derive(Debug)]
struct Place {
    generation: u32,
    reach: Reach,
    seat: Option<Box<Seat>>,
}

/// Whether events reach a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// They do.
    Open,
    /// Not before its connect reply.
    Corked,
    /// Nobody is there, or nobody who may get any.
    Nobody,
}

#[derive(Debug, Default)]
pub(super) struct Seats {
    first_generation: u32,
    places: Vec<Place>,
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
        let seat = Some(Box::new(Seat { session, held: None, user: None }));
        self.taken += 1;
        if let Some(index) = self.free.pop()
            && let Some(place) = self.places.get_mut(index as usize)
        {
            place.seat = seat;
            return SeatId { index, generation: place.generation };
        }
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let generation = self.first_generation;
        self.places.push(Place { generation, reach: Reach::Nobody, seat });
        SeatId { index, generation }
    }

    /// All sessions.
    pub(super) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.places.iter_mut().filter_map(|place| Some(&mut place.seat.as_mut()?.session))
    }

    /// An empty slab whose seats cannot be mistaken for this one's.
    pub(super) fn successor(&self) -> Self {
        let newest = self.places.iter().map(|place| place.generation).max().unwrap_or(0);
        Self { first_generation: newest.max(self.first_generation).wrapping_add(1), ..Self::default() }
    }

    pub(super) fn get_mut(&mut self, id: SeatId) -> Option<&mut Seat> {
        let place = self.places.get_mut(id.index as usize)?;
        if place.generation != id.generation {
            return None;
        }
        place.seat.as_deref_mut()
    }

    /// Who sits there at present.
    pub(super) fn id(&self, index: u32) -> Option<SeatId> {
        let place = self.places.get(index as usize)?;
        place.seat.as_ref().map(|_| SeatId { index, generation: place.generation })
    }

    /// Who sits there at present, and whether events reach it.
    pub(super) fn reach(&self, index: u32) -> (SeatId, Reach) {
        let place = self.places.get(index as usize);
        let (generation, reach) = place.map_or((0, Reach::Nobody), |place| (place.generation, place.reach));
        (SeatId { index, generation }, reach)
    }

    /// Notes whether events reach a session, after it has been worked on.
    pub(super) fn note_reach(&mut self, id: SeatId) {
        let Some(place) = self.places.get_mut(id.index as usize) else { return };
        if let Some(seat) = place.seat.as_deref().filter(|_| place.generation == id.generation) {
            place.reach = match (seat.session.is_live(), seat.session.is_corked()) {
                (true, false) => Reach::Open,
                (_, true) => Reach::Corked,
                (false, false) => Reach::Nobody,
            };
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SeatId, &Seat)> {
        self.places.iter().zip(0_u32..).filter_map(|(place, index)| {
            let id = SeatId { index, generation: place.generation };
            place.seat.as_deref().map(|seat| (id, seat))
        })
    }

    /// Where the connections of a user sit.
    pub(super) fn of(&self, user: &UserId) -> Vec<SeatId> {
        let places = self.by_user.range((user.clone(), 0)..=(user.clone(), u32::MAX));
        places.filter_map(|(_, index)| self.id(*index)).collect()
    }

    /// The users of the established connections.
    pub(super) fn users(&self) -> impl Iterator<Item = UserId> {
        self.places.iter().filter_map(|place| place.seat.as_ref()?.user.clone())
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
        let place = self.places.get_mut(id.index as usize)?;
        let seat = place.seat.take()?;
        place.reach = Reach::Nobody;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(id.index);
        self.taken -= 1;
        if let Some(user) = &seat.user {
            self.by_user.remove(&(user.clone(), id.index));
        }
        seat.user
    }
}
