//! What a client makes of what it hears.

use std::sync::Arc;

use ports::channels::{Event, Form, Published};
use ports::protocol::{
    Answer, Command, Disconnect, ErrorReply, Push, Recovery, Reply, Request, SubscribeAnswer,
};
use wigwag_core::shard::Outgoing;

use super::ear::Terms;
use super::{Act, Asked, Client, Line, Stage, Turn, WATCHDOG_GRACE_MS, backoff};
use crate::sim::agenda::Message;
use crate::sim::house;
use crate::sim::taste::{FOSSIL, Taste};

impl Client {
    /// Something comes out of the socket.
    pub(in crate::sim) fn hear(&mut self, turn: &mut Turn<'_>, message: Message) {
        if !self.is_online() {
            return;
        }
        self.heard_at = turn.now;
        match message {
            Message::Lost => self.lost(turn),
            Message::Closed(disconnect) => self.closed(turn, &disconnect),
            Message::Said(Outgoing::Reply(reply)) => self.reply(turn, *reply),
            Message::Said(Outgoing::Push(Push::Ping)) => {
                if turn.now >= self.mood.mute_until {
                    turn.acts.push(Act::Say(vec![Command { id: 0, request: Request::Pong }]));
                }
            }
            Message::Said(Outgoing::Push(Push::Unsubscribe { channel, code })) => {
                self.unsubscribed_by_server(turn, channel.as_str(), code);
            }
            Message::Said(Outgoing::Push(Push::Disconnect(disconnect))) => {
                turn.findings.push(format!("{} got a disconnect push {}", self.name, disconnect.code));
            }
            Message::Said(Outgoing::Push(Push::Subscribe { channel, answer })) => {
                self.subscribed_by_server(turn, channel.as_str(), &answer);
            }
            Message::Said(Outgoing::Push(Push::Refresh(_))) => {}
            Message::Said(Outgoing::Event(published, form)) => self.event(turn, &published, &form),
        }
    }

    /// Who behaves is told to stay away only by its application, or for a newer connection. Its user comes again.
    fn closed(&mut self, turn: &mut Turn<'_>, disconnect: &Disconnect) {
        let was_silent = self.line == (Line::Connecting { silent: true });
        let is_terminal = matches!(disconnect.code, 3500..4000 | 4500..);
        let is_ousted = *disconnect == Disconnect::CONNECTION_LIMIT;
        let is_banned = *disconnect == Disconnect::FORCE_DISCONNECT || disconnect.code >= 4500;
        let is_forgotten = was_silent && *disconnect == Disconnect::STALE;
        if is_terminal && !is_ousted && !is_banned && !is_forgotten {
            turn.findings.push(format!("{} is closed for good with {}", self.name, disconnect.code));
        }
        self.lost(turn);
        if is_ousted && !turn.is_contested {
            self.line = Line::Ousted;
        } else if is_ousted || is_banned {
            self.line = Line::Offline { again_at: turn.now + turn.rng.within(1_000, 5_000) };
        }
    }

    fn event(&mut self, turn: &mut Turn<'_>, published: &Arc<Published>, form: &Form) {
        let Some(sub) = self.subs.get_mut(published.address.place.channel().as_str()) else { return };
        if sub.stage != Stage::Live {
            return;
        }
        if matches!(published.event, Event::Publication(..)) {
            turn.tally.differences += u64::from(matches!(form, Form::Delta(Some(_))));
            turn.tally.filtered += u64::from(sub.ear.taste().is_picky());
        }
        if let Err(fault) = sub.ear.hear(published, form) {
            let place = crate::sim::words::address(&published.address);
            turn.findings.push(format!("{} on {place} {fault}", self.name));
        }
    }

    fn subscribed_by_server(&mut self, turn: &mut Turn<'_>, channel: &str, answer: &SubscribeAnswer) {
        turn.tally.ordered += 1;
        let Some(sub) = self.subs.get_mut(channel) else { return };
        if sub.stage == Stage::Live {
            turn.findings.push(format!("{} is subscribed to {channel} once more", self.name));
        }
        sub.stage = Stage::Live;
        sub.is_ordered = true;
        if let Err(fault) = sub.ear.begin_by_order(answer) {
            turn.findings.push(format!("{} on {}/{channel} {fault}", self.name, self.tenant));
        }
    }

