//! How a shard's effects are performed: bytes to sockets, jobs polled once here and finished elsewhere.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use ports::channels::BrokerError;
use ports::protocol::Disconnect;
use wigwag_core::channels::{Batch, hub};
use wigwag_core::session::{self, Outcome};
use wigwag_core::shard::{Effect, Input, SeatId};

use super::encoding::{encode, encode_batch};
use super::tally::Tally;
use super::{Control, ShardCell};
use crate::telemetry::metrics as names;
use crate::telemetry::traces::Traces;
use crate::transport::link::{Link, Queued};

/// How long anything behind a session may take; a little less than the session itself waits.
const JOB_DEADLINE: Duration = Duration::from_millis(3_500);

/// The ways out to a shard's sessions, by seat.
pub(super) struct Links {
    by_index: Vec<Option<(u32, Arc<Link>)>>,
    /// Those with something to be written.
    unflushed: VecDeque<SeatId>,
    tally: Tally,
}

impl Links {
    pub(super) fn new(shard: u16, traces: Arc<Traces>) -> Self {
        Self { by_index: Vec::new(), unflushed: VecDeque::new(), tally: Tally::new(shard, traces) }
    }

    /// A batch of publications has been written to all who get it; the first of them came so long ago.
    pub(super) fn delivered(&self, time: Duration) {
        self.tally.delivered(time);
    }

    pub(super) fn put(&mut self, seat: SeatId, link: Arc<Link>) {
        let index = seat.index as usize;
        if self.by_index.len() <= index {
            self.by_index.resize_with(index + 1, || None);
        }
        if let Some(place) = self.by_index.get_mut(index) {
            *place = Some((seat.generation, link));
        }
    }

    fn get(&self, seat: SeatId) -> Option<&Arc<Link>> {
        let (generation, link) = self.by_index.get(seat.index as usize)?.as_ref()?;
        (*generation == seat.generation).then_some(link)
    }

    fn take(&mut self, seat: SeatId) -> Option<Arc<Link>> {
        self.get(seat)?;
        self.by_index.get_mut(seat.index as usize)?.take().map(|(_, link)| link)
    }

    /// Queues something for a client; says how to part with one that cannot take it.
    fn queue(&mut self, seat: SeatId, frames: Option<Bytes>) -> Option<Disconnect> {
        let link = self.get(seat)?;
        let Some(frames) = frames else { return Some(Disconnect::INAPPROPRIATE_PROTOCOL) };
        match link.queue(frames) {
            Ok(Queued::Under) => None,
            Ok(Queued::Unflushed) => {
                self.unflushed.push_back(seat);
                None
            }
            Err(_overflow) => Some(Disconnect::SLOW),
        }
    }

    /// Writes everything that was queued, to each client at once.
    pub(super) fn flush(&mut self) {
        while let Some(seat) = self.unflushed.pop_front() {
            let Some(link) = self.get(seat) else { continue };
            if catch_unwind(AssertUnwindSafe(|| link.flush())).is_err() {
                // A panic of one link must not keep the others waiting.
                link.abort();
            }
        }
        self.tally.flushed();
    }

    /// Those with the longest queues, until the rest fits into the share.
    pub(super) fn slowest(&self, share: usize) -> Vec<SeatId> {
        let seats = self.by_index.iter().zip(0_u32..);
        let queues = seats.filter_map(|(place, index)| {
            let (generation, link) = place.as_ref()?;
            Some((link.queued_bytes(), SeatId { index, generation: *generation }))
        });
        let mut queues: Vec<(usize, SeatId)> = queues.filter(|(bytes, _)| *bytes > 0).collect();
        queues.sort_unstable_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        let mut left: usize = queues.iter().map(|(bytes, _)| bytes).sum();
        let too_much = queues.into_iter().take_while(|(bytes, _)| {
            let goes = left > share;
            left -= bytes;
            goes
        });
        too_much.map(|(_, seat)| seat).collect()
    }

