//! The WebSocket upgrade: checks, the handshake, and the hand-over of the raw socket to a shard.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use ports::protocol::{ClientProtocol as _, Disconnect};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, warn};

use super::frame;
use super::link::Dialect;
use crate::actors::session_shard::Adoption;
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::telemetry::metrics as names;

static JSON: centrifuge::Json = centrifuge::Json;

/// JSON over WebSocket, the first of the places in a shared event's encodings.
const JSON_DIALECT: Dialect = Dialect { protocol: &JSON, slot: 0 };

/// Query parameters and sub-protocol that ask for Protobuf (P-NEG-1), which is not served.
const PROTOBUF_SUBPROTOCOL: &str = "centrifuge-protobuf";
const PROTOBUF_QUERIES: [&str; 2] = ["cf_protocol=protobuf", "format=protobuf"];

/// How long the answer to an upgrade may take to be written.
const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// `GET /connection/websocket`.
pub async fn upgrade(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    mut request: Request,
) -> Response {
    let admitted = admit(&edge, &request, query.as_deref().unwrap_or_default());
    let (accept, subprotocol, permit) = match admitted {
        Ok(admitted) => admitted,
        Err((reason, problem)) => {
            metrics::counter!(names::REFUSED, "reason" => reason).increment(1);
            return problem.into_response();
        }
    };
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match tokio::time::timeout(UPGRADE_DEADLINE, upgrading).await {
            Ok(Ok(upgraded)) => hand_over(&edge, upgraded, peer, permit),
            Ok(Err(error)) => debug!(%error, "an upgrade came to nothing"),
            Err(_elapsed) => debug!("an upgrade took too long"),
        }
    });
    switching(&accept, subprotocol)
}

type Admitted = (String, Option<&'static str>, OwnedSemaphorePermit);
type Refusal = (&'static str, Problem);

fn admit(edge: &Edge, request: &Request, query: &str) -> Result<Admitted, Refusal> {
    let headers = request.headers();
    let key = handshake_key(request, headers).map_err(|problem| ("handshake", problem))?;
    let origin = text(headers, header::ORIGIN).filter(|_| headers.contains_key(header::ORIGIN));
    let foreign = headers.contains_key(header::ORIGIN) && origin.is_none();
    if foreign || !edge.origins.allow(origin, text(headers, header::HOST)) {
        let detail = "this origin may not connect; add it to server.allowed_origins";
        return Err(("origin", Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)));
    }
    let subprotocol = negotiate(headers, query).map_err(|problem| ("protocol", problem))?;
    if !edge.readiness.is_ready() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "the node is stopping");
        return Err(("draining", problem.retry_after(1)));
    }
    let permit = Arc::clone(&edge.connections).try_acquire_owned().map_err(|_| {
        let detail = "the node has as many connections as server.connections_max allows";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail);
        ("connections", problem.retry_after(5))
    })?;
    Ok((derive_accept_key(key.as_bytes()), subprotocol, permit))
}

/// The client's half of the handshake (RFC 6455, 4.2.1).
fn handshake_key<'r>(request: &Request, headers: &'r HeaderMap) -> Result<&'r str, Problem> {
    let is_upgrade = text(headers, header::UPGRADE).is_some_and(|it| it.eq_ignore_ascii_case("websocket"))
        && lists(headers, header::CONNECTION, "upgrade");
    if !is_upgrade || request.version() < Version::HTTP_11 || request.method() != Method::GET {
        let detail = "connect here with a WebSocket client";
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_required", detail)
            .header(header::UPGRADE, "websocket"));
    }
    if text(headers, header::SEC_WEBSOCKET_VERSION) != Some("13") {
        let detail = "only version 13 of the WebSocket protocol is spoken";
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_version", detail)
            .header(header::SEC_WEBSOCKET_VERSION, "13"));
    }
    const KEY_LENGTH: usize = 24;
    text(headers, header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == KEY_LENGTH).ok_or_else(|| {
        let detail = "Sec-WebSocket-Key must be sixteen bytes in base64";
        Problem::new(StatusCode::BAD_REQUEST, "websocket_key", detail)
    })
}

/// The sub-protocol to echo: one that was offered and is known, or none (P-NEG-2).
fn negotiate(headers: &HeaderMap, query: &str) -> Result<Option<&'static str>, Problem> {
    let json = JSON.offer().subprotocol;
    if lists(headers, header::SEC_WEBSOCKET_PROTOCOL, json) {
        return Ok(Some(json));
    }
    let asks_for_protobuf = lists(headers, header::SEC_WEBSOCKET_PROTOCOL, PROTOBUF_SUBPROTOCOL)
        || query.split('&').any(|pair| PROTOBUF_QUERIES.contains(&pair));
    if asks_for_protobuf {
        let detail = "Protobuf is not served; connect with the JSON protocol";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "protocol_not_served", detail));
    }
    Ok(None)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a comma-separated header names a value, in any case.
fn lists(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(value))
}

fn switching(accept: &str, subprotocol: Option<&'static str>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    response
}

/// Unwraps the raw socket, with what was read too far, and gives it to the shard with the fewest connections.
fn hand_over(edge: &Edge, upgraded: Upgraded, peer: SocketAddr, permit: OwnedSemaphorePermit) {
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        return warn!("an upgraded connection is no plain socket");
    };
    let stream = match parts.io.into_inner().into_std() {
        Ok(stream) => stream,
        Err(error) => return debug!(%error, "an upgraded socket went away"),
    };
    let hub = edge.services.hub();
    let mut shards: Vec<_> = hub.shards().iter().collect();
    shards.sort_by_key(|shard| shard.load());
    let mut adoption =
        Box::new(Adoption { stream, first: parts.read_buf, dialect: JSON_DIALECT, peer, permit });
    for shard in shards {
        match shard.adopt(adoption) {
            Ok(()) => return metrics::counter!(names::OPENED).increment(1),
            Err(refused) => adoption = refused,
        }
    }
    metrics::counter!(names::REFUSED, "reason" => "overload").increment(1);
    warn!("no shard can take another connection in");
    let again = Disconnect::FORCE_RECONNECT;
    // The socket goes either way; this only says so politely.
    let _ = adoption.stream.write(&frame::close_frame(again.code, &again.reason));
}
