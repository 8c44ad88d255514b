//! What operators see of a shard's connections.

use ports::ids::UserId;
use wigwag_core::session::Session;

use super::ShardCell;

/// Sessions looked at before the shard gets its turn.
const LOOKED_AT: usize = 4_096;

impl ShardCell {
    /// Shows some sessions from a seat on; says from which seat to go on, if there are more.
    pub fn look(&self, from: u32, each: &mut dyn FnMut(&Session)) -> Option<u32> {
        self.state.lock().shard.look(from, LOOKED_AT, each)
    }

    /// Shows the connections of one user.
    pub fn look_at(&self, user: &UserId, each: &mut dyn FnMut(&Session)) {
        self.state.lock().shard.look_at(user, each);
    }
}
