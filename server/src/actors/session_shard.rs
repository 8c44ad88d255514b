//! The shard actor: one thread's sessions, supervised. What it owns lives in a [`ShardCell`] that outlives it.

mod adoption;
mod encoding;
mod listing;
mod performer;
mod tally;

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ports::channels::{Address, Published};
use ports::orders::Order;
use ports::protocol::Disconnect;
use ports::time::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{error, warn};
use wigwag_core::session;
use wigwag_core::shard::{Effect, Input, Loss, SeatId, Shard};
use wigwag_core::wheel::TICK;

pub use self::adoption::{Adoption, Arrival};
use self::performer::Links;
use super::inbox::{Inbox, Item, Wake};
use crate::node::{Counts, Services};
use crate::transport::upstream::{NotTaken, Upstream};

/// A message to the actor; everything of substance waits in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Look into the inbox.
    Flush,
    /// Time has passed.
    Tick,
    /// Code of the shard itself has panicked: fail, and be restarted. Means nothing if no panic is on the books.
    Fail,
}

/// Something for a shard that is no publication.
pub enum Control {
    /// A new connection.
    Adopt(Box<Adoption>),
    /// An answer to something the shard wanted.
    Input(Input),
    /// Close all connections at once.
    CloseAll,
    /// Commands of a streamed connection; the answer says what came of them.
    Commands(Box<Upstream>, oneshot::Sender<Result<(), NotTaken>>),
}

/// One shard's state and inbox.
pub struct ShardCell {
    index: u16,
    inbox: Inbox,
    state: Mutex<State>,
    actor: Mutex<Option<ActorRef<Message>>>,
    /// Connections given to this shard that are not gone yet.
    load: AtomicUsize,
    /// Panics in the shard's own code that no actor has failed for yet.
    failures: AtomicUsize,
    sessions: AtomicUsize,
    subscriptions: AtomicUsize,
    /// The time at its last tick, in milliseconds.
    ticked_at: AtomicU64,
    services: Arc<Services>,
}

struct State {
    shard: Shard,
    links: Links,
    /// Taken out of the inbox and not handled yet.
    items: VecDeque<Item>,
    /// Behind after those.
    behind: Vec<Arc<Address>>,
    /// Events taken in since everything was handed out.
    arrived: usize,
    /// When the first of them came.
    since: Option<Instant>,
    /// Emptied by everybody who uses them; here for their room.
    inputs: VecDeque<Input>,
    effects: Vec<Effect>,
}

/// Messages handed to links before readers, timers and newcomers get a turn.
const SLICE: usize = 512;
/// What handing out counts at least, for it may look at many members who get nothing.
const HAND_OUT_COST: usize = 16;
/// Events taken in before they are handed out: what of them goes to one client goes in one piece.
const ARRIVALS_MAX: usize = 64;

impl ShardCell {
    /// An empty shard.
    pub fn new(index: u16, services: Arc<Services>) -> Self {
        let shard = Shard::new(Arc::clone(&services.realm), services.now());
        let state = Mutex::new(State {
            shard,
            links: Links::new(index, Arc::clone(&services.traces)),
            items: VecDeque::new(),
            behind: Vec::new(),
            arrived: 0,
            since: None,
            inputs: VecDeque::new(),
            effects: Vec::new(),
        });
        Self {
            index,
            inbox: Inbox::new(Arc::clone(&services.crowding)),
            state,
            actor: Mutex::new(None),
            load: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            subscriptions: AtomicUsize::new(0),
            ticked_at: AtomicU64::new(services.now().as_millis()),
            services,
        }
    }

    /// Its place on the node.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Whether the actor with this id runs, or last ran, this shard.
    pub fn is_run_by(&self, id: ractor::ActorId) -> bool {
        self.actor.lock().as_ref().is_some_and(|actor| actor.get_id() == id)
    }

    /// Queues a publication.
    pub fn publish(&self, published: Arc<Published>) {
        self.wake(self.inbox.publish(published));
    }

    /// Queues an order, which is not dropped.
    pub fn order(&self, order: Arc<Order>) {
        self.wake(self.inbox.order(order));
    }

