//! What back ends can do with connections, wherever they are: subscribe, unsubscribe, disconnect, refresh.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use ports::access::ChannelGrant;
use ports::channels::{Broker, BrokerError};
use ports::ids::{Caller, ClientId, SessionKey, UserId};
use ports::orders::{Action, Order, Subscribe, Target};
use ports::protocol::{BadDisconnect, Disconnect, ErrorCode, REASON_BYTES_MAX, Recovery};
use ports::time::{Clock, Timestamp};
use thiserror::Error;

use crate::channels::{ChannelError, Channels};

/// The use cases of connections, for callers that are trusted with a whole tenant. Each makes one order for all nodes
/// and succeeds also if it meets nobody.
#[derive(Clone)]
pub struct Connections {
    channels: Channels,
    broker: Arc<dyn Broker>,
    clock: Arc<dyn Clock>,
}

/// Whose connections are meant, in a back end's words.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// The user; the empty one is the anonymous user.
    pub user: String,
    /// Only the connection with this id.
    pub client: Option<String>,
    /// Only the connection with this secret.
    pub session: Option<String>,
}

/// A subscription that a back end wants made.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Raw channel name.
    pub channel: String,
    /// Info, data and overrides.
    pub details: ChannelGrant,
    /// Where to continue.
    pub recover: Option<Recovery>,
    /// When it ends.
    pub expire_at: Option<Timestamp>,
}

/// The end of connections as a back end words it; what it leaves out is "force disconnect".
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The close code.
    pub code: Option<u32>,
    /// The close reason.
    pub reason: Option<String>,
    /// Ids of connections that may stay.
    pub spare: Vec<String>,
}

/// How long connections live, as a back end words it.
#[derive(Clone, Debug)]
pub enum Life {
    /// It is over (P-EXP-7).
    Over,
    /// It ends at this time, or never.
    Until(Option<Timestamp>),
}

/// An order on its way.
#[derive(Clone, Debug, Default)]
pub struct Issued(Weak<Order>);

impl Issued {
    /// Whether this node has done what was ordered.
    pub fn is_done(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Why an order was not given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectionError {
    /// The channel is none that could be used.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// A subscription that would be over at once.
    #[error("expire_at has passed; give a time that lies ahead, in seconds since 1970, or leave it out")]
    Expired,
    /// A close code that is not for applications.
    #[error(
        "disconnect.code {0} is not for applications; use 4000 to 4999, or a code of the protocol such as 3503"
    )]
    BadCode(u32),
    /// A close reason that does not fit into a close frame, or that clients would take for advice (P-CLOSE-2).
    #[error("disconnect.reason must have at most {REASON_BYTES_MAX} bytes and must not be JSON")]
    BadReason,
}

impl ConnectionError {
    /// The protocol's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Channel(error) => error.code(),
            Self::Expired => ErrorCode::Expired,
            Self::BadCode(_) | Self::BadReason => ErrorCode::BadRequest,
        }
    }
}

impl From<BrokerError> for ConnectionError {
    fn from(error: BrokerError) -> Self {
        Self::Channel(error.into())
    }
}

impl Connections {
    /// The use cases over these ports.
    pub fn new(channels: Channels, broker: Arc<dyn Broker>, clock: Arc<dyn Clock>) -> Self {
        Self { channels, broker, clock }
    }

    /// Subscribes connections to a channel, beside what they subscribe to themselves (P-SS-2).
    pub async fn subscribe(&self, by: &Caller, whose: &Whose, wish: Wish) -> Result<Issued, ConnectionError> {
        let channel = self.channels.name(&wish.channel)?;
        if wish.expire_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(ConnectionError::Expired);
        }
        let Wish { details, recover, expire_at, .. } = wish;
        let subscribe = Subscribe { channel, details, recover, expire_at };
        self.order(by, whose, Action::Subscribe(Box::new(subscribe))).await
    }

    /// Ends subscriptions to a channel, or all of them if the name is empty.
    pub async fn unsubscribe(
        &self,
        by: &Caller,
        whose: &Whose,
        channel: &str,
    ) -> Result<Issued, ConnectionError> {
        let channel = (!channel.is_empty()).then(|| self.channels.name(channel)).transpose()?;
        self.order(by, whose, Action::Unsubscribe { channel }).await
    }

    /// Closes connections.
    pub async fn disconnect(
        &self,
        by: &Caller,
        whose: &Whose,
        ending: Ending,
    ) -> Result<Issued, ConnectionError> {
        let spare = ending.spare.iter().filter_map(|id| ClientId::parse(id)).collect();
        let disconnect = ending.disconnect()?;
        self.order(by, whose, Action::Disconnect { disconnect, spare }).await
    }

    /// Changes when connections end, and perhaps what others see of them. A time that has passed ends them.
    pub async fn refresh(
        &self,
        by: &Caller,
        whose: &Whose,
        life: Life,
        info: Option<Bytes>,
    ) -> Result<Issued, ConnectionError> {
        let now = self.clock.now();
        let action = match life {
            Life::Until(expire_at) if expire_at.is_none_or(|at| at > now) => {
                Action::Refresh { expire_at, info }
            }
            Life::Over | Life::Until(_) => {
                Action::Disconnect { disconnect: Disconnect::EXPIRED, spare: Vec::new() }
            }
        };
        self.order(by, whose, action).await
    }

    async fn order(&self, by: &Caller, whose: &Whose, action: Action) -> Result<Issued, ConnectionError> {
        let Some(target) = whose.target() else { return Ok(Issued::default()) };
        let order = Arc::new(Order { tenant: by.tenant.clone(), target, action });
        let issued = Issued(Arc::downgrade(&order));
        self.broker.order(order).await?;
        Ok(issued)
    }
}

impl Whose {
    /// `None` if an id is given that no connection can have.
    fn target(&self) -> Option<Target> {
        let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        let client = given(&self.client).map(|id| ClientId::parse(&id).ok_or(()));
        let session = given(&self.session).map(|key| SessionKey::parse(&key).ok_or(()));
        let user = UserId::new(&self.user);
        Some(Target { user, client: client.transpose().ok()?, session: session.transpose().ok()? })
    }
}

impl Ending {
    fn disconnect(&self) -> Result<Disconnect, ConnectionError> {
        let code =
            self.code.filter(|code| *code != 0).unwrap_or(u32::from(Disconnect::FORCE_DISCONNECT.code));
        let told = Disconnect::of_application(code, self.reason.as_deref().unwrap_or_default());
        told.map_err(|bad| match bad {
            BadDisconnect::Code => ConnectionError::BadCode(code),
            BadDisconnect::Reason => ConnectionError::BadReason,
        })
    }
}

#[cfg(test)]
mod tests;
