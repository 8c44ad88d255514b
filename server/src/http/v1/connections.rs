//! The connections of this node.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ports::channels::ChannelName;
use ports::ids::{ClientId, UserId};
use ports::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use wigwag_core::connections::{Ending, Whose};
use wigwag_core::session::{Seen, Session};

use super::backend;
use super::orders::{carried_out, refuse_overload};
use super::paging::{ConnectionsPage, List, PIECE_BYTES_MAX, Page, PageParams, cut, is_client};
use super::query::{Pairs, Parameters, Query, Segment};
use super::refusal::{ProblemDocument, Refusal, bad_field};
use crate::http::Edge;
use crate::http::problem::Problem;

/// A piece of the list of connections.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connections {
    /// The connections, ordered by id.
    connections: Vec<Connection>,
    /// Where the next piece begins; missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    /// Its id.
    #[schema(format = "uuid")]
    client: String,
    /// Its user; empty for the anonymous one.
    user: String,
    /// When it was established, in seconds since 1970.
    connected_at: u64,
    /// When it ends unless refreshed, in seconds since 1970; missing if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expire_at: Option<u64>,
    /// What it is subscribed to, by name.
    channels: Vec<String>,
}

/// What is asked of the list.
#[derive(Debug)]
pub(super) struct Asked {
    user: Option<String>,
    channel: Option<String>,
    page: Page,
}

/// How a connection ends.
#[derive(Debug)]
pub(super) struct Farewell {
    code: Option<u64>,
    reason: Option<String>,
}

impl Parameters for Asked {
    fn take(pairs: &mut Pairs) -> Self {
        let (user, channel) = (pairs.text("user"), pairs.text("channel"));
        Self { user, channel, page: List::Connections.page(pairs, is_client) }
    }
}

impl Parameters for Farewell {
    fn take(pairs: &mut Pairs) -> Self {
        Self { code: pairs.number("code", 3_000..=4_999), reason: pairs.text("reason") }
    }
}

impl Connection {
    /// Length of the names in it.
    fn bytes(&self) -> usize {
        self.user.len() + self.channels.iter().map(String::len).sum::<usize>()
    }
}

impl From<Seen> for Connection {
    fn from(seen: Seen) -> Self {
        let seconds = |at: Timestamp| at.as_millis() / 1_000;
        Self {
            client: seen.client.to_string(),
            user: seen.user.to_string(),
            connected_at: seconds(seen.since),
            expire_at: seen.expire_at.map(seconds),
            channels: seen.channels.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Lists the connections of this node.
///
/// A connection that stays is shown once, whoever comes and goes between two pieces.
#[utoipa::path(get, path = "/v1/connections", tag = "connections",
    params(("user" = Option<String>, Query, description = "Only those of this user; if empty, of the anonymous one.", example = "ann"),
        ("channel" = Option<String>, Query, description = "Only those subscribed to this channel.", max_length = 255),
        PageParams),
    responses((status = 200, body = Connections, description = "A piece of the list.", example = json!({
        "connections": [{"client": "6f1c2a7e-0000-4000-8000-000000000001", "user": "ann", "connected_at": 1767225600, "channels": ["news:sport"]}],
        "next_cursor": "bjZmMWMyYTdlLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMQ"}))))]
pub(super) async fn connections(
    State(edge): State<Arc<Edge>>,
    Query(Asked { user, channel, page }): Query<Asked>,
) -> Result<Json<Connections>, Problem> {
    let channel = channel.map(|channel| ChannelName::parse(&channel));
    let channel = channel.transpose().map_err(|error| bad_field("channel", error.to_string()))?;
    Ok(Json(list(&edge, user.as_deref(), channel.as_ref(), page).await))
}

/// Lists the connections that a user has to this node.
#[utoipa::path(get, path = "/v1/users/{user}/connections", tag = "users",
    params(("user" = String, Path, description = "The user's id, percent-encoded.", example = "ann"), PageParams),
    responses((status = 200, body = Connections, description = "A piece of the list.", example = json!({
        "connections": [{"client": "6f1c2a7e-0000-4000-8000-000000000001", "user": "ann", "connected_at": 1767225600, "channels": []}]}))))]
pub(super) async fn connections_of_user(
    State(edge): State<Arc<Edge>>,
    Segment(user): Segment,
    Query(ConnectionsPage(page)): Query<ConnectionsPage>,
) -> Json<Connections> {
    Json(list(&edge, Some(&user), None, page).await)
}

/// Shows a connection of this node.
#[utoipa::path(get, path = "/v1/connections/{client}", tag = "connections",
    params(("client" = String, Path, description = "The connection's id.", format = "uuid", example = "6f1c2a7e-0000-4000-8000-000000000001")),
    responses(
        (status = 200, body = Connection, description = "The connection.", example = json!({
            "client": "6f1c2a7e-0000-4000-8000-000000000001", "user": "ann", "connected_at": 1767225600,
            "expire_at": 1767229200, "channels": ["news:sport"]})),
        (status = 404, body = ProblemDocument, description = "`connection_not_found`")))]
