//! One stream: numbered items, what trims them, and how they are read. It knows no locks and no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use ports::channels::{Epoch, HistoryQuery, Order, Position, Publication, Retention, StreamView, Version};
use ports::time::Timestamp;

/// The items of one timeline, and its top.
#[derive(Debug)]
pub(crate) struct Stream {
    epoch: Epoch,
    top: u64,
    /// Offsets rise by one from item to item and end at the top, unless there are none.
    items: VecDeque<Item>,
    bytes: usize,
    /// Few have one.
    version: Option<Box<Version>>,
    keep: Retention,
    used: Timestamp,
}

#[derive(Debug)]
struct Item {
    publication: Arc<Publication>,
    at: Timestamp,
    bytes: usize,
}

impl Stream {
    /// A timeline without items.
    pub(crate) fn new(epoch: Epoch, keep: Retention, now: Timestamp) -> Self {
        Self { epoch, top: 0, items: VecDeque::new(), bytes: STREAM_BYTES, version: None, keep, used: now }
    }

    /// Renews the stream's life and drops what `keep` does not allow any more.
    pub(crate) fn touch(&mut self, keep: Retention, now: Timestamp) {
        self.keep = keep;
        self.used = self.used.max(now);
        self.trim(now);
    }

    /// Gives the publication the next offset and remembers it as of the last touch. Older items make room for it; if
    /// it is heavier than `bytes_max` alone, it is not remembered either.
    pub(crate) fn append(
        &mut self,
        unplaced: Publication,
        version: Option<Version>,
        bytes_max: usize,
    ) -> Arc<Publication> {
        self.top += 1;
        self.version = version.map(Box::new).or(self.version.take());
        let publication = Arc::new(Publication { offset: self.top, ..unplaced });
        let bytes = weight(&publication);
        self.bytes += bytes;
        self.items.push_back(Item { publication: Arc::clone(&publication), at: self.used, bytes });
        while self.items.len() > self.keep.size || (self.bytes > bytes_max && !self.items.is_empty()) {
            self.drop_oldest();
        }
        publication
    }

    /// Drops items that are too many or too old.
    pub(crate) fn trim(&mut self, now: Timestamp) {
        let Retention { size, ttl, .. } = self.keep;
        while self.items.front().is_some_and(|oldest| now >= oldest.at.plus(ttl)) || self.items.len() > size {
            self.drop_oldest();
        }
        if self.items.is_empty() {
            self.items = VecDeque::new();
        }
    }

    /// Drops all items; top, epoch and version stay.
    pub(crate) fn forget(&mut self) {
        self.items = VecDeque::new();
        self.bytes = STREAM_BYTES;
    }

    /// The items asked for, and the top.
    pub(crate) fn view(&self, query: HistoryQuery) -> StreamView {
        let first = self.items.front().map_or(0, |item| item.publication.offset);
        let limit = query.limit.unwrap_or(usize::MAX);
        let index_of = |offset: u64| usize::try_from(offset.saturating_sub(first)).unwrap_or(usize::MAX);
        let publications = match query.order {
            Order::OldestFirst => {
                let skipped = query.since.map_or(0, |since| index_of(since.saturating_add(1)));
                self.publications().skip(skipped).take(limit).collect()
            }
            // Before an offset that is not even the next one there is nothing, as after it.
            Order::NewestFirst if query.since.is_some_and(|since| since > self.top + 1) => Vec::new(),
            Order::NewestFirst => {
                let older =
                    query.since.map_or(self.items.len(), |since| index_of(since).min(self.items.len()));
                self.publications().take(older).rev().take(limit).collect()
            }
        };
        StreamView { publications, top: self.top() }
    }

    /// The position of the newest item ever appended.
    pub(crate) fn top(&self) -> Position {
        Position { offset: self.top, epoch: self.epoch.clone() }
    }

    /// Whether this version, or a later one of the same epoch, was appended before.
    pub(crate) fn holds(&self, version: &Version) -> bool {
        self.version.as_ref().is_some_and(|top| top.epoch == version.epoch && top.number >= version.number)
    }

    /// Whether nobody used the stream for so long that even its top and epoch are forgotten.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.used.plus(self.keep.meta_ttl)
    }

    /// When something of it becomes too old, be it an item or all of it.
    pub(crate) fn due(&self) -> Timestamp {
        let over = self.used.plus(self.keep.meta_ttl);
        self.items.front().map_or(over, |oldest| over.min(oldest.at.plus(self.keep.ttl)))
    }

    /// What it occupies, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn publications(&self) -> impl DoubleEndedIterator<Item = Arc<Publication>> + ExactSizeIterator {
        self.items.iter().map(|item| Arc::clone(&item.publication))
    }

    fn drop_oldest(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.bytes;
        }
    }
}

fn weight(publication: &Publication) -> usize {
    let info = publication.info.as_ref().map_or(0, |_| INFO_BYTES);
    let tags = publication.tags.as_ref().map_or(0, |tags| tags.len() * TAG_BYTES);
    ITEM_BYTES + publication.payload_bytes() + info + tags
}

/// An empty stream with its entries in maps and the ledger.
pub(crate) const STREAM_BYTES: usize = 512;
/// An item without its payload: the publication, its place in the queue, the allocator's share.
const ITEM_BYTES: usize = 192;
const INFO_BYTES: usize = 128;
const TAG_BYTES: usize = 64;

#[cfg(test)]
mod tests;