    /// Closes all connections over this time, after what was published before.
    pub fn drain(&self, over: Duration) {
        self.wake(self.inbox.drain(over));
    }

    /// Closes all connections at once.
    pub fn close_all(&self) {
        self.control(Control::CloseAll);
    }

    /// Queues a control message.
    pub fn control(&self, control: Control) {
        self.wake(self.inbox.control(control));
    }

    /// How many connections it has been given that are not gone yet.
    pub fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// A connection's reader has ended.
    pub fn gone(self: &Arc<Self>, seat: SeatId) {
        self.load.fetch_sub(1, Ordering::Relaxed);
        self.drive(Input::Session(seat, session::Input::Gone));
    }

    /// A streamed connection has ended.
    pub fn hang_up(&self, seat: SeatId) {
        self.load.fetch_sub(1, Ordering::Relaxed);
        self.control(Control::Input(Input::Session(seat, session::Input::Gone)));
    }

    /// Whether so much waits that newcomers should go elsewhere.
    pub fn is_overloaded(&self) -> bool {
        self.inbox.is_full()
    }

    /// How long ago its clock ticked.
    pub fn lag(&self) -> Duration {
        self.services.now().since(Timestamp::from_millis(self.ticked_at.load(Ordering::Relaxed)))
    }

    /// How many bytes of publications wait for it.
    pub fn waiting_bytes(&self) -> usize {
        self.inbox.bytes()
    }

    /// Adds the members of each of its channels.
    pub fn count_members(&self, channels: &mut BTreeMap<Arc<Address>, usize>) {
        for (address, members) in self.state.lock().shard.channels() {
            *channels.entry(Arc::clone(address)).or_default() += members;
        }
    }

    /// Queues a new connection; gives it back if the shard has too much to do.
    pub fn adopt(&self, adoption: Box<Adoption>) -> Result<(), Box<Adoption>> {
        if self.inbox.is_full() {
            return Err(adoption);
        }
        self.load.fetch_add(1, Ordering::Relaxed);
        self.control(Control::Adopt(adoption));
        Ok(())
    }

    fn wake(&self, wake: Wake) {
        if wake == Wake::Needed
            && let Some(actor) = self.actor.lock().as_ref()
        {
            // A dead actor's successor looks into the inbox first thing.
            let _ = actor.cast(Message::Flush);
        }
    }

    /// Sessions and subscriptions in this shard; channels are counted once, by the hub.
    pub fn counts(&self) -> Counts {
        let (sessions, subscriptions) = (&self.sessions, &self.subscriptions);
        Counts {
            sessions: sessions.load(Ordering::Relaxed),
            subscriptions: subscriptions.load(Ordering::Relaxed),
            channels: 0,
        }
    }

    /// Passes an input to the machine and performs what it wants, and what comes of that at once.
    pub fn drive(self: &Arc<Self>, input: Input) {
        self.drive_on(input);
        self.settle();
    }

    /// The same, but leaves what is to be written to [`ShardCell::settle`]: several inputs in a row take one write.
    pub fn drive_on(self: &Arc<Self>, input: Input) {
        let mut state = self.state.lock();
        self.drive_in(&mut state, input);
        if state.shard.has_run() {
            self.wake(self.inbox.look_again());
        }
    }

    /// Writes what was queued, unless the shard has been woken to queue more: then it goes together with that.
    pub fn settle(self: &Arc<Self>) {
        if !self.inbox.is_awaited() {
            self.state.lock().links.flush();
        }
    }