pub(super) async fn connection(
    State(edge): State<Arc<Edge>>,
    Segment(client): Segment,
    Query(()): Query<()>,
) -> Result<Json<Connection>, Problem> {
    Ok(Json(find(&edge, &client).await?.into()))
}

/// Closes a connection of this node.
#[utoipa::path(delete, path = "/v1/connections/{client}", tag = "connections",
    params(("client" = String, Path, description = "The connection's id.", format = "uuid", example = "6f1c2a7e-0000-4000-8000-000000000001"),
        ("code" = Option<u32>, Query, description = "The close code: 4000 to 4999, or a code of the protocol; 3503 if left out.", minimum = 3000, maximum = 4999, example = 4001),
        ("reason" = Option<String>, Query, description = "The close reason, in at most 123 bytes; no JSON.", max_length = 123, example = "moved")),
    responses(
        (status = 202, description = "The node has not come to it within a second. It will."),
        (status = 204, description = "It is closed."),
        (status = 404, body = ProblemDocument, description = "`connection_not_found`")))]
pub(super) async fn close_connection(
    State(edge): State<Arc<Edge>>,
    Segment(client): Segment,
    Query(Farewell { code, reason }): Query<Farewell>,
) -> Result<StatusCode, Problem> {
    refuse_overload(&edge)?;
    let seen = find(&edge, &client).await?;
    let whose = Whose { user: seen.user.to_string(), client: Some(client), session: None };
    let code = code.and_then(|code| u32::try_from(code).ok());
    let ending = Ending { code, reason, spare: Vec::new() };
    Ok(carried_out(edge.services.app.connections.disconnect(&backend(), &whose, ending).await?).await)
}

async fn find(edge: &Edge, client: &str) -> Result<Seen, Problem> {
    let none = || {
        let detail = "no connection of this id is on this node; GET /v1/connections lists those that are";
        Refusal::ConnectionNotFound.because(detail)
    };
    let wanted = ClientId::parse(client).ok_or_else(none)?;
    let mut found = None;
    for_each(edge, None, &mut |session| {
        if session.client() == wanted {
            found = session.seen();
        }
    })
    .await;
    found.ok_or_else(none)
}

/// The connections with the smallest ids after the cursor, and one more to know that there is one.
async fn list(edge: &Edge, user: Option<&str>, channel: Option<&ChannelName>, page: Page) -> Connections {
    let user = user.map(UserId::new);
    let after = page.after.as_deref().and_then(ClientId::parse);
    let mut smallest: BTreeMap<ClientId, Seen> = BTreeMap::new();
    for_each(edge, user.as_ref(), &mut |session| {
        let client = session.client();
        let is_full = smallest.len() > page.limit;
        let is_beyond = is_full && smallest.last_key_value().is_some_and(|(last, _)| client > *last);
        let is_meant = channel.is_none_or(|channel| session.is_subscribed(channel))
            && user.as_ref().is_none_or(|user| session.user() == Some(user));
        if is_beyond || after.is_some_and(|after| client <= after) || !is_meant {
            return;
        }
        if let Some(seen) = session.seen() {
            smallest.insert(client, seen);
            if smallest.len() > page.limit + 1 {
                smallest.pop_last();
            }
        }
    })
    .await;
    piece(smallest, page.limit)
}

/// As many as fit into one answer. A connection may have very many channels.
fn piece(found: BTreeMap<ClientId, Seen>, limit: usize) -> Connections {
    let found = found.into_values().map(Connection::from);
    let (connections, more) = cut(found, limit, PIECE_BYTES_MAX, Connection::bytes);
    let next_cursor = connections.last().filter(|_| more).map(|last| List::Connections.cursor(&last.client));
    Connections { connections, next_cursor }
}

/// Looks at the sessions of all shards, or at those of one user, with turns for the others in between.
async fn for_each(edge: &Edge, user: Option<&UserId>, each: &mut (dyn FnMut(&Session) + Send)) {
    // Those of a known user are found without looking at the others.
    let known = user.filter(|user| !user.is_anonymous());
    for shard in edge.services.hub().shards() {
        if let Some(user) = known {
            shard.look_at(user, each);
            continue;
        }
        let mut from = Some(0);
        while let Some(seat) = from {
            from = shard.look(seat, each);
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_early_where_connections_have_very_many_channels() {
        let name = ChannelName::parse(&"x".repeat(255)).unwrap();
        let found = (0..10).map(|number| {
            let client = ClientId::from_random([number; 16]);
            let (user, since) = (UserId::new("ann"), Timestamp::from_secs(1));
            let channels = vec![name.clone(); PIECE_BYTES_MAX / 255 / 2];
            (client, Seen { client, user, since, expire_at: None, channels })
        });
        let found: BTreeMap<ClientId, Seen> = found.collect();

        let shown = piece(found.clone(), 10);
        assert_eq!((shown.connections.len(), shown.next_cursor.is_some()), (3, true));

        let few = piece(found.into_iter().take(2).collect(), 10);
        assert_eq!((few.connections.len(), few.next_cursor), (2, None));
    }
}
