//! A node: real hub, real shards, real services, and the queues between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ports::channels::{Address, Published};
use ports::ids::{NodeId, TenantId};
use ports::time::Timestamp;
use wigwag_core::channels::Hub;
use wigwag_core::connections::Connections;
use wigwag_core::session::Realm;
use wigwag_core::shard::{SeatId, Shard};
use wigwag_core::{App, Ports, Settings};

use super::agenda::{Event, Owner};
use super::cluster::Shared;
use super::wires::Wires;

/// One life of a node.
pub(super) struct Node {
    pub(super) owner: Owner,
    pub(super) id: NodeId,
    pub(super) app: Arc<App>,
    pub(super) connections: Connections,
    pub(super) hub: Hub,
    pub(super) slots: Vec<Slot>,
    pub(super) stage: Stage,
    /// What waits for the end of a standstill.
    pub(super) deferred: VecDeque<Event>,
    pub(super) ticked_at: Timestamp,
    /// Established connections, by the shards' own count.
    pub(super) census: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Up,
    Draining,
    /// The whole process stands still.
    Frozen,
    Down,
}

/// One shard with what its shell keeps for it.
pub(super) struct Slot {
    pub(super) tenant: TenantId,
    pub(super) shard: Shard,
    pub(super) queue: Queue,
    /// Which connection sits where.
    pub(super) seats: BTreeMap<SeatId, usize>,
    /// When the last order reached it, or will.
    pub(super) orders_until: u64,
}

impl Node {
    /// Starts a node with a shard for each of the realms.
    pub(super) fn start(
        shared: &Shared,
        owner: Owner,
        id: NodeId,
        settings: &Arc<Settings>,
        realms: &[Arc<Realm>],
        now: Timestamp,
    ) -> Self {
        let wires = Arc::new(Wires { shared: Arc::clone(shared), owner });
        let (broker, clock) = (Arc::clone(&wires), Arc::clone(&wires));
        let ports = Ports {
            broker: Arc::<Wires>::clone(&wires),
            presence: Arc::<Wires>::clone(&wires),
            tokens: Arc::<Wires>::clone(&wires),
            clock: wires,
        };
        let slot = |realm: &Arc<Realm>| {
            let shard = Shard::new(Arc::clone(realm), now);
            let (queue, seats) = (Queue::default(), BTreeMap::new());
            Slot { tenant: realm.tenant.clone(), shard, queue, seats, orders_until: 0 }
        };
        let app = App::new(ports, id, Arc::clone(settings));
        let connections = Connections::new(app.channels.clone(), broker, clock);
        Self {
            owner,
            id,
            app: Arc::new(app),
            connections,
            hub: Hub::default(),
            slots: realms.iter().map(slot).collect(),
            stage: Stage::Up,
            deferred: VecDeque::new(),
            ticked_at: now,
            census: 0,
        }
    }

    /// Whether this is the node's present life.
    pub(super) fn lives(&self, owner: Owner) -> bool {
        self.owner == owner && self.stage != Stage::Down
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.stage == Stage::Frozen
    }

    pub(super) fn session_count(&self) -> usize {
        self.slots.iter().map(|slot| slot.shard.session_count()).sum()
    }

    pub(super) fn feed_count(&self) -> usize {
        self.slots.iter().map(|slot| slot.shard.feed_count()).sum()
    }
}

/// Events on their way into a shard, bounded per channel.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Arc<Published>>,
    waiting: BTreeMap<Arc<Address>, usize>,
    behind: BTreeSet<Arc<Address>>,
    is_awaited: bool,
}

/// Most events of one channel that wait for a shard; small, so that worlds overflow it.
const CHANNEL_EVENTS_MAX: usize = 6;

impl Queue {
    /// Takes an event, or drops it and marks its channel. True if nobody has been told yet to come and look.
    pub(super) fn push(&mut self, published: Arc<Published>) -> bool {
        let waiting = self.waiting.entry(Arc::clone(&published.address)).or_insert(0);
        if *waiting >= CHANNEL_EVENTS_MAX {
            self.behind.insert(Arc::clone(&published.address));
        }
        if !self.behind.contains(&published.address) {
            *waiting += 1;
            self.items.push_back(published);
        }
        self.call()
    }

    /// Calls for a flush; true if nobody has been told yet to come and look.
    pub(super) fn call(&mut self) -> bool {
        !std::mem::replace(&mut self.is_awaited, true)
    }

    /// Everything that waits, and the channels of which something was dropped after it.
    pub(super) fn take(&mut self) -> (VecDeque<Arc<Published>>, BTreeSet<Arc<Address>>) {
        let queue = std::mem::take(self);
        (queue.items, queue.behind)
    }
}
