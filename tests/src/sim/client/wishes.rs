//! What a client does of its own accord, and what it must have got in the end.

use bytes::Bytes;
use ports::channels::{Position, Tags};
use ports::ids::TenantId;
use ports::protocol::{Command, HistoryRequest, Recovery, Request};

use super::{Act, Asked, Client, Line, Stage, Turn};
use crate::rng::Rng;
use crate::sim::house::{CHANNELS, DIFFERENT, FILTERED, ORDERED, SOCIABLE, UNPLACED};
use crate::sim::taste::{Taste, random_filter};

/// Times in a thousand that a client does something in a quarter of a second.
const RESTLESSNESS: u64 = 250;

impl Client {
    /// Wants a few channels from the start.
    pub(in crate::sim) fn wake_up(&mut self, turn: &mut Turn<'_>) {
        for (channel, sub) in &mut self.subs {
            sub.is_wanted = *channel != ORDERED && turn.rng.happens(600);
            sub.asks = turn.rng.happens(500);
            sub.insists = turn.rng.happens(200);
            let (may_filter, may_differ) = (FILTERED.contains(channel), DIFFERENT.contains(channel));
            sub.taste = match turn.rng.below(10) {
                0..5 if may_filter => Taste::Passing(random_filter(turn.rng, 2)),
                0..8 if may_differ => Taste::Delta,
                0 => Taste::Delta, // in vain
                _ => Taste::Plain,
            };
        }
    }

    pub(super) fn act(&mut self, turn: &mut Turn<'_>, frame: &mut Vec<Command>) {
        if !turn.rng.happens(RESTLESSNESS) {
            return;
        }
        let Some(channel) = turn.rng.pick(&CHANNELS).copied() else { return };
        match turn.rng.below(100) {
            0..40 => self.publish(turn, channel, frame),
            40..45 => {
                for _ in 0..turn.rng.within(3, 14) {
                    self.publish(turn, channel, frame);
                }
            }
            45..65 => self.toggle(turn, channel, frame),
            65..80 => self.read_history(turn, channel, frame),
            80..95 => self.look_around(turn, frame),
            _ => {
                self.reconnect(turn);
                frame.clear();
            }
        }
    }

    fn publish(&mut self, turn: &mut Turn<'_>, channel: &'static str, frame: &mut Vec<Command>) {
        if turn.rng.happens(400) {
            return turn.acts.push(Act::Post(channel));
        }
        let data = payload(&self.tenant, turn.rng, turn.payloads);
        let request = Request::Publish { channel: channel.to_owned(), data };
        frame.push(self.command(turn.now, Asked::Publish, request));
    }

    /// Ends a subscription, perhaps only to begin it again at once, or wants one.
    fn toggle(&mut self, turn: &mut Turn<'_>, channel: &'static str, frame: &mut Vec<Command>) {
        let Some(sub) = self.subs.get_mut(channel) else { return };
        if sub.is_granted || sub.is_ordered || channel == ORDERED {
            return;
        }
        sub.is_wanted = !sub.is_wanted;
        if sub.is_wanted {
            return self.subscribe_due(turn.now, frame);
        }
        if matches!(sub.stage, Stage::Idle { .. }) {
            return;
        }
        sub.stage = Stage::Idle { again_at: turn.now };
        sub.asked = None;
        if turn.rng.happens(300) {
            sub.ear.forget_place();
        }
        sub.is_wanted = turn.rng.happens(600);
        let request = Request::Unsubscribe { channel: channel.to_owned() };
        let command = self.command(turn.now, Asked::Unsubscribe { channel }, request);
        frame.push(command);
        if turn.rng.happens(500) {
            self.subscribe_due(turn.now, frame);
        }
    }

    fn read_history(&mut self, turn: &mut Turn<'_>, channel: &str, frame: &mut Vec<Command>) {
        if channel == UNPLACED {
            return;
        }
        let since = self.subs.get(channel).and_then(|sub| sub.ear.place());
        let since = since.filter(|place| place.offset > 0 && turn.rng.happens(500));
        let since = since.map(|place| Recovery { offset: place.offset, epoch: place.epoch.clone() });
        let request = HistoryRequest {
            channel: channel.to_owned(),
            limit: i32::try_from(turn.rng.below(30)).unwrap_or(0) - 1,
            since,
            reverse: turn.rng.happens(300),
        };
        frame.push(self.command(turn.now, Asked::History, Request::History(request)));
    }

    fn look_around(&mut self, turn: &mut Turn<'_>, frame: &mut Vec<Command>) {
        let Some(channel) = turn.rng.pick(&SOCIABLE).map(|channel| (*channel).to_owned()) else { return };
        let request = if turn.rng.happens(500) {
            Request::Presence { channel }
        } else {
            Request::PresenceStats { channel }
        };
        frame.push(self.command(turn.now, Asked::Presence, request));
    }

    /// What a quiet world owes it: every wanted subscription lives, and has everything. `top` and `last` tell where a
    /// channel stands and what was said there last.
    pub(in crate::sim) fn lacks(
        &self,
        top: impl Fn(&str) -> Option<Position>,
        last: impl Fn(&str) -> Option<(Bytes, Tags)>,
    ) -> Vec<String> {
        let mut lacks = Vec::new();
        if self.line != Line::Connected {
            lacks.push(format!("{} is not connected: {:?}", self.name, self.line));
            return lacks;
        }
        for (channel, sub) in &self.subs {
            let place = format!("{} on {}/{channel}", self.name, self.tenant);
            let is_due = sub.is_wanted || (sub.is_granted && !sub.is_dismissed);
            if is_due && sub.stage != Stage::Live {
                lacks.push(format!("{place} is not subscribed: {:?}", sub.stage));
            } else if sub.stage == Stage::Live {
                let top = top(channel);
                if let Some(stands) = sub.ear.place().filter(|_| !sub.ear.taste().is_picky())
                    && top.as_ref() != Some(stands)
                {
                    lacks.push(format!("{place} stands at {stands:?}, the stream at {top:?}"));
                }
                let last = last(channel).filter(|(_, tags)| sub.ear.taste().wants_tagged(Some(tags)));
                if let Some((last, _)) = last
                    && sub.ear.last() != Some(&last)
                {
                    lacks.push(format!("{place} heard {:?} last, not {last:?}", sub.ear.last()));
                }
            }
        }
        lacks
    }

    /// Whether it holds a subscription at present.
    pub(in crate::sim) fn is_in(&self, channel: &str) -> bool {
        self.line == Line::Connected && self.subs.get(channel).is_some_and(|sub| sub.stage == Stage::Live)
    }

    /// Drops the connection of its own accord.
    pub(in crate::sim) fn drop_socket(&mut self, turn: &mut Turn<'_>) {
        if self.is_online() {
            turn.acts.push(Act::HangUp);
            self.lost(turn);
        }
    }
}

/// JSON that names its tenant, is unlike any other, and is sometimes long.
pub(in crate::sim) fn payload(tenant: &TenantId, rng: &mut Rng, payloads: &mut u64) -> Bytes {
    *payloads += 1;
    let padding = if rng.happens(100) { rng.within(200, 900) } else { rng.below(30) };
    let padding = ".".repeat(usize::try_from(padding).unwrap_or(0));
    Bytes::from(format!("{{\"t\":\"{tenant}\",\"n\":{payloads},\"p\":\"{padding}\"}}"))
}
