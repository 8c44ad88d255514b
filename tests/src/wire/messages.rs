//! The messages of the protocol with their field numbers (P section 4), in the order in which that section has them.

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};

use super::payload;

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares messages whose zero, empty and absent fields are left out in JSON (P-ENC-3).
macro_rules! messages {
    ($($name:ident { $($(#[$extra:meta])* $field:ident: $kind:ty => ($($proto:tt)*);)* })*) => {
        $(
            #[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
            #[serde(default)]
            pub(super) struct $name {
                $(
                    #[prost($($proto)*)]
                    #[serde(skip_serializing_if = "is_nothing")]
                    $(#[$extra])*
                    pub(super) $field: $kind,
                )*
            }
        )*
    };
}

type Map<T> = BTreeMap<String, T>;

// The envelope.
messages! {
    Command {
        id: u32 => (uint32, tag = "1");
        connect: Option<ConnectRequest> => (message, optional, tag = "4");
        subscribe: Option<SubscribeRequest> => (message, optional, tag = "5");
        unsubscribe: Option<ChannelRequest> => (message, optional, tag = "6");
        publish: Option<PublishRequest> => (message, optional, tag = "7");
        presence: Option<ChannelRequest> => (message, optional, tag = "8");
        presence_stats: Option<ChannelRequest> => (message, optional, tag = "9");
        history: Option<HistoryRequest> => (message, optional, tag = "10");
        ping: Option<Empty> => (message, optional, tag = "11");
        send: Option<SendRequest> => (message, optional, tag = "12");
        rpc: Option<RpcRequest> => (message, optional, tag = "13");
        refresh: Option<RefreshRequest> => (message, optional, tag = "14");
        sub_refresh: Option<SubRefreshRequest> => (message, optional, tag = "15");
    }
    Reply {
        id: u32 => (uint32, tag = "1");
        error: Option<Error> => (message, optional, tag = "2");
        push: Option<Push> => (message, optional, tag = "4");
        connect: Option<ConnectResult> => (message, optional, tag = "5");
        subscribe: Option<SubscribeResult> => (message, optional, tag = "6");
        unsubscribe: Option<Empty> => (message, optional, tag = "7");
        publish: Option<Empty> => (message, optional, tag = "8");
        presence: Option<PresenceResult> => (message, optional, tag = "9");
        presence_stats: Option<PresenceStatsResult> => (message, optional, tag = "10");
        history: Option<HistoryResult> => (message, optional, tag = "11");
        ping: Option<Empty> => (message, optional, tag = "12");
        rpc: Option<RpcResult> => (message, optional, tag = "13");
        refresh: Option<RefreshResult> => (message, optional, tag = "14");
        sub_refresh: Option<SubRefreshResult> => (message, optional, tag = "15");
    }
    Error {
        code: u32 => (uint32, tag = "1");
        message: String => (string, tag = "2");
        temporary: bool => (bool, tag = "3");
    }
    Push {
        id: i64 => (int64, tag = "1");
        channel: String => (string, tag = "2");
        r#pub: Option<Publication> => (message, optional, tag = "4");
        join: Option<Notice> => (message, optional, tag = "5");
        leave: Option<Notice> => (message, optional, tag = "6");
        unsubscribe: Option<Unsubscribe> => (message, optional, tag = "7");
        message: Option<SendRequest> => (message, optional, tag = "8");
        subscribe: Option<Subscribe> => (message, optional, tag = "9");
        disconnect: Option<Disconnect> => (message, optional, tag = "11");
        refresh: Option<Refresh> => (message, optional, tag = "12");
    }
    EmulationRequest {
        node: String => (string, tag = "1");
        session: String => (string, tag = "2");
        data: Vec<u8> => (bytes = "vec", tag = "3");
    }
    Empty {}
}

// Requests and results.
messages! {
    ConnectRequest {
        token: String => (string, tag = "1");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "2");
        subs: Map<SubscribeRequest> => (btree_map = "string, message", tag = "3");
        name: String => (string, tag = "4");
        version: String => (string, tag = "5");
        headers: Map<String> => (btree_map = "string, string", tag = "6");
        flag: i64 => (int64, tag = "7");
    }
    ConnectResult {
        client: String => (string, tag = "1");
        version: String => (string, tag = "2");
        expires: bool => (bool, tag = "3");
        ttl: u32 => (uint32, tag = "4");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "5");
        subs: Map<SubscribeResult> => (btree_map = "string, message", tag = "6");
        ping: u32 => (uint32, tag = "7");
        pong: bool => (bool, tag = "8");
        session: String => (string, tag = "9");
        node: String => (string, tag = "10");
        time: i64 => (int64, tag = "11");
        flag: i64 => (int64, tag = "12");
    }
    RefreshRequest {
        token: String => (string, tag = "1");
    }
    RefreshResult {
        client: String => (string, tag = "1");
        version: String => (string, tag = "2");
        expires: bool => (bool, tag = "3");
        ttl: u32 => (uint32, tag = "4");
    }
    SubscribeRequest {
        channel: String => (string, tag = "1");
        token: String => (string, tag = "2");
        recover: bool => (bool, tag = "3");
        epoch: String => (string, tag = "6");
        offset: u64 => (uint64, tag = "7");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "8");
        positioned: bool => (bool, tag = "9");
        recoverable: bool => (bool, tag = "10");
        join_leave: bool => (bool, tag = "11");
        delta: String => (string, tag = "12");
        tf: Option<FilterNode> => (message, optional, tag = "13");
        flag: i64 => (int64, tag = "14");
        r#type: i32 => (int32, tag = "15");
    }
    SubscribeResult {
        expires: bool => (bool, tag = "1");
        ttl: u32 => (uint32, tag = "2");
        recoverable: bool => (bool, tag = "3");
        epoch: String => (string, tag = "6");
        publications: Vec<Publication> => (message, repeated, tag = "7");
        recovered: bool => (bool, tag = "8");
        offset: u64 => (uint64, tag = "9");
        positioned: bool => (bool, tag = "10");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "11");
        was_recovering: bool => (bool, tag = "12");
        delta: bool => (bool, tag = "13");
        id: i64 => (int64, tag = "14");
        r#type: i32 => (int32, tag = "15");
    }
    SubRefreshRequest {
        channel: String => (string, tag = "1");
        token: String => (string, tag = "2");
    }
    SubRefreshResult {
        expires: bool => (bool, tag = "1");
        ttl: u32 => (uint32, tag = "2");
    }
    // Of `unsubscribe`, `presence` and `presence_stats`.
    ChannelRequest {
        channel: String => (string, tag = "1");
    }
    PublishRequest {
        channel: String => (string, tag = "1");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "2");
    }
    HistoryRequest {
        channel: String => (string, tag = "1");
        limit: i32 => (int32, tag = "7");
        since: Option<StreamPosition> => (message, optional, tag = "8");
        reverse: bool => (bool, tag = "9");
    }
    StreamPosition {
        offset: u64 => (uint64, tag = "1");
        epoch: String => (string, tag = "2");
    }
    RpcRequest {
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "1");
        method: String => (string, tag = "2");
    }
    RpcResult {
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "1");
    }
    // Also the push `message`, which has the same field.
    SendRequest {
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "1");
    }
    FilterNode {
        op: String => (string, tag = "1");
        key: String => (string, tag = "2");
        cmp: String => (string, tag = "3");
        val: String => (string, tag = "4");
        vals: Vec<String> => (string, repeated, tag = "5");
        nodes: Vec<FilterNode> => (message, repeated, tag = "6");
    }
}

