//! The broker: streams of channels, and the way from a publisher to every interested node.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use super::encoding::Published;
use super::name::Address;
use super::publication::{ClientInfo, Event, Position, Publication, Retention, Tags};
use crate::orders;
use crate::time::Timestamp;
use crate::trace::TraceContext;

/// Keeps streams and carries events between nodes. Nodes meet here and nowhere else.
///
/// Promises, each a case of the contract suite:
/// - Offsets of a stream are 1, 2, 3…; appending and ordering are one atomic step per address (P-ST-5).
/// - An attached node's sink gets every event published after `attach` returned, in offset order per address. A
///   wire may lose events; then a later offset or the stream's top shows the hole. It never reorders or invents.
/// - A stream exists from its first touch, be it a publication or a read (P-ST-2).
/// - An epoch is never used again for another timeline (P-ST-10).
#[async_trait]
pub trait Broker: Send + Sync {
    /// Appends (if the draft has a retention) and sends to all attached nodes. Returns once the broker has it.
    async fn publish(
        &self,
        address: &Arc<Address>,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Receipt, BrokerError>;

    /// Tells attached nodes of a join or leave. Nothing is stored. Order per address is that of the calls.
    async fn announce(&self, address: &Arc<Address>, event: Event) -> Result<(), BrokerError>;

    /// Hands an order about connections to the sink of every node, this one included. Nothing is stored.
    async fn order(&self, order: Arc<orders::Order>) -> Result<(), BrokerError>;

    /// Items of a stream and its top, in one atomic read.
    async fn history(
        &self,
        address: &Arc<Address>,
        query: HistoryQuery,
        keep: Retention,
        now: Timestamp,
    ) -> Result<StreamView, BrokerError>;

    /// Drops all items; top and epoch stay (P-ST-4).
    async fn forget(&self, address: &Arc<Address>) -> Result<(), BrokerError>;

    /// From the moment this returns, events of the address reach this node's sink. Repeating it is harmless.
    async fn attach(&self, address: &Arc<Address>) -> Result<(), BrokerError>;

    /// Events of the address need not reach this node any more. Repeating it is harmless.
    async fn detach(&self, address: &Arc<Address>) -> Result<(), BrokerError>;

    /// Sets the node's sink, once, before anything is attached.
    fn listen(&self, sink: Arc<dyn Sink>);
}

/// Where a broker puts events. Called in order per address, perhaps under a lock of the broker: it must be quick and
/// must not call the broker back.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn deliver(&self, published: Arc<Published>);

    /// Takes one order.
    fn obey(&self, order: Arc<orders::Order>);
}

/// Something to be published.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The payload.
    pub data: Bytes,
    /// The publishing client, if it is one.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels.
    pub tags: Option<Arc<Tags>>,
    /// How the channel remembers; `None` keeps the publication out of the stream.
    pub keep: Option<Retention>,
    /// A repeated key within five minutes on the same channel publishes nothing and gets the first receipt (P-ST-6).
    pub idempotency_key: Option<String>,
    /// Skip the publication if the stream already holds this version or a later one (P-ST-7).
    pub version: Option<Version>,
    /// Subscribers of deltas get the difference only (P-DL-2).
    pub delta: bool,
    /// The trace of its publisher, if that is recorded. A broker that cannot carry it drops it.
    pub trace: Option<Arc<TraceContext>>,
}

/// The application's own version of the published state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Rises with each change; above zero.
    pub number: u64,
    /// Versions of different epochs are not compared.
    pub epoch: String,
}

/// The broker's word that it has a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it stands, if it stands in a stream.
    pub position: Option<Position>,
    /// Whether nothing was published because the key or the version was already there.
    pub skipped: bool,
}

/// Which items of a stream are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only items after this offset; when newest come first, before it, and none at all if it lies beyond the next one.
    pub since: Option<u64>,
    /// Most items to return; `None` is all, `Some(0)` asks for the top only.
    pub limit: Option<usize>,
    /// In which order.
    pub order: Order,
}

impl HistoryQuery {
    /// No items, only the top.
    pub const TOP: Self = Self { since: None, limit: Some(0), order: Order::OldestFirst };
}

/// The order in which items are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ascending offsets.
    OldestFirst,
    /// Descending offsets.
    NewestFirst,
}

/// Items of a stream together with its top at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamView {
    /// The items asked for.
    pub publications: Vec<Arc<Publication>>,
    /// The position of the newest item ever appended.
    pub top: Position,
}

/// Why a broker could not do it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BrokerError {
    /// It cannot be reached, or did not answer in time. Trying again may help.
    #[error("broker unavailable: {0}")]
    Unavailable(String),
}
