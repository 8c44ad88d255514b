//! What other threads want of a shard. It outlives the shard's actor, so that nothing in it is lost by a restart.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use ports::channels::{Address, Published};
use ports::orders::Order;

use super::session_shard::Control;

/// Most bytes of publications waiting for one shard; beyond it, channels fall behind and heal from history.
const BYTES_MAX: usize = 8 << 20;
/// Most bytes of one channel among them.
const CHANNEL_BYTES_MAX: usize = 1 << 20;
/// Most control messages waiting before new connections are refused.
const CONTROLS_MAX: usize = 10_000;

/// Two queues in one: what the broker brings, with publications bounded in bytes, and control messages, bounded in
/// number for newcomers.
#[derive(Default)]
pub struct Inbox {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    controls: VecDeque<Control>,
    items: VecDeque<Item>,
    orders: usize,
    bytes: usize,
    channel_bytes: HashMap<Arc<Address>, usize>,
    behind: HashSet<Arc<Address>>,
    /// The shard has been woken and has not looked yet.
    woken: bool,
}

/// Something the broker brought. An order does not overtake what was published before it.
#[derive(Debug)]
pub enum Item {
    /// An event of a channel.
    Published(Arc<Published>),
    /// An order; never dropped.
    Order(Arc<Order>),
}

/// Whether the shard must be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It sleeps.
    Needed,
    /// It will look anyway.
    Under,
}

impl Inbox {
    /// Queues a publication. If it does not fit, it is dropped and its channel is behind. Never waits.
    pub fn publish(&self, published: Arc<Published>) -> Wake {
        let mut queue = self.queue.lock();
        if queue.behind.contains(&published.address) {
            metrics::counter!(crate::telemetry::metrics::DROPPED).increment(1);
            return queue.wake();
        }
        let weight = published.weight();
        let bytes = queue.bytes + weight;
        let of_channel = queue.channel_bytes.get(&published.address).copied().unwrap_or(0) + weight;
        let is_first = of_channel == weight;
        if bytes > BYTES_MAX || (of_channel > CHANNEL_BYTES_MAX && !is_first) {
            metrics::counter!(crate::telemetry::metrics::DROPPED).increment(1);
            queue.behind.insert(Arc::clone(&published.address));
            return queue.wake();
        }
        queue.bytes = bytes;
        queue.channel_bytes.insert(Arc::clone(&published.address), of_channel);
        queue.items.push_back(Item::Published(published));
        queue.wake()
    }

    /// Queues an order behind what was published.
    pub fn order(&self, order: Arc<Order>) -> Wake {
        let mut queue = self.queue.lock();
        queue.orders += 1;
        queue.items.push_back(Item::Order(order));
        queue.wake()
    }

    /// Queues a control message about something the shard already has.
    pub fn control(&self, control: Control) -> Wake {
        let mut queue = self.queue.lock();
        queue.controls.push_back(control);
        queue.wake()
    }

    /// Whether so much waits that newcomers, and further orders, should go elsewhere.
    pub fn is_full(&self) -> bool {
        let queue = self.queue.lock();
        queue.controls.len() + queue.orders >= CONTROLS_MAX
    }

    /// The shard has not finished.
    pub fn look_again(&self) -> Wake {
        self.queue.lock().wake()
    }

    /// Takes all control messages out; whoever queues anything from now on wakes the shard.
    pub fn take_controls(&self) -> VecDeque<Control> {
        let mut queue = self.queue.lock();
        queue.woken = false;
        std::mem::take(&mut queue.controls)
    }

    /// Takes out what the broker brought, in order, and the channels of which something was dropped after that.
    pub fn take_items(&self) -> (VecDeque<Item>, HashSet<Arc<Address>>) {
        let mut queue = self.queue.lock();
        (queue.bytes, queue.orders) = (0, 0);
        queue.channel_bytes.clear();
        (std::mem::take(&mut queue.items), std::mem::take(&mut queue.behind))
    }
}

impl Queue {
    fn wake(&mut self) -> Wake {
        if std::mem::replace(&mut self.woken, true) { Wake::Under } else { Wake::Needed }
    }
}
