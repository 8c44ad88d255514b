//! Publishing: into one channel, into many.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use ports::channels::{Receipt, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wigwag_core::channels::{ChannelError, Post};

use super::backend;
use super::body::Body;
use super::names::Channel;
use super::payload::{self, given, payload};
use super::query::{Query, Segment};
use super::refusal::{ProblemDocument, bad_field, document};
use crate::http::Edge;
use crate::http::broadcasting::{self, CHANNELS_MAX};
use crate::http::problem::Problem;

/// Longest idempotency key.
const KEY_BYTES_MAX: usize = 255;
const KEY_HEADER: &str = "idempotency-key";

/// Declares requests to publish: each has members of its own, and those that all have.
macro_rules! posts {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$doc])* $field: $kind,)*
            /// What, as JSON. Either this or `b64data` is needed.
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Value, required = false)]
            data: payload::Json,
            /// What, in base64 with padding, if it is not JSON.
            #[schema(content_encoding = "base64")]
            b64data: Option<String>,
            /// Labels by which subscribers may choose.
            tags: Option<BTreeMap<String, String>>,
            /// A key that was used in the channel within five minutes publishes nothing and is answered as then, as long as
            /// it is among the newest 10,000 keys of the node.
            #[schema(min_length = 1, max_length = 255)]
            idempotency_key: Option<String>,
            /// Keeps it out of the history.
            skip_history: Option<bool>,
            /// Subscribers of deltas get the difference only.
            delta: Option<bool>,
            /// Publishes nothing if the channel has this version or a later one.
            #[schema(minimum = 0)]
            version: Option<u64>,
            /// Versions of different epochs are not compared.
            version_epoch: Option<String>,
        }

        impl $name {
            /// Its own members, and what is published; a key from elsewhere must be the same.
            fn split(self, key: Option<String>) -> Result<(($($kind,)*), Post), Problem> {
                let data = payload(self.data, self.b64data, "b64data")?.filter(|data| !data.is_empty());
                let post = Post {
                    data: data.ok_or_else(|| bad_field("data", "is missing; give data or b64data"))?,
                    tags: self.tags.unwrap_or_default(),
                    skip_history: self.skip_history.unwrap_or_default(),
                    idempotency_key: agreed(self.idempotency_key, key)?,
                    version: version(self.version, self.version_epoch)?,
                    delta: self.delta.unwrap_or_default(),
                };
                Ok((($(self.$field,)*), post))
            }
        }
    )*};
}

posts! {
    /// Something to be published into one channel.
    Publish {
        /// Where.
        #[schema(value_type = Channel)]
        channel: String,
    }

    /// Something to be published into the channel of the path.
    PublishHere {}

    /// Something to be published into many channels.
    Broadcast {
        /// Where.
        #[schema(value_type = Vec<Channel>, min_items = 1, max_items = 1000)]
        channels: Vec<String>,
    }
}

/// Where a publication went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Published {
    /// Its place in the channel's history; missing if it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    offset: Option<u64>,
    /// Which timeline the place is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    epoch: Option<String>,
    /// Whether nothing was published because the key or the version was there already.
    skipped: bool,
}

/// What became of a broadcast, channel by channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BroadcastResult {
    /// One result for each channel, in order.
    results: Vec<BroadcastItem>,
    /// How many of them are problems.
    failed: usize,
}

/// What became of a broadcast in one channel: either a place or a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BroadcastItem {
    /// The channel as it was given.
    channel: String,
    /// The status that publishing into this channel alone would have had.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// Where the publication went.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    published: Option<Published>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<ProblemDocument>,
}

impl From<Receipt> for Published {
    fn from(receipt: Receipt) -> Self {
        let (offset, epoch) =
            receipt.position.map(|position| (position.offset, position.epoch.to_string())).unzip();
        Self { offset, epoch, skipped: receipt.skipped }
    }
}

