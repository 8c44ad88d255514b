//! Answers that need not be sent again (RFC 9110, section 13).

use std::hash::{DefaultHasher, Hasher as _};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;

/// Marks a good answer with its hash; one that the client has already is not sent. Marks are weak, for the same answer
/// may be sent in different encodings.
pub(super) async fn etag(request: Request, next: Next) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // It is whole already, so that nothing can go wrong.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    hasher.write(&body);
    let mark = format!("W/\"{:016x}\"", hasher.finish());
    if let Ok(mark) = HeaderValue::from_str(&mark) {
        head.headers.insert(header::ETAG, mark);
    }
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if known.is_some_and(|known| matches(&known, &mark)) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_TYPE);
        head.headers.remove(header::CONTENT_LENGTH);
        return (head, Body::empty()).into_response();
    }
    (head, Body::from(body)).into_response()
}

/// Whether a list of marks has this one; `*` has any. The weak comparison is meant: the letters before do not count.
fn matches(known: &HeaderValue, mark: &str) -> bool {
    let opaque = |mark: &str| mark.trim().trim_start_matches("W/").to_owned();
    let known = known.to_str().unwrap_or_default();
    known.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_marks_is_searched_for_one() {
        let has = |known: &'static str| matches(&HeaderValue::from_static(known), "W/\"1\"");

        assert!(has("W/\"1\"") && has("\"1\"") && has("\"0\", W/\"1\"") && has("*"));
        assert!(!has("") && !has("W/\"2\"") && !has("\"11\""));
    }
}
