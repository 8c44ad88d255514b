//! One connection's life, from the opened socket to the last farewell.

mod backlog;
mod closing;
mod commands;
mod connecting;
mod face;
mod hooking;
mod interface;
mod job;
mod joining;
mod listing;
mod live;
mod orders;
mod rare;
mod refreshing;
mod renewing;
mod subscribing;
mod subscriptions;
mod task;
#[cfg(test)]
mod tests;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use ports::channels::Address;
use ports::hooks::Visitor;
use ports::ids::{ClientId, NodeId, SessionKey, TenantId, UserId};
use ports::protocol::{Answer, Command, Disconnect, ErrorReply, Push, Reply, Request, UnsubscribeCode};
use ports::time::Timestamp;

use self::backlog::Backlog;
pub use self::interface::{Effect, Input, Opening, Pings};
pub use self::job::{Farewell, Job, Outcome};
pub use self::listing::Seen;
use self::live::Live;
use self::rare::Rare;
use self::task::{Task, Work};
use crate::channels::feed::Admission;
pub use crate::channels::feed::Join;
use crate::settings::Settings;

/// The machine behind one connection.
///
/// ```text
///  fresh ──connect──► live ──────────────────────────► ending ──cleaned up──► ended
///    │        │ error 109, 110, 102…                     ▲
///    │        └─────────► refused ──client leaves, 5 s───┤
///    └──silent too long, bad frame, socket gone──────────┘
/// ```
///
/// Its shard calls [`Session::handle`] with everything that happens and performs the effects in order; it calls with
/// [`Input::Wakeup`] when [`Session::wakeup`] is due and drops the machine after [`Effect::Ended`].
///
/// Commands are carried out one after another: while one waits for a job or a feed (its *task*), later ones queue.
///
/// **Invariant:** *a subscribe reply precedes the first publication of that subscription*: the reply is an effect of the
/// very call that takes the feed's admission in.
#[derive(Debug)]
pub struct Session {
    realm: Arc<Realm>,
    client: ClientId,
    stage: Stage,
    task: Option<Task>,
    /// Number of the latest job; the answer to any other is late.
    job: u32,
    task_deadline: Timestamp,
    backlog: Backlog,
    paused: bool,
    luck: u16,
    /// Few have any of it.
    rare: Option<Box<Rare>>,
    pings: Pings,
    #[cfg(feature = "chaos")]
    poisoned: bool,
}

/// What all sessions of a tenant share.
#[derive(Debug)]
pub struct Realm {
    /// Whose they are.
    pub tenant: TenantId,
    /// Where they are.
    pub node: NodeId,
    /// What the operator decided.
    pub settings: Arc<Settings>,
}

#[derive(Debug)]
enum Stage {
    /// No connect command yet.
    Fresh { until: Timestamp },
    /// The connect command was answered with an error, or will be; nothing is read any more (P-CONN-11).
    Refused { until: Timestamp, late: Option<Late> },
    /// Connected, or about to be.
    Live(Live),
    /// The socket is closed; presence and leaves are still to be dealt with (P-CLOSE-4).
    Ending { farewells: Vec<Farewell>, attempts: u32, retry_at: Timestamp },
    /// Nothing left to do.
    Ended,
}

/// An answer that is held back.
#[derive(Debug)]
struct Late {
    reply: Reply,
    at: Timestamp,
}

/// How long a refused client gets to close the connection itself.
const REFUSED_LINGER: Duration = Duration::from_secs(5);

impl Session {
    /// A session whose socket has just been opened.
    pub fn new(realm: Arc<Realm>, opening: Opening, now: Timestamp) -> Self {
        let Opening { client, luck, emulation, pings } = opening;
        let until = now.plus(realm.settings.stale_timeout);
        Self {
            realm,
            client,
            stage: Stage::Fresh { until },
            task: None,
            job: 0,
            task_deadline: Timestamp::NEVER,
            backlog: Backlog::default(),
            paused: false,
            luck,
            rare: emulation.map(Rare::emulated),
            pings,
            #[cfg(feature = "chaos")]
            poisoned: false,
        }
    }

