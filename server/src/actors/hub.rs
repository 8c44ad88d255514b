//! The node's interest table: which shard wants which channel. A pure [`Hub`] behind each of a few locks.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use parking_lot::RwLock;
use ports::channels::{Address, Broker, BrokerError, Published, Sink};
use ports::orders::Order;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use wigwag_core::channels::Hub;
use wigwag_core::channels::hub::{Effect, Input};
use wigwag_core::shard;

use super::session_shard::{Adoption, Control, ShardCell};
use crate::node::Services;

/// How many parts the table has, so that channels do not wait for each other's locks.
const PARTS: usize = 16;
/// How long the broker may take to attach or detach.
const BROKER_DEADLINE: Duration = Duration::from_millis(3_000);

/// Routes publications to interested shards and keeps the node attached to their channels.
pub struct HubTable {
    parts: Vec<RwLock<Hub>>,
    shards: Vec<Arc<ShardCell>>,
    services: Weak<Services>,
    hasher: BuildHasherDefault<DefaultHasher>,
}

impl HubTable {
    /// A table for these shards, of which none wants anything yet.
    pub fn new(shards: Vec<Arc<ShardCell>>, services: Weak<Services>) -> Self {
        let parts = (0..PARTS).map(|_| RwLock::default()).collect();
        Self { parts, shards, services, hasher: BuildHasherDefault::default() }
    }

    /// The shards.
    pub fn shards(&self) -> &[Arc<ShardCell>] {
        &self.shards
    }

    /// How many channels somebody on this node wants.
    pub fn channel_count(&self) -> usize {
        self.parts.iter().map(|part| part.read().channel_count()).sum()
    }

    /// Members of every channel that somebody on this node subscribes to.
    pub fn channels(&self) -> BTreeMap<Arc<Address>, usize> {
        let mut channels = BTreeMap::new();
        for shard in &self.shards {
            shard.count_members(&mut channels);
        }
        channels
    }

    /// Whether a shard has so much to do that nothing more should be ordered.
    pub fn is_overloaded(&self) -> bool {
        self.shards.iter().any(|shard| shard.is_overloaded())
    }

    /// Gives a new connection to the shard with the fewest; gives it back if all have too much to do.
    pub fn adopt(&self, adoption: Adoption) -> Result<(), Box<Adoption>> {
        let mut adoption = Box::new(adoption);
        let Some(idlest) = self.shards.iter().min_by_key(|shard| shard.load()) else { return Err(adoption) };
        match idlest.adopt(adoption) {
            Ok(()) => return Ok(()),
            Err(refused) => adoption = refused,
        }
        for shard in &self.shards {
            match shard.adopt(adoption) {
                Ok(()) => return Ok(()),
                Err(refused) => adoption = refused,
            }
        }
        Err(adoption)
    }

    /// Passes an input to the part it concerns and performs what comes of it.
    pub fn handle(&self, input: Input) {
        let part = match &input {
            Input::Want { address, .. }
            | Input::Release { address, .. }
            | Input::Attached { address, .. }
            | Input::Detached { address, .. } => self.part(address),
            Input::Wakeup => None,
        };
        if let Some(part) = part {
            self.handle_in(part, input);
        }
    }

    fn part(&self, address: &Address) -> Option<&RwLock<Hub>> {
        let hash = self.hasher.hash_one(address);
        self.parts.get(usize::try_from(hash % PARTS as u64).unwrap_or(0))
    }

    fn handle_in(&self, part: &RwLock<Hub>, input: Input) {
        let Some(services) = self.services.upgrade() else { return };
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut effects = Vec::new();
            part.write().handle(services.now(), input, &mut effects);
            inputs.extend(effects.into_iter().filter_map(|effect| self.perform(&services, effect)));
        }
    }

    /// What a broker answers at once is returned; the rest comes back later.
    fn perform(&self, services: &Arc<Services>, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Tell { shard, feed, address, result } => {
                let input = shard::Input::Attached { address, feed, result };
                if let Some(cell) = self.shards.get(usize::from(shard)) {
                    cell.control(Control::Input(input));
                }
                None
            }
            Effect::Attach { address, generation } => {
                let place = Arc::clone(&address);
                let attach = move |broker: Arc<dyn Broker>| async move { broker.attach(&place).await };
                let done = move |result| Input::Attached { address, generation, result };
                ask(services, attach, done)
            }
            Effect::Detach { address, generation } => {
                let place = Arc::clone(&address);
                let detach = move |broker: Arc<dyn Broker>| async move { broker.detach(&place).await };
                let done = move |_| Input::Detached { address, generation };
                ask(services, detach, done)
            }
        }
    }

    fn tick(&self) {
        let Some(services) = self.services.upgrade() else { return };
        for part in &self.parts {
            if part.read().wakeup().is_some_and(|at| at <= services.now()) {
                self.handle_in(part, Input::Wakeup);
            }
        }
    }
}

/// Asks the broker; an answer that needs no waiting is returned, any other goes to the table when it comes. A panic is
/// as good as a late answer.
fn ask<F>(
    services: &Arc<Services>,
    question: impl FnOnce(Arc<dyn Broker>) -> F,
    done: impl FnOnce(Result<(), BrokerError>) -> Input + Send + 'static,
) -> Option<Input>
where
    F: Future<Output = Result<(), BrokerError>> + Send + 'static,
{
    let entered = services.runtime.enter();
    let mut answer = Box::pin(question(Arc::clone(&services.app.ports().broker)));
    let overdue = Err(BrokerError::Unavailable("overdue".into()));
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(&mut context))) {
        Ok(Poll::Ready(result)) => return Some(done(result)),
        Ok(Poll::Pending) => drop(entered),
        Err(_panic) => return Some(done(overdue)),
    }
    let asker = Arc::clone(services);
    services.runtime.spawn(async move {
        let answer = tokio::time::timeout(BROKER_DEADLINE, AssertUnwindSafe(answer).catch_unwind());
        let result = match answer.await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => overdue,
        };
        asker.hub().handle(done(result));
    });
    None
}

impl Sink for HubTable {
    fn deliver(&self, published: Arc<Published>) {
        let Some(part) = self.part(&published.address) else { return };
        for shard in part.read().route(&published.address) {
            if let Some(cell) = self.shards.get(usize::from(shard)) {
                cell.publish(Arc::clone(&published));
            }
        }
    }

    fn obey(&self, order: Arc<Order>) {
        for cell in &self.shards {
            cell.order(Arc::clone(&order));
        }
    }
}

/// Gives the table its sense of time.
pub struct HubActor;

impl Actor for HubActor {
    type Msg = ();
    type State = Arc<HubTable>;
    type Arguments = Arc<HubTable>;

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        table: Arc<HubTable>,
    ) -> Result<Arc<HubTable>, ActorProcessingErr> {
        myself.send_interval(wigwag_core::wheel::TICK, || ());
        Ok(table)
    }

    async fn handle(
        &self,
        _myself: ActorRef<()>,
        _tick: (),
        table: &mut Arc<HubTable>,
    ) -> Result<(), ActorProcessingErr> {
        table.tick();
        Ok(())
    }
}
