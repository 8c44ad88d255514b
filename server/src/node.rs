//! A running node: started, ready, drained, stopped.

mod reload;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ports::time::{Clock, Entropy, Timestamp};
use ractor::{ActorRef, ActorStatus};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tracing::info;
use wigwag_core::App;
use wigwag_core::session::Realm;

pub use self::reload::{Parts, ReloadError, Reloaded, Reloader};
use crate::actors::crowding::Crowding;
use crate::actors::hub::HubTable;
use crate::actors::session_shard::ShardCell;
use crate::telemetry::traces::Traces;
use crate::telemetry::witness::Witness;
use crate::transport::link::Pending;
use crate::transport::switchboard::Switchboard;

/// What all parts of a node need.
pub struct Services {
    /// The core.
    pub app: App,
    /// What all sessions share.
    pub realm: Arc<Realm>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where jobs, stores and HTTP run.
    pub runtime: tokio::runtime::Handle,
    /// The connections whose commands come with requests.
    pub switchboard: Arc<Switchboard>,
    /// What is queued for all connections.
    pub pending: Arc<Pending>,
    /// Whether publishers must wait.
    pub crowding: Arc<Crowding>,
    /// Longest message from a client.
    pub frame_bytes_max: usize,
    /// Where spans are recorded.
    pub traces: Arc<Traces>,
    /// How the broker does.
    pub witness: Arc<Witness>,
    /// The time of start.
    pub started_at: Timestamp,
    clock: Arc<dyn Clock>,
    hub: OnceLock<Arc<HubTable>>,
    reloader: OnceLock<Reloader>,
}

/// What bounds the node as a whole.
pub struct Bounds {
    /// What is queued for all connections.
    pub pending: Arc<Pending>,
    /// Whether publishers must wait.
    pub crowding: Arc<Crowding>,
    /// Longest message from a client.
    pub frame_bytes_max: usize,
}

impl Services {
    /// Services whose hub is still to be set.
    pub fn new(
        app: App,
        realm: Arc<Realm>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        runtime: tokio::runtime::Handle,
        bounds: Bounds,
    ) -> Self {
        let started_at = clock.now();
        Self {
            app,
            realm,
            entropy,
            runtime,
            switchboard: Arc::default(),
            pending: bounds.pending,
            crowding: bounds.crowding,
            frame_bytes_max: bounds.frame_bytes_max,
            traces: Arc::default(),
            witness: Arc::default(),
            started_at,
            clock,
            hub: OnceLock::new(),
            reloader: OnceLock::new(),
        }
    }

    /// The same, with what is recorded told elsewhere.
    pub fn watched(mut self, traces: Arc<Traces>, witness: Arc<Witness>) -> Self {
        (self.traces, self.witness) = (traces, witness);
        self
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets the interest table, once, at start.
    pub fn set_hub(&self, hub: Arc<HubTable>) {
        // A second table would be a second node; the first stays.
        let _ = self.hub.set(hub);
    }

    /// The interest table. Empty before the node has started.
    pub fn hub(&self) -> Arc<HubTable> {
        let none = || Arc::new(HubTable::new(Vec::new(), std::sync::Weak::new()));
        self.hub.get().map_or_else(none, Arc::clone)
    }
}

/// Whether the node takes new connections; shared with everything that answers HTTP.
#[derive(Default)]
pub struct Readiness {
    draining: AtomicBool,
}

impl Readiness {
    /// Whether new connections are welcome.
    pub fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Acquire)
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

/// A running node. Dropping it without [`Node::stop`] leaves its threads running until the process ends.
pub struct Node {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its parts need.
    pub services: Arc<Services>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) root: ActorRef<()>,
    pub(crate) threads: Vec<ShardThread>,
    pub(crate) listening: watch::Sender<bool>,
    pub(crate) accepting: JoinHandle<()>,
    pub(crate) drain_time: Duration,
    pub(crate) connections_max: usize,
}

/// A shard's thread, which runs until it is told to end.
pub struct ShardThread {
    /// The shard's state.
    pub cell: Arc<ShardCell>,
    pub(crate) end: watch::Sender<bool>,
    pub(crate) thread: std::thread::JoinHandle<()>,
}

/// Time between two closes while draining, as long as the drain time allows it: a few connections leave at once, many
/// come back spread.
const SPREAD: Duration = Duration::from_millis(10);
/// How long connections may take, beyond the drain time, to answer their close frames.
const LAST_CALL: Duration = Duration::from_secs(6);
const POLL: Duration = Duration::from_millis(20);

impl Node {
    /// Returns when the supervision tree or a shard's thread has failed, which ends the process.
    pub async fn failed(&self) {
        let is_whole = || {
            self.root.get_status() != ActorStatus::Stopped
                && self.threads.iter().all(|shard| !shard.thread.is_finished())
        };
        while is_whole() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Numbers of all shards together.
    pub fn counts(&self) -> Counts {
        counts(&self.services)
    }

    /// Stops in order: not ready, all connections closed with 3001 spread over at most the drain time, then all else.
    pub async fn stop(self) {
        self.readiness.drain();
        let sessions = self.counts().sessions;
        let over = self.drain_time.min(SPREAD * u32::try_from(sessions).unwrap_or(u32::MAX));
        info!(?over, sessions, "draining");
        self.drain(over);
        if tokio::time::timeout(over, self.all_gone()).await.is_err() {
            // Those that came in while the others left, and those that have not answered yet.
            self.threads.iter().for_each(|thread| thread.cell.close_all());
            if tokio::time::timeout(LAST_CALL, self.all_gone()).await.is_err() {
                info!(left = self.counts().sessions, "some connections did not close in time");
            }
        }
        let _ = self.listening.send(false);
        if tokio::time::timeout(LAST_CALL, self.accepting).await.is_err() {
            info!("some requests were not answered in time");
        }
        self.root.stop(None);
        for thread in self.threads {
            let _ = thread.end.send(true);
            let _ = tokio::task::spawn_blocking(move || thread.thread.join()).await;
        }
        self.services.traces.end().await;
        info!("stopped");
    }

    fn drain(&self, over: Duration) {
        for thread in &self.threads {
            thread.cell.drain(over);
        }
    }

    async fn all_gone(&self) {
        while self.connections.available_permits() < self.connections_max {
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Numbers of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open sessions.
    pub sessions: usize,
    /// Their subscriptions.
    pub subscriptions: usize,
    /// Channels with local subscribers.
    pub channels: usize,
}

/// Numbers of all shards of a node together.
pub fn counts(services: &Services) -> Counts {
    let hub = services.hub();
    let shards = hub.shards().iter().map(|shard| shard.counts());
    let none = Counts { channels: hub.channel_count(), ..Counts::default() };
    shards.fold(none, |sum, one| Counts {
        sessions: sum.sessions + one.sessions,
        subscriptions: sum.subscriptions + one.subscriptions,
        ..sum
    })
}