    pub(super) fn close_all(&self) {
        for (_, link) in self.by_index.iter().flatten() {
            link.close(&Disconnect::FORCE_RECONNECT);
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.by_index.clear();
    }
}

impl ShardCell {
    pub(super) fn perform(self: &Arc<Self>, links: &mut Links, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::Send(seat, outgoing) => {
                let Some(link) = links.get(seat) else { return };
                let frame = encode(link, &outgoing);
                links.tally.sent(link, &outgoing, || self.services.now());
                if let Some(disconnect) = links.queue(seat, frame) {
                    part_early(links, seat, disconnect, inputs);
                }
            }
            Effect::Deliver(batch, seats) => {
                if deliver(links, &batch, &seats, inputs).is_err() {
                    self.fail();
                }
            }
            Effect::Close(seat, disconnect) => part(links, seat, &disconnect),
            Effect::Pause(seat) => set_paused(links, seat, true),
            Effect::Resume(seat) => set_paused(links, seat, false),
            Effect::Run(seat, job, work) => {
                let services = Arc::clone(&self.services);
                let done = move |outcome| Input::Session(seat, session::Input::Done { job, outcome });
                let work = async move { services.app.perform(&services.realm.tenant, work).await };
                self.begin(work, Outcome::Overdue, done, inputs);
            }
            Effect::Read { address, feed, read, query, keep } => {
                let (services, place) = (Arc::clone(&self.services), Arc::clone(&address));
                let overdue = Err(BrokerError::Unavailable("overdue".into()));
                let done = move |result| Input::Read { address, feed, read, result };
                let work = async move { services.app.read(&place, query, keep).await };
                self.begin(work, overdue, done, inputs);
            }
            Effect::Want { address, feed } => {
                self.services.hub().handle(hub::Input::Want { address, shard: self.index, feed });
            }
            Effect::Release { address, feed } => {
                self.services.hub().handle(hub::Input::Release { address, shard: self.index, feed });
            }
            Effect::Came(seat, user) => {
                let counted = session::Input::Counted(self.services.app.census.came(user));
                inputs.push_back(Input::Session(seat, counted));
            }
            Effect::Went(user) => self.services.app.census.went(&user),
        }
    }

    /// Polls the work once on this thread, where all that needs no waiting is done already; the rest goes on in the
    /// services runtime, within its deadline, and comes back through the inbox. A panic is as good as a late answer.
    fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = T> + Send + 'static,
        overdue: T,
        done: impl FnOnce(T) -> Input + Send + 'static,
        inputs: &mut VecDeque<Input>,
    ) {
        let mut work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
        let entered = self.services.runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut context))) {
            Ok(Poll::Ready(result)) => return inputs.push_back(done(result)),
            Ok(Poll::Pending) => drop(entered),
            Err(_panic) => return inputs.push_back(done(overdue)),
        }
        let cell = Arc::clone(self);
        self.services.runtime.spawn(async move {
            let work = tokio::time::timeout(JOB_DEADLINE, AssertUnwindSafe(work).catch_unwind());
            let result = match work.await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) | Err(_) => overdue,
            };
            cell.control(Control::Input(done(result)));
        });
    }
}

fn part(links: &mut Links, seat: SeatId, disconnect: &Disconnect) {
    if let Some(link) = links.take(seat) {
        metrics::counter!(names::CLOSED, "code" => names::close_code(disconnect.code)).increment(1);
        link.close(disconnect);
    }
}

fn set_paused(links: &Links, seat: SeatId, paused: bool) {
    if let Some(link) = links.get(seat) {
        link.set_paused(paused);
    }
}

/// Something panicked while events were queued for a client.
struct Panicked;

/// Queues the same events for many clients. A client for whom that panics is parted with; the others get them.
fn deliver(
    links: &mut Links,
    batch: &Batch,
    seats: &[SeatId],
    inputs: &mut VecDeque<Input>,
) -> Result<(), Panicked> {
    let mut result = Ok(());
    links.tally.handed_out(batch, seats.len());
    for seat in seats {
        let Some(dialect) = links.get(*seat).map(|link| link.dialect) else { continue };
        let queued = catch_unwind(AssertUnwindSafe(|| links.queue(*seat, encode_batch(dialect, batch))));
        let parted = queued.unwrap_or_else(|_panic| {
            result = Err(Panicked);
            Some(Disconnect::INTERNAL)
        });
        if let Some(disconnect) = parted {
            part_early(links, *seat, disconnect, inputs);
        }
    }
    result
}

/// At once, before the session knows: what follows in this batch builds on what could not be sent.
fn part_early(links: &mut Links, seat: SeatId, disconnect: Disconnect, inputs: &mut VecDeque<Input>) {
    part(links, seat, &disconnect);
    inputs.push_back(Input::Session(seat, session::Input::Close(disconnect)));
}
