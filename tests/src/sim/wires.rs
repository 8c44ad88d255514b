//! A node's ports, with a world between the call and its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError, TokenVerifier};
use ports::channels::{
    Address, Broker, BrokerError, ClientInfo, Draft, Event, Headcount, HistoryQuery, Position, Presence,
    PresenceError, Publication, Published, Receipt, Retention, Sink, StreamView,
};
use ports::ids::{ClientId, NodeId, TenantId, UserId};
use ports::orders::{Action, Order};
use ports::time::{Clock, Timestamp};

use super::agenda::{Owner, What};
use super::cluster::{Cluster, Notice, Shared, Sleep};
use super::weather::Flaw;

/// One life of a node, as its ports see the world.
#[derive(Clone)]
pub(super) struct Wires {
    pub(super) shared: Shared,
    pub(super) owner: Owner,
}

/// Which call an outcome belongs to, for those who must forgive a failed one.
enum Concern<'a> {
    Nothing,
    Client(ClientId),
    Detach(&'a Arc<Address>),
    /// A user's newest connection.
    Newest((TenantId, UserId), (Timestamp, ClientId)),
}

struct Unreachable;

impl Cluster {
    fn take_note(&mut self, concern: Concern<'_>, is_smooth: bool) {
        match concern {
            Concern::Nothing => {}
            Concern::Newest(user, newest) if is_smooth => {
                self.disputed.retain(|of, failed| *of != user || *failed > newest);
            }
            Concern::Newest(user, newest) => {
                let failed = self.disputed.entry(user).or_insert(newest);
                *failed = newest.max(*failed);
            }
            Concern::Client(client) if !is_smooth => drop(self.tainted.insert(client)),
            Concern::Detach(address) if !is_smooth => {
                self.detach_failed.insert(Arc::clone(address));
            }
            Concern::Client(_) | Concern::Detach(_) => {}
        }
    }
}

impl Wires {
    async fn sleep_until(&self, until: u64) {
        Sleep { shared: Arc::clone(&self.shared), until }.await;
    }

    /// Carries a request there, does it, and carries the answer back; each may go wrong.
    async fn call<T>(
        &self,
        concern: Concern<'_>,
        deed: impl FnOnce(&mut Cluster) -> T,
    ) -> Result<T, Unreachable> {
        let voyage = {
            let mut cluster = self.shared.lock();
            let voyage = cluster.voyage(self.owner);
            cluster.take_note(concern, voyage.is_smooth());
            voyage
        };
        self.sleep_until(voyage.arrives_at).await;
        if voyage.fails_before {
            return Err(Unreachable);
        }
        let (value, answered_at) = {
            let mut cluster = self.shared.lock();
            (deed(&mut cluster), cluster.now.saturating_add(voyage.answer_takes))
        };
        self.sleep_until(answered_at).await;
        if voyage.fails_after { Err(Unreachable) } else { Ok(value) }
    }
}

impl From<Unreachable> for BrokerError {
    fn from(_: Unreachable) -> Self {
        Self::Unavailable("storm".into())
    }
}

impl From<Unreachable> for PresenceError {
    fn from(_: Unreachable) -> Self {
        Self::Unavailable("storm".into())
    }
}

/// Sends an event to every attached node.
fn spread(cluster: &mut Cluster, address: &Arc<Address>, event: &Event) {
    let nodes: Vec<Owner> = cluster.attached.get(address).into_iter().flatten().copied().collect();
    for node in nodes {
        let lost = cluster.rng.happens(cluster.weather.wire_loss);
        if lost {
            cluster.note(format_args!(
                "wire to n{} loses {}",
                node.node,
                super::words::event(address, event)
            ));
            continue;
        }
        let address = if cluster.flaw == Flaw::CrossedTenants && cluster.rng.happens(100) {
            let tenant = TenantId::new(if address.tenant.as_str() == "a" { "b" } else { "a" });
            Arc::new(Address { tenant, place: address.place.clone() })
        } else {
            Arc::clone(address)
        };
        let published = Arc::new(Published::new(Arc::clone(&address), event.clone()));
        let times = if cluster.rng.happens(cluster.weather.wire_double) { 2 } else { 1 };
        let at = cluster.wire_arrival(node, &address);
        for _ in 0..times {
            cluster.agenda.at(at, Some(node), What::Arrive(Arc::clone(&published)));
        }
    }
}

#[async_trait]
impl Broker for Wires {
    async fn publish(
        &self,
        address: &Arc<Address>,
        draft: Draft,
        _now: Timestamp,
    ) -> Result<Receipt, BrokerError> {
        let position = self
            .call(Concern::Nothing, |cluster| {
                let Some(keep) = draft.keep else {
                    cluster.streams.record_unplaced(address, &draft.data);
                    let Draft { data, info, tags, delta, .. } = draft;
                    let publication = Arc::new(Publication { offset: 0, data, info, tags, delta });
                    spread(cluster, address, &Event::Publication(publication, None));
                    return None;
                };
                let (publication, epoch) = cluster.streams.append(address, draft, keep, cluster.now);
                let offset = publication.offset;
                let event = Event::Publication(publication, Some(epoch.clone()));
                cluster.note(format_args!("broker takes {}", super::words::event(address, &event)));
                spread(cluster, address, &event);
                Some(Position { offset, epoch })
            })
            .await?;
        Ok(Receipt { position, skipped: false })
    }

