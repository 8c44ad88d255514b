//! The channels that hold something, and the rule that no other channel takes up room.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use ports::channels::{Address, Epoch, Retention};
use ports::time::Timestamp;

use crate::ledger::Turn;
use crate::shards::Shards;
use crate::stream::Stream;

/// Channels by address, each under a lock of its own.
///
/// **Invariant:** *a channel is in the map exactly while it is attached or has a stream, or somebody is at work on it.*
/// The map's lock is never held while a channel's lock is waited for.
#[derive(Default)]
pub(crate) struct Channels(Shards<HashMap<Arc<Address>, Arc<Mutex<Channel>>>>);

/// One channel.
#[derive(Default)]
pub(crate) struct Channel {
    /// Whether its events go to the sink.
    pub(crate) attached: bool,
    /// Its stream, if it has one.
    pub(crate) stream: Option<Filed>,
    /// Whether it left the map; who still waited for its lock has to look the address up again.
    removed: bool,
}

/// A stream and its place in the tenant's ledger.
pub(crate) struct Filed {
    pub(crate) stream: Stream,
    pub(crate) turn: Option<Turn>,
}

impl Channels {
    /// Works on a channel, which is made if it is not there.
    pub(crate) fn with<R>(&self, address: &Arc<Address>, work: impl FnOnce(&mut Channel) -> R) -> R {
        loop {
            let channel = Arc::clone(self.0.of(address).lock().entry(Arc::clone(address)).or_default());
            let locked = channel.lock();
            if !locked.removed {
                return self.run(address, locked, work);
            }
        }
    }

    /// Works on a channel if it is there.
    pub(crate) fn with_present<R>(
        &self,
        address: &Arc<Address>,
        work: impl FnOnce(&mut Channel) -> R,
    ) -> Option<R> {
        loop {
            let channel = self.find(address)?;
            let locked = channel.lock();
            if !locked.removed {
                return Some(self.run(address, locked, work));
            }
        }
    }

    /// Works on a channel if it is there and nobody else is at work on it.
    pub(crate) fn with_unused(&self, address: &Arc<Address>, work: impl FnOnce(&mut Channel)) {
        let Some(channel) = self.find(address) else { return };
        let Some(locked) = channel.try_lock() else { return };
        if !locked.removed {
            self.run(address, locked, work);
        }
    }

    /// How many channels there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.each().map(|shard| shard.lock().len()).sum()
    }

    fn find(&self, address: &Arc<Address>) -> Option<Arc<Mutex<Channel>>> {
        self.0.of(address).lock().get(address).cloned()
    }

    fn run<R>(
        &self,
        address: &Arc<Address>,
        mut channel: MutexGuard<'_, Channel>,
        work: impl FnOnce(&mut Channel) -> R,
    ) -> R {
        let result = work(&mut channel);
        if !channel.attached && channel.stream.is_none() {
            channel.removed = true;
            self.0.of(address).lock().remove(address);
        }
        result
    }
}

impl Channel {
    /// The stream, touched; a new one if there is none or its time is over.
    pub(crate) fn touch(
        &mut self,
        keep: Retention,
        now: Timestamp,
        epoch: impl FnOnce() -> Epoch,
    ) -> &mut Filed {
        let filed = match self.stream.take() {
            Some(mut filed) if !filed.stream.is_over(now) => {
                filed.stream.touch(keep, now);
                filed
            }
            over => {
                Filed { stream: Stream::new(epoch(), keep, now), turn: over.and_then(|filed| filed.turn) }
            }
        };
        self.stream.insert(filed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_stream_is_one_small_block() {
        // With the two counts of its `Arc` it fills 160 bytes.
        assert!(size_of::<Mutex<Channel>>() <= 144, "{}", size_of::<Mutex<Channel>>());
    }
}
