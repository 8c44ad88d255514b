//! What every answer of `/v1` has: an id, and a line in the log.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Body as _;
use tracing::{Instrument as _, debug, info, info_span};

use super::refusal::document;
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::telemetry::traces::w3c::{Parent, hex};

/// Names a request, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of somebody else's making.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Gives the request an id, or keeps its own, and a span; afterwards puts the id into the answer and writes one line, which
/// is for whoever looks closely if a stranger asks: strangers may ask often.
pub(super) async fn manners(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let began = edge.services.now();
    let id = own_id(request.headers()).unwrap_or_else(|| fresh_id(&edge));
    let span = info_span!("request", request_id = %id, trace_id = tracing::field::Empty);
    if let Some(trace) = trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    let is_known = edge.knows(request.headers(), request.uri());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    async move {
        let response = signed(next.run(request).await, &id);
        let status = response.status();
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        let ms = edge.services.now().since(began).as_millis();
        if is_known {
            info!(%method, route, status = status.as_u16(), ms, bytes, "answered");
        } else {
            debug!(%method, route, status = status.as_u16(), ms, bytes, "a stranger was answered");
        }
        response
    }
    .instrument(span)
    .await
}

fn own_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_sane =
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_sane.then(|| id.to_owned())
}

fn fresh_id(edge: &Edge) -> String {
    hex(&edge.services.entropy.sixteen())
}

/// The trace that a request belongs to.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    Parent::of(headers).map(|parent| hex(&parent.trace))
}

/// The answer with its id; a problem is written anew, in the form of this face.
fn signed(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let document = axum::Json(document(&problem, Some(id.to_owned())));
        let (mut head, _) = response.into_parts();
        head.headers.remove(CONTENT_LENGTH);
        let body = document.into_response().into_body();
        response = (head, body).into_response();
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_others_are_kept_if_they_are_sane() {
        let kept = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            own_id(&headers).is_some()
        };

        assert!(kept("a") && kept("req-7/x") && kept(&"x".repeat(128)));
        assert!(!kept("") && !kept("two words") && !kept(&"x".repeat(129)));
    }
}
