//! What shards and hubs want, done the way the server's shell does it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ports::channels::{BrokerError, Published};
use ports::ids::ClientId;
use wigwag_core::channels::{Batch, hub};
use wigwag_core::session::{self, Job, Outcome};
use wigwag_core::shard::{self, Outgoing, SeatId};

use super::{Phase, World};
use crate::sim::agenda::{Answer, Errand, Owner, What};
use crate::sim::weather::Flaw;
use crate::sim::words;

/// Something under way at a port.
pub(super) struct Task {
    pub(super) owner: Owner,
    errand: Errand,
    began_at: u64,
    future: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

impl Task {
    /// On whose behalf, if it is a connection's.
    pub(super) fn client(&self) -> Option<ClientId> {
        match &self.errand {
            Errand::Job { client, .. } => Some(*client),
            Errand::Read { .. } | Errand::Attach { .. } | Errand::Detach { .. } | Errand::Post => None,
        }
    }
}

pub(super) const JOB_PATIENCE_MS: u64 = 3_500;
const LINK_PATIENCE_MS: u64 = 3_000;

impl World {
    /// Performs one effect; what comes of it at once is returned.
    pub(super) fn perform(&mut self, node: usize, slot: usize, effect: shard::Effect) -> Vec<shard::Input> {
        if let shard::Effect::Deliver(batch, seats) = &effect {
            return self.deliver(node, slot, batch, seats);
        }
        self.perform_for_one(node, slot, effect).into_iter().collect()
    }

    fn deliver(&mut self, node: usize, slot: usize, batch: &Batch, seats: &[SeatId]) -> Vec<shard::Input> {
        let mut inputs = Vec::new();
        for seat in seats {
            for (published, form) in batch.events() {
                let said = Outgoing::Event(Arc::clone(published), form.clone());
                inputs.extend(self.send(node, slot, *seat, said));
            }
        }
        inputs
    }

    fn perform_for_one(&mut self, node: usize, slot: usize, effect: shard::Effect) -> Option<shard::Input> {
        match effect {
            shard::Effect::Deliver(..) => {}
            shard::Effect::Send(seat, outgoing) => return self.send(node, slot, seat, outgoing),
            shard::Effect::Close(seat, disconnect) => self.close(node, slot, seat, disconnect),
            shard::Effect::Pause(seat) => self.pause(node, slot, seat),
            shard::Effect::Resume(seat) => self.resume(node, slot, seat),
            shard::Effect::Run(seat, job, work) => self.run_job(node, slot, seat, job, work),
            shard::Effect::Read { address, feed, read, query, keep } => {
                let errand = Errand::Read { shard: slot, address: Arc::clone(&address), feed, read };
                if let Some(app) = self.app(node) {
                    let work = async move { Answer::Read(app.read(&address, query, keep).await) };
                    self.start(node, errand, JOB_PATIENCE_MS, work);
                }
            }
            shard::Effect::Want { address, feed } => {
                let shard = u16::try_from(slot).unwrap_or(u16::MAX);
                self.drive_hub(node, hub::Input::Want { address, shard, feed });
            }
            shard::Effect::Release { address, feed } => {
                let shard = u16::try_from(slot).unwrap_or(u16::MAX);
                self.drive_hub(node, hub::Input::Release { address, shard, feed });
            }
            shard::Effect::Came(seat, user) => {
                self.count(node, 1);
                let now = self.timestamp();
                let conn = self.conn_at(node, slot, seat);
                if let Some(socket) = conn.and_then(|conn| self.sockets.get_mut(conn)) {
                    socket.ledger.came(now, &user);
                }
                let count = self.app(node).map_or(1, |app| app.census.came(user));
                return Some(shard::Input::Session(seat, session::Input::Counted(count)));
            }
            shard::Effect::Went(user) => {
                self.count(node, -1);
                if let Some(app) = self.app(node) {
                    app.census.went(&user);
                }
            }
        }
        None
    }

