//! What all streamed connections have in common: admission, the first commands, and the response that stays open.

use std::collections::VecDeque;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::admission::{self, Refusal, text};
use super::body::Unread;
use super::coming;
use super::cors;
use super::dialect::{Dialect, Framing};
use super::downstream::Downstream;
use super::stay::Stay;
use crate::actors::session_shard::{Adoption, Arrival};
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::telemetry::metrics as names;

/// Proxies must not collect the response before they pass it on (P-EM-7).
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Where a client stands when it asks for a streamed connection.
pub struct Doorstep<'e> {
    /// The node.
    pub edge: &'e Edge,
    /// Who is there.
    pub peer: SocketAddr,
    /// The transport's name in the metrics.
    pub transport: &'static str,
}

/// Opens a streamed connection for a request with this frame in the query, or in its body if there is none.
pub async fn open(
    door: Doorstep<'_>,
    request: Request,
    in_query: Option<String>,
    dialect: Dialect,
) -> Response {
    let headers = request.headers().clone();
    if let Err(refusal) = door.edge.check_origin(&headers) {
        door.edge.before_refusal().await;
        return refusal.tell();
    }
    let response = match admit(&door, request, in_query, dialect).await {
        Ok(downstream) => streamed(dialect, downstream),
        Err(refusal) => {
            door.edge.before_refusal().await;
            refusal.tell()
        }
    };
    cors::open(&headers, response)
}

/// The answer to a browser that asks whether a page may do this.
pub fn preflight(edge: &Edge, headers: &HeaderMap, methods: &[Method]) -> Response {
    match edge.check_origin(headers) {
        Ok(()) => cors::preflight(headers, methods),
        Err(refusal) => refusal.tell(),
    }
}

async fn admit(
    door: &Doorstep<'_>,
    request: Request,
    in_query: Option<String>,
    dialect: Dialect,
) -> Result<Downstream, Refusal> {
    let permit = door.edge.room()?;
    let stay = request.extensions().get::<Stay>().cloned().unwrap_or_default();
    let settings = door.edge.services.app.settings();
    let visitor = coming::told(&settings, door.transport, dialect, door.peer, request.headers());
    let frame = match in_query {
        Some(frame) => alone(frame, dialect)?,
        None => door.edge.read(request).await?,
    };
    if frame.is_empty() {
        let detail = "send a connect command, in the body or, to /connection/sse, as cf_connect in the query";
        let problem = Problem::new(StatusCode::BAD_REQUEST, "connect_missing", detail);
        return Err(Refusal::new("malformed", problem));
    }
    admission::connect(&stay)?;
    let (answer, downstream) = oneshot::channel();
    let arrival = Arrival::Request { first: frame, stay: stay.clone(), answer };
    let adoption = Adoption { arrival, dialect, peer: door.peer, visitor, permit };
    let taken = match door.edge.services.hub().adopt(adoption) {
        Ok(()) => downstream.await.ok(),
        Err(_) => None,
    };
    let Some(downstream) = taken else {
        stay.disconnect();
        return Err(overload());
    };
    metrics::counter!(names::OPENED, "transport" => door.transport).increment(1);
    Ok(downstream)
}

/// The frame of a query, which pages of others can make a browser ask for: nothing but one command, as SDKs have it, and
/// what is no `connect` ends a new connection.
fn alone(frame: String, dialect: Dialect) -> Result<Bytes, Refusal> {
    let mut heard = VecDeque::new();
    dialect.decode(frame.as_bytes(), &mut heard);
    if heard.len() > 1 {
        let detail = "the query takes one connect command; send the others to /emulation";
        let problem = Problem::new(StatusCode::BAD_REQUEST, "one_command_only", detail);
        return Err(Refusal::new("malformed", problem));
    }
    Ok(Bytes::from(frame))
}

fn overload() -> Refusal {
    let detail = "the node has too much to do; try again";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overload", detail).retry_after(1);
    Refusal::new("overload", problem)
}

impl Edge {
    /// The frame in the body of a request.
    pub async fn read(&self, request: Request) -> Result<Bytes, Refusal> {
        let bytes_max = self.services.frame_bytes_max;
        let read = self.services.switchboard.readings.read(request.into_body(), bytes_max).await;
        read.map_err(|fault| unread(&fault, bytes_max))
    }
}

fn unread(fault: &Unread, bytes_max: usize) -> Refusal {
    let (reason, status, code) = match fault {
        Unread::TooLong => {
            let detail = format!("at most {bytes_max} bytes are taken, see client.frame_bytes_max");
            return Refusal::new(
                "too_large",
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail),
            );
        }
        Unread::TooSlow => ("malformed", StatusCode::REQUEST_TIMEOUT, "request_timeout"),
        Unread::TooMany => ("overload", StatusCode::SERVICE_UNAVAILABLE, "overload"),
        Unread::Broken(_) => ("malformed", StatusCode::BAD_REQUEST, "body_unreadable"),
    };
    Refusal::new(reason, Problem::new(status, code, fault.to_string()))
}

/// Whether a body is Protobuf rather than JSON.
pub fn is_protobuf(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/octet-stream"))
}

fn streamed(dialect: Dialect, downstream: Downstream) -> Response {
    let kind = match dialect.framing {
        Framing::Events => "text/event-stream",
        Framing::Bare => "application/octet-stream",
        Framing::Lines | Framing::TextFrames | Framing::BinaryFrames => "application/json",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store, must-revalidate")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // The socket has given up its place among those that bring requests.
        (header::CONNECTION, HeaderValue::from_static("close")),
    ];
    (headers, Body::new(downstream)).into_response()
}
