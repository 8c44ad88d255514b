//! What applications want done with connections, and whether nodes do it.

use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, ChannelName};
use ports::ids::{Caller, ClientId, TenantId, Who};
use ports::orders::Order;
use ports::protocol::Recovery;
use wigwag_core::connections::{Connections, Ending, Life, Whose, Wish};
use wigwag_core::shard::Input;

use super::perform::JOB_PATIENCE_MS;
use super::{Phase, World};
use crate::sim::agenda::{Answer, Errand, What};
use crate::sim::house;
use crate::sim::node::Stage;
use crate::sim::weather::Flaw;
use crate::sim::words;

/// What an application asks of a node.
enum Demand {
    Subscribe(Wish),
    Unsubscribe(String),
    Disconnect(Ending),
    Refresh(Life),
}

impl Demand {
    async fn make(self, connections: &Connections, caller: &Caller, whose: &Whose) {
        // A failed one is the application's to try again.
        let _ = match self {
            Self::Subscribe(wish) => connections.subscribe(caller, whose, wish).await,
            Self::Unsubscribe(channel) => connections.unsubscribe(caller, whose, &channel).await,
            Self::Disconnect(ending) => connections.disconnect(caller, whose, ending).await,
            Self::Refresh(life) => connections.refresh(caller, whose, life, None).await,
        };
    }
}

impl World {
    /// The application of some tenant wants something of some user; in error also of another tenant's.
    pub(super) fn whim(&mut self) {
        if self.phase != Phase::Chaos {
            return;
        }
        let next = self.rng.within(200, 2_500);
        self.cluster().later(next, None, What::Whim);
        let index = self.rng.index(self.clients.len());
        let Some(client) = self.clients.get(index) else { return };
        let (mut tenant, user) = (client.tenant.clone(), client.user.clone());
        if self.rng.happens(100) {
            return drop(self.post(&tenant, &house::personal_channel(&user), false));
        }
        let id = client_id(client.id).filter(|_| self.rng.happens(300));
        if self.rng.happens(50) {
            tenant = self.rng.pick(&self.tenants).cloned().unwrap_or(tenant);
        }
        let demand = self.demand(&tenant);
        self.order(tenant, Whose { user, client: id, session: None }, demand);
    }

    fn demand(&mut self, tenant: &TenantId) -> Demand {
        let channel = self.rng.pick(&house::CHANNELS).copied().unwrap_or(house::ORDERED).to_owned();
        match self.rng.below(100) {
            // State that comes by order follows as an event, which the court takes for a leap.
            0..40 if channel == house::CURRENT => Demand::Unsubscribe(channel),
            0..40 => {
                let recover = self.some_place(tenant, &channel);
                Demand::Subscribe(Wish { channel, recover, ..Wish::default() })
            }
            40..65 => Demand::Unsubscribe(if self.rng.happens(200) { String::new() } else { channel }),
            65..80 => {
                let code = self.rng.pick(&[0, 3011, 3503, 4000, 4500]).copied();
                let spare = self.rng.index(self.clients.len());
                let spare = self.clients.get(spare).and_then(|client| client_id(client.id));
                Demand::Disconnect(Ending { code, reason: None, spare: spare.into_iter().collect() })
            }
            kind => {
                let ahead = Duration::from_millis(self.rng.within(200, 6_000));
                let at = self.timestamp().plus(ahead);
                Demand::Refresh(match kind {
                    80..85 => Life::Over,
                    85..90 => Life::Until(None),
                    _ => Life::Until(Some(at)),
                })
            }
        }
    }

    /// A place in a stream that an application may remember.
    fn some_place(&mut self, tenant: &TenantId, channel: &str) -> Option<Recovery> {
        let back = self.rng.below(8);
        if self.rng.happens(500) {
            return None;
        }
        let name = ChannelName::parse(channel).ok()?;
        let top = self.cluster().streams.top(&Arc::new(Address::public(tenant.clone(), name)))?;
        Some(Recovery { offset: top.offset.saturating_sub(back), epoch: top.epoch })
    }