    /// The same with how it came, for the application's back end.
    pub fn of(mut self, visitor: Arc<Visitor>) -> Self {
        self.rare_mut().visitor = Some(visitor);
        self
    }

    /// From now on other decisions of the operator hold. What was granted stays granted.
    pub fn govern(&mut self, realm: &Arc<Realm>) {
        self.realm = Arc::clone(realm);
    }

    /// The connection's id.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The secret of its later requests, if it needs one.
    pub fn emulation(&self) -> Option<SessionKey> {
        self.rare.as_ref()?.emulation
    }

    /// The user, once connected.
    pub fn user(&self) -> Option<&UserId> {
        match &self.stage {
            Stage::Live(live) => Some(live.user()),
            Stage::Fresh { .. } | Stage::Refused { .. } | Stage::Ending { .. } | Stage::Ended => None,
        }
    }

    /// How many subscriptions it holds.
    pub fn subscription_count(&self) -> usize {
        self.live().map_or(0, |live| live.subscriptions.len())
    }

    /// Whether events for it must be held back until its connect reply is out (P-CONN-12).
    pub fn is_corked(&self) -> bool {
        self.live().is_some_and(|live| live.connecting.is_some())
    }

    /// Whether channel events may be sent to it: not to one that was refused.
    pub fn is_live(&self) -> bool {
        self.live().is_some()
    }

