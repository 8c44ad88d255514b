//! How what has arrived reaches connections.

use std::sync::Arc;

use ports::protocol::Disconnect;
use ports::time::Timestamp;

use super::seats::{Reach, Seat};
use super::{Effect, SeatId, Shard, Step};
use crate::channels::{Batch, feed};
use crate::session;

impl Shard {
    /// Lets the next feed in turn serve some of its members.
    pub(super) fn hand_out(&mut self, now: Timestamp, members: usize, effects: &mut Vec<Effect>) {
        let Some(index) = self.handing.pop_front() else { return };
        let Some(address) = self.feeds.address(index) else { return };
        if let Some(entry) = self.feeds.get_mut(&address) {
            entry.queued = false;
        }
        self.feed(now, &address, None, feed::Input::HandOut(members), effects);
    }

    /// Events for a session whose connect reply is not out yet are held back, within the bound of its queue.
    pub(super) fn deliver(&mut self, batch: &Arc<Batch>, seats: &[u32], effects: &mut Vec<Effect>) {
        let mut open = Vec::with_capacity(seats.len());
        for index in seats {
            match self.seats.reach(*index) {
                (id, Reach::Open) => open.push(id),
                (id, Reach::Corked) => self.hold(id, batch),
                (_, Reach::Nobody) => {}
            }
        }
        if !open.is_empty() {
            effects.push(Effect::Deliver(Arc::clone(batch), open));
        }
    }

    fn hold(&mut self, id: SeatId, batch: &Arc<Batch>) {
        let bytes_max = self.realm.settings.queue_bytes_max;
        let Some(seat) = self.seats.get_mut(id) else { return };
        let held = seat.held.get_or_insert_default();
        held.batches.push(Arc::clone(batch));
        held.bytes += batch.weight();
        if held.bytes > bytes_max {
            self.steps.push_back(Step::Session(id, session::Input::Close(Disconnect::SLOW)));
        }
    }

    /// Hands everything out, however long it takes.
    pub(super) fn hand_out_all(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while self.has_run() {
            self.hand_out(now, usize::MAX, effects);
            self.drain_steps(now, effects);
        }
    }
}

/// The connect reply is out: what was held back follows, unless the reply was a refusal.
pub(super) fn uncork(id: SeatId, seat: &mut Seat, effects: &mut Vec<Effect>) {
    if seat.session.is_corked() {
        return;
    }
    let Some(held) = seat.held.take() else { return };
    for batch in held.batches {
        if seat.session.is_live() {
            effects.push(Effect::Deliver(batch, vec![id]));
        }
    }
}
