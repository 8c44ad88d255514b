//! `POST /emulation`: commands of a streamed connection (P-EM-2, P-EM-3).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use ports::ids::{NodeId, SessionKey};
use tokio::sync::oneshot;

use super::admission::Refusal;
use super::cors;
use super::stream::{self, is_protobuf};
use super::upstream::{NotTaken, Upstream};
use crate::actors::session_shard::Control;
use crate::http::Edge;
use crate::http::problem::Problem;

/// Requests at a time whose commands are under way; together with the longest frame they bound what they keep in memory.
pub const REQUESTS_MAX: usize = 1_024;

/// `POST /emulation`.
pub async fn send(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let headers = request.headers().clone();
    if let Err(refusal) = edge.check_origin(&headers) {
        return refusal.tell();
    }
    let response = match take(&edge, request).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.tell(),
    };
    cors::open(&headers, response)
}

/// `OPTIONS /emulation`.
pub async fn preflight(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Response {
    stream::preflight(&edge, &headers, &[Method::POST])
}

async fn take(edge: &Edge, request: Request) -> Result<(), Refusal> {
    let is_protobuf = is_protobuf(request.headers());
    let body = edge.read(request).await?;
    // Not before, or a few slow senders would keep everybody out.
    let permit = Arc::clone(&edge.emulations).try_acquire_owned().map_err(|_| busy())?;
    let decoded =
        if is_protobuf { centrifuge::emulation::protobuf(&body) } else { centrifuge::emulation::json(&body) };
    let emulation = decoded.map_err(|error| {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "malformed_request", error.to_string());
        Refusal::new("malformed", problem)
    })?;
    if NodeId::parse(&emulation.node) != Some(edge.services.app.node()) {
        let detail = "no such node; connect again";
        return Err(Refusal::new("node", Problem::new(StatusCode::NOT_FOUND, "node_unknown", detail)));
    }
    let extension = SessionKey::parse(&emulation.session).and_then(|key| edge.services.switchboard.find(key));
    let extension = extension.ok_or_else(ended)?;
    let cell = Arc::clone(&extension.cell);
    let upstream = Upstream::later(extension, emulation.data, permit).map_err(not_taken)?;
    if cell.is_overloaded() {
        return Err(busy());
    }
    let (answer, outcome) = oneshot::channel();
    cell.control(Control::Commands(Box::new(upstream), answer));
    outcome.await.unwrap_or(Err(NotTaken::Ended)).map_err(not_taken)
}

fn not_taken(why: NotTaken) -> Refusal {
    match why {
        NotTaken::Busy => busy(),
        NotTaken::Ended => ended(),
    }
}

fn ended() -> Refusal {
    let detail = "no such session; connect again";
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "session_unknown", detail);
    Refusal::new("session", problem)
}

fn busy() -> Refusal {
    let detail = "too many commands wait; try again";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_commands", detail).retry_after(1);
    Refusal::new("overload", problem)
}
