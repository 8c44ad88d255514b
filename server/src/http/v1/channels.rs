//! The channels that somebody on this node is subscribed to.

use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ports::channels::ChannelName;
use serde::Serialize;
use utoipa::ToSchema;

use super::backend;
use super::names::Channel;
use super::paging::{List, Page, PageParams};
use super::query::{Pairs, Parameters, Query};
use crate::http::Edge;
use crate::http::problem::Problem;

/// A piece of the list of channels.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Channels {
    /// The channels, ordered by name.
    channels: Vec<ActiveChannel>,
    /// Where the next piece begins; missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A channel with subscribers.
#[derive(Debug, Serialize, ToSchema)]
struct ActiveChannel {
    /// Its name.
    #[schema(value_type = Channel)]
    channel: String,
    /// Subscribed connections on this node.
    subscribers: usize,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked {
    prefix: String,
    page: Page,
}

impl Parameters for Asked {
    fn take(pairs: &mut Pairs) -> Self {
        let prefix = pairs.text("prefix").unwrap_or_default();
        Self { prefix, page: List::Channels.page(pairs, |key| ChannelName::parse(key).is_ok()) }
    }
}

/// Lists the channels with subscribers on this node.
#[utoipa::path(get, path = "/v1/channels", tag = "channels",
    params(("prefix" = Option<String>, Query, description = "Only names that begin with this.", max_length = 255, example = "news:"), PageParams),
    responses((status = 200, body = Channels, description = "A piece of the list.", example = json!({
        "channels": [{"channel": "news:local", "subscribers": 12}, {"channel": "news:sport", "subscribers": 3}],
        "next_cursor": "Y25ld3M6c3BvcnQ"}))))]
pub(super) async fn channels(
    State(edge): State<Arc<Edge>>,
    Query(Asked { prefix, page }): Query<Asked>,
) -> Result<Json<Channels>, Problem> {
    let live = edge.services.app.channels.matching(&backend(), "", edge.services.hub().channels())?;
    let after = page.after.and_then(|key| ChannelName::parse(&key).ok());
    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest =
        live.range((begin, Bound::Unbounded)).filter(|(name, _)| name.as_str().starts_with(&prefix));
    let channels: Vec<ActiveChannel> = rest
        .by_ref()
        .take(page.limit)
        .map(|(name, subscribers)| ActiveChannel { channel: name.to_string(), subscribers: *subscribers })
        .collect();
    let last = channels.last().filter(|_| rest.next().is_some());
    let next_cursor = last.map(|last| List::Channels.cursor(&last.channel));
    Ok(Json(Channels { channels, next_cursor }))
}
