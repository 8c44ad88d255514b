//! Streamed connections over Server-Sent Events (P section 16).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Deserialize;

use super::dialect::Dialect;
use super::stream::{self, Doorstep};
use crate::http::Edge;

/// What the query may hold.
#[derive(Debug, Default, Deserialize)]
struct Connect {
    cf_connect: Option<String>,
}

/// `GET /connection/sse?cf_connect=…`, or `POST` with the same in the body.
pub async fn open(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    // A query that cannot be read holds no command.
    let query = Query::<Connect>::try_from_uri(request.uri()).map(|Query(query)| query).unwrap_or_default();
    let door = Doorstep { edge: &edge, peer, transport: "sse" };
    stream::open(door, request, query.cf_connect, Dialect::EVENTS).await
}

/// `OPTIONS /connection/sse`.
pub async fn preflight(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Response {
    stream::preflight(&edge, &headers, &[Method::GET, Method::POST])
}
