//! Orders: what is to be done with connections, wherever they are.

use bytes::Bytes;

use crate::access::ChannelGrant;
use crate::channels::ChannelName;
use crate::ids::{ClientId, SessionKey, TenantId, UserId};
use crate::protocol::{Disconnect, Recovery};
use crate::time::Timestamp;

/// Something to be done with connections of one user. Every node gets it and does it with those it has.
///
/// An order is done on a node when nobody there holds it any more: sessions keep it while they work on it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose connections.
    pub tenant: TenantId,
    /// Which of them.
    pub target: Target,
    /// What to do.
    pub action: Action,
}

/// Which connections an order means: all of a user, or one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The user; the empty one means the anonymous connections, not everybody.
    pub user: UserId,
    /// Only this connection.
    pub client: Option<ClientId>,
    /// Only the connection with this secret.
    pub session: Option<SessionKey>,
}

/// What an order wants.
#[derive(Clone, Debug)]
pub enum Action {
    /// Subscribe them to a channel, if they are not.
    Subscribe(Box<Subscribe>),
    /// End their subscription to a channel, or all of them.
    Unsubscribe {
        /// The channel; `None` is all.
        channel: Option<ChannelName>,
    },
    /// Close them.
    Disconnect {
        /// What they are told.
        disconnect: Disconnect,
        /// These may stay.
        spare: Vec<ClientId>,
    },
    /// Change their expiry.
    Refresh {
        /// `None` is never.
        expire_at: Option<Timestamp>,
        /// Replaces what others see of them, if it is there.
        info: Option<Bytes>,
    },
    /// Close those that are older than this one: connections are ordered by when they were established, then by id
    /// (P-CH-6).
    KeepNewest {
        /// When the newest known one was established.
        since: Timestamp,
        /// Its id.
        client: ClientId,
    },
}

/// A subscription that the server makes while the connection lives.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// The channel.
    pub channel: ChannelName,
    /// Info, data and overrides.
    pub details: ChannelGrant,
    /// Where to continue.
    pub recover: Option<Recovery>,
    /// When it ends, and the connection with it; `None` is never.
    pub expire_at: Option<Timestamp>,
}
