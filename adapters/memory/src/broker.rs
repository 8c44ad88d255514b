//! The broker: what a publication does to a channel, and the housekeeping that calls do by the way.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use ports::channels::{
    Address, Broker, BrokerError, Draft, Epoch, Event, HistoryQuery, Publication, Published, Receipt,
    Retention, Sink, StreamView,
};
use ports::orders::Order;
use ports::time::{Entropy, Timestamp};
use ports::trace::TraceContext;

use crate::channels::{Channel, Channels, Filed};
use crate::receipts::Key;
use crate::tenants::{Tenant, Tenants};

/// Streams in this process's memory, and the shortest way from a publisher to the node's sink.
///
/// Locks are taken in the order channel, then map or books, and only one channel's at a time. The sink is called
/// under the lock of the event's own channel and no other.
pub struct MemoryBroker {
    entropy: Arc<dyn Entropy>,
    limits: Limits,
    sink: OnceLock<Arc<dyn Sink>>,
    channels: Channels,
    tenants: Tenants,
}

/// Bounds of what each tenant's streams may occupy. Beyond them the least recently used streams go, and come back
/// with a new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most streams.
    pub streams_max: usize,
    /// Most bytes of all items together, everything around the payloads included by a flat estimate.
    pub bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { streams_max: 100_000, bytes_max: 256 * 1024 * 1024 }
    }
}

impl MemoryBroker {
    /// A broker that remembers nothing yet. Epochs are drawn from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>, limits: Limits) -> Self {
        Self {
            entropy,
            limits,
            sink: OnceLock::new(),
            channels: Channels::default(),
            tenants: Tenants::default(),
        }
    }

    fn publish_once(
        &self,
        tenant: &Tenant,
        channel: &mut Channel,
        address: &Arc<Address>,
        mut draft: Draft,
        now: Timestamp,
    ) -> Receipt {
        let Some(key) = draft.idempotency_key.take() else {
            return self.publish_new(tenant, channel, address, draft, now);
        };
        let key = Key { address: Arc::clone(address), key: key.into() };
        if let Some(first) = tenant.receipts.lock().find(&key, now) {
            return Receipt { position: first.position.clone(), skipped: true };
        }
        let receipt = self.publish_new(tenant, channel, address, draft, now);
        tenant.receipts.lock().remember(key, receipt.clone(), now);
        receipt
    }

    fn publish_new(
        &self,
        tenant: &Tenant,
        channel: &mut Channel,
        address: &Arc<Address>,
        draft: Draft,
        now: Timestamp,
    ) -> Receipt {
        let Draft { data, info, tags, keep, idempotency_key: _, version, delta, trace } = draft;
        let unplaced = Publication { offset: 0, data, info, tags, delta };
        let Some(keep) = keep else {
            let skipped = version.is_some_and(|version| {
                channel
                    .stream
                    .as_ref()
                    .is_some_and(|Filed { stream, .. }| !stream.is_over(now) && stream.holds(&version))
            });
            if !skipped {
                self.deliver(channel, address, Event::Publication(Arc::new(unplaced), None), trace);
            }
            return Receipt { position: None, skipped };
        };

        let filed = channel.touch(keep, now, || self.new_epoch());
        let skipped = version.as_ref().is_some_and(|version| filed.stream.holds(version));
        let appended = (!skipped).then(|| {
            // A payload may be a slice of a whole frame, which must not live as long as the item.
            let unplaced = Publication { data: Bytes::copy_from_slice(&unplaced.data), ..unplaced };
            filed.stream.append(unplaced, version, self.limits.bytes_max)
        });
        let position = filed.stream.top();
        tenant.renew(address, filed);
        if let Some(publication) = appended {
            let event = Event::Publication(publication, Some(position.epoch.clone()));
            self.deliver(channel, address, event, trace);
        }
        Receipt { position: Some(position), skipped }
    }

    fn deliver(
        &self,
        channel: &Channel,
        address: &Arc<Address>,
        event: Event,
        trace: Option<Arc<TraceContext>>,
    ) {
        if channel.attached
            && let Some(sink) = self.sink.get()
        {
            sink.deliver(Arc::new(Published::new(Arc::clone(address), event).traced(trace)));
        }
    }

    fn new_epoch(&self) -> Epoch {
        Epoch::from_random(self.entropy.number())
    }

    /// Brings the tenant back into its bounds, and drops what is too old in one stream that nobody touched.
    fn tidy(&self, tenant: &Tenant, used: &Address, now: Timestamp) {
        while let Some((turn, victim)) = tenant.victim(&self.limits, used) {
            self.channels.with_present(&victim, |channel| {
                if channel.stream.as_ref().is_some_and(|filed| filed.turn == Some(turn)) {
                    channel.stream = None;
                }
            });
            // Whatever became of the channel meanwhile, nobody stands at this turn any more.
            tenant.strike(turn);
        }
        let Some(due) = tenant.look(now) else { return };
        self.channels.with_unused(&due, |channel| {
            let Some(filed) = &mut channel.stream else { return };
            if filed.stream.is_over(now) {
                filed.turn.into_iter().for_each(|turn| tenant.strike(turn));
                channel.stream = None;
            } else {
                filed.stream.trim(now);
                tenant.revise(filed);
            }
        });
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn publish(
        &self,
        address: &Arc<Address>,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Receipt, BrokerError> {
        let tenant = self.tenants.of(&address.tenant);
        let receipt =
            self.channels.with(address, |channel| self.publish_once(&tenant, channel, address, draft, now));
        self.tidy(&tenant, address, now);
        Ok(receipt)
    }

    async fn announce(&self, address: &Arc<Address>, event: Event) -> Result<(), BrokerError> {
        self.channels.with_present(address, |channel| self.deliver(channel, address, event, None));
        Ok(())
    }

    async fn order(&self, order: Arc<Order>) -> Result<(), BrokerError> {
        if let Some(sink) = self.sink.get() {
            sink.obey(order);
        }
        Ok(())
    }

    async fn history(
        &self,
        address: &Arc<Address>,
        query: HistoryQuery,
        keep: Retention,
        now: Timestamp,
    ) -> Result<StreamView, BrokerError> {
        let tenant = self.tenants.of(&address.tenant);
        let view = self.channels.with(address, |channel| {
            let filed = channel.touch(keep, now, || self.new_epoch());
            tenant.renew(address, filed);
            filed.stream.view(query)
        });
        self.tidy(&tenant, address, now);
        Ok(view)
    }

    async fn forget(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.channels.with_present(address, |channel| {
            if let Some(filed) = &mut channel.stream {
                filed.stream.forget();
                self.tenants.of(&address.tenant).revise(filed);
            }
        });
        Ok(())
    }

    async fn attach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.channels.with(address, |channel| channel.attached = true);
        Ok(())
    }

    async fn detach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        self.channels.with_present(address, |channel| channel.attached = false);
        Ok(())
    }

    fn listen(&self, sink: Arc<dyn Sink>) {
        // Only the first sink counts: the port sets it once.
        self.sink.get_or_init(|| sink);
    }
}

#[cfg(test)]
mod tests;
