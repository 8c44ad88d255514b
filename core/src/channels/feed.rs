//! One channel in one shard: who listens, where the stream stands, and how newcomers and holes are dealt with.

mod held;
mod interface;
mod joining;
mod member;
mod members;
mod reading;
mod run;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, Order, Position, Published, Retention};
use ports::protocol::ErrorCode;
use ports::time::Timestamp;

use self::held::Held;
pub use self::interface::{Admission, Effect, Input, Join, Limits, Seat};
use self::members::Members;
use self::reading::Reading;
use self::run::Run;
use self::waiting::Waiting;

/// The local subscribers of one channel.
///
/// ```text
///            Join ─► waiting ──(attached; stream read)──► live ─► Leave
///                       │ attach or read failed: refused    │ hole that history cannot fill: insufficient
/// ```
///
/// The shard creates it with the first `Join`, declares interest to the hub, passes everything that arrives for the
/// channel, lets it hand out while it [has a run](ChannelFeed::has_run), answers each `Read` effect with a `Read` input,
/// and drops it when [`ChannelFeed::is_empty`].
///
/// **Invariant:** *publications reach every live member in offset order, without holes or doubles, beginning right
/// after the position its admission named.* What arrives while a newcomer waits is remembered; a newcomer is live from
/// the moment its admission is handed out and skips what its admission covers. What a member's filter holds back counts
/// as delivered.
#[derive(Debug)]
pub struct ChannelFeed {
    address: Arc<Address>,
    stream: Option<Retention>,
    limits: Arc<Limits>,
    attached: bool,
    /// The newest offset handed to live members; unknown until the first read.
    position: Option<Position>,
    /// Where the last timeline stood when an event of another one came.
    ended: Option<Box<Position>>,
    members: Members,
    /// Those who wait to become members.
    waiting: Waiting,
    /// In order, and still to be handed out.
    run: Run,
    tickets: u64,
    /// Arrived, but not yet in order: no position yet, or a hole before it.
    backlog: Held,
    /// Publications are known to be missing after the position.
    hole: bool,
    /// No attempt to fill a hole or to learn the position before this.
    heal_at: Timestamp,
    reading: Option<Box<Reading>>,
    reads: u32,
    /// The order of the latest read: while both are wanted, they take turns.
    read_order: Order,
    void_reads: u32,
    check_at: Timestamp,
    suspect: Option<Box<Suspect>>,
}

/// A top that the feed had not reached when it was read.
#[derive(Debug)]
struct Suspect {
    offset: u64,
    again_at: Timestamp,
}

/// Least time between two attempts to fill holes of one feed.
const HEAL_PAUSE: Duration = Duration::from_secs(1);
/// How long publications may still be on their way before a higher top counts as a hole.
const SUSPICION: Duration = Duration::from_secs(2);

impl ChannelFeed {
    /// From now on it may keep and hand out so much.
    pub fn limit(&mut self, limits: &Arc<Limits>) {
        self.limits = Arc::clone(limits);
    }

    /// A feed without members. `phase` in 0..=255 spreads the position checks of many feeds over the interval.
    pub fn new(
        address: Arc<Address>,
        stream: Option<Retention>,
        limits: Arc<Limits>,
        now: Timestamp,
        phase: u8,
    ) -> Self {
        let first_check = limits.check_interval * (u32::from(phase) + 1) / 256;
        Self {
            address,
            stream,
            limits,
            attached: false,
            position: None,
            ended: None,
            members: Members::default(),
            waiting: Waiting::default(),
            run: Run::default(),
            tickets: 0,
            backlog: Held::default(),
            hole: false,
            heal_at: now,
            reading: None,
            reads: 0,
            read_order: Order::OldestFirst,
            void_reads: 0,
            check_at: now.plus(first_check),
            suspect: None,
        }
    }

