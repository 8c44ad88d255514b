//! The requests inside commands. A field that is `null` counts as left out, but for payloads, where `null` is a value.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use ports::channels::Epoch;
use ports::protocol::{
    ConnectRequest, HistoryRequest, Recovery, Request, Resume, SubscribeFlags, SubscribeRequest,
};

use super::super::payload;
use super::filter::Filter;
use super::{Fault, object};
use crate::agreed::trimmed;

/// Which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Subscribe,
    Unsubscribe,
    Publish,
    Presence,
    PresenceStats,
    History,
    Ping,
    Send,
    Rpc,
    Refresh,
    SubRefresh,
}

impl Kind {
    /// The request of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "connect" => Self::Connect,
            "subscribe" => Self::Subscribe,
            "unsubscribe" => Self::Unsubscribe,
            "publish" => Self::Publish,
            "presence" => Self::Presence,
            "presence_stats" => Self::PresenceStats,
            "history" => Self::History,
            "ping" => Self::Ping,
            "send" => Self::Send,
            "rpc" => Self::Rpc,
            "refresh" => Self::Refresh,
            "sub_refresh" => Self::SubRefresh,
            _ => return None,
        })
    }
}

/// What holds the object of a request.
pub(super) trait Source<'a> {
    /// Reads it.
    fn object<T: Deserialize<'a>>(self) -> Result<T, Fault>;
}

impl<'a> Source<'a> for &'a RawValue {
    fn object<T: Deserialize<'a>>(self) -> Result<T, Fault> {
        object(self.get())
    }
}

/// Reads a request.
pub(super) fn read<'a>(kind: Kind, body: impl Source<'a>) -> Result<Request, Fault> {
    match kind {
        Kind::Connect => connect(body),
        Kind::Subscribe => subscribe(body),
        Kind::Unsubscribe => unsubscribe(body),
        Kind::Publish => publish(body),
        Kind::Presence => presence(body),
        Kind::PresenceStats => presence_stats(body),
        Kind::History => history(body),
        Kind::Ping => ping(body),
        Kind::Send => send(body),
        Kind::Rpc => rpc(body),
        Kind::Refresh => refresh(body),
        Kind::SubRefresh => sub_refresh(body),
    }
}

fn connect<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        token: Option<String>,
        #[serde(default)]
        data: Payload,
        #[serde(borrow)]
        subs: Option<BTreeMap<String, Option<&'a RawValue>>>,
        name: Option<String>,
        version: Option<String>,
        headers: Option<BTreeMap<String, String>>,
    }

    let wire: Wire<'_> = body.object()?;
    let mut subs = BTreeMap::new();
    for (channel, raw) in wire.subs.unwrap_or_default() {
        let place: Place = raw.map(|raw| object(raw.get())).transpose()?.unwrap_or_default();
        let delta = place.delta.clone().unwrap_or_default();
        subs.insert(channel, Resume { recover: place.recovery(), delta });
    }
    Ok(Request::Connect(Box::new(ConnectRequest {
        token: wire.token.unwrap_or_default(),
        data: wire.data.0,
        subs,
        name: wire.name.unwrap_or_default(),
        version: wire.version.unwrap_or_default(),
        headers: wire.headers.unwrap_or_default(),
    })))
}

fn subscribe<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
        token: Option<String>,
        recover: Option<bool>,
        epoch: Option<String>,
        offset: Option<u64>,
        #[serde(default)]
        data: Payload,
        positioned: Option<bool>,
        recoverable: Option<bool>,
        join_leave: Option<bool>,
        delta: Option<String>,
        tf: Option<Filter>,
        flag: Option<i64>,
        r#type: Option<i32>,
    }

    let wire: Wire = body.object()?;
    let place = Place { recover: wire.recover, offset: wire.offset, epoch: wire.epoch, delta: None };
    Ok(Request::Subscribe(Box::new(SubscribeRequest {
        channel: wire.channel.unwrap_or_default(),
        token: wire.token.unwrap_or_default(),
        recover: place.recovery(),
        data: wire.data.0,
        positioned: wire.positioned.unwrap_or_default(),
        recoverable: wire.recoverable.unwrap_or_default(),
        join_leave: wire.join_leave.unwrap_or_default(),
        delta: wire.delta.unwrap_or_default(),
        filter: wire.tf.map(|Filter(root)| trimmed(root)),
        flags: SubscribeFlags(wire.flag.unwrap_or_default()),
        kind: wire.r#type.unwrap_or_default(),
    })))
}

fn unsubscribe<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    channel(body).map(|channel| Request::Unsubscribe { channel })
}

fn publish<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = body.object()?;
    Ok(Request::Publish { channel: wire.channel.unwrap_or_default(), data: wire.data.0 })
}

fn presence<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    channel(body).map(|channel| Request::Presence { channel })
}

fn presence_stats<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    channel(body).map(|channel| Request::PresenceStats { channel })
}

fn history<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        channel: Option<String>,
        limit: Option<i32>,
        #[serde(borrow)]
        since: Option<&'a RawValue>,
        reverse: Option<bool>,
    }

    let wire: Wire<'_> = body.object()?;
    let since: Option<Place> = wire.since.map(|raw| object(raw.get())).transpose()?;
    Ok(Request::History(HistoryRequest {
        channel: wire.channel.unwrap_or_default(),
        limit: wire.limit.unwrap_or_default(),
        since: since.map(Place::position),
        reverse: wire.reverse.unwrap_or_default(),
    }))
}

fn ping<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {}

    let Wire {} = body.object()?;
    Ok(Request::Ping)
}

fn send<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = body.object()?;
    Ok(Request::Send { data: wire.data.0 })
}

fn rpc<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        method: Option<String>,
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = body.object()?;
    Ok(Request::Rpc { method: wire.method.unwrap_or_default(), data: wire.data.0 })
}

fn refresh<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        token: Option<String>,
    }

    let wire: Wire = body.object()?;
    Ok(Request::Refresh { token: wire.token.unwrap_or_default() })
}

fn sub_refresh<'a>(body: impl Source<'a>) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
        token: Option<String>,
    }

    let wire: Wire = body.object()?;
    Ok(Request::SubRefresh {
        channel: wire.channel.unwrap_or_default(),
        token: wire.token.unwrap_or_default(),
    })
}

/// The channel of a request that has nothing else.
fn channel<'a>(body: impl Source<'a>) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
    }

    let wire: Wire = body.object()?;
    Ok(wire.channel.unwrap_or_default())
}

/// A position, whether to continue from it, and how.
#[derive(Default, Deserialize)]
struct Place {
    recover: Option<bool>,
    offset: Option<u64>,
    epoch: Option<String>,
    delta: Option<String>,
}

impl Place {
    fn recovery(self) -> Option<Recovery> {
        (self.recover == Some(true)).then(|| self.position())
    }

    fn position(self) -> Recovery {
        Recovery {
            offset: self.offset.unwrap_or_default(),
            epoch: Epoch::new(self.epoch.as_deref().unwrap_or_default()),
        }
    }
}

/// An embedded JSON value, kept as it is (P-ENC-2); empty if left out.
#[derive(Default)]
struct Payload(Bytes);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(Bytes::copy_from_slice(payload::on_one_line(raw.get()).as_bytes())))
    }
}
