//! How newcomers become members.

use std::sync::Arc;

use ports::channels::{Event, Order, Position, Publication, StreamView};
use ports::protocol::ErrorCode;

use super::member::{Member, Newcomer, Taste, Wish};
use super::reading::Reading;
use super::{Admission, ChannelFeed, Effect, Join, Seat};
use crate::channels::recovery::{Bounds, Verdict, latest, recover};

impl ChannelFeed {
    pub(super) fn wait(&mut self, seat: Seat, join: Join) {
        self.tickets += 1;
        self.remove(seat);
        self.waiting.insert(seat, Newcomer::new(join, self.tickets));
    }

    /// Without a stream there is nothing to read: attached is enough.
    pub(super) fn admit_without_stream(&mut self, effects: &mut Vec<Effect>) {
        if !self.attached || self.stream.is_some() {
            return;
        }
        while let Some((seat, newcomer)) = self.waiting.pop_first() {
            let admission = Admission { position: None, recovered: None };
            self.let_in(seat, newcomer, 0, admission, effects);
        }
    }

    pub(super) fn refuse_waiting(&mut self, error: ErrorCode, effects: &mut Vec<Effect>) {
        while let Some((seat, newcomer)) = self.waiting.pop_first() {
            effects.push(Effect::Admit { seat, join: newcomer.member.join, outcome: Err(error) });
        }
    }

    /// Answers those who waited before the read began and whose wish it can answer. The view and what was handed out
    /// since then make one run up to the newest known offset, which each admission covers.
    pub(super) fn admit(&mut self, reading: &Reading, view: &StreamView, effects: &mut Vec<Effect>) {
        let Some(position) = &self.position else { return };
        let top = Position { offset: position.offset.max(view.top.offset), epoch: view.top.epoch.clone() };
        let run = Run {
            items: self.run_with_recent(reading, view),
            order: reading.order(),
            complete: !reading.is_cut(view),
            bounds: self.limits.recovery,
            top,
        };

        let mut answered: Vec<(Seat, Result<Admission, ErrorCode>)> = Vec::new();
        for (seat, newcomer) in self.waiting.iter() {
            if newcomer.ticket <= reading.ticket
                && let Some(outcome) = run.outcome(&newcomer.wish, &newcomer.member.taste)
            {
                answered.push((seat, outcome));
            }
        }
        for (seat, outcome) in answered {
            let Some(newcomer) = self.waiting.remove(seat) else { continue };
            match outcome {
                Ok(admission) => self.let_in(seat, newcomer, run.top.offset, admission, effects),
                Err(error) => {
                    effects.push(Effect::Admit { seat, join: newcomer.member.join, outcome: Err(error) });
                }
            }
        }
    }

    /// From here on it gets what is taken in, beyond what its admission covers.
    fn let_in(
        &mut self,
        seat: Seat,
        newcomer: Newcomer,
        covered: u64,
        admission: Admission,
        effects: &mut Vec<Effect>,
    ) {
        let mut member = Member { covered, since: self.run.end(), ..newcomer.member };
        member.taste.rebase(admission.recovered.as_deref().and_then(<[_]>::last));
        effects.push(Effect::Admit { seat, join: member.join, outcome: Ok(admission) });
        self.run.is_compared |= matches!(member.taste, Taste::Delta { .. });
        self.members.insert(seat, member);
    }

    /// Ascending, whatever the order of the read.
    fn run_with_recent(&self, reading: &Reading, view: &StreamView) -> Vec<Arc<Publication>> {
        let mut run = view.publications.clone();
        if reading.order() == Order::NewestFirst {
            run.reverse();
        }
        for published in self.waiting.recent() {
            if let Event::Publication(publication, Some(_)) = &published.event
                && publication.offset > view.top.offset
            {
                run.push(Arc::clone(publication));
            }
        }
        run
    }
}

/// What a read brought to light for those who wait.
struct Run {
    items: Vec<Arc<Publication>>,
    /// From which end the stream was read.
    order: Order,
    /// A limit has not cut anything off the other end.
    complete: bool,
    bounds: Bounds,
    top: Position,
}

impl Run {
    /// The answer to a newcomer; `None` if it takes another read.
    fn outcome(&self, wish: &Wish, taste: &Taste) -> Option<Result<Admission, ErrorCode>> {
        let verdict = match (wish, self.order) {
            (Wish::Onwards, _) => return Some(Ok(self.admission(None))),
            (Wish::Missed { from, bytes_max, .. }, Order::OldestFirst) => {
                recover(from, &self.items, &self.top, self.complete, self.within(*bytes_max), |item| {
                    taste.wants(item)
                })
            }
            (Wish::Latest { from, bytes_max }, Order::NewestFirst) => {
                latest(from, &self.items, &self.top, self.complete, self.within(*bytes_max), |item| {
                    taste.wants(item)
                })
            }
            (Wish::Missed { .. }, Order::NewestFirst) | (Wish::Latest { .. }, Order::OldestFirst) => {
                Verdict::Unread
            }
        };
        match verdict {
            Verdict::Unread => None,
            Verdict::Recovered(items) => Some(Ok(self.admission(Some(items)))),
            Verdict::Lost if matches!(wish, Wish::Missed { or_refuse: true, .. }) => {
                Some(Err(ErrorCode::UnrecoverablePosition))
            }
            Verdict::Lost => Some(Ok(self.admission(None))),
        }
    }

    fn admission(&self, recovered: Option<Vec<Arc<Publication>>>) -> Admission {
        Admission { position: Some(self.top.clone()), recovered }
    }

    fn within(&self, bytes_max: usize) -> Bounds {
        Bounds { bytes_max: self.bounds.bytes_max.min(bytes_max), ..self.bounds }
    }
}
