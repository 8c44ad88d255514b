//! The WebSocket upgrade: checks, the handshake, and the hand-over of the raw socket to a shard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use ports::hooks::Visitor;
use ports::protocol::Disconnect;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, warn};
use wigwag_core::session::Pings;

use super::admission::{self, Refusal, text};
use super::coming;
use super::dialect::Dialect;
use super::stay::Stay;
use super::wire::Loose;
use crate::actors::session_shard::{Adoption, Arrival};
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::telemetry::metrics as names;

/// Query parameters that ask for Protobuf (P-NEG-1).
const PROTOBUF_QUERIES: [&str; 2] = ["cf_protocol=protobuf", "format=protobuf"];
/// The query parameter that asks for pings by frame (P-NEG-4).
const FRAME_PINGS_QUERY: &str = "cf_ws_frame_ping_pong=true";

/// How long the answer to an upgrade may take to be written.
const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// `GET /connection/websocket`.
pub async fn upgrade(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let choice = choose(request.headers(), query.as_deref().unwrap_or_default());
    let settings = edge.services.app.settings();
    let visitor = coming::told(&settings, "websocket", choice.dialect, peer, request.headers());
    switch(edge, request, choice.subprotocol, move |edge, socket, first, permit| {
        hand_over(edge, socket, first, &choice, (peer, visitor), permit);
    })
}

/// `GET /echo`.
#[cfg(feature = "chaos")]
pub async fn echo(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    switch(edge, request, None, super::echo::begin)
}

/// Answers an upgrade, and passes on the raw socket with what was read too far.
fn switch(
    edge: Arc<Edge>,
    mut request: Request,
    subprotocol: Option<&'static str>,
    then: impl FnOnce(&Edge, Loose, Bytes, OwnedSemaphorePermit) + Send + 'static,
) -> Response {
    let stay = request.extensions().get::<Stay>().cloned().unwrap_or_default();
    let (accept, permit) = match admit(&edge, &request, &stay) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal.tell(),
    };
    let upgrading = hyper::upgrade::on(&mut request);
    let place = stay.place();
    tokio::spawn(async move {
        match tokio::time::timeout(UPGRADE_DEADLINE, upgrading).await {
            Ok(Ok(upgraded)) => {
                if let Some((socket, first)) = unwrap(upgraded) {
                    then(&edge, socket.counted(place), first, permit);
                }
            }
            Ok(Err(error)) => debug!(%error, "an upgrade came to nothing"),
            Err(_elapsed) => debug!("an upgrade took too long"),
        }
    });
    switching(&accept, subprotocol)
}

fn admit(edge: &Edge, request: &Request, stay: &Stay) -> Result<(String, OwnedSemaphorePermit), Refusal> {
    let key = handshake_key(request, request.headers());
    let key = key.map_err(|problem| Refusal::new("handshake", problem))?;
    edge.check_origin(request.headers())?;
    let permit = edge.room()?;
    admission::connect(stay)?;
    Ok((derive_accept_key(key.as_bytes()), permit))
}

/// What a client wants to speak, and how it wants to be pinged.
struct Choice {
    dialect: Dialect,
    /// To be echoed: only what was offered (P-NEG-2).
    subprotocol: Option<&'static str>,
    pings: Pings,
}

