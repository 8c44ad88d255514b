//! When a feed reads its stream, and what it makes of the answer.

use std::sync::Arc;

use ports::channels::{BrokerError, Event, HistoryQuery, Order, Published, StreamView};
use ports::protocol::ErrorCode;
use ports::time::Timestamp;

use super::member::Wish;
use super::{ChannelFeed, Effect, HEAL_PAUSE, SUSPICION, Suspect};

/// A read under way.
#[derive(Debug)]
pub(super) struct Reading {
    read: u32,
    /// Newcomers up to this ticket waited when it began.
    pub(super) ticket: u64,
    query: HistoryQuery,
    /// Its answer would mix two timelines; ask again.
    pub(super) void: bool,
}

impl Reading {
    /// From which end of the stream it reads.
    pub(super) fn order(&self) -> Order {
        self.query.order
    }

    /// Whether the stream may hold more, in the order of the read, after the items of this view.
    pub(super) fn is_cut(&self, view: &StreamView) -> bool {
        self.query.limit.is_some_and(|limit| limit > 0 && view.publications.len() >= limit)
    }
}

/// A newcomer is refused when so many reads in a row could not be used.
const VOID_READS_MAX: u32 = 3;

impl ChannelFeed {
    /// Begins a read if somebody waits, a hole is to be filled, the position is unknown or a check is due. One at a
    /// time: all who wait share it.
    pub(super) fn read_if_needed(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.stream.is_none() || !self.attached || self.reading.is_some() || self.is_empty() {
            return;
        }
        // One page after another: what was read last is handed out first.
        let heals = self.lacks_something() && now >= self.heal_at && self.run.is_empty();
        let checks = now >= self.check_at;
        if self.waiting.is_empty() && !heals && !checks {
            return;
        }
        if checks {
            self.check_at = now.plus(self.limits.check_interval);
        }
        let query = self.query(heals);
        if heals && (self.position.is_none() || query.order == Order::OldestFirst) {
            self.heal_at = now.plus(HEAL_PAUSE);
        }
        self.begin_read(query, effects);
    }

    /// Who recovers and what fills a hole begins at an offset; who wants the newest item begins at the other end. Any
    /// read tells the top.
    fn query(&self, heals: bool) -> HistoryQuery {
        match (self.oldest_wanted(heals), self.newest_wanted()) {
            (None, None) => HistoryQuery::TOP,
            (Some(since), None) => self.oldest_after(since),
            (None, Some(limit)) => newest(limit),
            (Some(since), Some(limit)) => match self.read_order {
                Order::NewestFirst => self.oldest_after(since),
                Order::OldestFirst => newest(limit),
            },
        }
    }

    /// The lowest offset after which anything is wanted.
    fn oldest_wanted(&self, heals: bool) -> Option<u64> {
        let hole = self.position.as_ref().filter(|_| heals && self.hole).map(|position| position.offset);
        let wishes = self.waiting.iter().filter_map(|(_, newcomer)| match &newcomer.wish {
            Wish::Missed { from, .. } => Some(from.offset),
            Wish::Onwards | Wish::Latest { .. } => None,
        });
        wishes.chain(hole).min()
    }

    /// How many of the newest items are wanted: one, or more where a filter may refuse it.
    fn newest_wanted(&self) -> Option<usize> {
        let wishes = self.waiting.iter().filter_map(|(_, newcomer)| match &newcomer.wish {
            Wish::Latest { .. } if newcomer.member.taste.is_picky() => Some(self.limits.recovery.items_max),
            Wish::Latest { .. } => Some(1),
            Wish::Onwards | Wish::Missed { .. } => None,
        });
        wishes.max()
    }

    fn oldest_after(&self, since: u64) -> HistoryQuery {
        let limit = self.limits.recovery.items_max + 1;
        HistoryQuery { since: Some(since), limit: Some(limit), order: Order::OldestFirst }
    }

    fn begin_read(&mut self, query: HistoryQuery, effects: &mut Vec<Effect>) {
        self.reads = self.reads.wrapping_add(1);
        self.read_order = query.order;
        self.waiting.reset_recent();
        let reading = Reading { read: self.reads, ticket: self.tickets, query, void: false };
        self.reading = Some(Box::new(reading));
        effects.push(Effect::Read { read: self.reads, query });
    }

