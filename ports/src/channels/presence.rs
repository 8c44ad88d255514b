//! Presence: who is in a channel, over all nodes.

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

use super::name::Address;
use super::publication::ClientInfo;
use crate::ids::{ClientId, NodeId};

/// Knows which connections are in which channel. Entries belong to a node and vanish with it.
///
/// Promises, each a case of the contract suite: entering twice replaces the entry; leaving what is not there is no
/// error; members come ordered by client id; `reap` removes exactly the entries of that node.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Adds or replaces one connection's entry.
    async fn enter(
        &self,
        address: &Arc<Address>,
        info: Arc<ClientInfo>,
        node: NodeId,
    ) -> Result<(), PresenceError>;

    /// Removes one connection's entry.
    async fn leave(&self, address: &Arc<Address>, client: ClientId) -> Result<(), PresenceError>;

    /// All connections in a channel.
    async fn members(&self, address: &Arc<Address>) -> Result<Vec<Arc<ClientInfo>>, PresenceError>;

    /// How many connections and how many distinct users are in a channel; the anonymous user counts as one.
    async fn count(&self, address: &Arc<Address>) -> Result<Headcount, PresenceError>;

    /// Removes all entries of a node that is gone.
    async fn reap(&self, node: NodeId) -> Result<(), PresenceError>;
}

/// Numbers of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headcount {
    /// Connections.
    pub clients: u32,
    /// Distinct users.
    pub users: u32,
}

/// Why presence could not be read or changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PresenceError {
    /// It cannot be reached, or did not answer in time. Trying again may help.
    #[error("presence unavailable: {0}")]
    Unavailable(String),
}
