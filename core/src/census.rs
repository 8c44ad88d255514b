//! Who is connected to this node.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::ids::UserId;

/// The connections of this node by user.
#[derive(Debug, Default)]
pub struct Census {
    users: Mutex<BTreeMap<UserId, usize>>,
}

impl Census {
    /// A connection of this user has come; returns how many there are now.
    pub fn came(&self, user: UserId) -> usize {
        let mut users = self.users();
        let count = users.entry(user).or_default();
        *count += 1;
        *count
    }

    /// A connection of this user has gone.
    pub fn went(&self, user: &UserId) {
        let mut users = self.users();
        if let Some(count) = users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                users.remove(user);
            }
        }
    }

    /// Connections and distinct users.
    pub fn count(&self) -> (usize, usize) {
        let users = self.users();
        (users.values().sum(), users.len())
    }

    /// Numbers stay right whatever panics: each change is one step.
    fn users(&self) -> MutexGuard<'_, BTreeMap<UserId, usize>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
