//! The history of a channel.

mod asked;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ports::channels::{Order, Publication};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::asked::HistoryOf;
use self::asked::{Asked, AskedOf, HistoryParams};
use super::backend;
use super::names::Channel;
use super::paging::{List, PIECE_BYTES_MAX, cut};
use super::payload::{self, Client, shown};
use super::query::{Pairs, Parameters, Query, Segment};
use super::refusal::ProblemDocument;
use crate::http::Edge;
use crate::http::problem::Problem;

/// A piece of a history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct History {
    /// The publications, in the order asked for.
    publications: Vec<Item>,
    /// The offset of the newest publication there ever was.
    offset: u64,
    /// Which timeline the offsets are in.
    epoch: String,
    /// Where the next piece begins; missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A publication.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publication)]
pub(super) struct Item {
    /// Its place.
    offset: u64,
    /// The payload, as it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    data: payload::Json,
    /// The payload in base64, if it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    b64data: Option<String>,
    /// Its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = std::collections::BTreeMap<String, String>, required = false)]
    tags: Option<Arc<ports::channels::Tags>>,
    /// Who published it, if a client did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Client, required = false)]
    info: Option<Client>,
}

/// A channel alone.
#[derive(Debug)]
pub(super) struct OfChannel(pub(super) String);

impl Parameters for OfChannel {
    fn take(pairs: &mut Pairs) -> Self {
        Self(pairs.needed("channel"))
    }
}

/// Reads the history of a channel.
///
/// Pieces follow each other without holes: each begins after the last publication of the one before. If the stream began
/// anew meanwhile, the cursor is refused with 416.
#[utoipa::path(get, path = "/v1/history", tag = "channels",
    params(("channel" = inline(Channel), Query, description = "Of which channel.", example = "news:sport"), HistoryParams),
    responses(
        (status = 200, body = History, description = "A piece of it.", example = json!({
            "publications": [{"offset": 7, "data": {"title": "Goal"}, "tags": {"team": "red"}}],
            "offset": 9, "epoch": "kHbzYXqw", "next_cursor": "aG86NzprSGJ6WVhxdw"})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`"),
        (status = 416, body = ProblemDocument, description = "`unrecoverable_position`")))]
pub(super) async fn history(
    State(edge): State<Arc<Edge>>,
    Query(AskedOf(channel, asked)): Query<AskedOf>,
) -> Result<Json<History>, Problem> {
    Ok(Json(read(&edge, &channel, asked?, PIECE_BYTES_MAX).await?))
}

/// Reads the history of the channel of the path.
#[utoipa::path(get, path = "/v1/channels/{channel}/history", tag = "channels",
    params(("channel" = inline(Channel), Path, description = "Its name, percent-encoded.", example = "news:sport"), HistoryParams),
    responses(
        (status = 200, body = History, description = "A piece of it.", example = json!({
            "publications": [{"offset": 7, "data": {"title": "Goal"}}], "offset": 7, "epoch": "kHbzYXqw"})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`"),
        (status = 416, body = ProblemDocument, description = "`unrecoverable_position`")))]
pub(super) async fn history_of_channel(
    State(edge): State<Arc<Edge>>,
    Segment(channel): Segment,
    Query(asked): Query<Result<Asked, Problem>>,
) -> Result<Json<History>, Problem> {
    Ok(Json(read(&edge, &channel, asked?, PIECE_BYTES_MAX).await?))
}

/// Empties the history of a channel.
///
/// Its position stays: the next publication has the next offset.
#[utoipa::path(delete, path = "/v1/history", tag = "channels",
    params(("channel" = inline(Channel), Query, description = "Of which channel.", example = "news:sport")),
    responses(
        (status = 204, description = "It is empty."),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn forget_history(
    State(edge): State<Arc<Edge>>,
    Query(OfChannel(channel)): Query<OfChannel>,
) -> Result<StatusCode, Problem> {
    forget(&edge, &channel).await
}

/// Empties the history of the channel of the path.
#[utoipa::path(delete, path = "/v1/channels/{channel}/history", tag = "channels",
    params(("channel" = inline(Channel), Path, description = "Its name, percent-encoded.", example = "news:sport")),
    responses(
        (status = 204, description = "It is empty."),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn forget_history_of_channel(
    State(edge): State<Arc<Edge>>,
    Segment(channel): Segment,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    forget(&edge, &channel).await
}

/// Empties a history.
pub(super) async fn forget(edge: &Edge, channel: &str) -> Result<StatusCode, Problem> {
    edge.services.app.channels.forget(&backend(), channel).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a piece of at most so many bytes, or of one publication.
pub(super) async fn read(
    edge: &Edge,
    channel: &str,
    asked: Asked,
    bytes_max: usize,
) -> Result<History, Problem> {
    let Asked { limit, since, order } = asked;
    // One more than is shown tells whether there are more.
    let wanted = if limit == 0 { 0 } else { i32::try_from(limit + 1).unwrap_or(i32::MAX) };
    let view = edge.services.app.channels.history(&backend(), channel, wanted, since, order).await?;
    let size = |publication: &Arc<Publication>| publication.payload_bytes();
    let (shown, more) = cut(view.publications, limit, bytes_max, size);
    let epoch = view.top.epoch.to_string();
    let letter = if order == Order::NewestFirst { 'n' } else { 'o' };
    let last = shown.last().filter(|_| more);
    let next_cursor = last.map(|last| List::History.cursor(&format!("{letter}:{}:{epoch}", last.offset)));
    let publications = shown.iter().map(|publication| Item::from(&**publication)).collect();
    Ok(History { publications, offset: view.top.offset, epoch, next_cursor })
}

impl From<&Publication> for Item {
    fn from(publication: &Publication) -> Self {
        let (data, b64data) = shown(Some(&publication.data));
        let info = publication.info.as_deref().map(Client::from);
        Self { offset: publication.offset, data, b64data, tags: publication.tags.clone(), info }
    }
}
