//! The server API as Centrifugo's back-end libraries speak it (P section 18): `POST /api/<method>`.

mod answers;
mod batch;
mod channels;
mod connections;
mod failure;
mod method;
mod oldstyle;
mod payload;
mod requests;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use self::failure::ErrorMode;
use self::method::Method;
use super::held::held;
use super::problem::Problem;
use super::{BODY_BYTES_MAX, Edge};
use crate::transport::body::{self, Unread};

/// `POST /api/{method}`.
pub async fn call(State(edge): State<Arc<Edge>>, Path(method): Path<String>, request: Request) -> Response {
    let mode = ErrorMode::of(request.headers());
    let (permit, body) = match taken(&edge, request).await {
        Ok(taken) => taken,
        Err(refusal) => return refusal,
    };
    let (method, room) = (Method::parse(&method), edge.answers.room());
    let response = match method.perform(&edge, &body, &room).await {
        Ok(result) if method == Method::Batch => json(result),
        Ok(result) => json(answers::enveloped(&result)),
        Err(failure) => failure.into_response_in(mode),
    };
    held(response, (permit, room))
}

/// `POST /api`: commands that name their methods, as old libraries write them (P-API-4).
pub async fn call_by_name(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let mode = ErrorMode::of(request.headers());
    let (permit, body) = match taken(&edge, request).await {
        Ok(taken) => taken,
        Err(refusal) => return refusal,
    };
    let room = edge.answers.room();
    let response = match oldstyle::perform(&edge, &body, &room).await {
        Ok(replies) => json(replies),
        Err(failure) => failure.into_response_in(mode),
    };
    held(response, (permit, room))
}

/// The body of a request whose sender has the key, while there is room for it; the permit is the room.
async fn taken(edge: &Edge, request: Request) -> Result<(OwnedSemaphorePermit, Bytes), Response> {
    // Before the body is read, so that strangers cannot fill the memory.
    edge.authenticate(request.headers(), request.uri()).map_err(Problem::into_response)?;
    let permit = Arc::clone(&edge.api_calls).try_acquire_owned().map_err(|_| {
        let detail = "too many calls at a time; try again";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_calls", detail);
        problem.retry_after(1).into_response()
    })?;
    let body = body::read(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|unread| refusal(&unread).into_response())?;
    Ok((permit, body))
}

fn refusal(unread: &Unread) -> Problem {
    let status = match unread {
        Unread::TooLong => {
            let detail = format!("the body is longer than {BODY_BYTES_MAX} bytes; send less in one call");
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_refused", detail);
        }
        Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Unread::TooMany => StatusCode::SERVICE_UNAVAILABLE,
        Unread::Broken(_) => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, "body_refused", unread.to_string())
}

fn json(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
