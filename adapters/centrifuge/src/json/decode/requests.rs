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

pub(super) fn connect(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        token: Option<String>,
        #[serde(default)]
        data: Payload,
        #[serde(borrow)]
        subs: Option<BTreeMap<String, Option<&'a RawValue>>>,
        name: Option<String>,
        version: Option<String>,
    }

    let wire: Wire<'_> = object(json)?;
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
    })))
}

pub(super) fn subscribe(json: &str) -> Result<Request, Fault> {
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

    let wire: Wire = object(json)?;
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

pub(super) fn unsubscribe(json: &str) -> Result<Request, Fault> {
    channel(json).map(|channel| Request::Unsubscribe { channel })
}

pub(super) fn publish(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = object(json)?;
    Ok(Request::Publish { channel: wire.channel.unwrap_or_default(), data: wire.data.0 })
}

pub(super) fn presence(json: &str) -> Result<Request, Fault> {
    channel(json).map(|channel| Request::Presence { channel })
}

pub(super) fn presence_stats(json: &str) -> Result<Request, Fault> {
    channel(json).map(|channel| Request::PresenceStats { channel })
}

pub(super) fn history(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        channel: Option<String>,
        limit: Option<i32>,
        #[serde(borrow)]
        since: Option<&'a RawValue>,
        reverse: Option<bool>,
    }

    let wire: Wire<'_> = object(json)?;
    let since: Option<Place> = wire.since.map(|raw| object(raw.get())).transpose()?;
    Ok(Request::History(HistoryRequest {
        channel: wire.channel.unwrap_or_default(),
        limit: wire.limit.unwrap_or_default(),
        since: since.map(Place::position),
        reverse: wire.reverse.unwrap_or_default(),
    }))
}

pub(super) fn ping(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {}

    let Wire {} = object(json)?;
    Ok(Request::Ping)
}

pub(super) fn send(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = object(json)?;
    Ok(Request::Send { data: wire.data.0 })
}

pub(super) fn rpc(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        method: Option<String>,
        #[serde(default)]
        data: Payload,
    }

    let wire: Wire = object(json)?;
    Ok(Request::Rpc { method: wire.method.unwrap_or_default(), data: wire.data.0 })
}

pub(super) fn refresh(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        token: Option<String>,
    }

    let wire: Wire = object(json)?;
    Ok(Request::Refresh { token: wire.token.unwrap_or_default() })
}

pub(super) fn sub_refresh(json: &str) -> Result<Request, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
        token: Option<String>,
    }

    let wire: Wire = object(json)?;
    Ok(Request::SubRefresh {
        channel: wire.channel.unwrap_or_default(),
        token: wire.token.unwrap_or_default(),
    })
}

/// The channel of a request that has nothing else.
fn channel(json: &str) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Wire {
        channel: Option<String>,
    }

    let wire: Wire = object(json)?;
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
