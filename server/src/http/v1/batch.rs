//! Many commands in one call, each with a result of its own, in order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::body::{self, Body};
use super::paging::PIECE_BYTES_MAX;
use super::payload;
use super::presence::{self, ChannelOnly, PresenceOf};
use super::publishing::{self, Broadcast, Publish};
use super::query::Query;
use super::refusal::{ProblemDocument, Refusal, bad_field, document};
use super::streams::{self, HistoryOf};
use super::users::{Disconnect, Refresh, Subscribe, Unsubscribe};
use crate::http::Edge;
use crate::http::held::held;
use crate::http::problem::Problem;
use crate::http::room::{Full, Room};

/// Most commands of one call.
const COMMANDS_MAX: usize = 1_000;
/// Commands of one call under way at a time, if they need not wait for each other.
const AT_ONCE: usize = 32;

/// Many commands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// The commands.
    #[schema(value_type = Vec<Command>, min_items = 1, max_items = 1000)]
    commands: Vec<Box<RawValue>>,
    /// Their order does not matter, so that they need not wait for each other.
    parallel: Option<bool>,
}

/// One command: exactly one member, named after what is to be done, with the body of the single call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub(super) struct Command {
    /// As `POST /v1/publish`.
    publish: Option<Publish>,
    /// As `POST /v1/broadcast`.
    broadcast: Option<Broadcast>,
    /// As `GET /v1/history`.
    history: Option<HistoryOf>,
    /// As `DELETE /v1/history`.
    forget_history: Option<ChannelOnly>,
    /// As `GET /v1/presence`.
    presence: Option<PresenceOf>,
    /// As `GET /v1/presence/stats`.
    presence_stats: Option<ChannelOnly>,
    /// As `POST /v1/users/{user}/disconnect`.
    disconnect: Option<DisconnectUser>,
    /// As `POST /v1/users/{user}/subscribe`.
    subscribe: Option<SubscribeUser>,
    /// As `POST /v1/users/{user}/unsubscribe`.
    unsubscribe: Option<UnsubscribeUser>,
    /// As `POST /v1/users/{user}/refresh`.
    refresh: Option<RefreshUser>,
}

macro_rules! user_commands {
    ($($(#[$doc:meta])* $name:ident($body:ident);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            /// Whose connections; empty for those of the anonymous user.
            user: String,
            /// The body of the single call.
            body: $body,
        }
    )*};
}

user_commands! {
    /// The end of a user's connections, in a batch.
    DisconnectUser(Disconnect);
    /// A subscription of a user's connections, in a batch.
    SubscribeUser(Subscribe);
    /// The end of subscriptions of a user's connections, in a batch.
    UnsubscribeUser(Unsubscribe);
    /// A new life span of a user's connections, in a batch.
    RefreshUser(Refresh);
}

/// What became of the commands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchResult {
    /// One result for each command, in order.
    results: Vec<BatchItem>,
    /// How many of them are problems.
    failed: usize,
}

/// What became of one command.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchItem {
    /// The status that the single call would have had.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The body that the single call would have had, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    body: payload::Json,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<ProblemDocument>,
}

/// Performs many commands.
///
/// They are performed one after the other unless they are declared `parallel`. One that fails does not keep the others from
/// being performed. What is only read is at most 32 MiB together.
#[utoipa::path(post, path = "/v1/batch", tag = "channels",
    request_body(content = Batch, example = json!({"commands": [
        {"publish": {"channel": "news:sport", "data": {"title": "Goal"}}},
        {"presence_stats": {"channel": "news:sport"}},
        {"disconnect": {"user": "ann", "body": {"code": 4001}}}]})),
    responses((status = 200, body = BatchResult, description = "What became of each.", example = json!({
        "results": [
            {"status": 200, "body": {"offset": 7, "epoch": "kHbzYXqw", "skipped": false}},
            {"status": 200, "body": {"clients": 3, "users": 2}},
            {"status": 204}],
        "failed": 0}))))]
pub(super) async fn batch(
    State(edge): State<Arc<Edge>>,
    Query(()): Query<()>,
    Body(batch): Body<Batch>,
) -> Result<Response, Problem> {
    let count = batch.commands.len();
    if !(1..=COMMANDS_MAX).contains(&count) {
        return Err(bad_field("commands", format!("has {count}; give 1 to {COMMANDS_MAX}")));
    }
    let at_once = if batch.parallel.unwrap_or_default() { AT_ONCE } else { 1 };
    let room = edge.answers.room();
    let commands = batch.commands.into_iter().map(|command| item(&edge, command, &room));
    let results: Vec<BatchItem> = stream::iter(commands).buffered(at_once).collect().await;
    let failed = results.iter().filter(|item| item.problem.is_some()).count();
    Ok(held(Json(BatchResult { results, failed }).into_response(), room))
}

