//! What all nodes of a world share: its time, its chance, its broker and presence, and the record of what went wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Arguments;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use ports::channels::{Address, ClientInfo};
use ports::ids::{ClientId, NodeId, TenantId, UserId};
use ports::orders::Order;
use ports::time::Timestamp;

use super::agenda::{Agenda, Owner, What};
use super::broker::Streams;
use super::trace::Trace;
use super::weather::{Flaw, Weather};
use crate::rng::Rng;

/// The lock is never contended, as there is one thread; it is there because ports must be shareable.
pub(super) type Shared = Arc<Mutex<Cluster>>;

pub(super) struct Cluster {
    pub(super) now: u64,
    pub(super) rng: Rng,
    pub(super) agenda: Agenda,
    pub(super) trace: Trace,
    pub(super) weather: Weather,
    pub(super) flaw: Flaw,
    /// The broker answers nobody before this.
    pub(super) broker_down_until: u64,
    pub(super) streams: Streams,
    pub(super) present: BTreeMap<(Arc<Address>, ClientId), (NodeId, Arc<ClientInfo>)>,
    /// All nodes that live.
    pub(super) lives: BTreeSet<Owner>,
    /// Every order that the broker ever took.
    pub(super) orders: Vec<Weak<Order>>,
    /// Users whose newest connection could not tell the others that it had come.
    pub(super) disputed: BTreeMap<(TenantId, UserId), (Timestamp, ClientId)>,
    /// Orders that are never let go.
    pub(super) hoard: Vec<Arc<Order>>,
    /// Which nodes an address's events are sent to.
    pub(super) attached: BTreeMap<Arc<Address>, BTreeSet<Owner>>,
    /// Addresses of which a detach went wrong, so that a node may still be attached in the end.
    pub(super) detach_failed: BTreeSet<Arc<Address>>,
    /// Connections of which some call went wrong, so that a leave may be told twice or without a join.
    pub(super) tainted: BTreeSet<ClientId>,
    /// Joins and leaves as the broker saw them.
    pub(super) notices: BTreeMap<(Arc<Address>, ClientId), Vec<Notice>>,
    /// When the last event of an address reached, or will reach, a node.
    wire_busy_until: BTreeMap<(Owner, Arc<Address>), u64>,
    /// The same of orders.
    order_busy_until: BTreeMap<Owner, u64>,
    /// When the last call of a node reached, or will reach, the other side.
    link_busy_until: BTreeMap<Owner, u64>,
    pub(super) polling: Option<(u64, Owner)>,
    pub(super) findings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Join,
    Leave,
}

/// A time that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// How one call to a port fares.
pub(super) struct Voyage {
    pub(super) arrives_at: u64,
    pub(super) answer_takes: u64,
    pub(super) fails_before: bool,
    pub(super) fails_after: bool,
}

impl Voyage {
    pub(super) fn is_smooth(&self) -> bool {
        !self.fails_before && !self.fails_after && self.arrives_at != NEVER && self.answer_takes != NEVER
    }
}

impl Cluster {
    pub(super) fn new(rng: Rng, flaw: Flaw, trace: Trace) -> Self {
        Self {
            now: 1_000,
            rng,
            agenda: Agenda::default(),
            trace,
            weather: Weather::calm(),
            flaw,
            broker_down_until: 0,
            streams: Streams::default(),
            present: BTreeMap::new(),
            lives: BTreeSet::new(),
            orders: Vec::new(),
            disputed: BTreeMap::new(),
            hoard: Vec::new(),
            attached: BTreeMap::new(),
            detach_failed: BTreeSet::new(),
            tainted: BTreeSet::new(),
            notices: BTreeMap::new(),
            wire_busy_until: BTreeMap::new(),
            order_busy_until: BTreeMap::new(),
            link_busy_until: BTreeMap::new(),
            polling: None,
            findings: Vec::new(),
        }
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(super) fn note(&mut self, what: Arguments<'_>) {
        self.trace.note(self.now, what);
    }

    pub(super) fn complain(&mut self, finding: String) {
        self.note(format_args!("!! {finding}"));
        self.findings.push(finding);
    }

    pub(super) fn later(&mut self, delay: u64, owner: Option<Owner>, what: What) {
        let at = self.now.saturating_add(delay);
        self.agenda.at(at, owner, what);
    }

    /// Draws the fate of a call. Calls of one node arrive in the order in which they were made.
    pub(super) fn voyage(&mut self, node: Owner) -> Voyage {
        let Weather { call_failed, answer_failed, call_hangs, call_slow, .. } = self.weather;
        let is_down = self.now < self.broker_down_until;
        let busy_until = self.link_busy_until.get(&node).copied().unwrap_or(0);
        let arrives_at = busy_until.max(self.now + self.short_delay());
        self.link_busy_until.insert(node, arrives_at);
        let hangs = self.rng.happens(call_hangs) || (is_down && self.rng.happens(300));
        let hangs_before = hangs && self.rng.happens(500);
        let answer_takes =
            if self.rng.happens(call_slow) { self.rng.within(500, 6_000) } else { self.short_delay() };
        Voyage {
            arrives_at: if hangs && (hangs_before || is_down) { NEVER } else { arrives_at },
            answer_takes: if hangs { NEVER } else { answer_takes },
            fails_before: is_down || self.rng.happens(call_failed),
            fails_after: self.rng.happens(answer_failed),
        }
    }

    /// Often nothing at all.
    fn short_delay(&mut self) -> u64 {
        if self.rng.happens(400) { 0 } else { self.rng.below(40) }
    }

    /// When an event sent to a node's wire arrives; never before the one sent there before it.
    pub(super) fn wire_arrival(&mut self, node: Owner, address: &Arc<Address>) -> u64 {
        let slow = self.rng.happens(self.weather.wire_slow);
        let delay = if slow { self.rng.within(500, 3_500) } else { self.rng.below(60) };
        if self.flaw == Flaw::ReorderingWire {
            return self.now + delay;
        }
        let busy_until = self.wire_busy_until.entry((node, Arc::clone(address))).or_insert(0);
        *busy_until = (*busy_until).max(self.now + delay);
        *busy_until
    }

    /// When an order sent to a node arrives; none is ever lost on the way.
    pub(super) fn order_arrival(&mut self, node: Owner) -> u64 {
        let slow = self.rng.happens(self.weather.wire_slow);
        let delay = if slow { self.rng.within(500, 3_500) } else { self.rng.below(60) };
        let busy_until = self.order_busy_until.entry(node).or_insert(0);
        *busy_until = (*busy_until).max(self.now + delay);
        *busy_until
    }

    /// A node is gone, and with it what the broker knew of it.
    pub(super) fn forget_node(&mut self, node: Owner) {
        for nodes in self.attached.values_mut() {
            nodes.remove(&node);
        }
        self.attached.retain(|_, nodes| !nodes.is_empty());
        self.wire_busy_until.retain(|(of, _), _| *of != node);
        self.link_busy_until.remove(&node);
        self.order_busy_until.remove(&node);
        self.lives.remove(&node);
    }

    pub(super) fn reap(&mut self, node: NodeId) {
        self.present.retain(|_, (of, _)| *of != node);
    }
}

/// Ready once the world's time has come so far.
pub(super) struct Sleep {
    pub(super) shared: Shared,
    pub(super) until: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        let mut cluster = self.shared.lock();
        if cluster.now >= self.until {
            return Poll::Ready(());
        }
        if let Some((task, owner)) = cluster.polling
            && self.until != NEVER
        {
            cluster.agenda.at(self.until, Some(owner), What::Poll { task });
        }
        Poll::Pending
    }
}