    fn order(&mut self, tenant: TenantId, whose: Whose, demand: Demand) {
        let Some(node) = self.nodes.iter().position(|node| node.stage == Stage::Up) else { return };
        let Some(connections) = self.nodes.get(node).map(|node| node.connections.clone()) else { return };
        let caller = Caller { tenant, who: Who::Backend };
        let work = async move {
            demand.make(&connections, &caller, &whose).await;
            Answer::Posted
        };
        self.start(node, Errand::Post, JOB_PATIENCE_MS, work);
    }

    /// Subscribes everybody to a channel that nobody asks for.
    pub(super) fn order_all(&mut self) {
        for index in 0..self.clients.len() {
            let Some(client) = self.clients.get(index) else { continue };
            let (tenant, user) = (client.tenant.clone(), client.user.clone());
            let wish = Wish { channel: house::ORDERED.to_owned(), ..Wish::default() };
            self.order(tenant, Whose { user, ..Whose::default() }, Demand::Subscribe(wish));
        }
    }

    /// An order comes to a node and goes to every shard.
    pub(super) fn order_came(&mut self, node: usize, order: &Arc<Order>) {
        if self.cluster().flaw == Flaw::LostOrders && self.rng.happens(300) {
            return;
        }
        if self.cluster().flaw == Flaw::HoardedOrders && self.rng.happens(100) {
            self.cluster().hoard.push(Arc::clone(order));
        }
        let now = self.cluster().now;
        let Some(entry) = self.nodes.get_mut(node) else { return };
        let owner = Some(entry.owner);
        let mut planned = Vec::new();
        for (shard, slot) in entry.slots.iter_mut().enumerate() {
            let delay = if self.rng.happens(50) { self.rng.below(1_000) } else { self.rng.below(10) };
            slot.orders_until = slot.orders_until.max(now + delay);
            planned.push((slot.orders_until, What::Obey { shard, order: Arc::clone(order) }));
        }
        let mut cluster = self.cluster();
        for (at, what) in planned {
            cluster.agenda.at(at, owner, what);
        }
    }

    /// An order reaches a shard: the connections that it means and closes are closed at once, and no others.
    pub(super) fn obey(&mut self, node: usize, shard: usize, order: &Arc<Order>) {
        let now = self.timestamp();
        let Some(slot) = self.nodes.get(node).and_then(|node| node.slots.get(shard)) else { return };
        let is_at_home = slot.tenant == order.tenant;
        let conns: Vec<usize> = slot.seats.values().copied().collect();
        let mut meant = Vec::new();
        let cluster = self.shared.lock();
        for conn in conns {
            let Some(socket) = self.sockets.get_mut(conn).filter(|socket| !socket.is_closed) else {
                continue;
            };
            if is_at_home && socket.ledger.is_meant_by(&order.target) {
                socket.ledger.ordered(now, order, &cluster.streams);
                meant.push(conn);
            }
        }
        let is_deaf = cluster.flaw == Flaw::DeafShards;
        drop(cluster);
        if !meant.is_empty() {
            self.note(format_args!("n{node}.{shard} is ordered {} of {meant:?}", words::order(order)));
        }
        if !(is_deaf && self.rng.happens(300)) {
            self.hand_out_all(node, shard);
            self.drive(node, shard, Input::Order(Arc::clone(order)));
        }
        for conn in meant {
            let Some(socket) = self.sockets.get(conn).filter(|socket| !socket.is_closed) else { continue };
            if socket.ledger.is_doomed() {
                self.complain(format!("s{conn} is not closed as ordered"));
            } else if socket.ledger.owes_refresh() {
                self.complain(format!("s{conn} is not told of its new expiry"));
            }
        }
    }
}

fn client_id(id: Option<ClientId>) -> Option<String> {
    id.map(|id| id.to_string())
}
