//! What every request over HTTP leaves behind: a count, a time, and a span if it is recorded.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use super::metrics as names;
use super::traces::w3c::{self, Parent};
use super::traces::{Recording, recorded};
use crate::http::Edge;

/// Watches a request and its answer. What is inside finds the span of the request in the header `traceparent`.
pub async fn watch(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let recording = begun(&edge, &request, method, route);
    let Some(recording) = recording else {
        let response = next.run(request).await;
        note(method, route, &response, began);
        #[cfg(feature = "sentry")]
        tell(method, route, &response, None);
        return response;
    };

    let context = recording.context();
    let header = w3c::header(&context);
    if let Some(header) = &header {
        request.headers_mut().insert(w3c::TRACEPARENT, header.clone());
    }
    let mut response = recorded(Arc::clone(&context), next.run(request)).await;
    note(method, route, &response, began);
    #[cfg(feature = "sentry")]
    tell(method, route, &response, Some(&context));
    if let Some(header) = header {
        response.headers_mut().insert(w3c::TRACERESPONSE, header);
    }
    recording.answered(response.status().as_u16());
    response
}

/// The span of a request, if it is recorded. What a stranger says of a trace does not count: it would have anything recorded.
fn begun(edge: &Edge, request: &Request, method: &'static str, route: &str) -> Option<Recording> {
    let headers = request.headers();
    let parent = || Parent::of(headers).filter(|_| edge.knows(headers, request.uri()));
    is_recorded(route).then(|| edge.services.traces.request(parent, method, route)).flatten()
}

/// A node that stops or is full says 503, which is no error of the program.
#[cfg(feature = "sentry")]
fn tell(method: &str, route: &str, response: &Response, trace: Option<&ports::trace::TraceContext>) {
    let status = response.status().as_u16();
    if status >= 500 && status != 503 {
        super::sentry::failed(method, route, status, trace);
    }
}

/// What back ends ask is recorded; what clients and probes ask is not.
fn is_recorded(route: &str) -> bool {
    route == "/api" || route.starts_with("/api/") || route.starts_with("/v1/")
}

fn note(method: &'static str, route: &str, response: &Response, began: Instant) {
    let status = response.status();
    let class = match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let route = route.to_owned();
    if status.as_u16() == 429 {
        metrics::counter!(names::RATE_LIMITED, "route" => route.clone()).increment(1);
    }
    metrics::counter!(names::REQUESTS, "route" => route.clone(), "method" => method, "status" => class)
        .increment(1);
    let time = began.elapsed().as_secs_f64();
    metrics::histogram!(names::REQUEST_TIME, "route" => route, "method" => method).record(time);
}

/// A method as a label. Clients may invent methods, and these are one.
fn label(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, label)| label)
}
