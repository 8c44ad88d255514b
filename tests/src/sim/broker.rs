//! The broker's streams, together with everything it ever acknowledged: the truth that clients are judged by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{
    Address, Draft, Epoch, HistoryQuery, Order, Position, Publication, Retention, StreamView,
};

use super::taste::Taste;
use crate::rng::Rng;

/// All streams of the world.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: BTreeMap<Arc<Address>, Stream>,
    /// What was published without a place in a stream, in the broker's order.
    unplaced: BTreeMap<Arc<Address>, BTreeMap<Bytes, usize>>,
    /// Everything that was ever published, in whatever place.
    published: BTreeSet<Bytes>,
    epochs: u64,
}

/// One address's stream, through all its timelines.
#[derive(Debug)]
struct Stream {
    kept: VecDeque<Arc<Publication>>,
    top: u64,
    timelines: Vec<Timeline>,
    /// When the newest item was last seen to be gone.
    bare_until: u64,
}

/// What the broker said within one epoch.
#[derive(Debug)]
struct Timeline {
    epoch: Epoch,
    ended_at: Option<u64>,
    /// As first acknowledged, by offset less one.
    acknowledged: Vec<Arc<Publication>>,
}

impl Stream {
    fn epoch(&self) -> Epoch {
        self.timelines.last().map_or_else(|| Epoch::new(""), |timeline| timeline.epoch.clone())
    }

    fn position(&self) -> Position {
        Position { offset: self.top, epoch: self.epoch() }
    }

    fn oldest(&self) -> u64 {
        self.kept.front().map_or(self.top + 1, |oldest| oldest.offset)
    }

    fn is_bare(&self) -> bool {
        self.kept.back().is_none_or(|newest| newest.offset != self.top)
    }
}

/// How a crash treats a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The items after some offset are gone, perhaps all; what is left begins a new timeline.
    Honest,
    /// The same, but it goes on in the old epoch.
    Concealed,
}

impl Streams {
    fn touch(&mut self, address: &Arc<Address>) -> &mut Stream {
        let epochs = &mut self.epochs;
        self.streams.entry(Arc::clone(address)).or_insert_with(|| {
            *epochs += 1;
            let epoch = Epoch::new(&format!("e{epochs}"));
            let timeline = Timeline { epoch, ended_at: None, acknowledged: Vec::new() };
            Stream { kept: VecDeque::new(), top: 0, timelines: vec![timeline], bare_until: 0 }
        })
    }

    pub(super) fn append(
        &mut self,
        address: &Arc<Address>,
        draft: Draft,
        keep: Retention,
        now: u64,
    ) -> (Arc<Publication>, Epoch) {
        self.published.insert(draft.data.clone());
        let stream = self.touch(address);
        if stream.is_bare() {
            stream.bare_until = now;
        }
        stream.top += 1;
        let Draft { data, info, tags, delta, .. } = draft;
        let publication = Arc::new(Publication { offset: stream.top, data, info, tags, delta });
        stream.kept.push_back(Arc::clone(&publication));
        while stream.kept.len() > keep.size {
            stream.kept.pop_front();
        }
        if let Some(timeline) = stream.timelines.last_mut()
            && timeline.acknowledged.len() as u64 + 1 == stream.top
        {
            timeline.acknowledged.push(Arc::clone(&publication));
        }
        (publication, stream.epoch())
    }

    pub(super) fn record_unplaced(&mut self, address: &Arc<Address>, data: &Bytes) {
        self.published.insert(data.clone());
        let spoken = self.unplaced.entry(Arc::clone(address)).or_default();
        let order = spoken.len();
        spoken.insert(data.clone(), order);
    }

    pub(super) fn view(&mut self, address: &Arc<Address>, query: HistoryQuery) -> StreamView {
        let stream = self.touch(address);
        let limit = query.limit.unwrap_or(usize::MAX);
        let is_nowhere = query.since.is_some_and(|since| since > stream.top + 1);
        let wanted = |item: &&Arc<Publication>| match (query.since, query.order) {
            (None, _) => true,
            (Some(since), Order::OldestFirst) => item.offset > since,
            (Some(since), Order::NewestFirst) => item.offset < since,
        };
        let publications = match query.order {
            Order::OldestFirst => stream.kept.iter().filter(wanted).take(limit).cloned().collect(),
            Order::NewestFirst if is_nowhere => Vec::new(),
            Order::NewestFirst => stream.kept.iter().rev().filter(wanted).take(limit).cloned().collect(),
        };
        StreamView { publications, top: stream.position() }
    }

    /// Drops the items of one stream; its top stays.
    pub(super) fn forget(&mut self, address: &Arc<Address>) {
        self.touch(address).kept.clear();
    }

