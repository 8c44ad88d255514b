//! A shard: all that one thread owns. Sessions, the feeds of their channels, and their deadlines, as one machine.

mod delivery;
mod feeds;
mod governing;
mod listing;
mod mourning;
mod seats;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, BrokerError, Form, HistoryQuery, Published, Retention, StreamView};
use ports::hooks::Visitor;
use ports::ids::UserId;
use ports::orders::Order;
use ports::protocol::{Disconnect, Push, Reply};
use ports::time::Timestamp;

use self::feeds::Feeds;
pub use self::mourning::Loss;
pub use self::seats::SeatId;
use self::seats::Seats;
use crate::channels::{Batch, feed};
use crate::session::{self, Job, Opening, Realm, Session};
use crate::settings::Settings;
use crate::wheel::Wheel;

/// The sessions of one thread and the feeds between them.
///
/// Whoever runs it opens sessions, passes everything that happens as [`Input`], performs the [`Effect`]s in order, and
/// ticks it about every [`TICK`](crate::wheel::TICK). It never waits: what takes time leaves as an effect and comes back
/// as an input, which is dropped if its session or feed is gone by then.
///
/// **Invariant:** *a panic while a session or feed is being worked on costs that session or feed only*: the shard notes
/// what it holds, and [`Shard::mourn`] parts with it.
#[derive(Debug)]
pub struct Shard {
    realm: Arc<Realm>,
    limits: Arc<feed::Limits>,
    seats: Seats,
    feeds: Feeds,
    seat_wheel: Wheel,
    feed_wheel: Wheel,
    steps: VecDeque<Step>,
    /// Feeds with something to hand out, each once, in turn.
    handing: VecDeque<u32>,
    holding: Holding,
    ticked_at: Timestamp,
    leaving: VecDeque<(Timestamp, SeatId)>,
    subscriptions: usize,
}

/// What a shard is told.
#[derive(Debug)]
pub enum Input {
    /// Something happened to a session.
    Session(SeatId, session::Input),
    /// An event of a channel somebody here listens to.
    Arrived(Arc<Published>),
    /// Events of a channel were dropped because the shard was too slow.
    Behind(Arc<Address>),
    /// The hub answered [`Effect::Want`].
    Attached {
        /// The channel.
        address: Arc<Address>,
        /// The number of the feed.
        feed: u32,
        /// Whether the broker sends.
        result: Result<(), BrokerError>,
    },
    /// The answer to [`Effect::Read`].
    Read {
        /// The channel.
        address: Arc<Address>,
        /// The number of the feed.
        feed: u32,
        /// The number of the read.
        read: u32,
        /// What the broker said.
        result: Result<StreamView, BrokerError>,
    },
    /// Something is to be done with connections of one user, if there are any here.
    Order(Arc<Order>),
    /// The operator has decided otherwise.
    Govern(Arc<Settings>),
    /// Hand what has arrived in one channel to so many of its members. Called until the shard
    /// [has no run](Shard::has_run) any more; everything else may come in between.
    HandOut(usize),
    /// Time has passed.
    Tick,
}

/// What a shard wants, in the order in which it must be done.
#[derive(Debug)]
pub enum Effect {
    /// Send to a connection.
    Send(SeatId, Outgoing),
    /// Send a channel's events to connections.
    Deliver(Arc<Batch>, Vec<SeatId>),
    /// Close a connection's socket with this code.
    Close(SeatId, Disconnect),
    /// Stop reading from a connection.
    Pause(SeatId),
    /// Read again.
    Resume(SeatId),
    /// Do this and answer with `Input::Session(seat, session::Input::Done { job, … })`.
    Run(SeatId, u32, Job),
    /// Read a stream and answer with [`Input::Read`].
    Read {
        /// The channel.
        address: Arc<Address>,
        /// Echo this.
        feed: u32,
        /// And this.
        read: u32,
        /// What to read.
        query: HistoryQuery,
        /// How the channel remembers.
        keep: Retention,
    },
    /// Tell the hub that this shard has a feed; it answers with [`Input::Attached`].
    Want {
        /// The channel.
        address: Arc<Address>,
        /// The number of the feed.
        feed: u32,
    },
    /// Tell the hub that the feed is gone.
    Release {
        /// The channel.
        address: Arc<Address>,
        /// The number of the feed.
        feed: u32,
    },
    /// A connection of this user is being established; answer at once with
    /// `Input::Session(seat, session::Input::Counted(…))`.
    Came(SeatId, UserId),
    /// Such a connection has ended.
    Went(UserId),
}

