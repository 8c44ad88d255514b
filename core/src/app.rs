//! Everything the edges can ask of the core, over the ports they were given.

use std::sync::Arc;

use ports::access::TokenVerifier;
use ports::channels::{Address, Broker, Event, HistoryQuery, Presence, Retention, StreamView};
use ports::hooks::{HookError, Hooks, Question, Verdict};
use ports::ids::{NodeId, TenantId};
use ports::protocol::ErrorCode;
use ports::time::Clock;

use crate::census::Census;
use crate::channels::{ChannelError, Channels};
use crate::connections::Connections;
use crate::session::{Farewell, Job, Outcome};
use crate::settings::Settings;

/// What the core needs from the world.
#[derive(Clone)]
pub struct Ports {
    /// Streams and the way to other nodes.
    pub broker: Arc<dyn Broker>,
    /// Who is where.
    pub presence: Arc<dyn Presence>,
    /// Token checks.
    pub tokens: Arc<dyn TokenVerifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The core of one node.
pub struct App {
    /// The use cases of channels.
    pub channels: Channels,
    /// The use cases of connections.
    pub connections: Connections,
    /// Who is connected.
    pub census: Census,
    ports: Ports,
    hooks: Option<Arc<dyn Hooks>>,
    node: NodeId,
}

impl App {
    /// The core over these ports.
    pub fn new(ports: Ports, node: NodeId, settings: Arc<Settings>) -> Self {
        let channels = Channels::new(
            Arc::clone(&ports.broker),
            Arc::clone(&ports.presence),
            Arc::clone(&ports.clock),
            settings,
        );
        let connections =
            Connections::new(channels.clone(), Arc::clone(&ports.broker), Arc::clone(&ports.clock));
        Self { channels, connections, census: Census::default(), ports, hooks: None, node }
    }

    /// The same with a back end that can be asked.
    pub fn with_hooks(self, hooks: Arc<dyn Hooks>) -> Self {
        Self { hooks: Some(hooks), ..self }
    }

    /// What the operator has decided at present.
    pub fn settings(&self) -> Arc<Settings> {
        self.channels.settings().current()
    }

    /// What the operator has decided from now on; sessions hear of it from their shards.
    pub fn govern(&self, settings: Arc<Settings>) {
        self.channels.settings().replace(settings);
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Does what a session wants done.
    pub async fn perform(&self, tenant: &TenantId, job: Job) -> Outcome {
        let now = self.ports.clock.now();
        match job {
            Job::VerifyConnection { token } => {
                Outcome::Connection(self.ports.tokens.connection(tenant, &token, now).await.map(Box::new))
            }
            Job::VerifySubscription { token } => {
                Outcome::Subscription(self.ports.tokens.subscription(tenant, &token, now).await.map(Box::new))
            }
            Job::Enter { address, info } => {
                let entered = self.ports.presence.enter(&address, info, self.node).await;
                Outcome::Done(entered.map_err(|_| ErrorCode::Internal))
            }
            Job::Announce { address, info } => {
                let announced = self.ports.broker.announce(&address, Event::Join(info)).await;
                Outcome::Done(announced.map_err(|_| ErrorCode::Internal))
            }
            Job::Depart(farewells) => Outcome::Done(self.depart(&farewells).await),
            Job::Publish { address, draft } => {
                let published = self.ports.broker.publish(&address, draft, now).await;
                Outcome::Done(published.map(drop).map_err(|_| ErrorCode::Internal))
            }
            Job::History { address, request, history } => {
                let view = request.read(&*self.ports.broker, &address, &history, &*self.ports.clock).await;
                Outcome::History(view.map_err(|error| error.code()))
            }
            Job::Members { address } => {
                let members = self.ports.presence.members(&address).await;
                Outcome::Members(members.map_err(|error| ChannelError::from(error).code()))
            }
            Job::Count { address } => {
                let count = self.ports.presence.count(&address).await;
                Outcome::Count(count.map_err(|error| ChannelError::from(error).code()))
            }
            Job::Ask(question) => Outcome::Asked(self.ask(*question).await.map(Box::new)),
            Job::Order(order) => {
                let given = self.ports.broker.order(order).await;
                Outcome::Done(given.map_err(|_| ErrorCode::Internal))
            }
        }
    }

    async fn ask(&self, question: Question) -> Result<Verdict, HookError> {
        match &self.hooks {
            Some(hooks) => hooks.ask(question).await,
            None => Err(HookError::Unavailable("no back end is configured".into())),
        }
    }

    async fn depart(&self, farewells: &[Farewell]) -> Result<(), ErrorCode> {
        for farewell in farewells {
            if farewell.presence {
                let left = self.ports.presence.leave(&farewell.address, farewell.info.client).await;
                left.map_err(|_| ErrorCode::Internal)?;
            }
            if farewell.notice {
                let event = Event::Leave(Arc::clone(&farewell.info));
                let told = self.ports.broker.announce(&farewell.address, event).await;
                told.map_err(|_| ErrorCode::Internal)?;
            }
        }
        Ok(())
    }

    /// Reads a stream for a feed.
    pub async fn read(
        &self,
        address: &Arc<Address>,
        query: HistoryQuery,
        keep: Retention,
    ) -> Result<StreamView, ports::channels::BrokerError> {
        self.ports.broker.history(address, query, keep, self.ports.clock.now()).await
    }

    /// The ports, for those who keep the node attached.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
}

#[cfg(test)]
mod tests;
