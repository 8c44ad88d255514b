//! Probes and metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Edge;
use super::problem::Problem;
use crate::node;
use crate::telemetry::metrics as names;

/// `GET /livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// `GET /readyz`: new connections are welcome.
pub(super) async fn ready(State(edge): State<Arc<Edge>>) -> Response {
    if edge.readiness.is_ready() {
        return "ok".into_response();
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "the node is stopping").into_response()
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(State(edge): State<Arc<Edge>>) -> Response {
    let Some(recorder) = names::recorder() else {
        let detail = "another part of this process records metrics already";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_metrics", detail).into_response();
    };
    let counts = node::counts(&edge.services);
    let (connections, _) = edge.services.app.census.count();
    for (name, value) in [
        (names::SESSIONS, counts.sessions),
        (names::CONNECTIONS, connections),
        (names::SUBSCRIPTIONS, counts.subscriptions),
        (names::CHANNELS, counts.channels),
        (names::PENDING, edge.services.pending.bytes()),
    ] {
        metrics::gauge!(name).set(u32::try_from(value).unwrap_or(u32::MAX));
    }
    let text = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([text], recorder.render()).into_response()
}
