//! Tokens: what an application says about a connection or a subscription, signed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use crate::ids::{TenantId, UserId};
use crate::time::Timestamp;

/// What a connection token grants (P section 10.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionGrant {
    /// The user; empty for the anonymous one.
    pub user: UserId,
    /// When the connection ends unless refreshed; `None` is never.
    pub expire_at: Option<Timestamp>,
    /// JSON shown to others as `conn_info`.
    pub info: Option<Bytes>,
    /// Channels the server subscribes the connection to.
    pub channels: BTreeMap<String, ChannelGrant>,
}

/// What a token says about one channel that the server subscribes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelGrant {
    /// JSON shown to others as `chan_info`.
    pub info: Option<Bytes>,
    /// JSON handed to the client with the subscription.
    pub data: Option<Bytes>,
    /// Options that replace those of the namespace.
    pub overrides: Overrides,
}

/// Namespace options that a token may set for one subscription; `None` leaves the namespace's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Presence.
    pub presence: Option<bool>,
    /// Production of joins and leaves.
    pub join_leave: Option<bool>,
    /// Delivery of joins and leaves without the client asking.
    pub force_push_join_leave: Option<bool>,
    /// Recovery.
    pub force_recovery: Option<bool>,
    /// Positioning.
    pub force_positioning: Option<bool>,
}

/// What a subscription token grants (P section 10.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionGrant {
    /// The user it was made for.
    pub user: UserId,
    /// The channel it was made for.
    pub channel: String,
    /// The connection it was made for, if it names one.
    pub client: Option<String>,
    /// When the subscription ends unless refreshed; `None` is never.
    pub expire_at: Option<Timestamp>,
    /// Info, data and overrides.
    pub details: ChannelGrant,
}

/// Reads tokens. The signature is checked before any claim is believed (P-JWT-1).
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// The grant of a connection token. A token with a `channel` claim is a subscription token and invalid here.
    async fn connection(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError>;

    /// The grant of a subscription token. A token without a `channel` claim is invalid here.
    async fn subscription(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<SubscriptionGrant, TokenError>;
}

/// Makes tokens, for the command line, the first-run page and tests.
pub trait TokenSigner: Send + Sync {
    /// A connection token that expires (as a token, and with it the connection) at `expire_at`.
    fn connection(&self, grant: &ConnectionGrant) -> Result<String, TokenError>;

    /// A subscription token likewise.
    fn subscription(&self, grant: &SubscriptionGrant) -> Result<String, TokenError>;
}

/// Why a token grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Wrong signature, format or claims. The reason is for logs, not for clients.
    #[error("invalid token: {0}")]
    Invalid(String),
    /// Rightly signed, but past its `exp` or before its `nbf` (P-JWT-3).
    #[error("token expired")]
    Expired,
    /// The keys cannot be had just now. Trying again may help.
    #[error("token keys unavailable: {0}")]
    Unavailable(String),
}
