//! Problem documents (RFC 9457): how everything that is ours says no over HTTP.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal: a status, a stable name for programs, and a sentence for people that names the fix.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) status: StatusCode,
    pub(super) name: &'static str,
    pub(super) detail: String,
    pub(super) errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field: a member of the body, a parameter of the query or the path, or a header.
    #[schema(examples("channel", "override.presence"))]
    pub field: String,
    /// What is wrong with it, and what to write.
    pub message: String,
}

impl Problem {
    /// A problem without further headers.
    pub fn new(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Self {
        Self { status, name, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// The same with a header.
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// The same with the seconds after which trying again makes sense.
    pub fn retry_after(mut self, seconds: u16) -> Self {
        self.headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }

    /// The same with what is wrong with single fields.
    pub(super) fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }
}

/// Here `code` is a name, as clients of the older faces know it. What `/v1` answers is written anew by its manners,
/// which find the problem among the extensions.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "code": self.name,
            "error": self.name,
            "message": self.detail,
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}