fn choose(headers: &HeaderMap, query: &str) -> Choice {
    let offered = |dialect: Dialect| {
        let subprotocol = dialect.protocol.offer().subprotocol;
        lists(headers, header::SEC_WEBSOCKET_PROTOCOL, subprotocol).then_some(subprotocol)
    };
    let asked = |pair: &str| query.split('&').any(|given| given == pair);
    let protobuf = offered(Dialect::WEBSOCKET_PROTOBUF);
    let is_protobuf = protobuf.is_some() || PROTOBUF_QUERIES.iter().any(|pair| asked(pair));
    let (dialect, subprotocol) = if is_protobuf {
        (Dialect::WEBSOCKET_PROTOBUF, protobuf)
    } else {
        (Dialect::WEBSOCKET_JSON, offered(Dialect::WEBSOCKET_JSON))
    };
    let pings = if asked(FRAME_PINGS_QUERY) { Pings::Frames } else { Pings::Messages };
    Choice { dialect, subprotocol, pings }
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

/// The raw socket, with what was read too far.
fn unwrap(upgraded: Upgraded) -> Option<(Loose, Bytes)> {
    let (socket, first) = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => (parts.io.into_inner().into_std().map(Loose::Plain), parts.read_buf),
        Err(upgraded) => match upgraded.downcast::<TokioIo<TlsStream<TcpStream>>>() {
            Ok(parts) => {
                let (stream, tls) = parts.io.into_inner().into_inner();
                let secure = |stream| Loose::Secure(stream, Box::new(tls));
                (stream.into_std().map(secure), parts.read_buf)
            }
            Err(_) => {
                warn!("an upgraded connection is no socket that is known here");
                return None;
            }
        },
    };
    match socket {
        // A copy, for even an empty rest holds on to the whole buffer.
        Ok(socket) => Some((socket, Bytes::copy_from_slice(&first))),
        Err(error) => {
            debug!(%error, "an upgraded socket went away");
            None
        }
    }
}

fn hand_over(
    edge: &Edge,
    socket: Loose,
    first: Bytes,
    choice: &Choice,
    (peer, visitor): (SocketAddr, Option<Arc<Visitor>>),
    permit: OwnedSemaphorePermit,
) {
    let arrival = Arrival::Socket { socket, first, pings: choice.pings };
    let adoption = Adoption { arrival, dialect: choice.dialect, peer, visitor, permit };
    let Err(refused) = edge.services.hub().adopt(adoption) else {
        return metrics::counter!(names::OPENED, "transport" => "websocket").increment(1);
    };
    metrics::counter!(names::REFUSED, "reason" => "overload").increment(1);
    warn!("no shard can take another connection in");
    if let Arrival::Socket { socket, .. } = refused.arrival {
        // The socket goes either way; this only says so politely.
        let _ = socket.last_words(&choice.dialect.goodbye(&Disconnect::FORCE_RECONNECT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: Option<&'static str>, query: &str) -> (&'static str, Option<&'static str>) {
        let mut headers = HeaderMap::new();
        if let Some(offered) = offered {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offered));
        }
        let choice = choose(&headers, query);
        (choice.dialect.protocol.offer().name, choice.subprotocol)
    }

    #[test]
    fn protobuf_is_chosen_by_subprotocol_or_query() {
        let subprotocol = "centrifuge-protobuf";

        assert_eq!(chosen(Some(subprotocol), ""), ("protobuf", Some(subprotocol)));
        assert_eq!(chosen(Some("mqtt, Centrifuge-Protobuf"), ""), ("protobuf", Some(subprotocol)));
        assert_eq!(chosen(None, "cf_protocol=protobuf"), ("protobuf", None));
        assert_eq!(chosen(None, "cf_protocol_version=v2&format=protobuf"), ("protobuf", None));
    }

    #[test]
    fn json_is_spoken_otherwise_and_only_what_was_offered_is_echoed() {
        assert_eq!(chosen(None, ""), ("json", None));
        assert_eq!(chosen(Some("centrifuge-json"), "cf_protocol=json"), ("json", Some("centrifuge-json")));
        assert_eq!(chosen(Some("mqtt"), "cf_protocol=protobuf2"), ("json", None));
        assert_eq!(chosen(Some("centrifuge-json"), "format=protobuf"), ("protobuf", None));
    }

    #[test]
    fn pings_are_frames_if_the_query_says_so() {
        let pings = |query| choose(&HeaderMap::new(), query).pings;

        assert_eq!(pings("a=b&cf_ws_frame_ping_pong=true"), Pings::Frames);
        assert_eq!(pings("cf_ws_frame_ping_pong=false"), Pings::Messages);
    }
}
