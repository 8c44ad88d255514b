//! What other threads want of a shard. It outlives the shard's actor, so that nothing in it is lost by a restart.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ports::channels::{Address, Published};
use ports::orders::Order;
use tokio::time::Instant;

use super::crowding::Crowding;
use super::session_shard::Control;

/// Most bytes of publications waiting for one shard; beyond it, channels fall behind and heal from history.
const BYTES_MAX: usize = 8 << 20;
/// Most bytes of one channel among them.
const CHANNEL_BYTES_MAX: usize = 1 << 20;
/// From here on an inbox is crowded, and publishers wait. It is less than one channel may have.
const CROWDED_BYTES: usize = CHANNEL_BYTES_MAX / 2;
/// Most control messages waiting before new connections are refused.
const CONTROLS_MAX: usize = 10_000;

/// Two queues in one: what the broker brings, with publications bounded in bytes, and control messages, bounded in
/// number for newcomers. Whoever queues something for a shard that sleeps is told to wake it.
#[derive(Default)]
pub struct Inbox<L = Mutex<Queue>> {
    queue: L,
    crowding: Arc<Crowding>,
}

/// A lock around something. Which one is left open, so that the hand-over can be checked under all interleavings.
pub trait Lock<T> {
    /// Acts on what is inside.
    fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R;
}

impl<T> Lock<T> for Mutex<T> {
    fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.lock())
    }
}

/// What is inside an [`Inbox`].
#[derive(Default)]
pub struct Queue {
    controls: VecDeque<Control>,
    items: VecDeque<Item>,
    orders: usize,
    bytes: usize,
    crowded: bool,
    /// When the first publication of those that wait came.
    since: Option<Instant>,
    /// Counted only while there is more than one channel may have.
    channel_bytes: Option<HashMap<Arc<Address>, usize>>,
    behind: HashSet<Arc<Address>>,
    /// The shard has been woken and has not looked yet.
    woken: bool,
}

/// Something the broker brought, or what must not overtake that: an order, the end.
#[derive(Debug)]
pub enum Item {
    /// An event of a channel.
    Published(Arc<Published>),
    /// An order; never dropped.
    Order(Arc<Order>),
    /// Close all connections over this time.
    Drain(Duration),
}

/// Whether the shard must be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It sleeps.
    Needed,
    /// It will look anyway.
    Under,
}

impl<L: Lock<Queue> + Default> Inbox<L> {
    /// An empty inbox that says when it is crowded.
    pub fn new(crowding: Arc<Crowding>) -> Self {
        Self { queue: L::default(), crowding }
    }
}

impl<L: Lock<Queue>> Inbox<L> {
    /// Queues a publication. If it does not fit, it is dropped and its channel is behind. Never waits.
    pub fn publish(&self, published: Arc<Published>) -> Wake {
        self.queue.with(|queue| {
            queue.publish(published);
            if queue.bytes >= CROWDED_BYTES && !std::mem::replace(&mut queue.crowded, true) {
                self.crowding.more();
            }
            queue.wake()
        })
    }

    /// Queues an order behind what was published.
    pub fn order(&self, order: Arc<Order>) -> Wake {
        self.queue.with(|queue| {
            queue.orders += 1;
            queue.items.push_back(Item::Order(order));
            queue.wake()
        })
    }

    /// Queues the end behind what was published.
    pub fn drain(&self, over: Duration) -> Wake {
        self.queue.with(|queue| {
            queue.items.push_back(Item::Drain(over));
            queue.wake()
        })
    }

    /// Queues a control message about something the shard already has.
    pub fn control(&self, control: Control) -> Wake {
        self.queue.with(|queue| {
            queue.controls.push_back(control);
            queue.wake()
        })
    }

    /// Whether so much waits that newcomers, and further orders, should go elsewhere.
    pub fn is_full(&self) -> bool {
        self.queue.with(|queue| queue.controls.len() + queue.orders >= CONTROLS_MAX)
    }

    /// Whether the shard has been woken and has not looked yet.
    pub fn is_awaited(&self) -> bool {
        self.queue.with(|queue| queue.woken)
    }

    /// The shard has not finished.
    pub fn look_again(&self) -> Wake {
        self.queue.with(Queue::wake)
    }

    /// Takes all control messages out; whoever queues anything from now on wakes the shard.
    pub fn take_controls(&self) -> VecDeque<Control> {
        self.queue.with(|queue| {
            queue.woken = false;
            std::mem::take(&mut queue.controls)
        })
    }

    /// How many bytes of publications wait.
    pub fn bytes(&self) -> usize {
        self.queue.with(|queue| queue.bytes)
    }

    /// When the first of the publications came that have been taken out; told once.
    pub fn take_since(&self) -> Option<Instant> {
        self.queue.with(|queue| queue.since.take())
    }

    /// Takes out what the broker brought, in order, and the channels of which something was dropped after that.
    pub fn take_items(&self) -> (VecDeque<Item>, HashSet<Arc<Address>>) {
        self.queue.with(|queue| {
            (queue.bytes, queue.orders, queue.channel_bytes) = (0, 0, None);
            if std::mem::take(&mut queue.crowded) {
                self.crowding.less();
            }
            (std::mem::take(&mut queue.items), std::mem::take(&mut queue.behind))
        })
    }
}

impl Queue {
    fn publish(&mut self, published: Arc<Published>) {
        let weight = published.weight();
        let bytes = self.bytes + weight;
        let is_behind = !self.behind.is_empty() && self.behind.contains(&published.address);
        if is_behind || bytes > BYTES_MAX || self.is_too_much(&published, weight) {
            metrics::counter!(crate::telemetry::metrics::DROPPED).increment(1);
            self.behind.insert(Arc::clone(&published.address));
            return;
        }
        self.bytes = bytes;
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
        if let Some(counts) = &mut self.channel_bytes {
            *counts.entry(Arc::clone(&published.address)).or_default() += weight;
        }
        self.items.push_back(Item::Published(published));
    }

    /// Whether a channel would have more than its share. One publication of any weight it may have.
    fn is_too_much(&mut self, published: &Published, weight: usize) -> bool {
        if self.bytes + weight <= CHANNEL_BYTES_MAX {
            return false;
        }
        let items = &self.items;
        let counts = self.channel_bytes.get_or_insert_with(|| count(items));
        let so_far = counts.get(&published.address).copied().unwrap_or(0);
        so_far > 0 && so_far + weight > CHANNEL_BYTES_MAX
    }

    fn wake(&mut self) -> Wake {
        if std::mem::replace(&mut self.woken, true) { Wake::Under } else { Wake::Needed }
    }
}

fn count(items: &VecDeque<Item>) -> HashMap<Arc<Address>, usize> {
    let mut counts = HashMap::new();
    for item in items {
        if let Item::Published(published) = item {
            *counts.entry(Arc::clone(&published.address)).or_default() += published.weight();
        }
    }
    counts
}