async fn item(edge: &Edge, command: Box<RawValue>, room: &Room) -> BatchItem {
    let result = match body::read::<Command>(&command) {
        Ok(command) => perform(edge, command, room).await,
        Err(problem) => Err(problem),
    };
    // Nothing else here need ever wait, and others have something to do as well.
    tokio::task::yield_now().await;
    match result {
        Ok((status, body)) => BatchItem { status: status.as_u16(), body, problem: None },
        Err(problem) => {
            let problem = document(&problem, None);
            BatchItem { status: problem.status, body: None, problem: Some(problem) }
        }
    }
}

/// The status and the body that the single call would have had.
type Done = (StatusCode, payload::Json);

async fn perform(edge: &Edge, command: Command, room: &Room) -> Result<Done, Problem> {
    if command.count() != 1 {
        let message = format!("has {} members; a command is one member, such as publish", command.count());
        return Err(bad_field("", message));
    }
    let Command { publish, broadcast, history, forget_history, presence, presence_stats, .. } = command;
    let Command { disconnect, subscribe, unsubscribe, refresh, .. } = command;
    if let Some(publish) = publish {
        return shown(&publishing::perform(edge, publish, None).await?);
    }
    if let Some(broadcast) = broadcast {
        return shown(&publishing::perform_broadcast(edge, broadcast, None).await?);
    }
    if let Some(history) = history {
        let channel = history.channel.clone();
        let read = streams::read(edge, &channel, history.understood()?, for_one(room)?).await?;
        return spent(room, shown(&read)?);
    }
    if let Some(presence) = presence {
        let read = presence::read(edge, &presence.channel, presence.page()?, for_one(room)?).await?;
        return spent(room, shown(&read)?);
    }
    if let Some(ChannelOnly { channel }) = presence_stats {
        return shown(&presence::count(edge, &channel).await?);
    }
    let mut status = StatusCode::NO_CONTENT;
    if let Some(ChannelOnly { channel }) = forget_history {
        streams::forget(edge, &channel).await?;
    }
    if let Some(DisconnectUser { user, body }) = disconnect {
        status = body.perform(edge, user).await?;
    }
    if let Some(SubscribeUser { user, body }) = subscribe {
        status = body.perform(edge, user).await?;
    }
    if let Some(UnsubscribeUser { user, body }) = unsubscribe {
        status = body.perform(edge, user).await?;
    }
    if let Some(RefreshUser { user, body }) = refresh {
        status = body.perform(edge, user).await?;
    }
    Ok((status, None))
}

impl Command {
    fn count(&self) -> usize {
        let Self { publish, broadcast, history, forget_history, presence, presence_stats, .. } = self;
        let Self { disconnect, subscribe, unsubscribe, refresh, .. } = self;
        [
            publish.is_some(),
            broadcast.is_some(),
            history.is_some(),
            forget_history.is_some(),
            presence.is_some(),
            presence_stats.is_some(),
            disconnect.is_some(),
            subscribe.is_some(),
            unsubscribe.is_some(),
            refresh.is_some(),
        ]
        .into_iter()
        .filter(|is_there| *is_there)
        .count()
    }
}

fn shown(result: &impl Serialize) -> Result<Done, Problem> {
    let unspeakable = |_| Refusal::Unavailable.because("the result cannot be written as JSON").retry_after(1);
    let body = to_raw_value(result).map_err(unspeakable)?;
    Ok((StatusCode::OK, Some(body)))
}

/// How much one read may take, if it may take anything.
fn for_one(room: &Room) -> Result<usize, Problem> {
    room.left().map(|left| left.min(PIECE_BYTES_MAX)).map_err(|full| match full {
        Full::Call => {
            let detail = "one call reads at most 32 MiB; ask for less: smaller limits, fewer commands";
            Refusal::LimitExceeded.because(detail)
        }
        Full::Node => {
            let detail = "too much is being read by other calls; try again in a moment";
            Refusal::Unavailable.because(detail).retry_after(1)
        }
    })
}

fn spent(room: &Room, done: Done) -> Result<Done, Problem> {
    room.spend(done.1.as_ref().map_or(0, |body| body.get().len()));
    Ok(done)
}
