//! A table of feeds by address, each with a number of its own and a small index for the timer wheel.

use std::sync::Arc;

use ports::channels::{Address, Retention};
use ports::time::Timestamp;
use rustc_hash::FxHashMap;

use crate::channels::ChannelFeed;
use crate::channels::feed::Limits;

/// A feed and its numbers.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) feed: ChannelFeed,
    /// Tells it from earlier feeds of the same channel.
    pub(super) number: u32,
    /// Its key in the timer wheel.
    pub(super) index: u32,
    /// It waits for its turn to hand out.
    pub(super) queued: bool,
}

#[derive(Debug, Default)]
pub(super) struct Feeds {
    entries: FxHashMap<Arc<Address>, Box<Entry>>,
    addresses: Vec<Option<Arc<Address>>>,
    free: Vec<u32>,
    numbers: u32,
}

impl Feeds {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn contains(&self, address: &Address) -> bool {
        self.entries.contains_key(address)
    }

    pub(super) fn get_mut(&mut self, address: &Address) -> Option<&mut Entry> {
        self.entries.get_mut(address).map(Box::as_mut)
    }

    pub(super) fn address(&self, index: u32) -> Option<Arc<Address>> {
        self.addresses.get(index as usize).cloned().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ChannelFeed> {
        self.addresses().filter_map(|address| Some(&self.entries.get(address)?.feed))
    }

    /// All channels with the numbers of their feeds.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (Arc<Address>, u32)> {
        self.addresses().filter_map(|address| Some((Arc::clone(address), self.entries.get(address)?.number)))
    }

    /// From now on other limits hold for all.
    pub(super) fn limit(&mut self, limits: &Arc<Limits>) {
        for address in self.addresses.iter().flatten() {
            if let Some(entry) = self.entries.get_mut(address) {
                entry.feed.limit(limits);
            }
        }
    }

    /// An empty table whose feeds cannot be mistaken for this one's.
    pub(super) fn successor(&self) -> Self {
        Self { numbers: self.numbers, ..Self::default() }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Arc<Address>> {
        self.addresses.iter().flatten()
    }

    /// Makes a feed; returns its number.
    pub(super) fn open(
        &mut self,
        address: &Arc<Address>,
        stream: Option<Retention>,
        limits: &Arc<Limits>,
        now: Timestamp,
    ) -> u32 {
        self.numbers = self.numbers.wrapping_add(1);
        let number = self.numbers;
        let phase = number.wrapping_mul(0x9E37_79B1).to_be_bytes()[0];
        let feed = ChannelFeed::new(Arc::clone(address), stream, Arc::clone(limits), now, phase);
        let index = self.place(Arc::clone(address));
        self.entries.insert(Arc::clone(address), Box::new(Entry { feed, number, index, queued: false }));
        number
    }

    pub(super) fn close(&mut self, address: &Address) -> Option<Box<Entry>> {
        let entry = self.entries.remove(address)?;
        if let Some(place) = self.addresses.get_mut(entry.index as usize) {
            *place = None;
            self.free.push(entry.index);
        }
        Some(entry)
    }

    fn place(&mut self, address: Arc<Address>) -> u32 {
        if let Some(index) = self.free.pop()
            && let Some(place) = self.addresses.get_mut(index as usize)
        {
            *place = Some(address);
            return index;
        }
        let index = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX);
        self.addresses.push(Some(address));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_one_small_block() {
        // A channel of its own is what many connections have.
        assert!(size_of::<Entry>() <= 320, "{}", size_of::<Entry>());
    }
}
