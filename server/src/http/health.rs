//! Probes and metrics.

mod parts;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::parts::Parts;
use super::Edge;
use super::problem::Problem;
use crate::node;
use crate::telemetry::metrics::{self as names, Exposition};

/// A shard that has not ticked for so long has stopped for good: the process should be started anew.
const DEAD: Duration = Duration::from_secs(10);
/// A shard that has not ticked for so long has no time for newcomers.
const BUSY: Duration = Duration::from_secs(2);

/// `GET /livez`: all threads go on. It fails late, for whoever asks starts the process anew.
pub(super) async fn live(State(edge): State<Arc<Edge>>) -> Response {
    if parts::lag(&edge) < DEAD {
        return "ok".into_response();
    }
    let detail = "a shard has not done anything for ten seconds; start the process anew";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stuck", detail).into_response()
}

/// `GET /readyz`: new connections are welcome. It fails early, for whoever asks sends them elsewhere.
pub(super) async fn ready(State(edge): State<Arc<Edge>>) -> Response {
    match reason_to_wait(&edge) {
        None => "ok".into_response(),
        Some((code, detail)) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).into_response(),
    }
}

fn reason_to_wait(edge: &Edge) -> Option<(&'static str, &'static str)> {
    if !edge.readiness.is_ready() {
        return Some(("draining", "the node is stopping"));
    }
    if parts::lag(edge) >= BUSY {
        return Some(("busy", "a shard has not done anything for two seconds"));
    }
    let is_full = edge.connections.available_permits() == 0;
    is_full.then_some(("too_many_connections", "the node has as many as server.connections_max allows"))
}

/// `GET /healthz`: the same as `/readyz`, and with `?verbose` how each part does.
pub(super) async fn whole(state: State<Arc<Edge>>, RawQuery(query): RawQuery) -> Response {
    let is_verbose = query.is_some_and(|query| query.split('&').any(|key| key.starts_with("verbose")));
    if !is_verbose {
        return ready(state).await;
    }
    let reason = reason_to_wait(&state.0);
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let reading = state.0.process.reading().await;
    (status, Json(Parts::of(&state.0, &reading, reason.map(|(code, _)| code)))).into_response()
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(State(edge): State<Arc<Edge>>) -> Response {
    let Some(recorder) = names::recorder() else {
        let detail = "another part of this process records metrics already";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_metrics", detail).into_response();
    };
    let mut text = Exposition::default();
    put(&mut text, &edge);
    edge.process.reading().await.put(&mut text);
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind], recorder.render() + &text.text()).into_response()
}

/// What is read of this node, now that somebody asks.
fn put(text: &mut Exposition, edge: &Edge) {
    let services = &edge.services;
    let counts = node::counts(services);
    let (connections, users) = services.app.census.count();
    let waiting = services.hub().shards().iter().map(|shard| shard.waiting_bytes()).sum();
    for (name, value) in [
        (names::SESSIONS, counts.sessions),
        (names::CONNECTIONS, connections),
        (names::CONNECTIONS_MAX, edge.connections_max),
        (names::USERS, users),
        (names::SUBSCRIPTIONS, counts.subscriptions),
        (names::CHANNELS, counts.channels),
        (names::PENDING, services.pending.bytes()),
        (names::PENDING_MAX, services.pending.bytes_max()),
        (names::INBOX, waiting),
        (names::READY, usize::from(reason_to_wait(edge).is_none())),
    ] {
        text.put(name, value as f64);
    }
    text.put(names::SHARD_LAG, parts::lag(edge).as_secs_f64());
    text.put(names::PROCESS_START, services.started_at.as_millis() as f64 / 1e3);
    text.put_with(names::BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
}
