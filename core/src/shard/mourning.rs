//! What a shard does after a panic: part with what it was working on, and go on.

use std::sync::Arc;

use ports::channels::Address;
use ports::protocol::{Disconnect, ErrorCode};
use ports::time::Timestamp;

use super::{Effect, HandsOut, Holding, SeatId, Shard, Step};
use crate::channels::feed;
use crate::session;

/// What a panic cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// One connection; it reconnects.
    Session,
    /// One channel's feed; its subscribers recover.
    Feed,
    /// Unknown: the shard's own code failed. Its state is whole as far as anybody knows.
    Elsewhere,
}

impl Shard {
    /// Parts with the session or feed that was being worked on when something panicked.
    pub fn mourn(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Loss {
        let loss = match std::mem::replace(&mut self.holding, Holding::Nothing) {
            Holding::Session(id) => {
                self.part_with_session(now, id, effects);
                Loss::Session
            }
            Holding::Feed(address, hands_out) => {
                if hands_out == HandsOut::Still {
                    self.feed(now, &address, None, feed::Input::HandOut(usize::MAX), effects);
                    self.drain_steps(now, effects);
                }
                self.part_with_feed(&address, effects);
                Loss::Feed
            }
            Holding::Nothing => Loss::Elsewhere,
        };
        self.drain_steps(now, effects);
        loss
    }

    /// Closes everything with `3011` and forgets it; the clients reconnect and recover.
    pub fn start_over(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.steps.clear();
        let ids: Vec<SeatId> = self.seats.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.session(now, id, session::Input::Close(Disconnect::FORCE_RECONNECT), effects);
        }
        self.drain_steps(now, effects);
        let addresses: Vec<Arc<Address>> = self.feeds.addresses().map(Arc::clone).collect();
        for address in addresses {
            self.close_feed(&address, effects);
        }
    }

    /// An empty shard in place of one whose state cannot be trusted. What the old one held outside is given back, and
    /// answers to its sessions and feeds mean nobody here.
    pub fn successor(&self, now: Timestamp, effects: &mut Vec<Effect>) -> Self {
        effects.extend(self.seats.users().map(Effect::Went));
        for (address, feed) in self.feeds.numbers() {
            effects.push(Effect::Release { address, feed });
        }
        let mut shard = Self::new(Arc::clone(&self.realm), now);
        shard.seats = self.seats.successor();
        shard.feeds = self.feeds.successor();
        shard
    }

    fn part_with_session(&mut self, now: Timestamp, id: SeatId, effects: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(id) else { return };
        let wanted = seat.session.abandon();
        self.subscriptions = self.seats.iter().map(|(_, seat)| seat.session.subscription_count()).sum();
        self.perform_session(now, id, wanted, effects);
        let addresses: Vec<Arc<Address>> = self.feeds.addresses().map(Arc::clone).collect();
        for address in addresses {
            self.feed(now, &address, None, feed::Input::Leave(id.index), effects);
        }
        self.steps.push_back(Step::Session(id, session::Input::Wakeup));
    }

    fn part_with_feed(&mut self, address: &Arc<Address>, effects: &mut Vec<Effect>) {
        let Some(entry) = self.feeds.get_mut(address) else { return };
        let members: Vec<(u32, u32)> = entry.feed.members().collect();
        self.close_feed(address, effects);
        for (seat, join) in members {
            let Some(id) = self.seats.id(seat) else { continue };
            let refused = session::Input::Joined {
                address: Arc::clone(address),
                join,
                outcome: Err(ErrorCode::Internal),
            };
            let ended = session::Input::Insufficient { address: Arc::clone(address), join };
            self.steps.push_back(Step::Session(id, refused));
            self.steps.push_back(Step::Session(id, ended));
        }
    }
}
