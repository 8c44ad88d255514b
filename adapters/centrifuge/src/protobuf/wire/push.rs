//! What clients are told unasked, and the parts that answers share with it (P 4.1, 4.3).

use bytes::Bytes;
use prost::{Message, Oneof};

#[derive(Message)]
pub(crate) struct Push {
    #[prost(string, tag = "2")]
    pub(crate) channel: String,
    #[prost(oneof = "Body", tags = "4, 5, 6, 7, 9, 11, 12")]
    pub(crate) body: Option<Body>,
}

/// The members of a push, of which one is there.
#[derive(Oneof)]
pub(crate) enum Body {
    #[prost(message, tag = "4")]
    Pub(Publication),
    #[prost(message, tag = "5")]
    Join(PresenceChange),
    #[prost(message, tag = "6")]
    Leave(PresenceChange),
    #[prost(message, tag = "7")]
    Unsubscribe(Unsubscribe),
    #[prost(message, tag = "9")]
    Subscribe(Subscribe),
    #[prost(message, tag = "11")]
    Disconnect(Disconnect),
    #[prost(message, tag = "12")]
    Refresh(Refresh),
}

#[derive(Message)]
pub(crate) struct Publication {
    #[prost(bytes = "bytes", tag = "4")]
    pub(crate) data: Bytes,
    #[prost(message, optional, tag = "5")]
    pub(crate) info: Option<ClientInfo>,
    #[prost(uint64, tag = "6")]
    pub(crate) offset: u64,
    #[prost(message, repeated, tag = "7")]
    pub(crate) tags: Vec<Tag>,
    #[prost(bool, tag = "8")]
    pub(crate) delta: bool,
    #[prost(string, tag = "14")]
    pub(crate) epoch: String,
}

/// A map entry: a label of a publication.
#[derive(Message)]
pub(crate) struct Tag {
    #[prost(string, required, tag = "1")]
    pub(crate) name: String,
    #[prost(string, required, tag = "2")]
    pub(crate) value: String,
}

#[derive(Message)]
pub(crate) struct ClientInfo {
    #[prost(string, tag = "1")]
    pub(crate) user: String,
    #[prost(string, tag = "2")]
    pub(crate) client: String,
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) conn_info: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    pub(crate) chan_info: Bytes,
}

/// `Join` and `Leave`.
#[derive(Message)]
pub(crate) struct PresenceChange {
    #[prost(message, optional, tag = "1")]
    pub(crate) info: Option<ClientInfo>,
}

#[derive(Message)]
pub(crate) struct Unsubscribe {
    #[prost(uint32, tag = "2")]
    pub(crate) code: u32,
    #[prost(string, tag = "3")]
    pub(crate) reason: String,
}

#[derive(Message)]
pub(crate) struct Subscribe {
    #[prost(bool, tag = "1")]
    pub(crate) recoverable: bool,
    #[prost(string, tag = "4")]
    pub(crate) epoch: String,
    #[prost(uint64, tag = "5")]
    pub(crate) offset: u64,
    #[prost(bool, tag = "6")]
    pub(crate) positioned: bool,
    #[prost(bytes = "bytes", tag = "7")]
    pub(crate) data: Bytes,
}

#[derive(Message)]
pub(crate) struct Disconnect {
    #[prost(uint32, tag = "1")]
    pub(crate) code: u32,
    #[prost(string, tag = "2")]
    pub(crate) reason: String,
    #[prost(bool, tag = "3")]
    pub(crate) reconnect: bool,
}

#[derive(Message)]
pub(crate) struct Refresh {
    #[prost(bool, tag = "1")]
    pub(crate) expires: bool,
    #[prost(uint32, tag = "2")]
    pub(crate) ttl: u32,
}