    /// Whether its socket is open.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Fresh { .. } | Stage::Refused { .. } | Stage::Live(_))
    }

    /// Takes in what happened and appends what is wanted.
    pub fn handle(&mut self, now: Timestamp, input: Input, effects: &mut Vec<Effect>) {
        let begun = effects.len();
        match input {
            Input::Command(command) => self.command(now, command, effects),
            Input::Malformed => self.malformed(now, effects),
            Input::Done { job, outcome } => self.job_done(now, job, outcome, effects),
            Input::Joined { address, join, outcome } => self.joined(now, address, join, outcome, effects),
            Input::Insufficient { address, join } => self.insufficient(now, &address, join, effects),
            Input::Continue => self.work_on(now, effects),
            Input::Counted(count) => self.counted(now, count, effects),
            Input::Order(order) => self.ordered(now, order, effects),
            Input::FramePong => self.frame_pong(),
            Input::Close(disconnect) => self.end(now, disconnect, effects),
            Input::Gone => self.end(now, Disconnect::CONNECTION_CLOSED, effects),
            Input::Stalled(by) => self.postpone(by),
            Input::Wakeup => self.wake(now, effects),
        }
        self.count_errors(now, begun, effects);
    }

    /// A client that is refused again and again does not listen (P-CONN-10). Temporary errors are no fault of its own.
    fn count_errors(&mut self, now: Timestamp, begun: usize, effects: &mut Vec<Effect>) {
        let errors_max = self.realm.settings.errors_max;
        let Some(live) = self.live_mut().filter(|_| errors_max > 0) else { return };
        let said = effects.get(begun..).unwrap_or_default();
        let is_error = |effect: &&Effect| {
            matches!(effect, Effect::Reply(Reply { outcome: Err(ErrorReply { temporary: false, .. }), .. }))
        };
        live.errors += u32::try_from(said.iter().filter(is_error).count()).unwrap_or(u32::MAX);
        if live.errors > errors_max {
            self.end(now, Disconnect::TOO_MANY_ERRORS, effects);
        }
    }

    fn live(&self) -> Option<&Live> {
        match &self.stage {
            Stage::Live(live) => Some(live),
            Stage::Fresh { .. } | Stage::Refused { .. } | Stage::Ending { .. } | Stage::Ended => None,
        }
    }

    fn live_mut(&mut self) -> Option<&mut Live> {
        match &mut self.stage {
            Stage::Live(live) => Some(live),
            Stage::Fresh { .. } | Stage::Refused { .. } | Stage::Ending { .. } | Stage::Ended => None,
        }
    }

    fn command(&mut self, now: Timestamp, command: Command, effects: &mut Vec<Effect>) {
        if matches!(self.stage, Stage::Refused { .. } | Stage::Ending { .. } | Stage::Ended)
            || self.is_doomed()
        {
            return;
        }
        if command.request == Request::Pong {
            return self.pong(now, effects);
        }
        if self.task.is_none() && self.backlog.is_empty() {
            return self.execute(now, command, effects);
        }
        self.backlog.push_back(Work::Command(command));
        if self.backlog.len() >= self.realm.settings.commands_waiting_max && !self.paused {
            self.paused = true;
            effects.push(Effect::Pause);
        }
    }

    /// A refused client is not listened to any more, and 3501 would stop it from coming again (P-CONN-11). Commands
    /// that came before are carried out first (P-FRM-3).
    fn malformed(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if matches!(self.stage, Stage::Refused { .. }) || self.is_doomed() {
            return;
        }
        if self.task.is_none() && self.backlog.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        self.backlog.push_back(Work::Malformed);
    }

    /// Whether something that cannot be read waits for its turn: nothing is queued behind it (P-FRM-3).
    fn is_doomed(&self) -> bool {
        matches!(self.backlog.last(), Some(Work::Malformed))
    }

    /// Takes up the next piece of work, if none is under way.
    fn work_on(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.task.is_some() || !self.is_open() {
            return;
        }
        let Some(work) = self.backlog.pop_front() else { return };
        if self.paused && self.backlog.len() <= self.realm.settings.commands_waiting_max / 2 {
            self.resume(now, effects);
        }
        match work {
            Work::Command(command) => self.execute(now, command, effects),
            Work::Malformed => self.end(now, Disconnect::BAD_REQUEST, effects),
            Work::Enter { channel, join } => self.enter_again(now, &channel, join, effects),
            Work::Depart(farewell) => self.depart(now, None, vec![farewell], effects),
            Work::Announce { channel, join } => self.announce(now, &channel, join, effects),
            Work::Order(order) => self.obey(now, order, effects),
            Work::Renew => self.ask_to_stay(now, effects),
            Work::RenewSubscription { channel, join } => self.ask_to_keep(now, channel, join, effects),
            Work::KeepNewest => self.keep_newest(now, effects),
        }
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// Nothing is under way any more; go on with what waits.
    fn settle(&mut self, effects: &mut Vec<Effect>) {
        self.task = None;
        self.task_deadline = Timestamp::NEVER;
        if !self.backlog.is_empty() && self.is_open() {
            effects.push(Effect::Continue);
        }
    }

    fn run(&mut self, now: Timestamp, task: Task, work: Job, effects: &mut Vec<Effect>) {
        self.begin(now, task);
        effects.push(Effect::Run { job: self.job, work });
    }

    fn begin(&mut self, now: Timestamp, task: Task) {
        self.job = self.job.wrapping_add(1);
        self.task = Some(task);
        self.task_deadline = now.plus(self.realm.settings.command_timeout);
    }

    fn insufficient(&mut self, now: Timestamp, address: &Address, join: u32, effects: &mut Vec<Effect>) {
        let Some(live) = self.live_mut() else { return };
        let channel = address.place.channel();
        if live.subscriptions.get(channel).is_none_or(|subscription| subscription.join != join) {
            return;
        }
        let Some(subscription) = live.forget(channel) else { return };
        let is_server_side = subscription.is_server_side;
        self.waiting_farewell(subscription.farewell());
        if is_server_side {
            return self.end(now, Disconnect::INSUFFICIENT_STATE, effects);
        }
        let code = UnsubscribeCode::Insufficient;
        effects.push(Effect::Push(Push::Unsubscribe { channel: channel.clone(), code }));
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// Presence and leave of an ended subscription come before any later command.
    fn waiting_farewell(&mut self, farewell: Option<Farewell>) {
        if let Some(farewell) = farewell {
            self.backlog.push_front(Work::Depart(farewell));
        }
    }
}

fn answer(id: u32, answer: Answer) -> Effect {
    Effect::Reply(Reply { id, outcome: Ok(answer) })
}

fn refusal(id: u32, error: impl Into<ErrorReply>) -> Effect {
    Effect::Reply(Reply { id, outcome: Err(error.into()) })
}
