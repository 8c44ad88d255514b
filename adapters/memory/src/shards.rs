//! A value per group of addresses, each under its own lock, so that unrelated channels seldom meet.

use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;
use ports::channels::Address;

/// A fixed number of locked values, one of which is responsible for an address.
pub(crate) struct Shards<T> {
    hasher: RandomState,
    shards: [Mutex<T>; COUNT],
}

impl<T> Shards<T> {
    /// The value responsible for an address.
    #[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
    pub(crate) fn of(&self, address: &Address) -> &Mutex<T> {
        &self.shards[self.hasher.hash_one(address) as usize % COUNT]
    }

    /// All values, one after the other.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Mutex<T>> {
        self.shards.iter()
    }
}

impl<T: Default> Default for Shards<T> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

/// Several times the cores of a large machine, so that two threads seldom want the same shard.
const COUNT: usize = 128;
