//! What clients are answered and pushed (P sections 4 to 9).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::codes::{Disconnect, UnsubscribeCode};
use crate::channels::{ChannelName, ClientInfo, Headcount, Patch, Position, Publication};
use crate::ids::{ClientId, NodeId, SessionKey};

/// The answer to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The command's id.
    pub id: u32,
    /// The result, or why there is none.
    pub outcome: Result<Answer, ErrorReply>,
}

/// A refusal as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// Below 400 ours, 400–1999 the application's.
    pub code: u32,
    /// For people.
    pub message: Cow<'static, str>,
    /// Whether trying again may help.
    pub temporary: bool,
}

/// The results of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Connected.
    Connect(Box<ConnectAnswer>),
    /// Subscribed.
    Subscribe(Box<SubscribeAnswer>),
    /// Not subscribed any more.
    Unsubscribe,
    /// The broker has it.
    Publish,
    /// Who is there.
    Presence(Vec<Arc<ClientInfo>>),
    /// How many are there.
    PresenceStats(Headcount),
    /// Part of a stream.
    History(Box<StreamAnswer>),
    /// The application's answer.
    Rpc {
        /// The payload.
        data: Bytes,
    },
    /// The connection's new expiry.
    Refresh {
        /// Whose connection.
        client: ClientId,
        /// When it ends.
        expiry: Expiry,
    },
    /// The subscription's new expiry.
    SubRefresh(Expiry),
}

/// When the client must have refreshed: `Some(seconds)` from now, at least 1; `None` never (P-EXP-2).
pub type Expiry = Option<u32>;

/// The result of `connect` (P 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectAnswer {
    /// The connection's id.
    pub client: ClientId,
    /// The server's version.
    pub version: Cow<'static, str>,
    /// When the client must refresh.
    pub expiry: Expiry,
    /// Server-side subscriptions.
    pub subs: BTreeMap<ChannelName, SubscribeAnswer>,
    /// Seconds between pings; 0 if none will come.
    pub ping_secs: u32,
    /// Whether pings must be answered.
    pub pong: bool,
    /// What proves that a later request belongs to this connection, and the node that must get it; for transports
    /// whose two halves are different requests (P-EM-1).
    pub emulation: Option<(SessionKey, NodeId)>,
    /// From a hook.
    pub data: Option<Bytes>,
}

/// The result of `subscribe` (P 7.3, table 12.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeAnswer {
    /// When the client must refresh.
    pub expiry: Expiry,
    /// Recovery is on.
    pub recoverable: bool,
    /// The position is tracked.
    pub positioned: bool,
    /// Where the stream stands; as requested after a successful recovery.
    pub position: Option<Position>,
    /// The client asked to recover.
    pub was_recovering: bool,
    /// Everything missed is in `publications`.
    pub recovered: bool,
    /// What was missed, ascending.
    pub publications: Vec<Recovered>,
    /// From the token or a hook.
    pub data: Option<Bytes>,
    /// Deltas are on (P section 13).
    pub delta: bool,
}

/// One of the publications that a client had missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was published.
    pub publication: Arc<Publication>,
    /// The difference to the one before it in the same answer, if the client gets deltas and it is worth it.
    pub patch: Option<Patch>,
}

/// The result of `history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAnswer {
    /// The items asked for.
    pub publications: Vec<Arc<Publication>>,
    /// The stream's top.
    pub top: Position,
}

/// Something the server says to one connection unasked. Channel events are
/// [`Published`](crate::channels::Published), as they are shared by many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// Are you there?
    Ping,
    /// A subscription ended.
    Unsubscribe {
        /// Which.
        channel: ChannelName,
        /// Why.
        code: UnsubscribeCode,
    },
    /// The server has subscribed the connection to a channel; of the answer only stream features, position and data
    /// are told (P-SS-2).
    Subscribe {
        /// Which.
        channel: ChannelName,
        /// As a client would have been answered.
        answer: Box<SubscribeAnswer>,
    },
    /// The connection's expiry has changed (P-EXP-7).
    Refresh(Expiry),
    /// The end, for transports without a close frame (P-CLOSE-1).
    Disconnect(Disconnect),
}