/// Something for one connection.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// An answer.
    Reply(Box<Reply>),
    /// Something unasked.
    Push(Push),
    /// A channel's event that only this connection gets.
    Event(Arc<Published>, Form),
}

/// What is done next, after what is being done.
#[derive(Debug)]
enum Step {
    Session(SeatId, session::Input),
    Feed(Arc<Address>, u32, feed::Effect),
}

/// What is being worked on, in case it panics.
#[derive(Clone, Debug)]
enum Holding {
    Nothing,
    Session(SeatId),
    /// Which one, and whether it can still hand out what it had taken in.
    Feed(Arc<Address>, HandsOut),
}

/// Whether a feed that panicked may be trusted to hand out what it had taken in before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandsOut {
    /// It panicked over something else.
    Still,
    /// It panicked over that.
    NoMore,
}

/// A tick this much late means that the whole process stood still.
const STANDSTILL: Duration = Duration::from_secs(2);

impl Shard {
    /// An empty shard.
    pub fn new(realm: Arc<Realm>, now: Timestamp) -> Self {
        let limits = governing::limits(&realm.settings);
        Self {
            realm,
            limits,
            seats: Seats::default(),
            feeds: Feeds::default(),
            seat_wheel: Wheel::new(now),
            feed_wheel: Wheel::new(now),
            steps: VecDeque::new(),
            handing: VecDeque::new(),
            holding: Holding::Nothing,
            ticked_at: now,
            leaving: VecDeque::new(),
            subscriptions: 0,
        }
    }

    /// Takes in a connection whose socket has just been opened.
    pub fn open(&mut self, now: Timestamp, opening: Opening) -> SeatId {
        self.seat(Session::new(Arc::clone(&self.realm), opening, now))
    }

    /// The same for one whose coming is told to the application's back end.
    pub fn open_for(&mut self, now: Timestamp, opening: Opening, visitor: Arc<Visitor>) -> SeatId {
        self.seat(Session::new(Arc::clone(&self.realm), opening, now).of(visitor))
    }

    fn seat(&mut self, session: Session) -> SeatId {
        let wakeup = session.wakeup();
        let seat = self.seats.take(session);
        self.seat_wheel.file(seat.index, wakeup);
        seat
    }

