//! Answers of the back end to verdicts.

use std::collections::BTreeMap;

use ports::access::{ChannelGrant, ConnectionGrant, Overrides};
use ports::channels::Version;
use ports::hooks::{Admission, Consent, Renewal, Revision, Verdict, Welcome};
use ports::ids::UserId;
use ports::protocol::{Disconnect, ErrorReply};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Kind;
use crate::reading::{Moment, Payload, object, payload};

/// What makes an answer unreadable. Never quotes it: it may hold what nobody but the client should see.
pub(crate) type Fault = &'static str;

/// What an answer says; of several members the first of these counts.
#[derive(Deserialize)]
struct Answer<R> {
    disconnect: Option<Ending>,
    error: Option<Refusal>,
    result: Option<R>,
}

#[derive(Deserialize)]
struct Ending {
    code: u32,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: u32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    temporary: bool,
}

/// Reads the answer to a question of this kind.
pub(crate) fn read(kind: Kind, body: &[u8]) -> Result<Verdict, Fault> {
    match kind {
        Kind::Connect => told(body, connect),
        Kind::Refresh => told(body, |wire: Renewed| renewal(wire).map(Consent::Refresh)),
        Kind::SubRefresh => told(body, |wire: Renewed| renewal(wire).map(Consent::SubRefresh)),
        Kind::Subscribe => told(body, subscribe),
        Kind::Publish => told(body, publish),
        Kind::Rpc => told(body, |wire: Called| {
            let data = payload(wire.data, wire.b64data)?;
            Ok(Consent::Rpc(data.unwrap_or_default()))
        }),
    }
}

fn told<'a, R: Deserialize<'a>>(
    body: &'a [u8],
    consent: impl FnOnce(R) -> Result<Consent, Fault>,
) -> Result<Verdict, Fault> {
    // An error counts also if the result beside it is nonsense.
    let decided: Answer<IgnoredAny> = object(body)?;
    if let Some(Ending { code, reason }) = decided.disconnect {
        let end = Disconnect::of_application(code, &reason);
        return end.map(Verdict::Dismissed).map_err(|_| "a disconnect code or reason that may not be used");
    }
    if let Some(Refusal { code, message, temporary }) = decided.error {
        let error = ErrorReply::of_application(code, &message, temporary);
        return error.map(Verdict::Refused).ok_or("an error code or message that may not be used");
    }
    let answer: Answer<R> = object(body)?;
    let result = answer.result.ok_or("neither result nor error nor disconnect")?;
    consent(result).map(Verdict::Granted)
}

#[derive(Deserialize)]
struct Connected {
    /// Must be there: forgotten or misspelt it would let anybody in as the anonymous user.
    user: Option<String>,
    expire_at: Option<Moment>,
    info: Option<Payload>,
    b64info: Option<String>,
    data: Option<Payload>,
    b64data: Option<String>,
    channels: Option<Vec<String>>,
    subs: Option<BTreeMap<String, Granted>>,
    meta: Option<Payload>,
}

fn connect(wire: Connected) -> Result<Consent, Fault> {
    let user = wire.user.ok_or("no user in the result; \"user\": \"\" is the anonymous one")?;
    let listed = wire.channels.unwrap_or_default().into_iter();
    let channels = match wire.subs {
        Some(subs) => {
            let granted = subs.into_iter().map(|(channel, given)| Ok((channel, given.grant()?)));
            granted.collect::<Result<BTreeMap<_, _>, Fault>>()?
        }
        None => listed.map(|channel| (channel, ChannelGrant::default())).collect(),
    };
    let grant = ConnectionGrant {
        user: UserId::new(&user),
        expire_at: wire.expire_at.and_then(Moment::expiry),
        info: payload(wire.info, wire.b64info)?,
        channels,
    };
    let data = payload(wire.data, wire.b64data)?;
    Ok(Consent::Connect(Box::new(Welcome { grant, data, meta: wire.meta.map(|Payload(meta)| meta) })))
}

/// A subscription, with what belongs to it.
#[derive(Default, Deserialize)]
struct Granted {
    expire_at: Option<Moment>,
    info: Option<Payload>,
    b64info: Option<String>,
    data: Option<Payload>,
    b64data: Option<String>,
    #[serde(default, rename = "override")]
    overrides: Option<Overridden>,
}

#[derive(Default, Deserialize)]
struct Overridden {
    presence: Option<Switch>,
    join_leave: Option<Switch>,
    force_push_join_leave: Option<Switch>,
    force_recovery: Option<Switch>,
    force_positioning: Option<Switch>,
}

#[derive(Deserialize)]
struct Switch {
    #[serde(default)]
    value: bool,
}

impl Granted {
    fn grant(self) -> Result<ChannelGrant, Fault> {
        let overridden = self.overrides.unwrap_or_default();
        let value = |switch: Option<Switch>| switch.map(|switch| switch.value);
        Ok(ChannelGrant {
            info: payload(self.info, self.b64info)?,
            data: payload(self.data, self.b64data)?,
            overrides: Overrides {
                presence: value(overridden.presence),
                join_leave: value(overridden.join_leave),
                force_push_join_leave: value(overridden.force_push_join_leave),
                force_recovery: value(overridden.force_recovery),
                force_positioning: value(overridden.force_positioning),
            },
        })
    }
}

fn subscribe(mut wire: Granted) -> Result<Consent, Fault> {
    let expire_at = wire.expire_at.take().and_then(Moment::expiry);
    Ok(Consent::Subscribe(Box::new(Admission { expire_at, details: wire.grant()? })))
}

#[derive(Deserialize)]
struct Renewed {
    #[serde(default)]
    expired: bool,
    expire_at: Option<Moment>,
    info: Option<Payload>,
    b64info: Option<String>,
    meta: Option<Payload>,
}

fn renewal(wire: Renewed) -> Result<Box<Renewal>, Fault> {
    Ok(Box::new(Renewal {
        expired: wire.expired,
        expire_at: wire.expire_at.and_then(Moment::expiry),
        info: payload(wire.info, wire.b64info)?,
        meta: wire.meta.map(|Payload(meta)| meta),
    }))
}

#[derive(Deserialize)]
struct Published {
    data: Option<Payload>,
    b64data: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    skip_history: bool,
    idempotency_key: Option<String>,
    #[serde(default)]
    delta: bool,
    version: Option<u64>,
    version_epoch: Option<String>,
}

fn publish(wire: Published) -> Result<Consent, Fault> {
    let epoch = wire.version_epoch.unwrap_or_default();
    Ok(Consent::Publish(Box::new(Revision {
        data: payload(wire.data, wire.b64data)?.filter(|data| !data.is_empty()),
        tags: wire.tags.unwrap_or_default(),
        skip_history: wire.skip_history,
        idempotency_key: wire.idempotency_key.filter(|key| !key.is_empty()),
        delta: wire.delta,
        version: wire.version.filter(|number| *number > 0).map(|number| Version { number, epoch }),
    })))
}

#[derive(Deserialize)]
struct Called {
    data: Option<Payload>,
    b64data: Option<String>,
}
