//! Hooks: what the application's back end is asked, and may decide, while clients talk to the node (P section 19).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use crate::access::{ChannelGrant, ConnectionGrant};
use crate::channels::Version;
use crate::ids::{ClientId, UserId};
use crate::protocol::{Disconnect, ErrorReply};
use crate::time::Timestamp;

/// Asks the application's back end.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// What the back end says. Comes in bounded time, shorter than the time a command may take. Nothing is asked twice:
    /// whether to try again is the caller's business, and a publication might be counted twice.
    async fn ask(&self, question: Question) -> Result<Verdict, HookError>;
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// On whose behalf.
    pub asker: Asker,
    /// About what.
    pub event: Event,
}

/// The connection that a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Its id.
    pub client: ClientId,
    /// Its user, once it is known.
    pub user: Option<UserId>,
    /// What the back end gave with the connection for itself; no client ever sees it (P-CONN-14).
    pub meta: Option<Bytes>,
    /// How it came, if that was told.
    pub visitor: Option<Arc<Visitor>>,
}

/// How a connection came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    /// `websocket`, `http_stream` or `sse`.
    pub transport: &'static str,
    /// `json` or `protobuf`.
    pub protocol: &'static str,
    /// `json` or `binary`.
    pub encoding: &'static str,
    /// What the operator lets through of the headers of its request, names in small letters. Names may repeat.
    pub headers: Vec<(String, String)>,
}

/// What happens, or is about to happen if the back end agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client connects without a token.
    Connect(Box<Introduction>),
    /// A connection that the back end let in expires.
    Refresh,
    /// A client subscribes without a token.
    Subscribe {
        /// The channel.
        channel: String,
        /// What the client says to it; empty if nothing.
        data: Bytes,
    },
    /// A subscription that the back end allowed expires.
    SubRefresh {
        /// The channel.
        channel: String,
    },
    /// A client publishes.
    Publish {
        /// The channel.
        channel: String,
        /// The payload.
        data: Bytes,
    },
    /// A client calls the application.
    Rpc {
        /// The method's name.
        method: String,
        /// The payload; empty if there is none.
        data: Bytes,
    },
}

/// What a client says of itself when it connects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// For the back end; empty if nothing.
    pub data: Bytes,
    /// Which SDK, by its own account.
    pub name: String,
    /// Which version of the application.
    pub version: String,
    /// Server-side channels that it was on.
    pub channels: Vec<String>,
}

/// What the back end decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It agrees; of the same kind as the question.
    Granted(Consent),
    /// The client gets this error.
    Refused(ErrorReply),
    /// The client is disconnected.
    Dismissed(Disconnect),
}

/// What the back end agrees to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// To [`Event::Connect`].
    Connect(Box<Welcome>),
    /// To [`Event::Refresh`].
    Refresh(Box<Renewal>),
    /// To [`Event::Subscribe`].
    Subscribe(Box<Admission>),
    /// To [`Event::SubRefresh`].
    SubRefresh(Box<Renewal>),
    /// To [`Event::Publish`].
    Publish(Box<Revision>),
    /// To [`Event::Rpc`]: the answer's payload.
    Rpc(Bytes),
}

/// A connection that the back end lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// What a token would have granted.
    pub grant: ConnectionGrant,
    /// Handed to the client with the connect reply.
    pub data: Option<Bytes>,
    /// Kept for later questions.
    pub meta: Option<Bytes>,
}

/// A subscription that the back end allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// When it ends unless it is renewed; `None` is never.
    pub expire_at: Option<Timestamp>,
    /// Info, data and overrides.
    pub details: ChannelGrant,
}

/// How long a connection or subscription goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// It does not.
    pub expired: bool,
    /// When it ends unless it is renewed again; `None` is never.
    pub expire_at: Option<Timestamp>,
    /// Replaces what others see of it, if it is there.
    pub info: Option<Bytes>,
    /// Replaces what is kept for later questions, if it is there.
    pub meta: Option<Bytes>,
}

/// A publication as the back end wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Replaces the payload, if it is there.
    pub data: Option<Bytes>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Keep it out of the stream.
    pub skip_history: bool,
    /// Publish once per key.
    pub idempotency_key: Option<String>,
    /// Subscribers of deltas get the difference only.
    pub delta: bool,
    /// Skip it if the stream holds this version or a later one.
    pub version: Option<Version>,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HookError {
    /// Nothing, or nothing that could be read, came back in time. The reason is for logs, not for clients.
    #[error("{0}")]
    Unavailable(String),
}
