//! The lingua franca of all client protocols: what clients ask, what they are answered, what is pushed to them.
//! Section and rule numbers (P-…) refer to `docs/protocol.md`.

mod codes;
mod command;
mod reply;

use bytes::Bytes;

pub use codes::{BadDisconnect, Disconnect, ErrorCode, REASON_BYTES_MAX, UnsubscribeCode};
pub use command::{
    Command, ConnectRequest, HistoryRequest, Recovery, Request, Resume, SubscribeFlags, SubscribeRequest,
};
pub use reply::{
    Answer, ConnectAnswer, ErrorReply, Expiry, Push, Recovered, Reply, StreamAnswer, SubscribeAnswer,
};

use crate::channels::{Published, Shape};

/// One way of writing commands, replies and pushes as bytes. Pure: no state, no I/O, no clock.
///
/// Promises, each a case of the contract suite: hostile bytes give an error, never a panic, and never memory beyond a
/// small multiple of the frame; what can be encoded can be read by the official SDKs.
pub trait ClientProtocol: Send + Sync {
    /// How a connection asks for this protocol, and what its frames are.
    fn offer(&self) -> Offer;

    /// Appends the commands of one frame to `commands`, in order. If a command cannot be read, those before it have
    /// been appended and nothing after it will be (P-FRM-3). A frame without any command is malformed.
    fn decode(&self, frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed>;

    /// Writes one reply.
    fn reply(&self, reply: &Reply) -> Result<Bytes, Unspeakable>;

    /// Writes one push that belongs to this connection alone.
    fn push(&self, push: &Push) -> Result<Bytes, Unspeakable>;

    /// Writes a channel event, which is the same for all who get it in this shape. A shape other than plain concerns
    /// publications only.
    fn event(&self, published: &Published, shape: Shape<'_>) -> Result<Bytes, Unspeakable>;
}

/// How a protocol is chosen and framed (P-NEG-1, P-NEG-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Short name, for metrics and logs.
    pub name: &'static str,
    /// The WebSocket sub-protocol that selects it.
    pub subprotocol: &'static str,
    /// What its WebSocket frames hold.
    pub frames: Frames,
}

/// The kind of WebSocket frames a protocol uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

/// A frame that is not in the protocol's language; costs the connection (P-FRM-3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed frame: {0}")]
pub struct Malformed(pub String);

/// Something that this protocol has no words for: a payload that is not JSON for a client that speaks JSON (P-FRM-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload cannot be said in this protocol")]
pub struct Unspeakable;