    /// Whether nobody listens or waits; the shard then drops the feed.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.waiting.is_empty()
    }

    /// How many sessions are members, waiting ones included.
    pub fn member_count(&self) -> usize {
        self.members.len() + self.waiting.len()
    }

    /// The members' seats and subscription numbers, for the shard to part with them if the feed itself fails.
    pub fn members(&self) -> impl Iterator<Item = (Seat, u32)> {
        let waiting = self.waiting.iter().map(|(seat, newcomer)| (seat, newcomer.member.join));
        self.members.iter().map(|(seat, member)| (seat, member.join)).chain(waiting)
    }

    /// The channel.
    pub fn address(&self) -> &Arc<Address> {
        &self.address
    }

    /// How the channel remembers.
    pub fn stream(&self) -> Option<Retention> {
        self.stream
    }

    /// Takes in what happened and appends what is wanted, in the order in which it must be done.
    pub fn handle(&mut self, now: Timestamp, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Attached(Ok(())) => {
                self.attached = true;
                self.admit_without_stream(effects);
            }
            Input::Attached(Err(_)) => self.refuse_waiting(ErrorCode::Internal, effects),
            Input::Join(seat, join) => {
                self.wait(seat, join);
                self.admit_without_stream(effects);
            }
            Input::Leave(seat) => self.remove(seat),
            Input::Arrived(published) => self.arrived(published, effects),
            Input::Behind => self.fell_behind(),
            Input::Read { read, result } => self.read_done(now, read, result, effects),
            Input::Wakeup => self.check_suspicion(now),
            Input::HandOut(members) => self.hand_out(members, effects),
        }
        self.read_if_needed(now, effects);
    }

    /// When [`Input::Wakeup`] is wanted.
    pub fn wakeup(&self) -> Option<Timestamp> {
        if self.stream.is_none() || !self.attached || self.reading.is_some() || self.is_empty() {
            return None;
        }
        let heal =
            if self.lacks_something() && self.run.is_empty() { self.heal_at } else { Timestamp::NEVER };
        let suspect = self.suspect.as_ref().map_or(Timestamp::NEVER, |suspect| suspect.again_at);
        Some(heal.min(suspect).min(self.check_at))
    }

    fn remove(&mut self, seat: Seat) {
        self.members.remove(seat);
        self.waiting.remove(seat);
    }

    fn arrived(&mut self, published: Arc<Published>, effects: &mut Vec<Effect>) {
        #[cfg(feature = "chaos")]
        crate::chaos::feed(&published);
        if self.stream.is_none() {
            self.run.push(published);
        } else if self.lacks_something() {
            self.backlog.push(published, self.limits.joining_bytes_max);
        } else {
            self.accept(published, effects);
        }
    }

    /// The next event in order of arrival, with a known position and no hole before it.
    fn accept(&mut self, published: Arc<Published>, effects: &mut Vec<Effect>) {
        let Some(position) = &self.position else { return };
        let Some((offset, epoch)) = published.position() else {
            self.run.push(published);
            return;
        };
        if *epoch != position.epoch {
            self.timeline_ended(effects);
            self.backlog.push(published, self.limits.joining_bytes_max);
        } else if offset == position.offset + 1 {
            self.advance(offset, published);
        } else if offset > position.offset {
            self.backlog.push(published, self.limits.joining_bytes_max);
            self.hole = true;
        }
    }

    /// Takes in the publication after the position, for everybody it is new to.
    fn advance(&mut self, offset: u64, published: Arc<Published>) {
        if let Some(position) = &mut self.position {
            position.offset = offset;
        }
        self.waiting.keep_recent(&published, self.limits.joining_bytes_max);
        self.run.push(published);
    }

    /// Nothing can be handed out in order before a read.
    fn lacks_something(&self) -> bool {
        self.hole || self.position.is_none()
    }

    fn fell_behind(&mut self) {
        self.hole = self.position.is_some();
        // A read under way may have seen less than was dropped.
        if self.position.is_none() || self.reading.is_some() {
            self.backlog.lose();
        }
    }

    /// The stream the position belongs to is gone. Those who track it must start over; the others go on with the new
    /// one once its top has been read.
    fn timeline_ended(&mut self, effects: &mut Vec<Effect>) {
        self.part_with_positioned(u64::MAX, effects);
        self.ended = self.position.take().map(Box::new);
        self.hole = false;
        self.suspect = None;
        self.waiting.reset_recent();
        if let Some(reading) = &mut self.reading {
            reading.void = true;
        }
    }

    /// Ends the subscriptions that track their position and have not got everything up to `offset`; what came before the
    /// hole they get.
    fn part_with_positioned(&mut self, offset: u64, effects: &mut Vec<Effect>) {
        self.hand_out(usize::MAX, effects);
        self.members.retain(|seat, member| {
            if member.covered >= offset {
                return true;
            }
            if member.positioned {
                effects.push(Effect::Insufficient { seat, join: member.join });
            }
            !member.positioned
        });
    }

    fn check_suspicion(&mut self, now: Timestamp) {
        let Some(suspect) = self.suspect.take_if(|suspect| now >= suspect.again_at) else { return };
        if self.position.as_ref().is_some_and(|position| position.offset < suspect.offset) {
            self.hole = true;
        }
    }
}
