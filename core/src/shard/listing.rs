//! Looking at the sessions of a shard, a piece at a time, so that whoever looks never holds it up for long.

use ports::ids::UserId;

use super::Shard;
use crate::session::Session;

impl Shard {
    /// Shows at most so many sessions from a seat on; says from which seat to go on, if there are more. A session that
    /// stays is shown exactly once, whoever comes and goes between two pieces: it keeps its seat.
    pub fn look(&self, from: u32, at_most: usize, each: &mut dyn FnMut(&Session)) -> Option<u32> {
        let mut rest = self.seats.iter().skip_while(|(id, _)| id.index < from);
        rest.by_ref().take(at_most).for_each(|(_, seat)| each(&seat.session));
        rest.next().map(|(id, _)| id.index)
    }

    /// Shows the connections of one user.
    pub fn look_at(&mut self, user: &UserId, each: &mut dyn FnMut(&Session)) {
        for id in self.seats.of(user) {
            if let Some(seat) = self.seats.get_mut(id) {
                each(&seat.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ports::ids::{ClientId, NodeId, TenantId};
    use ports::time::Timestamp;

    use super::*;
    use crate::Settings;
    use crate::session::{Opening, Pings, Realm};

    #[test]
    fn sessions_that_stay_are_shown_once_while_others_come_and_go() {
        let realm = Realm {
            tenant: TenantId::default(),
            node: NodeId::from_random([7; 16]),
            settings: Arc::new(Settings::default()),
        };
        let now = Timestamp::from_secs(1);
        let mut shard = Shard::new(Arc::new(realm), now);
        let opening = |number: u8| Opening {
            client: ClientId::from_random([number; 16]),
            luck: 0,
            emulation: None,
            pings: Pings::Messages,
        };
        let seats: Vec<_> = (0..10).map(|number| shard.open(now, opening(number))).collect();

        let mut shown = Vec::new();
        let next = shard.look(0, 4, &mut |session| shown.push(session.client()));
        shard.seats.free(seats[1]);
        shard.seats.free(seats[4]);
        shard.open(now, opening(100));
        let next = shard.look(next.unwrap(), 4, &mut |session| shown.push(session.client()));
        let end = shard.look(next.unwrap(), 4, &mut |session| shown.push(session.client()));

        assert_eq!(end, None);
        for number in [0, 2, 3, 5, 6, 7, 8, 9] {
            let client = ClientId::from_random([number; 16]);
            assert_eq!(shown.iter().filter(|one| **one == client).count(), 1, "{number}");
        }
    }
}
