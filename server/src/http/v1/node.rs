//! The node and what it is configured to do.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wigwag_core::channels::{self, RecoveryMode, Wanted};

use super::query::Query;
use crate::http::Edge;
use crate::node::counts;

/// The node and its numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Info {
    /// The id of the process; another one after each start.
    #[schema(format = "uuid")]
    node: String,
    /// The version of the server.
    version: &'static str,
    /// When it started, in seconds since 1970.
    started_at: u64,
    /// Connections.
    connections: usize,
    /// Distinct users among them; the anonymous one counts once.
    users: usize,
    /// Channels with subscribers.
    channels: usize,
    /// Subscriptions of all connections.
    subscriptions: usize,
}

/// The namespaces there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Namespaces {
    /// First the one without a name, if there is one, then the others by name.
    namespaces: Vec<Namespace>,
}

/// A namespace: what its channels can do and who may do it.
#[derive(Debug, Serialize, ToSchema)]
struct Namespace {
    /// What names of its channels begin with, before a colon; empty for channels without a colon.
    name: String,
    /// Who may subscribe without a subscription token.
    subscribe: Allowed,
    /// Who may publish from a connection.
    publish: Allowed,
    /// Who may read presence; missing if none is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Allowed, required = false)]
    presence: Option<Allowed>,
    /// Joins and leaves are announced.
    join_leave: bool,
    /// They are delivered without the client asking.
    force_push_join_leave: bool,
    /// What is remembered; missing if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Remembered, required = false)]
    history: Option<Remembered>,
    /// A `#` in a name limits who may subscribe.
    user_limited: bool,
    /// Subscribers may ask for deltas.
    delta: bool,
    /// Subscribers may filter by tags.
    tags_filter: bool,
}

/// Which parties may do something.
#[derive(Debug, Serialize, ToSchema)]
struct Allowed {
    /// Connections of a known user.
    client: bool,
    /// Connections that are subscribed to the channel.
    subscriber: bool,
    /// Connections of the anonymous user.
    anonymous: bool,
}

/// How channels remember.
#[derive(Debug, Serialize, ToSchema)]
struct Remembered {
    /// Most publications of a channel.
    size: usize,
    /// How long a publication is kept, in seconds.
    ttl_secs: u64,
    /// How long a position outlives its last use, in seconds.
    meta_ttl_secs: u64,
    /// Who may read it.
    read: Allowed,
    /// When subscriptions recover.
    #[schema(inline)]
    recovery: When,
    /// When subscriptions track their position.
    #[schema(inline)]
    positioning: When,
    /// What recovering means.
    #[schema(inline)]
    mode: Mode,
}

/// When a feature is on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum When {
    Off,
    OnRequest,
    Always,
}

/// What those get that recover.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Stream,
    Cache,
}

/// Tells what the node is and how much it has to do.
#[utoipa::path(get, path = "/v1/info", tag = "node",
    responses((status = 200, body = Info, description = "The node.", example = json!({
        "node": "0b7a6f0e-0000-4000-8000-000000000001", "version": "0.1.0", "started_at": 1767225600,
        "connections": 120, "users": 80, "channels": 14, "subscriptions": 310}))))]
pub(super) async fn info(State(edge): State<Arc<Edge>>, Query(()): Query<()>) -> Json<Info> {
    let services = &edge.services;
    let counts = counts(services);
    let (connections, users) = services.app.census.count();
    Json(Info {
        node: services.app.node().to_string(),
        version: services.realm.settings.version,
        started_at: services.started_at.as_millis() / 1_000,
        connections,
        users,
        channels: counts.channels,
        subscriptions: counts.subscriptions,
    })
}

/// Lists the namespaces with their options.
#[utoipa::path(get, path = "/v1/namespaces", tag = "node",
    responses((status = 200, body = Namespaces, description = "All of them.", example = json!({"namespaces": [{
        "name": "news",
        "subscribe": {"client": true, "subscriber": false, "anonymous": false},
        "publish": {"client": false, "subscriber": false, "anonymous": false},
        "join_leave": false, "force_push_join_leave": false,
        "history": {"size": 100, "ttl_secs": 300, "meta_ttl_secs": 2592000,
            "read": {"client": false, "subscriber": true, "anonymous": false},
            "recovery": "always", "positioning": "off", "mode": "stream"},
        "user_limited": false, "delta": false, "tags_filter": false}]}))))]
pub(super) async fn namespaces(State(edge): State<Arc<Edge>>, Query(()): Query<()>) -> Json<Namespaces> {
    let settings = edge.services.app.settings();
    let all = &settings.namespaces;
    let nameless = all.nameless.as_ref().map(|options| Namespace::of("", options));
    let named = all.named.iter().map(|(name, options)| Namespace::of(name, options));
    Json(Namespaces { namespaces: nameless.into_iter().chain(named).collect() })
}

impl Namespace {
    fn of(name: &str, options: &channels::Namespace) -> Self {
        Self {
            name: name.to_owned(),
            subscribe: options.subscribe.into(),
            publish: options.publish.into(),
            presence: options.presence.map(Allowed::from),
            join_leave: options.join_leave,
            force_push_join_leave: options.force_push_join_leave,
            history: options.history.as_ref().map(Remembered::from),
            user_limited: options.user_limited,
            delta: options.delta,
            tags_filter: options.tags_filter,
        }
    }
}

impl From<channels::Allowed> for Allowed {
    fn from(allowed: channels::Allowed) -> Self {
        let channels::Allowed { client, subscriber, anonymous } = allowed;
        Self { client, subscriber, anonymous }
    }
}

impl From<&channels::History> for Remembered {
    fn from(history: &channels::History) -> Self {
        Self {
            size: history.keep.size,
            ttl_secs: history.keep.ttl.as_secs(),
            meta_ttl_secs: history.keep.meta_ttl.as_secs(),
            read: history.read.into(),
            recovery: history.recovery.into(),
            positioning: history.positioning.into(),
            mode: match history.mode {
                RecoveryMode::Stream => Mode::Stream,
                RecoveryMode::Cache { .. } => Mode::Cache,
            },
        }
    }
}

impl From<Wanted> for When {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Off => Self::Off,
            Wanted::OnRequest => Self::OnRequest,
            Wanted::Always => Self::Always,
        }
    }
}