    pub(super) fn read_done(
        &mut self,
        now: Timestamp,
        read: u32,
        result: Result<StreamView, BrokerError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(reading) = self.reading.take_if(|reading| reading.read == read) else { return };
        let Ok(view) = result else {
            self.refuse_waiting(ErrorCode::Internal, effects);
            self.heal_at = now.plus(HEAL_PAUSE);
            return;
        };
        if reading.void || self.must_read_again(&view) {
            self.void_reads += 1;
            if self.void_reads > VOID_READS_MAX {
                self.void_reads = 0;
                self.refuse_waiting(ErrorCode::Internal, effects);
            }
            return;
        }
        self.void_reads = 0;
        self.orient(&view, effects);
        if self.hole {
            self.fill_hole(now, &reading, &view, effects);
        }
        self.admit(&reading, &view, effects);
        self.suspect_top(now, view.top.offset);
        self.drain_backlog(now, effects);
    }

    /// What was handed out after the view was taken is needed by newcomers, but was too much to keep.
    fn must_read_again(&self, view: &StreamView) -> bool {
        let handed_out = self
            .position
            .as_ref()
            .is_some_and(|position| position.epoch == view.top.epoch && position.offset > view.top.offset);
        handed_out && self.waiting.has_lost_recent()
    }

    /// Learns where the stream stands.
    fn orient(&mut self, view: &StreamView, effects: &mut Vec<Effect>) {
        if self.position.as_ref().is_some_and(|position| position.epoch != view.top.epoch) {
            self.timeline_ended(effects);
        }
        if self.position.is_none() {
            self.begin_timeline(view);
        }
    }

    fn begin_timeline(&mut self, view: &StreamView) {
        let ended = self.ended.take();
        if let Some(position) = ended.filter(|ended| ended.epoch == view.top.epoch) {
            self.position = Some(*position); // it had not ended; a late event of an older one had come
            return;
        }
        for (_, member) in self.members.iter_mut(0) {
            member.covered = 0;
            member.taste.rebase(None);
        }
        self.go_on(0, view);
    }

    /// Goes on at the top, or with what has arrived after `offset`: members that do not track their position lose
    /// nothing that is at hand, and for newcomers the view covers everything.
    fn go_on(&mut self, offset: u64, view: &StreamView) {
        let mut position = view.top.clone();
        if !self.members.is_empty() {
            let arrived = self.backlog.iter().filter_map(|published| published.position());
            let offsets = arrived.filter(|(_, epoch)| **epoch == position.epoch).map(|(offset, _)| offset);
            let first = offsets.filter(|first| *first > offset).min();
            position.offset = first.map_or(position.offset, |first| position.offset.min(first - 1));
        }
        self.position = Some(position);
    }

    /// Hands out what was missing, or tells those who track their position that it is gone.
    fn fill_hole(&mut self, now: Timestamp, reading: &Reading, view: &StreamView, effects: &mut Vec<Effect>) {
        let Some(position) = self.position.clone() else { return };
        if reading.query.since.is_none_or(|since| since > position.offset) {
            return;
        }
        let mut newest = position.offset;
        for publication in view.publications.iter().filter(|publication| publication.offset > position.offset)
        {
            if publication.offset > newest + 1 {
                self.part_with_positioned(publication.offset - 1, effects);
            }
            newest = publication.offset;
            let event = Event::Publication(Arc::clone(publication), Some(view.top.epoch.clone()));
            self.advance(newest, Arc::new(Published::new(Arc::clone(&self.address), event)));
        }
        self.hole = false;
        if newest >= view.top.offset {
            return;
        }
        if reading.is_cut(view) {
            self.hole = true;
            self.heal_at = now;
        } else {
            self.part_with_positioned(view.top.offset, effects);
            self.go_on(newest, view);
        }
    }

    /// A top beyond the position may be on its way; if it has not come in two seconds, it is a hole.
    fn suspect_top(&mut self, now: Timestamp, top: u64) {
        let behind = self.position.as_ref().is_some_and(|position| position.offset < top);
        if behind && !self.hole && self.suspect.is_none() {
            self.suspect = Some(Box::new(Suspect { offset: top, again_at: now.plus(SUSPICION) }));
        }
    }

    /// Takes up what arrived meanwhile, until the next hole. What belongs to another timeline than the one just read is
    /// dropped; whether the timeline has changed once more is looked up soon.
    fn drain_backlog(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while !self.lacks_something() {
            let Some(published) = self.backlog.pop() else { break };
            let foreign = match (published.position(), &self.position) {
                (Some((_, epoch)), Some(position)) => *epoch != position.epoch,
                (None, _) | (_, None) => false,
            };
            if foreign {
                self.check_at = self.check_at.min(now.plus(SUSPICION));
            } else {
                self.accept(published, effects);
            }
        }
        if self.backlog.take_lost() {
            self.hole = true;
        }
    }
}

fn newest(limit: usize) -> HistoryQuery {
    HistoryQuery { since: None, limit: Some(limit), order: Order::NewestFirst }
}
