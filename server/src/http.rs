//! The HTTP face: routes, and what their handlers need.

pub mod api;
mod auth;
mod broadcasting;
mod health;
mod held;
mod pages;
pub mod problem;
pub mod room;
#[cfg(test)]
mod tests;
pub mod v1;
mod welcome;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use ports::ids::{Caller, TenantId, Who};
use tokio::sync::Semaphore;

use self::problem::Problem;
use self::room::Answers;
use self::v1::throttle::Throttle;
use crate::keys::ApiKey;
use crate::node::{Readiness, Services};
use crate::telemetry::process::Process;
use crate::telemetry::requests;
use crate::transport::origin::Origins;
use crate::transport::{emulation, http_stream, sse, websocket};

/// What handlers need.
pub struct Edge {
    /// The node's parts.
    pub services: Arc<Services>,
    /// Whether new connections are welcome.
    pub readiness: Arc<Readiness>,
    /// A permit per connection.
    pub connections: Arc<Semaphore>,
    /// How many there are.
    pub connections_max: usize,
    /// Who may connect from a browser.
    pub origins: Origins,
    /// What back ends present.
    pub api_key: ApiKey,
    /// Development switch: nothing need be presented.
    pub api_insecure: bool,
    /// How often the key may be used under `/v1`.
    pub throttle: Throttle,
    /// A permit per call of the server API under way, until its answer has been sent.
    pub api_calls: Arc<Semaphore>,
    /// What is left for the answers of these calls.
    pub answers: Answers,
    /// What is seen of the process.
    pub process: Process,
    /// A permit per upstream request of a streamed connection under way.
    pub emulations: Arc<Semaphore>,
    /// A permit per refusal that is told late.
    pub refusals: Semaphore,
}

/// Calls of the server API at a time, until their answers have been sent. Together with the longest body, the longest piece
/// of a list and what longer answers may have in common they bound its memory.
pub const API_CALLS_MAX: usize = 128;
/// Longest body of such a call.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// How long a request may take, its body included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);

/// All routes.
pub fn router(edge: Edge) -> Router {
    let edge = Arc::new(edge);
    let sse = get(sse::open).head(not_allowed).post(sse::open).options(sse::preflight);
    let router = Router::new()
        .route("/connection/websocket", get(websocket::upgrade))
        .route("/connection/http_stream", post(http_stream::open).options(http_stream::preflight))
        .route("/connection/sse", sse)
        .route("/emulation", post(emulation::send).options(emulation::preflight))
        .route("/api", post(api::call_by_name))
        .route("/api/{method}", post(api::call))
        .route("/livez", get(health::live))
        .route("/health", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/healthz", get(health::whole))
        .route("/metrics", get(health::metrics))
        .route("/", get(welcome::page))
        .route("/welcome.js", get(welcome::script))
        .route("/welcome.css", get(welcome::style))
        .route("/favicon.svg", get(welcome::icon));
    #[cfg(feature = "chaos")]
    let router = router.route("/echo", get(websocket::echo));
    router
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .layer(from_fn(within_deadline))
        .nest("/v1", v1::router(&edge))
        .layer(from_fn_with_state(Arc::clone(&edge), requests::watch))
        .with_state(edge)
}

/// On whose behalf calls are made: whoever has the key is a back end.
fn backend() -> Caller {
    Caller { tenant: TenantId::default(), who: Who::Backend }
}

async fn not_allowed() -> Problem {
    let detail = "this path answers to another method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

async fn not_found() -> Problem {
    let detail = "nothing is served here; see /, /v1/docs, /api/{method}, /connection/websocket, /connection/http_stream, \
                  /connection/sse, /emulation, /livez, /readyz, /healthz and /metrics";
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

async fn within_deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = "the request and its answer took longer than ten seconds";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail).into_response()
        }
    }
}
