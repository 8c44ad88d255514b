//! Who gets in: those with the key, as often as it may be used, while there is room.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::refusal::Refusal;
use crate::http::Edge;
use crate::http::held::held;

/// Lets a request pass before its body is read, so that strangers cannot fill the memory.
pub(super) async fn gate(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    if let Err(problem) = edge.authenticate_bearer(request.headers()) {
        return problem.into_response();
    }
    let (mut response, left) = match edge.throttle.take(edge.services.now()) {
        Ok(left) => (with_room(&edge, request, next).await, left),
        Err(problem) => (problem.into_response(), edge.throttle.nothing_left()),
    };
    if let Some(left) = left {
        left.tell(response.headers_mut());
    }
    response
}

async fn with_room(edge: &Edge, request: Request, next: Next) -> Response {
    let Ok(permit) = Arc::clone(&edge.api_calls).try_acquire_owned() else {
        let detail = "too many calls at a time; try again";
        return Refusal::Unavailable.because(detail).retry_after(1).into_response();
    };
    held(next.run(request).await, permit)
}
