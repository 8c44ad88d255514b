//! Why a request to `/v1` comes to nothing: one table of names, statuses and codes, and the document that says so.

use axum::http::StatusCode;
use ports::protocol::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;
use wigwag_core::channels::ChannelError;
use wigwag_core::connections::ConnectionError;

use crate::http::problem::{FieldError, Problem};
use crate::transport::body::Unread;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:expr, $text:literal, $title:literal;)*) => {
        /// A reason to refuse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn row(self) -> (StatusCode, Option<ErrorCode>, &'static str, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code, $text, $title),)*
                }
            }
        }
    };
}

refusals! {
    /// The body is not JSON.
    MalformedJson = BAD_REQUEST, Some(ErrorCode::BadRequest), "malformed_json", "The body is not JSON";
    /// A field is missing, unknown or has a value that makes no sense.
    InvalidRequest = BAD_REQUEST, Some(ErrorCode::BadRequest), "invalid_request", "The request makes no sense";
    /// The namespace has the feature switched off.
    NotAvailable = BAD_REQUEST, Some(ErrorCode::NotAvailable), "not_available", "Switched off in this namespace";
    /// A time that should lie ahead has passed.
    Expired = BAD_REQUEST, Some(ErrorCode::Expired), "expired", "The time has passed";
    /// A batch would be answered with too much.
    LimitExceeded = BAD_REQUEST, Some(ErrorCode::LimitExceeded), "limit_exceeded", "More than one answer holds";
    /// The key is missing or wrong.
    Unauthorized = UNAUTHORIZED, Some(ErrorCode::Unauthorized), "unauthorized", "The API key is missing or wrong";
    /// Without a key, pages of other hosts are not served.
    OriginNotAllowed = FORBIDDEN, Some(ErrorCode::PermissionDenied), "origin_not_allowed", "Not for pages of other hosts";
    /// Nothing is served under this path.
    NotFound = NOT_FOUND, Some(ErrorCode::MethodNotFound), "not_found", "Nothing is served here";
    /// No namespace is configured for the channel.
    UnknownChannel = NOT_FOUND, Some(ErrorCode::UnknownChannel), "unknown_channel", "No namespace for this channel";
    /// Nobody with this id is connected to this node.
    ConnectionNotFound = NOT_FOUND, None, "connection_not_found", "No such connection on this node";
    /// The path answers to another method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, Some(ErrorCode::MethodNotFound), "method_not_allowed", "Another method is served here";
    /// The request took too long.
    RequestTimeout = REQUEST_TIMEOUT, None, "request_timeout", "The request took too long";
    /// The body is too long.
    BodyTooLarge = PAYLOAD_TOO_LARGE, Some(ErrorCode::BadRequest), "body_too_large", "The body is too long";
    /// The body is announced as something else than JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, Some(ErrorCode::BadRequest), "unsupported_media_type", "The body is not announced as JSON";
    /// The stream has another epoch than the one asked for.
    UnrecoverablePosition = RANGE_NOT_SATISFIABLE, Some(ErrorCode::UnrecoverablePosition), "unrecoverable_position", "The stream began anew";
    /// The configuration that was to be read again has a mistake, and nothing has changed.
    InvalidConfiguration = UNPROCESSABLE_ENTITY, None, "invalid_configuration", "The configuration has a mistake";
    /// The key is used too often.
    TooManyRequests = TOO_MANY_REQUESTS, Some(ErrorCode::TooManyRequests), "too_many_requests", "Too many requests";
    /// The node has too much to do, or what is behind it cannot be reached.
    Unavailable = SERVICE_UNAVAILABLE, Some(ErrorCode::Internal), "unavailable", "Not possible at the moment";
}

/// What every refusal of `/v1` says (RFC 9457, with members of our own).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Where the kind of the problem is described, relative to the address of the request.
    #[serde(rename = "type")]
    #[schema(examples("/v1/docs#error-unknown_channel"))]
    pub kind: String,
    /// What kind of problem it is, in words.
    pub title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong with this request, and what to do about it.
    pub detail: String,
    /// The stable name of the kind, for programs.
    #[schema(examples("unknown_channel"))]
    pub error: &'static str,
    /// The same as `detail`.
    pub message: String,
    /// The number that clients of the realtime protocol know the kind by, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 112, nullable = false)]
    pub code: Option<u32>,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// The request's id, as in the header `X-Request-Id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 128)]
    pub request_id: Option<String>,
}