    fn reply(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let Some(pending) = self.pending.remove(&reply.id) else { return };
        match (pending.what, reply.outcome) {
            (Asked::Connect { wishes }, Ok(Answer::Connect(answer))) => {
                self.id = Some(answer.client);
                self.line = Line::Connected;
                self.attempts = 0;
                self.watchdog_ms = u64::from(answer.ping_secs) * 1_000 + WATCHDOG_GRACE_MS;
                for (channel, answer) in &answer.subs {
                    let resume = wishes.get(channel.as_str()).cloned().unwrap_or_default();
                    let taste = if resume.delta == FOSSIL { Taste::Delta } else { Taste::Plain };
                    self.begin(turn, channel.as_str(), resume.recover, taste, answer);
                }
            }
            (Asked::Connect { .. }, Err(error)) => {
                self.expect_temporary(turn, "connect", &error);
                self.reconnect(turn);
            }
            (Asked::Subscribe { channel, wish }, Ok(Answer::Subscribe(answer))) => {
                if let Some(taste) = self.take_asked(channel, reply.id) {
                    self.begin(turn, channel, wish, taste, &answer);
                }
            }
            (Asked::Subscribe { channel, .. }, Err(error)) => {
                let is_current = self.take_asked(channel, reply.id).is_some();
                self.refused(turn, channel, is_current, &error);
            }
            (Asked::Unsubscribe { channel }, Ok(Answer::Unsubscribe)) => {
                if let Some(sub) = self.subs.get_mut(channel).filter(|sub| sub.stage == Stage::Live) {
                    sub.stage = Stage::Idle { again_at: turn.now }; // one that the application had made meanwhile
                    sub.is_ordered = false;
                }
            }
            (Asked::Publish, Ok(Answer::Publish)) => {}
            (Asked::History, Ok(Answer::History(_))) => {}
            (Asked::History, Err(error)) if error.code == 112 => {}
            (Asked::Presence, Ok(Answer::Presence(_) | Answer::PresenceStats(_))) => {}
            (Asked::Publish | Asked::History | Asked::Presence, Err(error)) => {
                self.expect_temporary(turn, "call", &error);
            }
            (what, outcome) => {
                turn.findings.push(format!("{} asked {what:?} and got {outcome:?}", self.name));
            }
        }
    }

    fn refused(&mut self, turn: &mut Turn<'_>, channel: &str, is_current: bool, error: &ErrorReply) {
        let Some(sub) = self.subs.get_mut(channel) else { return };
        let is_asking = is_current && sub.stage == Stage::Asked;
        match error.code {
            105 if is_asking => {
                turn.findings.push(format!("{} on {channel} never heard that it is subscribed", self.name));
            }
            105 => {}
            112 => {
                // The application loads its state and subscribes afresh.
                if !sub.insists {
                    turn.findings.push(format!("{} on {channel} is refused without insisting", self.name));
                }
                if is_asking {
                    sub.ear.forget_place();
                    sub.stage = Stage::Idle { again_at: turn.now };
                }
            }
            _ => {
                if is_asking {
                    sub.stage = Stage::Idle { again_at: turn.now + backoff(turn.rng, sub.attempts) };
                    sub.attempts += 1;
                }
                self.expect_temporary(turn, "subscribe", error);
            }
        }
    }

    /// What the subscribe command asked for, unless it has been taken back.
    fn take_asked(&mut self, channel: &str, id: u32) -> Option<Taste> {
        let sub = self.subs.get_mut(channel)?;
        sub.asked.take_if(|asked| *asked == id).map(|_| sub.taste.clone())
    }

    fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        channel: &str,
        wish: Option<Recovery>,
        taste: Taste,
        answer: &SubscribeAnswer,
    ) {
        let Some(sub) = self.subs.get_mut(channel) else { return };
        sub.stage = Stage::Live;
        sub.attempts = 0;
        sub.is_ordered = false;
        let wish = house::effective_wish(channel, wish);
        let is_current = channel == house::CURRENT;
        turn.tally.current += u64::from(is_current && !answer.publications.is_empty());
        turn.tally.differences +=
            answer.publications.iter().filter(|item| item.patch.is_some()).count() as u64;
        let terms = Terms { wish: wish.as_ref(), taste: &taste, is_current };
        if let Err(fault) = sub.ear.begin(terms, answer) {
            turn.findings.push(format!("{} on {}/{channel} {fault}", self.name, self.tenant));
        }
    }

    fn expect_temporary(&self, turn: &mut Turn<'_>, what: &str, error: &ErrorReply) {
        if !error.temporary || turn.is_settled {
            turn.findings.push(format!("{} got error {} to {what}", self.name, error.code));
        }
    }
}
