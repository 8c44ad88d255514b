//! Who may come in: pages of allowed origins, while the node runs and has room.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::callers::TooMany;
use super::forwarded;
use super::origin::is_strange;
use super::stay::Stay;
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::telemetry::metrics as names;

/// A connection that is not wanted, with the reason for the metrics.
#[derive(Debug)]
pub struct Refusal {
    reason: &'static str,
    problem: Problem,
}

/// Refusals waiting to be told; beyond it they are told at once.
pub const REFUSALS_WAITING_MAX: usize = 1_024;
/// How long telling takes at least, and at most so much longer. A client that tries again without pausing, as some
/// SDKs do over HTTP, is slowed down by it to two attempts a second.
const REFUSAL_PAUSE: Duration = Duration::from_millis(500);
const REFUSAL_SPREAD_MS: u64 = 500;

/// What browsers say of how a request came about.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

impl Refusal {
    /// A refusal for a reason of the metric's table.
    pub fn new(reason: &'static str, problem: Problem) -> Self {
        Self { reason, problem }
    }

    /// Says no, and counts it.
    pub fn tell(self) -> Response {
        metrics::counter!(names::REFUSED, "reason" => self.reason).increment(1);
        self.problem.into_response()
    }
}

impl Edge {
    /// Whether the page that a request comes from, if it comes from one, may connect (P-NEG-5).
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let origin = text(headers, header::ORIGIN);
        let count = headers.get_all(header::ORIGIN).iter().count();
        let is_unreadable = count > 1 || (origin.is_none() && count > 0);
        let scheme = text(headers, forwarded::SCHEME);
        if is_unreadable || !self.origins.allow_by(scheme, origin, text(headers, header::HOST)) {
            let detail = "this origin may not connect; add it to server.allowed_origins";
            let problem = Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail);
            return Err(Refusal::new("origin", problem));
        }
        let is_link = is_strange(text(headers, SEC_FETCH_SITE), text(headers, SEC_FETCH_MODE));
        if origin.is_none() && is_link {
            let detail = "a browser sent this for a link or a part of a page; connect with an SDK";
            let problem = Problem::new(StatusCode::FORBIDDEN, "not_from_a_script", detail);
            return Err(Refusal::new("origin", problem));
        }
        Ok(())
    }

    /// Room for one more connection.
    pub fn room(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        if !self.readiness.is_ready() {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "the node is stopping");
            return Err(Refusal::new("draining", problem.retry_after(1)));
        }
        Arc::clone(&self.connections).try_acquire_owned().map_err(|_| {
            let detail = "the node has as many connections as server.connections_max allows";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail);
            Refusal::new("connections", problem.retry_after(5))
        })
    }

    /// Lets some time pass before a refusal is told, unless too many wait already.
    pub async fn before_refusal(&self) {
        let Ok(_waiting) = self.refusals.try_acquire() else { return };
        let spread = Duration::from_millis(self.services.entropy.number() % REFUSAL_SPREAD_MS);
        tokio::time::sleep(REFUSAL_PAUSE + spread).await;
    }
}

/// Room for one more connection of the socket's address.
pub fn connect(stay: &Stay) -> Result<(), Refusal> {
    let (code, detail, seconds) = match stay.connect() {
        Ok(()) => return Ok(()),
        Err(TooMany::AtATime) => {
            let detail = "this address has as many connections as server.address_connections_max allows";
            ("too_many_connections_of_address", detail, 5)
        }
        Err(TooMany::JustNow(wait)) => {
            let detail = "this address opens connections faster than server.address_rate_max allows";
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            ("too_fast", detail, u16::try_from(seconds).unwrap_or(u16::MAX))
        }
    };
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
    Err(Refusal::new("address", problem.retry_after(seconds)))
}

/// No request more of an address behind a proxy.
pub fn too_many_requests() -> Refusal {
    let detail = "this address has as many requests under way as server.address_connections_max allows";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_connections_of_address", detail);
    Refusal::new("address", problem.retry_after(1))
}

/// A header, if it is there and readable.
pub fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