    pub(super) fn addresses(&self) -> Vec<Arc<Address>> {
        self.streams.keys().map(Arc::clone).collect()
    }

    /// Loses items that were acknowledged.
    pub(super) fn lose(&mut self, address: &Arc<Address>, loss: Loss, rng: &mut Rng, now: u64) {
        self.epochs += 1;
        let epoch = Epoch::new(&format!("e{}", self.epochs));
        let Some(stream) = self.streams.get_mut(address) else { return };
        let top = if rng.happens(500) { 0 } else { rng.below(stream.top + 1) };
        stream.kept.retain(|item| item.offset <= top);
        stream.top = top;
        if loss == Loss::Concealed {
            return;
        }
        let mut acknowledged = Vec::new();
        if let Some(timeline) = stream.timelines.last_mut() {
            timeline.ended_at = Some(now);
            acknowledged = timeline.acknowledged.clone();
        }
        acknowledged.truncate(usize::try_from(top).unwrap_or(usize::MAX));
        stream.timelines.push(Timeline { epoch, ended_at: None, acknowledged });
    }

    /// Where a stream stands, if there is one.
    pub(super) fn top(&self, address: &Arc<Address>) -> Option<Position> {
        self.streams.get(address).map(Stream::position)
    }

    /// What was acknowledged at a place.
    pub(super) fn acknowledged(
        &self,
        address: &Arc<Address>,
        epoch: &Epoch,
        offset: u64,
    ) -> Option<&Arc<Publication>> {
        let timelines = &self.streams.get(address)?.timelines;
        let timeline = timelines.iter().rev().find(|timeline| timeline.epoch == *epoch)?;
        let index = usize::try_from(offset.checked_sub(1)?).ok()?;
        timeline.acknowledged.get(index)
    }

    /// Whether an epoch was in force at some moment since `since`.
    pub(super) fn was_in_force(&self, address: &Arc<Address>, epoch: &Epoch, since: u64) -> bool {
        self.streams.get(address).is_some_and(|stream| {
            stream
                .timelines
                .iter()
                .any(|timeline| timeline.epoch == *epoch && timeline.ended_at.is_none_or(|at| at >= since))
        })
    }

    /// The first offset still kept, the top, and the payload bytes of what is wanted after `offset`, if this epoch is
    /// in force.
    pub(super) fn remains(
        &self,
        address: &Arc<Address>,
        epoch: &Epoch,
        offset: u64,
        taste: &Taste,
    ) -> Option<Remains> {
        let stream = self.streams.get(address)?;
        if stream.epoch() != *epoch {
            return None;
        }
        let wanted = stream.kept.iter().filter(|item| item.offset > offset && taste.wants(item));
        let bytes = wanted.map(|item| item.payload_bytes()).sum();
        Some(Remains { oldest: stream.oldest(), top: stream.top, bytes })
    }

    /// The first wanted item of a timeline within these offsets.
    pub(super) fn first_wanted(
        &self,
        address: &Arc<Address>,
        epoch: &Epoch,
        mut offsets: RangeInclusive<u64>,
        taste: &Taste,
    ) -> Option<u64> {
        let is_wanted = |offset: &u64| match self.acknowledged(address, epoch, *offset) {
            Some(item) => taste.wants(item),
            None => !taste.is_picky(),
        };
        offsets.find(is_wanted)
    }

    /// Whether the newest item was gone at some moment since `since`.
    pub(super) fn was_bare(&self, address: &Arc<Address>, since: u64) -> bool {
        self.streams.get(address).is_none_or(|stream| stream.is_bare() || stream.bare_until >= since)
    }

    /// Whether somebody who has everything of an epoch up to `offset` may be told that something is gone for good: the
    /// next item is, or a late event of another timeline may have come.
    pub(super) fn has_hole(&self, address: &Arc<Address>, epoch: &Epoch, offset: u64) -> bool {
        self.streams.get(address).is_some_and(|stream| {
            stream.epoch() != *epoch || stream.timelines.len() > 1 || stream.oldest() > offset + 1
        })
    }

    /// Whether the broker ever took a payload.
    pub(super) fn has(&self, data: &Bytes) -> bool {
        self.published.contains(data)
    }

    /// The place of an unplaced payload in the broker's order.
    pub(super) fn order_of(&self, address: &Arc<Address>, data: &Bytes) -> Option<usize> {
        self.unplaced.get(address)?.get(data).copied()
    }
}

/// What a recovery could be made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remains {
    pub(super) oldest: u64,
    pub(super) top: u64,
    pub(super) bytes: usize,
}
