//! The claims of both kinds of tokens (P section 10) as they are written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::access::{ChannelGrant, Overrides, TokenError};
use ports::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::parts::invalid;

/// Everything that a token may say. Unknown claims, `iat`, `jti` and `meta` among them, are accepted and ignored.
///
/// Claims whose absence grants more than their presence must not be `null`: a back end that loses a user or an
/// expiry on the way should hear about it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Claims {
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<Moment>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<Moment>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) expire_at: Option<Moment>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) channels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subs: Option<BTreeMap<String, Details>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) b64info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) b64data: Option<String>,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub(crate) overrides: Option<Override>,
}

/// What the `subs` claim says about one channel.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64data: Option<String>,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    overrides: Option<Override>,
}

/// One audience or several.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Seconds since the Unix epoch, perhaps with a fraction.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Moment(serde_json::Number);

/// Namespace options replaced for one subscription.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Override {
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_leave: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force_push_join_leave: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force_recovery: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force_positioning: Option<Switch>,
}

#[derive(Deserialize, Serialize)]
struct Switch {
    value: bool,
}

impl Claims {
    /// When the connection or subscription ends: `expire_at` if it is there, else `exp`.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        match &self.expire_at {
            Some(never) if never.is_zero() => None,
            Some(moment) => Some(moment.timestamp()),
            None => self.exp.as_ref().map(Moment::timestamp),
        }
    }

    /// What a subscription token says beside its channel.
    pub(crate) fn into_details(self) -> Details {
        Details {
            info: self.info,
            b64info: self.b64info,
            data: self.data,
            b64data: self.b64data,
            overrides: self.overrides,
        }
    }

    /// The claims of a subscription token that come from its details.
    pub(crate) fn with_details(self, details: Details) -> Self {
        let Details { info, b64info, data, b64data, overrides } = details;
        Self { info, b64info, data, b64data, overrides, ..self }
    }
}

impl Details {
    pub(crate) fn grant(self) -> Result<ChannelGrant, TokenError> {
        Ok(ChannelGrant {
            info: payload(self.info, self.b64info.as_deref())?,
            data: payload(self.data, self.b64data.as_deref())?,
            overrides: self.overrides.unwrap_or_default().into(),
        })
    }
}

impl From<&ChannelGrant> for Details {
    fn from(grant: &ChannelGrant) -> Self {
        let (info, b64info) = spelled(grant.info.as_ref());
        let (data, b64data) = spelled(grant.data.as_ref());
        let overrides = (grant.overrides != Overrides::default()).then(|| grant.overrides.into());
        Self { info, b64info, data, b64data, overrides }
    }
}

impl Audience {
    pub(crate) fn any(&self, wanted: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(one) => wanted(one),
            Self::Many(many) => many.iter().any(|one| wanted(one)),
        }
    }
}

impl Moment {
    pub(crate) fn of(time: Timestamp) -> Self {
        Self((time.as_millis() / 1_000).into())
    }

    fn is_zero(&self) -> bool {
        self.0.as_f64() == Some(0.0)
    }

    /// The point in time; what lies before the epoch is the epoch, what lies beyond all time is the end of time.
    pub(crate) fn timestamp(&self) -> Timestamp {
        match self.0.as_u64() {
            Some(secs) => Timestamp::from_secs(secs),
            None => Timestamp::from_millis((self.0.as_f64().unwrap_or(0.0) * 1_000.0) as u64),
        }
    }
}

impl From<Override> for Overrides {
    fn from(written: Override) -> Self {
        let value = |switch: Option<Switch>| switch.map(|switch| switch.value);
        Self {
            presence: value(written.presence),
            join_leave: value(written.join_leave),
            force_push_join_leave: value(written.force_push_join_leave),
            force_recovery: value(written.force_recovery),
            force_positioning: value(written.force_positioning),
        }
    }
}

impl From<Overrides> for Override {
    fn from(overrides: Overrides) -> Self {
        let switch = |value: Option<bool>| value.map(|value| Switch { value });
        Self {
            presence: switch(overrides.presence),
            join_leave: switch(overrides.join_leave),
            force_push_join_leave: switch(overrides.force_push_join_leave),
            force_recovery: switch(overrides.force_recovery),
            force_positioning: switch(overrides.force_positioning),
        }
    }
}

/// The bytes of a payload that may be written in two ways; base64 wins, an empty text counts as absent.
pub(crate) fn payload(json: Option<Box<RawValue>>, b64: Option<&str>) -> Result<Option<Bytes>, TokenError> {
    match b64 {
        Some(text) if !text.is_empty() => {
            let bytes = STANDARD.decode(text).map_err(|_| invalid("a base64 claim holds something else"))?;
            Ok(Some(Bytes::from(bytes)))
        }
        Some(_) | None => Ok(json.map(|raw| Bytes::from(String::from(Box::<str>::from(raw))))),
    }
}

/// A payload as claims: as JSON if that keeps every byte, else as base64. A claim that is `null` says nothing.
pub(crate) fn spelled(payload: Option<&Bytes>) -> (Option<Box<RawValue>>, Option<String>) {
    let Some(bytes) = payload else { return (None, None) };
    let json: Option<Box<RawValue>> = serde_json::from_slice(bytes).ok();
    match json.filter(|raw| raw.get().as_bytes() == &**bytes && raw.get() != "null") {
        Some(raw) => (Some(raw), None),
        None => (None, Some(STANDARD.encode(bytes))),
    }
}

/// Reads a claim that may be absent but not `null`.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
