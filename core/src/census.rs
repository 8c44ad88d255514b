//! Who is connected to this node.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::ids::UserId;

/// The connections of this node by user.
#[derive(Debug, Default)]
pub struct Census {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    users: BTreeMap<UserId, u32>,
    /// Those of all users together.
    connections: usize,
}

impl Census {
    /// A connection of this user has come; returns how many there are now.
    pub fn came(&self, user: UserId) -> usize {
        let mut books = self.books();
        let count = books.users.entry(user).or_default();
        *count += 1;
        let count = *count as usize;
        books.connections += 1;
        count
    }

    /// A connection of this user has gone.
    pub fn went(&self, user: &UserId) {
        let mut books = self.books();
        let Some(count) = books.users.get_mut(user) else { return };
        *count -= 1;
        if *count == 0 {
            books.users.remove(user);
        }
        books.connections -= 1;
    }

    /// Connections and distinct users.
    pub fn count(&self) -> (usize, usize) {
        let books = self.books();
        (books.connections, books.users.len())
    }

    /// Nothing panics between a change of one number and that of the other.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_user_and_together() {
        let census = Census::default();
        let (ann, bob) = (UserId::new("ann"), UserId::new("bob"));

        assert_eq!(census.came(ann.clone()), 1);
        assert_eq!(census.came(ann.clone()), 2);
        assert_eq!(census.came(bob.clone()), 1);
        assert_eq!(census.count(), (3, 2));

        census.went(&bob);
        census.went(&bob);
        assert_eq!(census.count(), (2, 1));
        census.went(&ann);
        census.went(&ann);
        assert_eq!(census.count(), (0, 0));
    }
}