    /// Drives with the state at hand; returns how many messages were handed to links.
    fn drive_in(self: &Arc<Self>, state: &mut State, input: Input) -> usize {
        let now = self.services.now();
        let mut inputs = std::mem::take(&mut state.inputs);
        let mut effects = std::mem::take(&mut state.effects);
        inputs.push_back(input);
        let mut sent = 0;
        while let Some(input) = inputs.pop_front() {
            let handled = catch_unwind(AssertUnwindSafe(|| state.shard.handle(now, input, &mut effects)));
            if handled.is_err() {
                self.mourn(now, &mut state.shard, &mut effects);
            }
            // Before anybody hears of it.
            self.sessions.store(state.shard.session_count(), Ordering::Relaxed);
            self.subscriptions.store(state.shard.subscription_count(), Ordering::Relaxed);
            for effect in effects.drain(..) {
                sent += messages(&effect);
                self.perform_or_fail(&mut state.links, effect, &mut inputs);
            }
        }
        (state.inputs, state.effects) = (inputs, effects);
        sent
    }

    /// A panic while one effect is performed must not cost the others, which are other connections'.
    fn perform_or_fail(self: &Arc<Self>, links: &mut Links, effect: Effect, inputs: &mut VecDeque<Input>) {
        let performed = catch_unwind(AssertUnwindSafe(|| self.perform(links, effect, inputs)));
        if performed.is_err() {
            self.fail();
        }
    }

    fn mourn(&self, now: Timestamp, shard: &mut Shard, effects: &mut Vec<Effect>) {
        let mourned = catch_unwind(AssertUnwindSafe(|| shard.mourn(now, effects)));
        match mourned {
            Ok(Loss::Session) => error!(shard = self.index, "a session panicked; its connection is closed"),
            Ok(Loss::Feed) => error!(shard = self.index, "a feed panicked; its subscribers recover"),
            Ok(Loss::Elsewhere) | Err(_) => self.fail(),
        }
    }

    fn fail(&self) {
        error!(shard = self.index, "the shard panicked");
        self.failures.fetch_add(1, Ordering::Relaxed);
        if let Some(actor) = self.actor.lock().as_ref() {
            // A dead actor's successor finds the failure counted.
            let _ = actor.cast(Message::Fail);
        }
    }

