//! Why a call has no result, and how that is said.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ports::protocol::ErrorCode;
use serde_json::{Value, json};
use wigwag_core::channels::ChannelError;
use wigwag_core::connections::ConnectionError;

use crate::http::problem::Problem;
use crate::http::room::{ANSWER_BYTES_MAX, Full};
use crate::http::v1::orders::Overloaded;

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// An error of the API.
    Refused(ErrorCode, String),
    /// The node has more to do than it can; the same call may succeed in a moment.
    Overloaded,
    /// The request is none.
    Malformed(String),
}

/// Where errors of the API go (P-API-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorMode {
    /// Into the body of an answer with status 200.
    Body,
    /// Into the status, with the error alone as the body.
    Transport,
}

impl ErrorMode {
    /// What a request asks for.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match headers.get("x-centrifugo-error-mode") {
            Some(mode) if mode == "transport" => Self::Transport,
            Some(_) | None => Self::Body,
        }
    }
}

impl Failure {
    /// A request that makes no sense (107), with the fix.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::Refused(ErrorCode::BadRequest, message.into())
    }

    /// The error object.
    pub(super) fn error(&self) -> Value {
        match self {
            Self::Refused(code, message) => json!({ "code": code.number(), "message": message }),
            Self::Overloaded => {
                json!({ "code": ErrorCode::Internal.number(), "message": Overloaded.to_string() })
            }
            Self::Malformed(message) => json!({ "code": ErrorCode::BadRequest.number(), "message": message }),
        }
    }

    pub(super) fn into_response_in(self, mode: ErrorMode) -> Response {
        if let Self::Malformed(detail) = self {
            return Problem::new(StatusCode::BAD_REQUEST, "malformed_request", detail).into_response();
        }
        let (status, body) = match mode {
            ErrorMode::Body => (StatusCode::OK, json!({ "error": self.error() })),
            ErrorMode::Transport => (self.status(), self.error()),
        };
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(code, _) => status(*code),
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::UnknownChannel | ErrorCode::MethodNotFound => StatusCode::NOT_FOUND,
        ErrorCode::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorCode::BadRequest
        | ErrorCode::NotAvailable
        | ErrorCode::AlreadySubscribed
        | ErrorCode::LimitExceeded
        | ErrorCode::TokenExpired
        | ErrorCode::Expired => StatusCode::BAD_REQUEST,
        ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::UnrecoverablePosition => StatusCode::RANGE_NOT_SATISFIABLE,
    }
}

impl From<Overloaded> for Failure {
    fn from(Overloaded: Overloaded) -> Self {
        Self::Overloaded
    }
}

impl From<Full> for Failure {
    fn from(full: Full) -> Self {
        let message = match full {
            Full::Node => return Self::Overloaded,
            Full::Call => format!(
                "one call is answered with at most {ANSWER_BYTES_MAX} bytes; ask for less: history with limit and \
                 since, channels with a pattern, fewer commands in one call"
            ),
        };
        Self::Refused(ErrorCode::LimitExceeded, message)
    }
}

impl From<ChannelError> for Failure {
    fn from(error: ChannelError) -> Self {
        Self::Refused(error.code(), error.to_string())
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Refused(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_go_into_the_status_for_those_who_ask() {
        let refused = |code| Failure::Refused(code, "why".into());
        let said = |code, mode| refused(code).into_response_in(mode).status().as_u16();

        for (code, expected) in [(100, 500), (102, 404), (104, 404), (107, 400), (108, 400), (112, 416)] {
            let code = ErrorCode::ALL.into_iter().find(|one| one.number() == code).unwrap();
            assert_eq!(said(code, ErrorMode::Transport), expected); // P-API-3
            assert_eq!(said(code, ErrorMode::Body), 200);
        }
        assert_eq!(Failure::Overloaded.into_response_in(ErrorMode::Transport).status(), 503);
        assert_eq!(Failure::Malformed("x".into()).into_response_in(ErrorMode::Body).status(), 400);
    }

    #[test]
    fn the_mode_is_what_the_header_says() {
        let mut headers = HeaderMap::new();
        assert_eq!(ErrorMode::of(&headers), ErrorMode::Body);

        headers.insert("x-centrifugo-error-mode", header::HeaderValue::from_static("transport"));
        assert_eq!(ErrorMode::of(&headers), ErrorMode::Transport);
    }
}
