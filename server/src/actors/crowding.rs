//! Whether shards have more to hand out than they should, and the broker that lets publishers wait until they have not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ports::channels::{
    Address, Broker, BrokerError, Draft, Event, HistoryQuery, Receipt, Retention, Sink, StreamView,
};
use ports::orders::Order;
use ports::time::Timestamp;
use tokio::sync::Notify;
use tokio::time;

use crate::telemetry::witness::Witness;

/// How long a publication waits for room. Less than what its publisher waits for the answer.
const PATIENCE: Duration = Duration::from_millis(3_000);

/// How many inboxes of a node are crowded.
#[derive(Default)]
pub struct Crowding {
    crowded: AtomicUsize,
    relief: Notify,
}

impl Crowding {
    /// An inbox has become crowded.
    pub fn more(&self) {
        self.crowded.fetch_add(1, Ordering::AcqRel);
    }

    /// A crowded inbox has been emptied.
    pub fn less(&self) {
        if self.crowded.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.relief.notify_waiters();
        }
    }

    /// Whether publishers must wait.
    pub fn is_any(&self) -> bool {
        self.crowded.load(Ordering::Acquire) > 0
    }

    /// Returns when no inbox is crowded.
    async fn over(&self) {
        loop {
            // Whoever is relieved after this line is heard of.
            let relief = self.relief.notified();
            if !self.is_any() {
                return;
            }
            relief.await;
        }
    }
}

/// A broker that takes nothing from this node's publishers while the node is behind with handing out: what was taken
/// would have to be dropped.
pub struct Paced {
    broker: Arc<dyn Broker>,
    crowding: Arc<Crowding>,
    witness: Arc<Witness>,
}

impl Paced {
    /// This broker, as fast as the inboxes allow, and watched.
    pub fn new(broker: Arc<dyn Broker>, crowding: Arc<Crowding>, witness: Arc<Witness>) -> Self {
        Self { broker, crowding, witness }
    }
}

#[async_trait]
impl Broker for Paced {
    async fn publish(
        &self,
        address: &Arc<Address>,
        mut draft: Draft,
        now: Timestamp,
    ) -> Result<Receipt, BrokerError> {
        if self.crowding.is_any() && time::timeout(PATIENCE, self.crowding.over()).await.is_err() {
            return Err(BrokerError::Unavailable("the node is behind with deliveries".into()));
        }
        let publishing = self.witness.publishing(&mut draft);
        let result = self.broker.publish(address, draft, now).await;
        self.witness.published(publishing, &result);
        result
    }

    async fn announce(&self, address: &Arc<Address>, event: Event) -> Result<(), BrokerError> {
        self.witness.watch("announce", self.broker.announce(address, event)).await
    }

    async fn order(&self, order: Arc<Order>) -> Result<(), BrokerError> {
        self.witness.watch("order", self.broker.order(order)).await
    }

    async fn history(
        &self,
        address: &Arc<Address>,
        query: HistoryQuery,
        keep: Retention,
        now: Timestamp,
    ) -> Result<StreamView, BrokerError> {
        self.witness.watch("history", self.broker.history(address, query, keep, now)).await
    }

    async fn forget(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.witness.watch("forget", self.broker.forget(address)).await
    }

    async fn attach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.witness.watch("attach", self.broker.attach(address)).await
    }

    async fn detach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.witness.watch("detach", self.broker.detach(address)).await
    }

    fn listen(&self, sink: Arc<dyn Sink>) {
        self.broker.listen(sink);
    }
}
