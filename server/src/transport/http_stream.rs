//! Streamed connections over a plain response (P section 16).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::dialect::Dialect;
use super::stream::{self, Doorstep, is_protobuf};
use crate::http::Edge;

/// `POST /connection/http_stream`.
pub async fn open(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let is_protobuf = is_protobuf(request.headers());
    let dialect = if is_protobuf { Dialect::STREAM_PROTOBUF } else { Dialect::STREAM_JSON };
    let door = Doorstep { edge: &edge, peer, transport: "http_stream" };
    stream::open(door, request, None, dialect).await
}

/// `OPTIONS /connection/http_stream`.
pub async fn preflight(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Response {
    stream::preflight(&edge, &headers, &[Method::POST])
}