    fn count(&mut self, node: usize, by: i64) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.census += by;
        }
    }

    fn app(&self, node: usize) -> Option<Arc<wigwag_core::App>> {
        self.nodes.get(node).map(|node| Arc::clone(&node.app))
    }

    fn run_job(&mut self, node: usize, slot: usize, seat: SeatId, job: u32, work: Job) {
        let Some(conn) = self.conn_at(node, slot, seat) else { return };
        let Some(client) = self.sockets.get(conn).map(|socket| socket.id) else { return };
        let departs = matches!(work, Job::Depart(_));
        if departs {
            self.note(format_args!("n{node}.{slot} cleans up after s{conn}"));
        }
        let errand = Errand::Job { shard: slot, seat, job, client, departs };
        if departs && self.cluster().flaw == Flaw::ForgottenFarewell {
            let answer = Answer::Job(Outcome::Done(Ok(())));
            let owner = self.nodes.get(node).map(|node| node.owner);
            return self.cluster().later(0, owner, What::Answer { errand, answer });
        }
        let Some(app) = self.app(node) else { return };
        let Some(tenant) = self.tenant_of(node, slot) else { return };
        let work = async move { Answer::Job(app.perform(&tenant, work).await) };
        self.start(node, errand, JOB_PATIENCE_MS, work);
    }

    pub(super) fn start(
        &mut self,
        node: usize,
        errand: Errand,
        patience_ms: u64,
        work: impl Future<Output = Answer> + Send + 'static,
    ) {
        let Some(owner) = self.nodes.get(node).map(|node| node.owner) else { return };
        self.tasks_begun += 1;
        let id = self.tasks_begun;
        let began_at = self.cluster().now;
        self.tasks.insert(id, Task { owner, errand, began_at, future: Box::pin(work) });
        self.poll(id);
        if self.tasks.contains_key(&id) {
            // Whoever watches the time may itself be late.
            let late_ms = if self.phase == Phase::Chaos && self.rng.happens(100) { 2_000 } else { 0 };
            self.cluster().later(
                patience_ms.saturating_add(late_ms),
                Some(owner),
                What::Overdue { task: id },
            );
        }
    }

    pub(super) fn poll(&mut self, id: u64) {
        let Some(mut task) = self.tasks.remove(&id) else { return };
        self.cluster().polling = Some((id, task.owner));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.cluster().polling = None;
        match polled {
            Poll::Pending => drop(self.tasks.insert(id, task)),
            Poll::Ready(answer) => {
                let Task { owner, errand, began_at, .. } = task;
                let mut cluster = self.cluster();
                if let Errand::Job { client, .. } = &errand
                    && cluster.now >= began_at + JOB_PATIENCE_MS
                {
                    cluster.tainted.insert(*client); // its session may have lost patience
                }
                cluster.later(0, Some(owner), What::Answer { errand, answer });
            }
        }
    }

    pub(super) fn overdue(&mut self, id: u64) {
        let Some(Task { owner, errand, .. }) = self.tasks.remove(&id) else { return };
        let overdue = BrokerError::Unavailable("overdue".into());
        let answer = match &errand {
            Errand::Job { client, .. } => {
                self.cluster().tainted.insert(*client);
                Answer::Job(Outcome::Overdue)
            }
            Errand::Read { .. } => Answer::Read(Err(overdue)),
            Errand::Attach { .. } => Answer::Link(Err(overdue)),
            Errand::Detach { address, .. } => {
                self.cluster().detach_failed.insert(Arc::clone(address));
                Answer::Link(Err(overdue))
            }
            Errand::Post => Answer::Posted,
        };
        self.tally.overdue += 1;
        self.note(format_args!("n{} gives up {errand:?}", owner.node));
        self.cluster().later(0, Some(owner), What::Answer { errand, answer });
    }

    pub(super) fn answered(&mut self, node: usize, errand: Errand, answer: Answer) {
        self.note_trouble(node, &errand, &answer);
        match (errand, answer) {
            (Errand::Job { shard, seat, job, client, departs }, Answer::Job(outcome)) => {
                if departs && !matches!(outcome, Outcome::Done(Ok(()))) {
                    *self.failed_farewells.entry(client).or_insert(0) += 1;
                }
                let done = session::Input::Done { job, outcome };
                self.drive(node, shard, shard::Input::Session(seat, done));
            }
            (Errand::Read { shard, address, feed, read }, Answer::Read(result)) => {
                let told = result.as_ref().map(|view| (view.publications.len(), view.top.clone()));
                self.note(format_args!("n{node}.{shard} reads {}: {told:?}", words::address(&address)));
                self.drive(node, shard, shard::Input::Read { address, feed, read, result });
            }
            (Errand::Attach { address, generation }, Answer::Link(result)) => {
                self.drive_hub(node, hub::Input::Attached { address, generation, result });
            }
            (Errand::Detach { address, generation }, Answer::Link(_)) => {
                self.drive_hub(node, hub::Input::Detached { address, generation });
            }
            _ => {}
        }
    }

    fn note_trouble(&self, node: usize, errand: &Errand, answer: &Answer) {
        match answer {
            Answer::Link(Err(_)) | Answer::Job(Outcome::Done(Err(_))) => {
                self.note(format_args!("n{node} is let down in {errand:?}"));
            }
            Answer::Link(Ok(())) | Answer::Job(_) | Answer::Read(_) | Answer::Posted => {}
        }
    }

    pub(super) fn drive_hub(&mut self, node: usize, input: hub::Input) {
        let now = self.timestamp();
        let mut effects = Vec::new();
        let Some(entry) = self.nodes.get_mut(node) else { return };
        let owner = Some(entry.owner);
        entry.hub.handle(now, input, &mut effects);
        for effect in effects {
            match effect {
                hub::Effect::Tell { shard, feed, address, result } => {
                    let delay = self.rng.below(20);
                    let told = What::Tell { shard: usize::from(shard), feed, address, result };
                    self.cluster().later(delay, owner, told);
                }
                hub::Effect::Attach { address, generation } => {
                    let Some(app) = self.app(node) else { return };
                    let errand = Errand::Attach { address: Arc::clone(&address), generation };
                    let work = async move { Answer::Link(app.ports().broker.attach(&address).await) };
                    self.start(node, errand, LINK_PATIENCE_MS, work);
                }
                hub::Effect::Detach { address, generation } => {
                    let Some(app) = self.app(node) else { return };
                    let errand = Errand::Detach { address: Arc::clone(&address), generation };
                    let work = async move { Answer::Link(app.ports().broker.detach(&address).await) };
                    self.start(node, errand, LINK_PATIENCE_MS, work);
                }
            }
        }
    }

    /// An event comes to a node and goes to the queue of every shard that wants it.
    pub(super) fn arrive(&mut self, node: usize, published: &Arc<Published>) {
        let delay = if self.rng.happens(50) { self.rng.below(1_000) } else { self.rng.below(10) };
        let Some(entry) = self.nodes.get_mut(node) else { return };
        let owner = Some(entry.owner);
        let shards: Vec<usize> = entry.hub.route(&published.address).map(usize::from).collect();
        let mut woken = Vec::new();
        for shard in shards {
            if let Some(slot) = entry.slots.get_mut(shard)
                && slot.queue.push(Arc::clone(published))
            {
                woken.push(shard);
            }
        }
        for shard in woken {
            self.cluster().later(delay, owner, What::Flush { shard });
        }
    }

    pub(super) fn flush(&mut self, node: usize, shard: usize) {
        let Some(entry) = self.nodes.get_mut(node) else { return };
        let Some(slot) = entry.slots.get_mut(shard) else { return };
        let (items, behind) = slot.queue.take();
        for published in items {
            self.drive(node, shard, shard::Input::Arrived(published));
        }
        self.hand_out(node, shard);
        for address in behind {
            self.tally.behind += 1;
            self.note(format_args!("n{node}.{shard} is behind on {}", words::address(&address)));
            self.drive(node, shard, shard::Input::Behind(address));
        }
    }

    /// Hands out what has arrived, in small slices; now and then something else comes in between.
    fn hand_out(&mut self, node: usize, shard: usize) {
        while self.has_run(node, shard) {
            if self.rng.happens(250) {
                return; // `drive` has called for another flush
            }
            let members = 1 + usize::try_from(self.rng.below(3)).unwrap_or(0);
            self.drive(node, shard, shard::Input::HandOut(members));
        }
    }

    /// Something may have come to be handed out without a flush.
    pub(super) fn see_to_handing_out(&mut self, node: usize, shard: usize) {
        let Some(entry) = self.nodes.get_mut(node) else { return };
        let owner = Some(entry.owner);
        let Some(slot) = entry.slots.get_mut(shard) else { return };
        if slot.shard.has_run() && slot.queue.call() {
            let delay = self.rng.below(5);
            self.cluster().later(delay, owner, What::Flush { shard });
        }
    }

    /// Hands everything out.
    pub(super) fn hand_out_all(&mut self, node: usize, shard: usize) {
        while self.has_run(node, shard) {
            self.drive(node, shard, shard::Input::HandOut(usize::MAX));
        }
    }

    pub(super) fn has_run(&self, node: usize, shard: usize) -> bool {
        let slot = self.nodes.get(node).and_then(|entry| entry.slots.get(shard));
        slot.is_some_and(|slot| slot.shard.has_run())
    }
}
