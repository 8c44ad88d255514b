//! The bodies of the server API's methods. Unknown members are ignored and `null` is as good as left out, as its
//! libraries expect; `data` alone may be `null` and mean it.

use std::collections::BTreeMap;

use ports::channels::Epoch;
use ports::protocol::Recovery;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct ChannelRequest {
    pub(super) channel: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PublishRequest {
    pub(super) channel: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(super) data: Option<Box<RawValue>>,
    pub(super) b64data: Option<String>,
    pub(super) skip_history: Option<bool>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) idempotency_key: Option<String>,
    pub(super) version: Option<u64>,
    pub(super) version_epoch: Option<String>,
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

/// A payload that is there, be it `null`.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}
