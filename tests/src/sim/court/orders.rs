//! Whether what the application orders is done, and nothing that it did not order.

use std::collections::VecDeque;

use ports::channels::{ChannelName, Position};
use ports::ids::UserId;
use ports::orders::{Action, Order, Target};
use ports::protocol::{Disconnect, Expiry, Recovery, SubscribeAnswer};
use ports::time::Timestamp;

use super::Ledger;
use super::membership::Membership;
use super::recovery::{self, Claim, Covered};
use crate::sim::broker::Streams;
use crate::sim::taste::Taste;

/// What was ordered of one connection.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Whose connection it is, and since when.
    established: Option<(UserId, Timestamp)>,
    /// The code with which it has to be closed.
    pub(super) doom: Option<u16>,
    /// It has to be told of its new expiry.
    owes_refresh: bool,
    subscribes: VecDeque<Subscribe>,
    dismissals: Vec<Dismissal>,
}

/// A subscription that was ordered, with what was true then.
#[derive(Debug)]
struct Subscribe {
    channel: ChannelName,
    wish: Option<Recovery>,
    top: Option<Position>,
    received_at: u64,
}

#[derive(Debug)]
struct Dismissal {
    /// `None` is all channels.
    channel: Option<ChannelName>,
    step: u64,
}

impl Dismissal {
    fn covers(&self, channel: &ChannelName) -> bool {
        self.channel.as_ref().is_none_or(|dismissed| dismissed == channel)
    }
}

impl Ledger {
    /// The connection is established.
    pub(in crate::sim) fn came(&mut self, now: Timestamp, user: &UserId) {
        self.orders.established = Some((user.clone(), now));
    }

    pub(in crate::sim) fn user(&self) -> Option<&UserId> {
        self.orders.established.as_ref().filter(|_| !self.is_refused).map(|(user, _)| user)
    }

    pub(in crate::sim) fn is_meant_by(&self, target: &Target) -> bool {
        self.user() == Some(&target.user)
            && target.client.is_none_or(|client| client == self.client)
            && target.session.is_none()
    }

    pub(in crate::sim) fn is_doomed(&self) -> bool {
        self.orders.doom.is_some()
    }

    pub(in crate::sim) fn owes_refresh(&self) -> bool {
        self.orders.owes_refresh
    }

    /// An order that means this connection reaches its shard.
    pub(in crate::sim) fn ordered(&mut self, now: Timestamp, order: &Order, streams: &Streams) {
        self.step += 1;
        let since = self.orders.established.as_ref().map(|(_, since)| *since);
        match &order.action {
            Action::Disconnect { disconnect, spare } => {
                if !spare.contains(&self.client) {
                    self.orders.doom = Some(disconnect.code);
                }
            }
            Action::KeepNewest { since: newest_since, client: newest } => {
                if since.is_some_and(|since| (since, self.client) < (*newest_since, *newest)) {
                    self.orders.doom = Some(Disconnect::CONNECTION_LIMIT.code);
                }
            }
            Action::Refresh { expire_at: Some(at), .. } if *at <= now => {
                self.orders.doom = Some(Disconnect::EXPIRED.code);
            }
            Action::Refresh { expire_at, .. } => {
                self.timers.expires(expire_at.map(Timestamp::as_millis));
                self.orders.owes_refresh = self.is_connected;
            }
            Action::Subscribe(subscribe) => {
                let channel = subscribe.channel.clone();
                let top = self.address(channel.as_str()).and_then(|address| streams.top(&address));
                let (wish, received_at) = (subscribe.recover.clone(), now.as_millis());
                self.orders.subscribes.push_back(Subscribe { channel, wish, top, received_at });
            }
            Action::Unsubscribe { channel } => {
                self.orders.dismissals.push(Dismissal { channel: channel.clone(), step: self.step });
            }
        }
    }

    /// Orders take their turn among the commands: what was ordered before a command is done before that is answered.
    pub(super) fn has_obeyed(&self, before: u64) -> Result<(), String> {
        let due = self.orders.dismissals.iter().filter(|dismissal| dismissal.step < before);
        for dismissal in due {
            let mut open = self.open.iter();
            let kept = open
                .find(|(channel, membership)| dismissal.covers(channel) && membership.since < dismissal.step);
            if let Some((channel, _)) = kept {
                return Err(format!("is not unsubscribed from {channel} as ordered"));
            }
        }
        Ok(())
    }

    pub(super) fn unsubscribed(
        &mut self,
        channel: &ChannelName,
        code: u32,
        streams: &Streams,
    ) -> Result<(), String> {
        let Some(membership) = self.open.remove(channel) else {
            return Err(format!("unsubscribes {channel}, which is not subscribed"));
        };
        let Some(address) = self.address(channel.as_str()) else { return Ok(()) };
        let is_honest = match code {
            2000 => self.orders.dismissals.iter().any(|dismissal| dismissal.covers(channel)),
            2500 => membership.may_be_insufficient(&address, streams),
            _ => false,
        };
        if is_honest {
            Ok(())
        } else {
            Err(format!("is unsubscribed from {channel} with {code} for nothing"))
        }
    }

    /// The subscription is one that was ordered; which of several is not known.
    pub(super) fn subscribed_by_order(
        &mut self,
        channel: &ChannelName,
        answer: &SubscribeAnswer,
        streams: &Streams,
    ) -> Result<(), String> {
        let Some(address) = self.address(channel.as_str()) else { return Ok(()) };
        let mut verdict = Err(format!("is subscribed to {channel} by nobody's wish"));
        for (index, ordered) in self.orders.subscribes.iter().enumerate() {
            if ordered.channel != *channel {
                continue;
            }
            let (wish, top) = (ordered.wish.as_ref(), ordered.top.as_ref());
            let (received_at, appetite) = (ordered.received_at, &self.appetite);
            let taste = &Taste::Plain;
            let claim = Claim { address: &address, wish, top, taste, received_at, appetite };
            verdict = recovery::judge_ordered(&claim, answer, streams).map(|covered| (index, covered));
            if verdict.is_ok() {
                break;
            }
        }
        let (index, covered) = verdict?;
        self.orders.subscribes.drain(..=index);
        if let Some(Covered { place, .. }) = covered.as_ref().filter(|_| answer.recovered)
            && let Some(most) = streams.remains(&address, &place.epoch, place.offset, &Taste::Plain)
        {
            self.appetite.swallow(0, most.bytes);
        }
        self.open(channel, Membership::new(Taste::Plain, covered, self.step))
    }

    pub(super) fn refreshed(&mut self, now: u64, told: Expiry) -> Result<(), String> {
        if !std::mem::take(&mut self.orders.owes_refresh) {
            return Err("is told a new expiry by nobody's wish".into());
        }
        self.is_right_expiry(now, told)
    }
}
