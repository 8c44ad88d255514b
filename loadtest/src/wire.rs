//! The client protocol in JSON, as far as a load test speaks it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// One message of the server: a reply, or a push if the id is zero.
#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(default)]
    pub(crate) id: u32,
    #[serde(borrow)]
    pub(crate) error: Option<WireError<'a>>,
    #[serde(borrow)]
    pub(crate) push: Option<Push<'a>>,
    #[serde(borrow)]
    pub(crate) subscribe: Option<Subscribed<'a>>,
    pub(crate) presence: Option<Presence>,
}

/// An error reply.
#[derive(Deserialize)]
pub(crate) struct WireError<'a> {
    pub(crate) code: u32,
    #[serde(borrow, default)]
    pub(crate) message: Cow<'a, str>,
}

/// Something unasked for.
#[derive(Deserialize)]
pub(crate) struct Push<'a> {
    #[serde(borrow, rename = "pub")]
    pub(crate) publication: Option<Publication<'a>>,
    #[serde(borrow)]
    pub(crate) unsubscribe: Option<WireError<'a>>,
}

/// A publication, live or recovered.
#[derive(Deserialize)]
pub(crate) struct Publication<'a> {
    #[serde(borrow)]
    pub(crate) data: &'a RawValue,
    #[serde(default)]
    pub(crate) offset: u64,
}

/// The result of a subscription.
#[derive(Deserialize)]
pub(crate) struct Subscribed<'a> {
    #[serde(default)]
    pub(crate) epoch: String,
    #[serde(default)]
    pub(crate) offset: u64,
    #[serde(default)]
    pub(crate) recoverable: bool,
    #[serde(default)]
    pub(crate) recovered: bool,
    #[serde(borrow, default)]
    pub(crate) publications: Vec<Publication<'a>>,
}

/// Who is in a channel.
#[derive(Deserialize)]
pub(crate) struct Presence {
    #[serde(default)]
    pub(crate) presence: HashMap<String, serde::de::IgnoredAny>,
}

/// What our own publications carry.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// One more than the message before it in the channel.
    pub(crate) seq: u64,
    /// When it was due, in microseconds of this process.
    pub(crate) due: u64,
}

impl Stamp {
    /// The payload, filled up to about so many bytes.
    pub(crate) fn payload(self, bytes: usize) -> Value {
        json!({ "seq": self.seq, "due": self.due, "pad": "x".repeat(bytes.saturating_sub(40)) })
    }
}

/// A place in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) epoch: String,
    pub(crate) offset: u64,
}

/// `connect`.
pub(crate) fn connect(token: &str) -> Value {
    json!({ "connect": { "token": token, "name": "loadtest" } })
}

/// What a subscription wants to know of the past.
#[derive(Clone, Copy)]
pub(crate) enum Past<'a> {
    /// Nothing.
    Forgotten,
    /// Nothing yet, but it will come back.
    Kept,
    /// Everything since a place.
    Since(&'a Position),
}

/// `subscribe`.
pub(crate) fn subscribe(channel: &str, past: Past<'_>) -> Value {
    match past {
        Past::Forgotten => json!({ "subscribe": { "channel": channel } }),
        Past::Kept => json!({ "subscribe": { "channel": channel, "recoverable": true } }),
        Past::Since(Position { epoch, offset }) => json!({ "subscribe": {
            "channel": channel, "recoverable": true, "recover": true, "epoch": epoch, "offset": offset,
        } }),
    }
}

/// `publish`.
pub(crate) fn publish(channel: &str, payload: &Value) -> Value {
    json!({ "publish": { "channel": channel, "data": payload } })
}

/// `presence`.
pub(crate) fn presence(channel: &str) -> Value {
    json!({ "presence": { "channel": channel } })
}

/// A command with its number.
pub(crate) fn numbered(id: u32, mut command: Value) -> String {
    if let Some(fields) = command.as_object_mut() {
        fields.insert("id".to_owned(), json!(id));
    }
    command.to_string()
}
