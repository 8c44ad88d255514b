//! What clients are answered (P 4.1, 4.2).

use bytes::Bytes;
use prost::{Message, Oneof};

use super::Empty;
use super::push::{ClientInfo, Publication, Push};

#[derive(Message)]
pub(crate) struct Reply {
    #[prost(uint32, tag = "1")]
    pub(crate) id: u32,
    #[prost(oneof = "Outcome", tags = "2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15")]
    pub(crate) outcome: Option<Outcome>,
}

/// The members of a reply, of which at most one is there. On the wire that is the same as a field for each.
#[derive(Oneof)]
pub(crate) enum Outcome {
    #[prost(message, tag = "2")]
    Error(Error),
    #[prost(message, boxed, tag = "4")]
    Push(Box<Push>),
    #[prost(message, boxed, tag = "5")]
    Connect(Box<ConnectResult>),
    #[prost(message, boxed, tag = "6")]
    Subscribe(Box<SubscribeResult>),
    #[prost(message, tag = "7")]
    Unsubscribe(Empty),
    #[prost(message, tag = "8")]
    Publish(Empty),
    #[prost(message, tag = "9")]
    Presence(PresenceResult),
    #[prost(message, tag = "10")]
    PresenceStats(PresenceStatsResult),
    #[prost(message, tag = "11")]
    History(HistoryResult),
    #[prost(message, tag = "13")]
    Rpc(RpcResult),
    #[prost(message, tag = "14")]
    Refresh(RefreshResult),
    #[prost(message, tag = "15")]
    SubRefresh(SubRefreshResult),
}

#[derive(Message)]
pub(crate) struct Error {
    #[prost(uint32, tag = "1")]
    pub(crate) code: u32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(bool, tag = "3")]
    pub(crate) temporary: bool,
}

#[derive(Message)]
pub(crate) struct ConnectResult {
    #[prost(string, tag = "1")]
    pub(crate) client: String,
    #[prost(string, tag = "2")]
    pub(crate) version: String,
    #[prost(bool, tag = "3")]
    pub(crate) expires: bool,
    #[prost(uint32, tag = "4")]
    pub(crate) ttl: u32,
    #[prost(bytes = "bytes", tag = "5")]
    pub(crate) data: Bytes,
    #[prost(message, repeated, tag = "6")]
    pub(crate) subs: Vec<Sub>,
    #[prost(uint32, tag = "7")]
    pub(crate) ping: u32,
    #[prost(bool, tag = "8")]
    pub(crate) pong: bool,
    #[prost(string, tag = "9")]
    pub(crate) session: String,
    #[prost(string, tag = "10")]
    pub(crate) node: String,
}

/// A map entry: a server-side subscription by its channel.
#[derive(Message)]
pub(crate) struct Sub {
    #[prost(string, required, tag = "1")]
    pub(crate) channel: String,
    #[prost(message, required, tag = "2")]
    pub(crate) result: SubscribeResult,
}

#[derive(Message)]
pub(crate) struct SubscribeResult {
    #[prost(bool, tag = "1")]
    pub(crate) expires: bool,
    #[prost(uint32, tag = "2")]
    pub(crate) ttl: u32,
    #[prost(bool, tag = "3")]
    pub(crate) recoverable: bool,
    #[prost(string, tag = "6")]
    pub(crate) epoch: String,
    #[prost(message, repeated, tag = "7")]
    pub(crate) publications: Vec<Publication>,
    #[prost(bool, tag = "8")]
    pub(crate) recovered: bool,
    #[prost(uint64, tag = "9")]
    pub(crate) offset: u64,
    #[prost(bool, tag = "10")]
    pub(crate) positioned: bool,
    #[prost(bytes = "bytes", tag = "11")]
    pub(crate) data: Bytes,
    #[prost(bool, tag = "12")]
    pub(crate) was_recovering: bool,
    #[prost(bool, tag = "13")]
    pub(crate) delta: bool,
}

#[derive(Message)]
pub(crate) struct PresenceResult {
    #[prost(message, repeated, tag = "1")]
    pub(crate) presence: Vec<Member>,
}

/// A map entry: who is there, by connection.
#[derive(Message)]
pub(crate) struct Member {
    #[prost(string, required, tag = "1")]
    pub(crate) client: String,
    #[prost(message, required, tag = "2")]
    pub(crate) info: ClientInfo,
}

#[derive(Message)]
pub(crate) struct PresenceStatsResult {
    #[prost(uint32, tag = "1")]
    pub(crate) num_clients: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) num_users: u32,
}

#[derive(Message)]
pub(crate) struct HistoryResult {
    #[prost(message, repeated, tag = "1")]
    pub(crate) publications: Vec<Publication>,
    #[prost(string, tag = "2")]
    pub(crate) epoch: String,
    #[prost(uint64, tag = "3")]
    pub(crate) offset: u64,
}

#[derive(Message)]
pub(crate) struct RpcResult {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) data: Bytes,
}

#[derive(Message)]
pub(crate) struct RefreshResult {
    #[prost(string, tag = "1")]
    pub(crate) client: String,
    #[prost(bool, tag = "3")]
    pub(crate) expires: bool,
    #[prost(uint32, tag = "4")]
    pub(crate) ttl: u32,
}

#[derive(Message)]
pub(crate) struct SubRefreshResult {
    #[prost(bool, tag = "1")]
    pub(crate) expires: bool,
    #[prost(uint32, tag = "2")]
    pub(crate) ttl: u32,
}
