//! The bodies of the server API's methods. Unknown members are ignored and `null` is as good as left out, as its
//! libraries expect; `data` of a publication alone may be `null` and mean it.

use std::collections::BTreeMap;

use ports::access::{ChannelGrant, Overrides};
use ports::channels::{Epoch, Version};
use ports::protocol::Recovery;
use ports::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wigwag_core::channels::Post;
use wigwag_core::connections::{Ending, Life, Whose, Wish};

use super::failure::Failure;
use super::payload::{Json, given, payload};

/// The request in a body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Malformed(error.to_string()))
}

#[derive(Deserialize)]
pub(super) struct ChannelRequest {
    pub(super) channel: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ChannelsRequest {
    pub(super) pattern: Option<String>,
}

/// `publish`, and `broadcast`, which differs in `channels` only.
#[derive(Deserialize)]
pub(super) struct PublishRequest {
    pub(super) channel: Option<String>,
    pub(super) channels: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    data: Json,
    b64data: Option<String>,
    skip_history: Option<bool>,
    tags: Option<BTreeMap<String, String>>,
    idempotency_key: Option<String>,
    delta: Option<bool>,
    version: Option<u64>,
    version_epoch: Option<String>,
}

impl PublishRequest {
    /// What is published.
    pub(super) fn post(self) -> Result<Post, Failure> {
        let version = Version {
            number: self.version.unwrap_or_default(),
            epoch: self.version_epoch.unwrap_or_default(),
        };
        Ok(Post {
            data: payload(self.data, self.b64data, "b64data")?.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            skip_history: self.skip_history.unwrap_or_default(),
            idempotency_key: self.idempotency_key.filter(|key| !key.is_empty()),
            version: Some(version).filter(|version| version.number > 0),
            delta: self.delta.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct HistoryRequest {
    pub(super) channel: Option<String>,
    pub(super) limit: Option<i32>,
    pub(super) since: Option<Since>,
    pub(super) reverse: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Since {
    offset: Option<u64>,
    epoch: Option<String>,
}

impl From<Since> for Recovery {
    fn from(since: Since) -> Self {
        let epoch = since.epoch.unwrap_or_default();
        Self { offset: since.offset.unwrap_or_default(), epoch: Epoch::new(&epoch) }
    }
}

/// Whose connections a request is about; a part of several bodies.
#[derive(Deserialize)]
pub(super) struct WhoseRequest {
    user: Option<String>,
    client: Option<String>,
    session: Option<String>,
}

impl From<WhoseRequest> for Whose {
    fn from(request: WhoseRequest) -> Self {
        let WhoseRequest { user, client, session } = request;
        Self { user: user.unwrap_or_default(), client, session }
    }
}

#[derive(Deserialize)]
pub(super) struct SubscribeRequest {
    channel: Option<String>,
    info: Json,
    b64info: Option<String>,
    data: Json,
    b64data: Option<String>,
    recover_since: Option<Since>,
    expire_at: Option<i64>,
    #[serde(rename = "override")]
    overrides: Option<OverrideRequest>,
}

impl SubscribeRequest {
    /// The subscription that is wanted.
    pub(super) fn wish(self) -> Result<Wish, Failure> {
        let details = ChannelGrant {
            info: payload(self.info, self.b64info, "b64info")?,
            data: payload(self.data, self.b64data, "b64data")?,
            overrides: self.overrides.map(Overrides::from).unwrap_or_default(),
        };
        let recover = self.recover_since.map(Recovery::from);
        let channel = self.channel.unwrap_or_default();
        Ok(Wish { channel, details, recover, expire_at: point(self.expire_at) })
    }
}

#[derive(Deserialize)]
struct OverrideRequest {
    presence: Option<Switch>,
    join_leave: Option<Switch>,
    force_push_join_leave: Option<Switch>,
    force_recovery: Option<Switch>,
    force_positioning: Option<Switch>,
}

#[derive(Deserialize)]
struct Switch {
    value: Option<bool>,
}

impl From<OverrideRequest> for Overrides {
    fn from(request: OverrideRequest) -> Self {
        let set = |switch: Option<Switch>| switch.map(|switch| switch.value.unwrap_or_default());
        Self {
            presence: set(request.presence),
            join_leave: set(request.join_leave),
            force_push_join_leave: set(request.force_push_join_leave),
            force_recovery: set(request.force_recovery),
            force_positioning: set(request.force_positioning),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct DisconnectRequest {
    whitelist: Option<Vec<String>>,
    disconnect: Option<EndingRequest>,
}

#[derive(Default, Deserialize)]
struct EndingRequest {
    code: Option<u32>,
    reason: Option<String>,
}

impl From<DisconnectRequest> for Ending {
    fn from(request: DisconnectRequest) -> Self {
        let EndingRequest { code, reason } = request.disconnect.unwrap_or_default();
        Self { code, reason, spare: request.whitelist.unwrap_or_default() }
    }
}

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    expired: Option<bool>,
    expire_at: Option<i64>,
    pub(super) info: Json,
}

impl RefreshRequest {
    /// How long the connections live.
    pub(super) fn life(&self) -> Life {
        if self.expired.unwrap_or_default() { Life::Over } else { Life::Until(point(self.expire_at)) }
    }
}

/// Seconds since 1970 as the libraries write them: 0 is never.
fn point(seconds: Option<i64>) -> Option<Timestamp> {
    let seconds = seconds.filter(|seconds| *seconds != 0)?;
    Some(Timestamp::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