impl Refusal {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// Its status.
    pub fn status(self) -> StatusCode {
        self.row().0
    }

    /// What it is, in words.
    pub fn title(self) -> &'static str {
        self.row().3
    }

    /// The protocol's number for it.
    pub fn code(self) -> Option<u32> {
        self.row().1.map(ErrorCode::number)
    }

    /// The problem of this kind with this request.
    pub(super) fn because(self, detail: impl Into<String>) -> Problem {
        Problem::new(self.status(), self.name(), detail)
    }
}

/// The document about a problem.
pub(super) fn document(problem: &Problem, request_id: Option<String>) -> ProblemDocument {
    let known = Refusal::ALL.iter().find(|one| one.name() == problem.name);
    let other = problem.status.canonical_reason().unwrap_or("error");
    ProblemDocument {
        kind: format!("/v1/docs#error-{}", problem.name),
        title: known.map_or(other, |one| one.title()),
        status: problem.status.as_u16(),
        detail: problem.detail.clone(),
        error: problem.name,
        message: problem.detail.clone(),
        code: known.and_then(|one| one.code()),
        errors: problem.errors.clone(),
        request_id,
    }
}

/// A request with one field that makes no sense.
pub(super) fn bad_field(field: &str, message: impl Into<String>) -> Problem {
    bad_fields(vec![FieldError { field: field.to_owned(), message: message.into() }])
}

/// Most fields of which one answer tells what is wrong.
pub(super) const FIELD_ERRORS_MAX: usize = 20;

/// A request with fields that make no sense.
pub(super) fn bad_fields(mut errors: Vec<FieldError>) -> Problem {
    errors.truncate(FIELD_ERRORS_MAX);
    let told = |one: &FieldError| {
        if one.field.is_empty() { one.message.clone() } else { format!("{}: {}", one.field, one.message) }
    };
    let detail = errors.iter().map(told).collect::<Vec<_>>().join("; ");
    Refusal::InvalidRequest.because(detail).errors(errors)
}

impl From<ChannelError> for Problem {
    fn from(error: ChannelError) -> Self {
        let message = error.to_string();
        match error {
            ChannelError::BadName(_) | ChannelError::Misnamed(_) => bad_field("channel", message),
            ChannelError::NoData => bad_field("data", "no data to publish; give data or b64data"),
            ChannelError::NothingBefore => bad_field("since_offset", message),
            ChannelError::BadPattern(_) => bad_field("pattern", message),
            ChannelError::UnknownChannel(_) => Refusal::UnknownChannel.because(message),
            ChannelError::NotAvailable => Refusal::NotAvailable.because(message),
            ChannelError::UnrecoverablePosition => {
                let fix = "read it from its beginning, without since_offset, since_epoch and cursor";
                Refusal::UnrecoverablePosition.because(format!("{message}; {fix}"))
            }
            ChannelError::Unavailable(_) => Refusal::Unavailable.because(message).retry_after(1),
        }
    }
}

impl From<ConnectionError> for Problem {
    fn from(error: ConnectionError) -> Self {
        let message = error.to_string();
        match error {
            ConnectionError::Channel(error) => error.into(),
            ConnectionError::Expired => Refusal::Expired.because(message),
            ConnectionError::BadCode(code) => {
                let fix = "use 4000 to 4999, or a code of the protocol such as 3503";
                bad_field("code", format!("{code} is not for applications; {fix}"))
            }
            ConnectionError::BadReason => {
                bad_field("reason", "must have at most 123 bytes and must not be JSON")
            }
        }
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        let detail = unread.to_string();
        match unread {
            Unread::TooLong => Refusal::BodyTooLarge.because(format!("{detail}; send less in one call")),
            Unread::TooSlow => Refusal::RequestTimeout.because(detail),
            Unread::TooMany => Refusal::Unavailable.because(detail).retry_after(1),
            Unread::Broken(_) => Refusal::MalformedJson.because(detail),
        }
    }
}