    async fn announce(&self, address: &Arc<Address>, event: Event) -> Result<(), BrokerError> {
        let (client, notice) = match &event {
            Event::Join(info) => (info.client, Notice::Join),
            Event::Leave(info) => (info.client, Notice::Leave),
            Event::Publication(..) => return Ok(()),
        };
        let told = self.call(Concern::Client(client), |cluster| {
            cluster.note(format_args!("broker takes {}", super::words::event(address, &event)));
            cluster.notices.entry((Arc::clone(address), client)).or_default().push(notice);
            spread(cluster, address, &event);
        });
        Ok(told.await?)
    }

    async fn order(&self, order: Arc<Order>) -> Result<(), BrokerError> {
        let user = (order.tenant.clone(), order.target.user.clone());
        let concern = match &order.action {
            Action::KeepNewest { since, client } => Concern::Newest(user, (*since, *client)),
            Action::Subscribe(_)
            | Action::Unsubscribe { .. }
            | Action::Disconnect { .. }
            | Action::Refresh { .. } => Concern::Nothing,
        };
        let given = self.call(concern, |cluster| {
            cluster.note(format_args!("broker takes order {}", super::words::order(&order)));
            cluster.orders.push(Arc::downgrade(&order));
            for node in cluster.lives.clone() {
                let at = cluster.order_arrival(node);
                cluster.agenda.at(at, Some(node), What::Order(Arc::clone(&order)));
            }
        });
        Ok(given.await?)
    }

    async fn history(
        &self,
        address: &Arc<Address>,
        query: HistoryQuery,
        _keep: Retention,
        _now: Timestamp,
    ) -> Result<StreamView, BrokerError> {
        let read = self.call(Concern::Nothing, |cluster| {
            let mut view = cluster.streams.view(address, query);
            if cluster.flaw == Flaw::LaggingReads && cluster.rng.happens(300) {
                view.top.offset = view.top.offset.saturating_sub(2);
                view.publications.retain(|publication| publication.offset <= view.top.offset);
            }
            view
        });
        Ok(read.await?)
    }

    async fn forget(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        Ok(self.call(Concern::Nothing, |cluster| cluster.streams.forget(address)).await?)
    }

    async fn attach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        let owner = self.owner;
        let attached = self.call(Concern::Nothing, |cluster| {
            cluster.note(format_args!("n{} attached to {}", owner.node, super::words::address(address)));
            cluster.attached.entry(Arc::clone(address)).or_default().insert(owner);
        });
        Ok(attached.await?)
    }

    async fn detach(&self, address: &Arc<Address>) -> Result<(), BrokerError> {
        let owner = self.owner;
        let detached = self.call(Concern::Detach(address), |cluster| {
            cluster.note(format_args!("n{} detached from {}", owner.node, super::words::address(address)));
            if let Some(nodes) = cluster.attached.get_mut(address) {
                nodes.remove(&owner);
            }
            cluster.attached.retain(|_, nodes| !nodes.is_empty());
        });
        Ok(detached.await?)
    }

    fn listen(&self, _sink: Arc<dyn Sink>) {}
}

#[async_trait]
impl Presence for Wires {
    async fn enter(
        &self,
        address: &Arc<Address>,
        info: Arc<ClientInfo>,
        node: NodeId,
    ) -> Result<(), PresenceError> {
        let entered = self.call(Concern::Client(info.client), |cluster| {
            cluster.present.insert((Arc::clone(address), info.client), (node, info));
        });
        Ok(entered.await?)
    }

    async fn leave(&self, address: &Arc<Address>, client: ClientId) -> Result<(), PresenceError> {
        let left = self.call(Concern::Client(client), |cluster| {
            cluster.present.remove(&(Arc::clone(address), client));
        });
        Ok(left.await?)
    }

    async fn members(&self, address: &Arc<Address>) -> Result<Vec<Arc<ClientInfo>>, PresenceError> {
        let members = self.call(Concern::Nothing, |cluster| {
            let here = cluster.present.iter().filter(|((of, _), _)| of == address);
            here.map(|(_, (_, info))| Arc::clone(info)).collect()
        });
        Ok(members.await?)
    }

    async fn count(&self, address: &Arc<Address>) -> Result<Headcount, PresenceError> {
        let members = self.members(address).await?;
        let users: BTreeSet<&UserId> = members.iter().map(|info| &info.user).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Headcount { clients: number(members.len()), users: number(users.len()) })
    }

    async fn reap(&self, node: NodeId) -> Result<(), PresenceError> {
        Ok(self.call(Concern::Nothing, |cluster| cluster.reap(node)).await?)
    }
}

/// A token is a user's name and, after a blank each, the channels that the server subscribes it to.
#[async_trait]
impl TokenVerifier for Wires {
    async fn connection(
        &self,
        _tenant: &TenantId,
        token: &str,
        _now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError> {
        let checked = self.call(Concern::Nothing, |_| ()).await;
        checked.map_err(|_| TokenError::Unavailable("storm".into()))?;
        let mut words = token.split(' ');
        let user = UserId::new(words.next().unwrap_or_default());
        let channels: BTreeMap<String, ChannelGrant> =
            words.map(|channel| (channel.to_owned(), ChannelGrant::default())).collect();
        Ok(ConnectionGrant { user, expire_at: None, info: None, channels })
    }

    async fn subscription(
        &self,
        _tenant: &TenantId,
        _token: &str,
        _now: Timestamp,
    ) -> Result<SubscriptionGrant, TokenError> {
        Err(TokenError::Invalid("no such tokens here".into()))
    }
}

impl Clock for Wires {
    fn now(&self) -> Timestamp {
        self.shared.lock().timestamp()
    }
}
