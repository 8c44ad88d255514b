//! What clients ask (P sections 4 to 8). Channel names are raw here: what a bad one costs depends on the command.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::channels::{Epoch, FilterNode};

/// One command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Echoed by the reply; 0 for what gets none.
    pub id: u32,
    /// What is asked.
    pub request: Request,
}

/// The requests a client can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The answer to a ping: a command without id and request (P-CONN-5).
    Pong,
    /// An id without a request that is known (P-CONN-7).
    Unknown,
    /// Introduces the connection.
    Connect(Box<ConnectRequest>),
    /// Begins a subscription.
    Subscribe(Box<SubscribeRequest>),
    /// Ends a subscription.
    Unsubscribe {
        /// Raw channel name.
        channel: String,
    },
    /// Publishes into a channel.
    Publish {
        /// Raw channel name.
        channel: String,
        /// The payload; empty if it was left out.
        data: Bytes,
    },
    /// Asks who is in a channel.
    Presence {
        /// Raw channel name.
        channel: String,
    },
    /// Asks how many are in a channel.
    PresenceStats {
        /// Raw channel name.
        channel: String,
    },
    /// Reads a stream.
    History(HistoryRequest),
    /// A ping command, which no SDK sends (P-CONN-6).
    Ping,
    /// An asynchronous message to the application; gets no reply.
    Send {
        /// The payload.
        data: Bytes,
    },
    /// Calls the application.
    Rpc {
        /// The method's name.
        method: String,
        /// The payload.
        data: Bytes,
    },
    /// Brings a new connection token.
    Refresh {
        /// The token.
        token: String,
    },
    /// Brings a new subscription token.
    SubRefresh {
        /// Raw channel name.
        channel: String,
        /// The token.
        token: String,
    },
}

/// `connect` (P 5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Connection token; empty if there is none.
    pub token: String,
    /// For a connect hook.
    pub data: Bytes,
    /// Server-side channels the client was on.
    pub subs: BTreeMap<String, Resume>,
    /// Which SDK, by its own account.
    pub name: String,
    /// Which version of the application.
    pub version: String,
    /// What a browser would have sent as headers if it could; only the client's word for it.
    pub headers: BTreeMap<String, String>,
}

/// What a client says of a server-side channel it was on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Where to continue, if it recovers.
    pub recover: Option<Recovery>,
    /// The delta format asked for; empty if none.
    pub delta: String,
}

/// A wish to continue from a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The last offset the client has.
    pub offset: u64,
    /// Its timeline; [`Epoch::is_unknown`] skips the comparison.
    pub epoch: Epoch,
}

/// `subscribe` (P 7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeRequest {
    /// Raw channel name.
    pub channel: String,
    /// Subscription token; empty if there is none.
    pub token: String,
    /// Where to continue, if the client recovers.
    pub recover: Option<Recovery>,
    /// For a subscribe hook.
    pub data: Bytes,
    /// The client asks for a tracked position.
    pub positioned: bool,
    /// The client asks for recovery.
    pub recoverable: bool,
    /// The client asks for joins and leaves.
    pub join_leave: bool,
    /// The delta format asked for; empty if none.
    pub delta: String,
    /// Which publications are wanted, if not all.
    pub filter: Option<FilterNode>,
    /// Feature bits.
    pub flags: SubscribeFlags,
    /// Kind of subscription; 0 is a stream (P section 23).
    pub kind: i32,
}

/// Feature bits of a subscribe request; unknown ones are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscribeFlags(pub i64);

impl SubscribeFlags {
    /// Whether an unrecoverable position should be refused with error 112 instead of reported (P 12.3).
    pub fn refuse_unrecoverable(self) -> bool {
        self.0 & 2 != 0
    }
}

/// `history` (P section 8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Raw channel name.
    pub channel: String,
    /// 0 asks for the position only, a negative number for everything.
    pub limit: i32,
    /// Exclusive start.
    pub since: Option<Recovery>,
    /// Newest first.
    pub reverse: bool,
}
