//! What a client makes of what it hears.

use std::sync::Arc;

use ports::channels::Published;
use ports::protocol::{
    Answer, Command, Disconnect, ErrorReply, Push, Recovery, Reply, Request, SubscribeAnswer,
};
use wigwag_core::shard::Outgoing;

use super::{Act, Asked, Client, Line, Stage, Turn, WATCHDOG_GRACE_MS, backoff};
use crate::sim::agenda::Message;

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
            Message::Said(Outgoing::Event(published)) => self.event(turn, &published),
        }
    }

    /// Who behaves is never told to stay away.
    fn closed(&mut self, turn: &mut Turn<'_>, disconnect: &Disconnect) {
        let was_silent = self.line == (Line::Connecting { silent: true });
        let is_terminal = (3500..4000).contains(&disconnect.code);
        if is_terminal && !(was_silent && *disconnect == Disconnect::STALE) {
            turn.findings.push(format!("{} is closed for good with {}", self.name, disconnect.code));
        }
        self.lost(turn);
    }

    fn event(&mut self, turn: &mut Turn<'_>, published: &Arc<Published>) {
        let Some(sub) = self.subs.get_mut(published.address.place.channel().as_str()) else { return };
        if sub.stage != Stage::Live {
            return;
        }
        if let Err(fault) = sub.ear.hear(published) {
            let place = crate::sim::words::address(&published.address);
            turn.findings.push(format!("{} on {place} {fault}", self.name));
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
                    self.begin(turn, channel.as_str(), wishes.get(channel.as_str()), answer);
                }
            }
            (Asked::Connect { .. }, Err(error)) => {
                self.expect_temporary(turn, "connect", &error);
                self.reconnect(turn);
            }
            (Asked::Subscribe { channel, wish }, Ok(Answer::Subscribe(answer))) => {
                let is_current = self.is_current(channel, reply.id);
                if is_current {
                    self.begin(turn, channel, wish.as_ref(), &answer);
                }
            }
            (Asked::Subscribe { channel, .. }, Err(error)) if error.code == 112 => {
                self.start_over(turn, channel, reply.id);
            }
            (Asked::Subscribe { channel, .. }, Err(error)) => {
                self.expect_temporary(turn, "subscribe", &error);
                if self.is_current(channel, reply.id)
                    && let Some(sub) = self.subs.get_mut(channel)
                {
                    sub.stage = Stage::Idle { again_at: turn.now + backoff(turn.rng, sub.attempts) };
                    sub.attempts += 1;
                }
            }
            (Asked::Unsubscribe, Ok(Answer::Unsubscribe)) => {}
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

    /// Its place is lost: the application loads its state and subscribes afresh.
    fn start_over(&mut self, turn: &mut Turn<'_>, channel: &str, id: u32) {
        let is_current = self.is_current(channel, id);
        let Some(sub) = self.subs.get_mut(channel) else { return };
        if !sub.insists {
            turn.findings.push(format!("{} on {channel} is refused without having insisted", self.name));
        }
        if is_current {
            sub.ear.forget_place();
            sub.stage = Stage::Idle { again_at: turn.now };
        }
    }

    fn is_current(&self, channel: &str, id: u32) -> bool {
        self.subs.get(channel).is_some_and(|sub| sub.stage == Stage::Asked { id })
    }

    fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        channel: &str,
        wish: Option<&Recovery>,
        answer: &SubscribeAnswer,
    ) {
        let Some(sub) = self.subs.get_mut(channel) else { return };
        sub.stage = Stage::Live;
        sub.attempts = 0;
        if let Err(fault) = sub.ear.begin(wish, answer) {
            turn.findings.push(format!("{} on {}/{channel} {fault}", self.name, self.tenant));
        }
    }

    fn expect_temporary(&self, turn: &mut Turn<'_>, what: &str, error: &ErrorReply) {
        if !error.temporary || turn.is_settled {
            turn.findings.push(format!("{} got error {} to {what}", self.name, error.code));
        }
    }
}
