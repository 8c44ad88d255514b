//! A client that behaves like the official SDKs (P section 20): it reconnects, resubscribes, recovers, and gives up
//! waiting after five seconds.

mod ear;
mod hearing;
pub(super) mod wishes;

use std::collections::BTreeMap;

use ports::ids::{ClientId, TenantId};
use ports::protocol::{
    Command, ConnectRequest, Recovery, Request, Resume, SubscribeFlags, SubscribeRequest, UnsubscribeCode,
};

use self::ear::Ear;
use super::failure::Tally;
use super::taste::{FOSSIL, Taste};
use crate::rng::Rng;

/// One client over all its connections.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: String,
    /// Whom it speaks for; sometimes there is another client of the same user.
    pub(super) user: String,
    pub(super) tenant: TenantId,
    /// The channels its token subscribes it to.
    granted: &'static [&'static str],
    pub(super) mood: Mood,
    line: Line,
    attempts: u32,
    /// As the server named this connection.
    pub(super) id: Option<ClientId>,
    subs: BTreeMap<&'static str, Sub>,
    pending: BTreeMap<u32, Pending>,
    commands: u32,
    heard_at: u64,
    watchdog_ms: u64,
}

/// How it misbehaves, and until when.
#[derive(Debug, Default)]
pub(super) struct Mood {
    /// Pings are not answered.
    pub(super) mute_until: u64,
    /// Nothing is taken from the socket.
    pub(super) deaf_until: u64,
    /// Sockets are opened, but nothing is said.
    pub(super) silent_until: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Offline {
        again_at: u64,
    },
    Connecting {
        silent: bool,
    },
    Connected,
    /// A newer connection of the same user took its place, and nobody asks for it again.
    Ousted,
    /// Gone home.
    Left,
}

/// One channel of one client.
#[derive(Debug)]
struct Sub {
    /// The server makes it, not the client.
    is_granted: bool,
    /// The application made the present one.
    is_ordered: bool,
    /// The application has ended it, so that it is no lack until the next connection.
    is_dismissed: bool,
    is_wanted: bool,
    stage: Stage,
    /// The subscribe command that waits for its reply, unless it was taken back.
    asked: Option<u32>,
    attempts: u32,
    /// What it asks for beyond what is forced.
    asks: bool,
    /// Rather an error than a subscription that is not recovered.
    insists: bool,
    taste: Taste,
    ear: Ear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle { again_at: u64 },
    Asked,
    Live,
}

#[derive(Debug)]
struct Pending {
    since: u64,
    what: Asked,
}

