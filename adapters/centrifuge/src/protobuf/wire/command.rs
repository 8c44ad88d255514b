//! What clients ask (P 4.1, 4.2).

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use super::Empty;

#[derive(Message)]
pub(crate) struct Command {
    #[prost(uint32, tag = "1")]
    pub(crate) id: u32,
    #[prost(message, optional, tag = "4")]
    pub(crate) connect: Option<ConnectRequest>,
    #[prost(message, optional, tag = "5")]
    pub(crate) subscribe: Option<SubscribeRequest>,
    #[prost(message, optional, tag = "6")]
    pub(crate) unsubscribe: Option<ChannelRequest>,
    #[prost(message, optional, tag = "7")]
    pub(crate) publish: Option<PublishRequest>,
    #[prost(message, optional, tag = "8")]
    pub(crate) presence: Option<ChannelRequest>,
    #[prost(message, optional, tag = "9")]
    pub(crate) presence_stats: Option<ChannelRequest>,
    #[prost(message, optional, tag = "10")]
    pub(crate) history: Option<HistoryRequest>,
    #[prost(message, optional, tag = "11")]
    pub(crate) ping: Option<Empty>,
    #[prost(message, optional, tag = "12")]
    pub(crate) send: Option<SendRequest>,
    #[prost(message, optional, tag = "13")]
    pub(crate) rpc: Option<RpcRequest>,
    #[prost(message, optional, tag = "14")]
    pub(crate) refresh: Option<RefreshRequest>,
    #[prost(message, optional, tag = "15")]
    pub(crate) sub_refresh: Option<SubRefreshRequest>,
}

#[derive(Message)]
pub(crate) struct ConnectRequest {
    #[prost(string, tag = "1")]
    pub(crate) token: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: Bytes,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(crate) subs: BTreeMap<String, Resume>,
    #[prost(string, tag = "4")]
    pub(crate) name: String,
    #[prost(string, tag = "5")]
    pub(crate) version: String,
    #[prost(btree_map = "string, string", tag = "6")]
    pub(crate) headers: BTreeMap<String, String>,
}

/// What counts of a `SubscribeRequest` inside of a `ConnectRequest`.
#[derive(PartialEq, Message)]
pub(crate) struct Resume {
    #[prost(bool, tag = "3")]
    pub(crate) recover: bool,
    #[prost(string, tag = "6")]
    pub(crate) epoch: String,
    #[prost(uint64, tag = "7")]
    pub(crate) offset: u64,
    #[prost(string, tag = "12")]
    pub(crate) delta: String,
}

#[derive(Message)]
pub(crate) struct SubscribeRequest {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(string, tag = "2")]
    pub(crate) token: String,
    #[prost(bool, tag = "3")]
    pub(crate) recover: bool,
    #[prost(string, tag = "6")]
    pub(crate) epoch: String,
    #[prost(uint64, tag = "7")]
    pub(crate) offset: u64,
    #[prost(bytes = "bytes", tag = "8")]
    pub(crate) data: Bytes,
    #[prost(bool, tag = "9")]
    pub(crate) positioned: bool,
    #[prost(bool, tag = "10")]
    pub(crate) recoverable: bool,
    #[prost(bool, tag = "11")]
    pub(crate) join_leave: bool,
    #[prost(string, tag = "12")]
    pub(crate) delta: String,
    #[prost(message, optional, tag = "13")]
    pub(crate) tf: Option<FilterNode>,
    #[prost(int64, tag = "14")]
    pub(crate) flag: i64,
    #[prost(int32, tag = "15")]
    pub(crate) kind: i32,
}

#[derive(Message)]
pub(crate) struct FilterNode {
    #[prost(string, tag = "1")]
    pub(crate) op: String,
    #[prost(string, tag = "2")]
    pub(crate) key: String,
    #[prost(string, tag = "3")]
    pub(crate) cmp: String,
    #[prost(string, tag = "4")]
    pub(crate) val: String,
    #[prost(string, repeated, tag = "5")]
    pub(crate) vals: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) nodes: Vec<FilterNode>,
}

/// A request that names a channel and nothing else.
#[derive(Message)]
pub(crate) struct ChannelRequest {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
}

#[derive(Message)]
pub(crate) struct PublishRequest {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: Bytes,
}

#[derive(Message)]
pub(crate) struct HistoryRequest {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(int32, tag = "7")]
    pub(crate) limit: i32,
    #[prost(message, optional, tag = "8")]
    pub(crate) since: Option<StreamPosition>,
    #[prost(bool, tag = "9")]
    pub(crate) reverse: bool,
}

#[derive(Message)]
pub(crate) struct StreamPosition {
    #[prost(uint64, tag = "1")]
    pub(crate) offset: u64,
    #[prost(string, tag = "2")]
    pub(crate) epoch: String,
}

#[derive(Message)]
pub(crate) struct SendRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) data: Bytes,
}

#[derive(Message)]
pub(crate) struct RpcRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) data: Bytes,
    #[prost(string, tag = "2")]
    pub(crate) method: String,
}

#[derive(Message)]
pub(crate) struct RefreshRequest {
    #[prost(string, tag = "1")]
    pub(crate) token: String,
}

#[derive(Message)]
pub(crate) struct SubRefreshRequest {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(string, tag = "2")]
    pub(crate) token: String,
}