    /// Takes in what happened and appends what is wanted.
    pub fn handle(&mut self, now: Timestamp, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Session(seat, input) => self.session(now, seat, input, effects),
            Input::Arrived(published) => {
                let address = Arc::clone(&published.address);
                self.feed(now, &address, None, feed::Input::Arrived(published), effects);
            }
            Input::Behind(address) => self.feed(now, &address, None, feed::Input::Behind, effects),
            Input::Attached { address, feed, result } => {
                self.feed(now, &address, Some(feed), feed::Input::Attached(result), effects);
            }
            Input::Read { address, feed, read, result } => {
                self.feed(now, &address, Some(feed), feed::Input::Read { read, result }, effects);
            }
            Input::Order(order) => self.order(now, &order, effects),
            Input::Govern(settings) => self.govern(settings),
            Input::HandOut(members) => self.hand_out(now, members, effects),
            Input::Tick => self.tick(now, effects),
        }
        self.drain_steps(now, effects);
    }

    /// Closes all sessions with `3001`, spread evenly over the time given (P-CLOSE-6). [`Input::Tick`] does the work.
    pub fn drain(&mut self, now: Timestamp, over: Duration) {
        let seats: Vec<SeatId> = self.seats.iter().map(|(seat, _)| seat).collect();
        let count = u32::try_from(seats.len()).unwrap_or(u32::MAX).max(1);
        self.leaving = seats.into_iter().zip(0_u32..).map(|(s, i)| (now.plus(over / count * i), s)).collect();
    }

    /// Whether anything that has arrived is still to be handed out.
    pub fn has_run(&self) -> bool {
        !self.handing.is_empty()
    }

    /// Sessions that have not ended, whether connected yet or not.
    pub fn session_count(&self) -> usize {
        self.seats.len()
    }

    /// Subscriptions of all sessions.
    pub fn subscription_count(&self) -> usize {
        self.subscriptions
    }

    /// Channels with local subscribers, and how many each has.
    pub fn channels(&self) -> impl Iterator<Item = (&Arc<Address>, usize)> {
        self.feeds.iter().map(|feed| (feed.address(), feed.member_count()))
    }

    /// Channels with local subscribers.
    pub fn feed_count(&self) -> usize {
        self.feeds.len()
    }

    fn drain_steps(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Session(seat, input) => self.session(now, seat, input, effects),
                Step::Feed(address, feed, effect) => self.perform_feed(now, address, feed, effect, effects),
            }
        }
    }

    fn session(&mut self, now: Timestamp, id: SeatId, input: session::Input, effects: &mut Vec<Effect>) {
        let mut wanted = Vec::new();
        let Some(seat) = self.seats.get_mut(id) else { return };
        self.holding = Holding::Session(id);
        let before = seat.session.subscription_count();
        seat.session.handle(now, input, &mut wanted);
        self.subscriptions = self.subscriptions + seat.session.subscription_count() - before;
        self.holding = Holding::Nothing;
        self.perform_session(now, id, wanted, effects);
    }

    fn perform_session(
        &mut self,
        now: Timestamp,
        id: SeatId,
        wanted: Vec<session::Effect>,
        effects: &mut Vec<Effect>,
    ) {
        self.seats.note_reach(id);
        let Some(seat) = self.seats.get_mut(id) else { return };
        self.seat_wheel.file(id.index, seat.session.wakeup()); // first, so that a panic below loses no deadline
        for effect in wanted {
            match effect {
                session::Effect::Reply(reply) => {
                    effects.push(Effect::Send(id, Outgoing::Reply(Box::new(reply))));
                }
                session::Effect::Push(push) => effects.push(Effect::Send(id, Outgoing::Push(push))),
                session::Effect::Deliver(published) => {
                    effects.push(Effect::Send(id, Outgoing::Event(published, Form::Plain)));
                }
                session::Effect::Run { job, work } => {
                    #[cfg(feature = "chaos")]
                    crate::chaos::shard(&work);
                    effects.push(Effect::Run(id, job, work));
                }
                session::Effect::Join(join) => self.join(now, id, join, effects),
                session::Effect::Leave(address) => {
                    self.feed(now, &address, None, feed::Input::Leave(id.index), effects);
                }
                session::Effect::Continue => {
                    self.steps.push_back(Step::Session(id, session::Input::Continue));
                }
                session::Effect::Pause => effects.push(Effect::Pause(id)),
                session::Effect::Resume => effects.push(Effect::Resume(id)),
                session::Effect::Came(user) => {
                    self.seats.came(id, user.clone());
                    effects.push(Effect::Came(id, user));
                }
                session::Effect::Close(disconnect) => effects.push(Effect::Close(id, disconnect)),
                session::Effect::Ended => self.free(id, effects),
            }
        }
        if let Some(seat) = self.seats.get_mut(id) {
            delivery::uncork(id, seat, effects);
        }
    }

    fn order(&mut self, now: Timestamp, order: &Arc<Order>, effects: &mut Vec<Effect>) {
        if order.tenant != self.realm.tenant {
            return;
        }
        for id in self.seats.of(&order.target.user) {
            let seat = self.seats.get_mut(id);
            if seat.is_some_and(|seat| seat.session.is_meant_by(&order.target)) {
                self.session(now, id, session::Input::Order(Arc::clone(order)), effects);
            }
        }
    }

    fn free(&mut self, id: SeatId, effects: &mut Vec<Effect>) {
        self.seat_wheel.file(id.index, None);
        if let Some(user) = self.seats.free(id) {
            effects.push(Effect::Went(user));
        }
    }

    fn join(&mut self, now: Timestamp, id: SeatId, join: session::Join, effects: &mut Vec<Effect>) {
        if !self.feeds.contains(&join.address) {
            let feed = self.feeds.open(&join.address, join.stream, &self.limits, now);
            effects.push(Effect::Want { address: Arc::clone(&join.address), feed });
        }
        let address = Arc::clone(&join.address);
        self.feed(now, &address, None, feed::Input::Join(id.index, join), effects);
    }

    /// Passes an input to a channel's feed, if it is there and, where a number is given, still the same one.
    fn feed(
        &mut self,
        now: Timestamp,
        address: &Arc<Address>,
        number: Option<u32>,
        input: feed::Input,
        effects: &mut Vec<Effect>,
    ) {
        let mut wanted = Vec::new();
        let Some(entry) = self.feeds.get_mut(address) else { return };
        if number.is_some_and(|number| number != entry.number) {
            return;
        }
        let hands_out =
            if matches!(input, feed::Input::HandOut(_)) { HandsOut::NoMore } else { HandsOut::Still };
        self.holding = Holding::Feed(Arc::clone(address), hands_out);
        entry.feed.handle(now, input, &mut wanted);
        self.holding = Holding::Nothing;

        let (number, index) = (entry.number, entry.index);
        let is_empty = entry.feed.is_empty();
        let address = &Arc::clone(entry.feed.address());
        self.feed_wheel.file(index, entry.feed.wakeup());
        if entry.feed.has_run() && !std::mem::replace(&mut entry.queued, true) {
            self.handing.push_back(index);
        }
        self.steps.extend(wanted.into_iter().map(|effect| Step::Feed(Arc::clone(address), number, effect)));
        if is_empty {
            self.close_feed(address, effects);
        }
    }

    fn close_feed(&mut self, address: &Arc<Address>, effects: &mut Vec<Effect>) {
        if let Some(entry) = self.feeds.close(address) {
            self.feed_wheel.file(entry.index, None);
            effects.push(Effect::Release { address: Arc::clone(address), feed: entry.number });
        }
    }

    fn perform_feed(
        &mut self,
        now: Timestamp,
        address: Arc<Address>,
        feed: u32,
        effect: feed::Effect,
        effects: &mut Vec<Effect>,
    ) {
        match effect {
            feed::Effect::Read { read, query } => {
                let keep = self.feeds.get_mut(&address).and_then(|entry| entry.feed.stream());
                if let Some(keep) = keep {
                    effects.push(Effect::Read { address, feed, read, query, keep });
                }
            }
            feed::Effect::Admit { seat, join, outcome } => {
                if let Some(id) = self.seats.id(seat) {
                    self.session(now, id, session::Input::Joined { address, join, outcome }, effects);
                }
            }
            feed::Effect::Deliver { batch, seats } => self.deliver(&batch, &seats, effects),
            feed::Effect::Insufficient { seat, join } => {
                if let Some(id) = self.seats.id(seat) {
                    self.session(now, id, session::Input::Insufficient { address, join }, effects);
                }
            }
        }
    }

    fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let standstill = now.since(self.ticked_at);
        self.ticked_at = now;
        if standstill > STANDSTILL {
            let ids: Vec<SeatId> = self.seats.iter().map(|(id, _)| id).collect();
            for id in ids {
                self.session(now, id, session::Input::Stalled(standstill), effects);
            }
        }
        if self.leaving.front().is_some_and(|(at, _)| *at <= now) {
            // What has arrived goes to those who leave as well.
            self.hand_out_all(now, effects);
        }
        while let Some((_, id)) = self.leaving.pop_front_if(|(at, _)| *at <= now) {
            self.steps.push_back(Step::Session(id, session::Input::Close(Disconnect::SHUTDOWN)));
        }
        let mut due = Vec::new();
        self.seat_wheel.due(now, &mut due);
        for index in due {
            if let Some(id) = self.seats.id(index) {
                self.steps.push_back(Step::Session(id, session::Input::Wakeup));
            }
        }
        let mut due = Vec::new();
        self.feed_wheel.due(now, &mut due);
        for index in due {
            if let Some(address) = self.feeds.address(index) {
                self.feed(now, &address, None, feed::Input::Wakeup, effects);
            }
        }
    }
}