// Bodies of pushes and what they share.
messages! {
    Publication {
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "4");
        info: Option<ClientInfo> => (message, optional, tag = "5");
        offset: u64 => (uint64, tag = "6");
        tags: Map<String> => (btree_map = "string, string", tag = "7");
        delta: bool => (bool, tag = "8");
        time: i64 => (int64, tag = "9");
        channel: String => (string, tag = "10");
        key: String => (string, tag = "11");
        removed: bool => (bool, tag = "12");
        score: i64 => (sint64, tag = "13");
        epoch: String => (string, tag = "14");
        #[serde(with = "payload")]
        prev_data: Vec<u8> => (bytes = "vec", tag = "15");
        version: u64 => (uint64, tag = "16");
    }
    // Of `join` and `leave`.
    Notice {
        info: Option<ClientInfo> => (message, optional, tag = "1");
    }
    Unsubscribe {
        code: u32 => (uint32, tag = "2");
        reason: String => (string, tag = "3");
    }
    Subscribe {
        recoverable: bool => (bool, tag = "1");
        epoch: String => (string, tag = "4");
        offset: u64 => (uint64, tag = "5");
        positioned: bool => (bool, tag = "6");
        #[serde(with = "payload")]
        data: Vec<u8> => (bytes = "vec", tag = "7");
    }
    Disconnect {
        code: u32 => (uint32, tag = "1");
        reason: String => (string, tag = "2");
        reconnect: bool => (bool, tag = "3");
    }
    Refresh {
        expires: bool => (bool, tag = "1");
        ttl: u32 => (uint32, tag = "2");
    }
}

// What follows has fields that are always present in JSON (P-ENC-4).

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ClientInfo {
    #[prost(string, tag = "1")]
    user: String,
    #[prost(string, tag = "2")]
    client: String,
    #[prost(bytes = "vec", tag = "3")]
    #[serde(with = "payload", skip_serializing_if = "is_nothing")]
    conn_info: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    #[serde(with = "payload", skip_serializing_if = "is_nothing")]
    chan_info: Vec<u8>,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PresenceResult {
    #[prost(btree_map = "string, message", tag = "1")]
    presence: Map<ClientInfo>,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PresenceStatsResult {
    #[prost(uint32, tag = "1")]
    num_clients: u32,
    #[prost(uint32, tag = "2")]
    num_users: u32,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct HistoryResult {
    #[prost(message, repeated, tag = "1")]
    pub(super) publications: Vec<Publication>,
    #[prost(string, tag = "2")]
    epoch: String,
    #[prost(uint64, tag = "3")]
    offset: u64,
}