#[derive(Debug)]
enum Asked {
    Connect { wishes: BTreeMap<String, Resume> },
    Subscribe { channel: &'static str, wish: Option<Recovery> },
    Unsubscribe { channel: &'static str },
    Publish,
    History,
    Presence,
}

/// What a client does.
#[derive(Debug)]
pub(super) enum Act {
    Open,
    Say(Vec<Command>),
    /// Has the application publish.
    Post(&'static str),
    HangUp,
}

/// A client's moment: what it may look at, and what comes of it.
pub(super) struct Turn<'w> {
    pub(super) now: u64,
    pub(super) rng: &'w mut Rng,
    /// It does things of its own accord.
    pub(super) is_busy: bool,
    /// Nothing goes wrong any more, so nothing may take long.
    pub(super) is_settled: bool,
    /// Users whose place was taken come again.
    pub(super) is_contested: bool,
    pub(super) payloads: &'w mut u64,
    pub(super) tally: &'w mut Tally,
    pub(super) acts: Vec<Act>,
    pub(super) findings: Vec<String>,
}

const COMMAND_TIMEOUT_MS: u64 = 5_000;
/// The SDKs' 20 s would make every world longer.
const BACKOFF_MS_MAX: u64 = 4_000;
const WATCHDOG_GRACE_MS: u64 = 10_000;
/// How long a silent client waits to be closed.
const SILENCE_MS: u64 = 6_000;

impl Client {
    pub(super) fn new(
        name: String,
        user: String,
        tenant: TenantId,
        granted: &'static [&'static str],
    ) -> Self {
        let subs = super::house::CHANNELS.iter().map(|channel| {
            let sub = Sub {
                is_granted: granted.contains(channel),
                is_ordered: false,
                is_dismissed: false,
                is_wanted: false,
                stage: Stage::Idle { again_at: 0 },
                asked: None,
                attempts: 0,
                asks: false,
                insists: false,
                taste: Taste::Plain,
                ear: Ear::default(),
            };
            (*channel, sub)
        });
        Self {
            name,
            user,
            tenant,
            granted,
            mood: Mood::default(),
            line: Line::Offline { again_at: 0 },
            attempts: 0,
            id: None,
            subs: subs.collect(),
            pending: BTreeMap::new(),
            commands: 0,
            heard_at: 0,
            watchdog_ms: u64::MAX,
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, turn: &mut Turn<'_>) {
        match self.line {
            Line::Ousted | Line::Left => {}
            Line::Offline { again_at } => {
                if turn.now >= again_at {
                    self.line = Line::Connecting { silent: turn.now < self.mood.silent_until };
                    turn.acts.push(Act::Open);
                }
            }
            Line::Connecting { .. } | Line::Connected => {
                if self.gives_up(turn) {
                    return self.reconnect(turn);
                }
                let mut frame = Vec::new();
                if self.line == Line::Connected {
                    self.subscribe_due(turn.now, &mut frame);
                }
                if turn.is_busy && self.line == Line::Connected {
                    self.act(turn, &mut frame);
                }
                say(frame, turn);
            }
        }
    }

    /// The socket is open.
    pub(super) fn opened(&mut self, turn: &mut Turn<'_>) {
        self.heard_at = turn.now;
        self.watchdog_ms = u64::MAX;
        if self.line == (Line::Connecting { silent: true }) {
            self.watchdog_ms = SILENCE_MS;
            return;
        }
        let granted = self.subs.iter().filter(|(_, sub)| sub.is_granted);
        let resumed = granted.map(|(channel, sub)| {
            let delta = if sub.taste == Taste::Delta { FOSSIL.to_owned() } else { String::new() };
            ((*channel).to_owned(), Resume { recover: sub.ear.wish(), delta })
        });
        let wishes: BTreeMap<String, Resume> =
            resumed.filter(|(_, resume)| *resume != Resume::default()).collect();
        let token = [&[self.user.as_str()], self.granted].concat().join(" ");
        let request = ConnectRequest { token, subs: wishes.clone(), ..ConnectRequest::default() };
        let connect = self.command(turn.now, Asked::Connect { wishes }, Request::Connect(Box::new(request)));
        let mut frame = vec![connect];
        if turn.rng.happens(500) {
            self.subscribe_due(turn.now, &mut frame);
        }
        say(frame, turn);
    }

    /// The socket is gone, or could not be had.
    pub(super) fn lost(&mut self, turn: &mut Turn<'_>) {
        if self.line == Line::Left {
            return;
        }
        self.pending.clear();
        self.id = None;
        for sub in self.subs.values_mut() {
            sub.stage = Stage::Idle { again_at: 0 };
            sub.asked = None;
            sub.is_ordered = false;
            sub.is_dismissed = false;
        }
        self.line = Line::Offline { again_at: turn.now + backoff(turn.rng, self.attempts) };
        self.attempts += 1;
    }

    /// Goes home for good.
    pub(super) fn leave(&mut self, turn: &mut Turn<'_>) {
        if self.is_online() {
            turn.acts.push(Act::HangUp);
        }
        self.line = Line::Left;
    }

    pub(super) fn is_online(&self) -> bool {
        matches!(self.line, Line::Connecting { .. } | Line::Connected)
    }

    /// Another connection of its user counts from here on.
    pub(super) fn is_ousted(&self) -> bool {
        self.line == Line::Ousted
    }

    fn reconnect(&mut self, turn: &mut Turn<'_>) {
        turn.acts.push(Act::HangUp);
        self.lost(turn);
    }

    /// Whether it has waited too long for an answer or a ping.
    fn gives_up(&mut self, turn: &mut Turn<'_>) -> bool {
        let now = turn.now;
        let is_overdue = |pending: &Pending| now.saturating_sub(pending.since) >= COMMAND_TIMEOUT_MS;
        let unheard = now.saturating_sub(self.heard_at) > self.watchdog_ms;
        let unanswered = self.pending.values().any(|pending| {
            is_overdue(pending)
                && matches!(
                    pending.what,
                    Asked::Connect { .. } | Asked::Subscribe { .. } | Asked::Unsubscribe { .. }
                )
        });
        if turn.is_settled && (unheard || self.pending.values().any(is_overdue)) {
            turn.findings.push(format!("{} is kept waiting although nothing is wrong", self.name));
        }
        self.pending.retain(|_, pending| !is_overdue(pending));
        unheard || unanswered
    }

    fn command(&mut self, now: u64, what: Asked, request: Request) -> Command {
        self.commands += 1;
        self.pending.insert(self.commands, Pending { since: now, what });
        Command { id: self.commands, request }
    }

    /// Asks for every channel that is wanted and not there.
    fn subscribe_due(&mut self, now: u64, frame: &mut Vec<Command>) {
        for channel in super::house::CHANNELS {
            let Some(sub) = self.subs.get_mut(channel) else { continue };
            let is_due = matches!(sub.stage, Stage::Idle { again_at } if now >= again_at);
            if sub.is_granted || !sub.is_wanted || !is_due || sub.asked.is_some() {
                continue;
            }
            sub.stage = Stage::Asked;
            sub.asked = Some(self.commands + 1);
            let wish = sub.ear.wish();
            let (delta, filter) = sub.taste.request();
            let request = SubscribeRequest {
                channel: channel.to_owned(),
                recover: wish.clone(),
                recoverable: sub.asks,
                join_leave: sub.asks,
                delta,
                filter,
                flags: SubscribeFlags(if sub.insists { 3 } else { 1 }),
                ..SubscribeRequest::default()
            };
            let asked = Asked::Subscribe { channel, wish };
            frame.push(self.command(now, asked, Request::Subscribe(Box::new(request))));
        }
    }

    /// Who is told a code below 2500 does not come again of its own accord.
    fn unsubscribed_by_server(&mut self, turn: &mut Turn<'_>, channel: &str, code: UnsubscribeCode) {
        let Some(sub) = self.subs.get_mut(channel).filter(|sub| sub.stage == Stage::Live) else { return };
        sub.stage = Stage::Idle { again_at: turn.now };
        sub.is_ordered = false;
        if code.number() < 2500 {
            sub.is_wanted = false;
            sub.is_dismissed = true;
        }
    }
}

fn say(frame: Vec<Command>, turn: &mut Turn<'_>) {
    if !frame.is_empty() {
        turn.acts.push(Act::Say(frame));
    }
}

/// Full jitter, doubling.
fn backoff(rng: &mut Rng, attempts: u32) -> u64 {
    let ceiling = 500_u64.saturating_mul(1 << attempts.min(10)).min(BACKOFF_MS_MAX);
    rng.below(ceiling)
}
