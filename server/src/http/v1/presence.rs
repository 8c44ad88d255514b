//! Who is in a channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wigwag_core::channels::ChannelError;

use super::backend;
use super::names::Channel;
use super::paging::{LIMIT_DEFAULT, LIMIT_MAX, List, PIECE_BYTES_MAX, Page, PageParams, cut, is_client};
use super::payload::Client;
use super::query::{Pairs, Parameters, Query, Segment};
use super::refusal::{ProblemDocument, bad_field};
use super::streams::OfChannel;
use crate::http::Edge;
use crate::http::problem::Problem;

/// A piece of who is in a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Presence {
    /// The connections, ordered by id.
    clients: Vec<Client>,
    /// Where the next piece begins; missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// How many are in a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceStats {
    /// Connections.
    clients: u32,
    /// Distinct users; the anonymous one counts once.
    users: u32,
}

/// What is asked of presence in a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PresenceOf {
    /// Of which channel.
    #[schema(value_type = Channel)]
    pub(super) channel: String,
    /// Most connections of the answer.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the piece before.
    cursor: Option<String>,
}

/// A channel in a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelOnly {
    /// Which.
    #[schema(value_type = Channel)]
    pub(super) channel: String,
}

/// A piece of the presence of any channel.
#[derive(Debug)]
pub(super) struct Piece(Page);

/// A piece of the presence of one channel.
#[derive(Debug)]
pub(super) struct PieceOf(String, Page);

impl Parameters for Piece {
    fn take(pairs: &mut Pairs) -> Self {
        Self(List::Presence.page(pairs, is_client))
    }
}

impl Parameters for PieceOf {
    fn take(pairs: &mut Pairs) -> Self {
        Self(pairs.needed("channel"), List::Presence.page(pairs, is_client))
    }
}

impl PresenceOf {
    /// Which piece is meant.
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let limit = self.limit.map_or(LIMIT_DEFAULT, u64::from);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(bad_field("limit", format!("is no whole number from 1 to {LIMIT_MAX}")));
        }
        let key = |cursor: &String| {
            let key = List::Presence.key(cursor).filter(|key| is_client(key));
            key.ok_or_else(|| {
                bad_field("cursor", "is none of a presence; give next_cursor of the answer before")
            })
        };
        Ok(Page { limit: limit as usize, after: self.cursor.as_ref().map(key).transpose()? })
    }
}

/// Tells who is in a channel.
#[utoipa::path(get, path = "/v1/presence", tag = "channels",
    params(("channel" = inline(Channel), Query, description = "Which channel.", example = "news:sport"), PageParams),
    responses(
        (status = 200, body = Presence, description = "A piece of the list.", example = json!({
            "clients": [{"client": "6f1c2a7e-0000-4000-8000-000000000001", "user": "ann", "conn_info": {"name": "Ann"}}]})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn presence(
    State(edge): State<Arc<Edge>>,
    Query(PieceOf(channel, page)): Query<PieceOf>,
) -> Result<Json<Presence>, Problem> {
    Ok(Json(read(&edge, &channel, page, PIECE_BYTES_MAX).await?))
}

/// Tells who is in the channel of the path.
#[utoipa::path(get, path = "/v1/channels/{channel}/presence", tag = "channels",
    params(("channel" = inline(Channel), Path, description = "Its name, percent-encoded.", example = "news:sport"), PageParams),
    responses(
        (status = 200, body = Presence, description = "A piece of the list.", example = json!({
            "clients": [{"client": "6f1c2a7e-0000-4000-8000-000000000001", "user": "ann"}]})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn presence_of_channel(
    State(edge): State<Arc<Edge>>,
    Segment(channel): Segment,
    Query(Piece(page)): Query<Piece>,
) -> Result<Json<Presence>, Problem> {
    Ok(Json(read(&edge, &channel, page, PIECE_BYTES_MAX).await?))
}

/// Counts who is in a channel.
#[utoipa::path(get, path = "/v1/presence/stats", tag = "channels",
    params(("channel" = inline(Channel), Query, description = "Which channel.", example = "news:sport")),
    responses(
        (status = 200, body = PresenceStats, description = "How many.", example = json!({"clients": 3, "users": 2})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn presence_stats(
    State(edge): State<Arc<Edge>>,
    Query(OfChannel(channel)): Query<OfChannel>,
) -> Result<Json<PresenceStats>, Problem> {
    Ok(Json(count(&edge, &channel).await?))
}

/// Counts who is in the channel of the path.
#[utoipa::path(get, path = "/v1/channels/{channel}/presence/stats", tag = "channels",
    params(("channel" = inline(Channel), Path, description = "Its name, percent-encoded.", example = "news:sport")),
    responses(
        (status = 200, body = PresenceStats, description = "How many.", example = json!({"clients": 3, "users": 2})),
        (status = 404, body = ProblemDocument, description = "`unknown_channel`")))]
pub(super) async fn presence_stats_of_channel(
    State(edge): State<Arc<Edge>>,
    Segment(channel): Segment,
    Query(()): Query<()>,
) -> Result<Json<PresenceStats>, Problem> {
    Ok(Json(count(&edge, &channel).await?))
}

/// Reads a piece of at most so many bytes, or of one connection.
pub(super) async fn read(
    edge: &Edge,
    channel: &str,
    page: Page,
    bytes_max: usize,
) -> Result<Presence, Problem> {
    let members = edge.services.app.channels.presence(&backend(), channel).await?;
    // The order of the list is that of the ids as they are written.
    let members: BTreeMap<String, _> =
        members.into_iter().map(|member| (member.client.to_string(), member)).collect();
    let after = page.after.unwrap_or_default();
    let rest = members.into_iter().filter(|(client, _)| *client > after);
    let (shown, more) = cut(rest, page.limit, bytes_max, |(_, member)| member.payload_bytes());
    let next_cursor = shown.last().filter(|_| more).map(|(client, _)| List::Presence.cursor(client));
    Ok(Presence { clients: shown.iter().map(|(_, member)| Client::from(&**member)).collect(), next_cursor })
}

/// Counts.
pub(super) async fn count(edge: &Edge, channel: &str) -> Result<PresenceStats, ChannelError> {
    let count = edge.services.app.channels.presence_stats(&backend(), channel).await?;
    Ok(PresenceStats { clients: count.clients, users: count.users })
}