/// Publishes into a channel.
///
/// When this is answered, the broker has the publication.
#[utoipa::path(post, path = "/v1/publish", tag = "channels",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same as `idempotency_key`.", min_length = 1, max_length = 255)),
    request_body(content = Publish, examples(
        ("json" = (value = json!({"channel": "news:sport", "data": {"title": "Goal"}, "tags": {"team": "red"}}))),
        ("bytes" = (value = json!({"channel": "news:sport", "b64data": "AAEC", "skip_history": true}))))),
    responses(
        (status = 200, body = Published, description = "Where it went.",
            example = json!({"offset": 7, "epoch": "kHbzYXqw", "skipped": false})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn publish(
    State(edge): State<Arc<Edge>>,
    headers: HeaderMap,
    Query(()): Query<()>,
    Body(publish): Body<Publish>,
) -> Result<Json<Published>, Problem> {
    Ok(Json(perform(&edge, publish, header_key(&headers)?).await?))
}

/// Publishes into the channel of the path.
#[utoipa::path(post, path = "/v1/channels/{channel}/publish", tag = "channels",
    params(("channel" = inline(Channel), Path, description = "Its name, percent-encoded."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same as `idempotency_key`.", min_length = 1, max_length = 255)),
    request_body(content = PublishHere, example = json!({"data": {"title": "Goal"}, "idempotency_key": "goal-17"})),
    responses(
        (status = 200, body = Published, description = "Where it went.",
            example = json!({"offset": 8, "epoch": "kHbzYXqw", "skipped": false})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn publish_to_channel(
    State(edge): State<Arc<Edge>>,
    Segment(channel): Segment,
    headers: HeaderMap,
    Query(()): Query<()>,
    Body(here): Body<PublishHere>,
) -> Result<Json<Published>, Problem> {
    let ((), post) = here.split(header_key(&headers)?)?;
    Ok(Json(publish_one(&edge, &channel, post).await?))
}

/// Publishes the same into many channels.
///
/// Every channel has a result of its own; those that fail keep nobody else from getting it.
#[utoipa::path(post, path = "/v1/broadcast", tag = "channels",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same as `idempotency_key`.", min_length = 1, max_length = 255)),
    request_body(content = Broadcast, example = json!({"channels": ["news:sport", "news:local"], "data": {"title": "Goal"}})),
    responses((status = 200, body = BroadcastResult, description = "What became of it in each channel.",
        example = json!({"results": [
            {"channel": "news:sport", "status": 200, "published": {"offset": 9, "epoch": "kHbzYXqw", "skipped": false}},
            {"channel": "news:local", "status": 200, "published": {"offset": 1, "epoch": "mWqPdRta", "skipped": false}}],
            "failed": 0}))))]
pub(super) async fn broadcast(
    State(edge): State<Arc<Edge>>,
    headers: HeaderMap,
    Query(()): Query<()>,
    Body(broadcast): Body<Broadcast>,
) -> Result<Json<BroadcastResult>, Problem> {
    Ok(Json(perform_broadcast(&edge, broadcast, header_key(&headers)?).await?))
}

/// Publishes into one channel; a key from elsewhere must be the same.
pub(super) async fn perform(
    edge: &Edge,
    publish: Publish,
    key: Option<String>,
) -> Result<Published, Problem> {
    let ((channel,), post) = publish.split(key)?;
    publish_one(edge, &channel, post).await
}

/// Publishes into many channels.
pub(super) async fn perform_broadcast(
    edge: &Edge,
    broadcast: Broadcast,
    key: Option<String>,
) -> Result<BroadcastResult, Problem> {
    let ((channels,), post) = broadcast.split(key)?;
    if !(1..=CHANNELS_MAX).contains(&channels.len()) {
        return Err(bad_field("channels", format!("has {}; give 1 to {CHANNELS_MAX}", channels.len())));
    }
    let told = |channel: String, published: Result<Receipt, ChannelError>| match published {
        Ok(receipt) => BroadcastItem { channel, status: 200, published: Some(receipt.into()), problem: None },
        Err(error) => {
            let problem = document(&error.into(), None);
            BroadcastItem { channel, status: problem.status, published: None, problem: Some(problem) }
        }
    };
    let results = broadcasting::broadcast(edge, channels, &post, told).await;
    let failed = results.iter().filter(|item| item.problem.is_some()).count();
    Ok(BroadcastResult { results, failed })
}

async fn publish_one(edge: &Edge, channel: &str, post: Post) -> Result<Published, Problem> {
    Ok(edge.services.app.channels.publish(&backend(), channel, post).await?.into())
}

fn version(number: Option<u64>, epoch: Option<String>) -> Result<Option<Version>, Problem> {
    let number = number.filter(|number| *number > 0);
    if epoch.is_some() && number.is_none() {
        return Err(bad_field("version_epoch", "means nothing without a version above zero"));
    }
    Ok(number.map(|number| Version { number, epoch: epoch.unwrap_or_default() }))
}

fn header_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = key.to_str().map_err(|_| bad_field("Idempotency-Key", "is not visible ASCII"))?;
    Ok(Some(key.to_owned()))
}

/// One key of two places that say the same.
fn agreed(body: Option<String>, header: Option<String>) -> Result<Option<String>, Problem> {
    if let (Some(body), Some(header)) = (&body, &header)
        && body != header
    {
        let message = "says something else than the header Idempotency-Key; give one of the two";
        return Err(bad_field("idempotency_key", message));
    }
    let key = body.or(header);
    if key.as_ref().is_some_and(|key| !(1..=KEY_BYTES_MAX).contains(&key.len())) {
        return Err(bad_field("idempotency_key", format!("must have 1 to {KEY_BYTES_MAX} bytes")));
    }
    Ok(key)
}