    /// Whether the shard's code has panicked once more than its actors have failed. Each panic fails one actor, also when
    /// it comes while a failed one is being replaced.
    fn take_failure(&self) -> bool {
        let one_less = |failures: usize| failures.checked_sub(1);
        self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    /// Closes every connection with 3011 and begins empty.
    pub fn start_over(self: &Arc<Self>) {
        warn!(shard = self.index, "the shard failed twice; its connections are asked to reconnect");
        let now = self.services.now();
        let mut state = self.state.lock();
        let mut effects = Vec::new();
        let mut inputs = VecDeque::new();
        let State { shard, links, .. } = &mut *state;
        if catch_unwind(AssertUnwindSafe(|| shard.start_over(now, &mut effects))).is_err() {
            links.close_all();
            links.forget_all();
            effects.clear();
            *shard = shard.successor(now, &mut effects);
        }
        for effect in effects {
            self.perform_or_fail(links, effect, &mut inputs);
        }
        for input in inputs {
            self.control(Control::Input(input));
        }
    }

    /// Control messages first, then publications and orders until a slice of messages has been sent. If anything is left,
    /// the shard wakes itself again, so that readers, ticks and newcomers come in between.
    async fn flush(self: &Arc<Self>) {
        for control in self.inbox.take_controls() {
            self.obey(control);
        }
        let is_done = self.flush_slice();
        self.shed();
        if !is_done {
            self.wake(self.inbox.look_again());
            tokio::task::yield_now().await;
        }
    }

    /// Works off what was taken out of the inbox until a slice is full or nothing is left; says which. Only then more is
    /// taken out, so that what comes meanwhile goes together. Every link that has got something is written to once.
    fn flush_slice(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock();
        let takes_out = state.is_idle();
        if takes_out {
            let (items, behind) = self.inbox.take_items();
            if !items.is_empty() {
                state.since = self.inbox.take_since();
            }
            state.items = items;
            state.behind = behind.into_iter().collect();
        }
        let (mut sent, mut steps) = (0, 0);
        while sent < SLICE && steps < SLICE && !state.is_idle() {
            sent += self.step(&mut state);
            steps += 1;
        }
        state.links.flush();
        if state.is_idle()
            && let Some(since) = state.since.take()
        {
            state.links.delivered(since.elapsed());
        }
        // Whoever queued something before this took place woke the shard for nothing, unless it was taken out.
        takes_out && state.is_idle()
    }

    /// Takes in one event or order, or hands out some of what was taken in. What has arrived is handed out before an order
    /// that came after it is obeyed, and before too much of it has come together. Returns how many messages were sent.
    fn step(self: &Arc<Self>, state: &mut State) -> usize {
        if !state.shard.has_run() {
            state.arrived = 0;
        }
        let takes_in =
            matches!(state.items.front(), Some(Item::Published(_))) && state.arrived < ARRIVALS_MAX;
        if state.shard.has_run() && !takes_in {
            return self.drive_in(state, Input::HandOut(SLICE)).max(HAND_OUT_COST);
        }
        let input = match state.items.pop_front() {
            Some(Item::Published(published)) => {
                state.arrived += 1;
                Input::Arrived(published)
            }
            Some(Item::Order(order)) => Input::Order(order),
            Some(Item::Drain(over)) => {
                state.shard.drain(self.services.now(), over);
                return 0;
            }
            None => match state.behind.pop() {
                Some(address) => Input::Behind(address),
                None => return 0,
            },
        };
        self.drive_in(state, input)
    }

    /// If all queues of the node together are too long, the longest ones of this shard go.
    fn shed(self: &Arc<Self>) {
        let services = &self.services;
        if services.pending.share_of_excess(1).is_none() {
            return;
        }
        self.state.lock().links.flush();
        let Some(share) = services.pending.share_of_excess(services.hub().shards().len()) else { return };
        let slowest = self.state.lock().links.slowest(share);
        for seat in slowest {
            let slow = session::Input::Close(Disconnect::SLOW);
            self.drive(Input::Session(seat, slow));
        }
    }

    fn obey(self: &Arc<Self>, control: Control) {
        match control {
            Control::Adopt(adoption) => self.take_in(*adoption),
            Control::Input(input) => self.drive_on(input),
            Control::CloseAll => self.state.lock().shard.drain(self.services.now(), Duration::ZERO),
            Control::Commands(upstream, answer) => {
                tokio::spawn(async move {
                    // Nobody may be waiting for the answer any more.
                    let _ = answer.send(upstream.run().await);
                });
            }
        }
    }
}

impl State {
    /// Whether everything that was taken out of the inbox has been worked off.
    fn is_idle(&self) -> bool {
        self.items.is_empty() && self.behind.is_empty() && !self.shard.has_run()
    }
}

/// How many messages an effect hands to links.
fn messages(effect: &Effect) -> usize {
    match effect {
        Effect::Send(..) => 1,
        Effect::Deliver(_, seats) => seats.len(),
        Effect::Close(..)
        | Effect::Pause(_)
        | Effect::Resume(_)
        | Effect::Run(..)
        | Effect::Read { .. }
        | Effect::Want { .. }
        | Effect::Release { .. }
        | Effect::Came(..)
        | Effect::Went(_) => 0,
    }
}

/// The actor over a [`ShardCell`]. Spawned on the shard's own thread, and again with the same cell after a failure.
pub struct SessionShard;

impl Actor for SessionShard {
    type Msg = Message;
    type State = Arc<ShardCell>;
    type Arguments = Arc<ShardCell>;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        cell: Arc<ShardCell>,
    ) -> Result<Arc<ShardCell>, ActorProcessingErr> {
        *cell.actor.lock() = Some(myself.clone());
        myself.send_interval(TICK, || Message::Tick);
        myself.cast(Message::Fail)?;
        myself.cast(Message::Flush)?;
        Ok(cell)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        cell: &mut Arc<ShardCell>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Flush => cell.flush().await,
            Message::Tick => {
                cell.ticked_at.store(cell.services.now().as_millis(), Ordering::Relaxed);
                cell.drive(Input::Tick);
                cell.shed();
            }
            Message::Fail if cell.take_failure() => return Err("code of the shard panicked".into()),
            Message::Fail => {}
        }
        Ok(())
    }
}
