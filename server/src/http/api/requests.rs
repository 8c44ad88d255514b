//! The bodies of the server API's methods. Unknown members are ignored, as its libraries expect.

use std::collections::BTreeMap;

use ports::channels::Epoch;
use ports::protocol::Recovery;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct ChannelRequest {
    #[serde(default)]
    pub(super) channel: String,
}

#[derive(Deserialize)]
pub(super) struct PublishRequest {
    #[serde(default)]
    pub(super) channel: String,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) b64data: Option<String>,
    #[serde(default)]
    pub(super) skip_history: bool,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) idempotency_key: String,
    #[serde(default)]
    pub(super) version: u64,
    #[serde(default)]
    pub(super) version_epoch: String,
}

#[derive(Deserialize)]
pub(super) struct HistoryRequest {
    #[serde(default)]
    pub(super) channel: String,
    #[serde(default)]
    pub(super) limit: i32,
    pub(super) since: Option<Since>,
    #[serde(default)]
    pub(super) reverse: bool,
}

#[derive(Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    epoch: String,
}

impl From<Since> for Recovery {
    fn from(since: Since) -> Self {
        Self { offset: since.offset, epoch: Epoch::new(&since.epoch) }
    }
}
