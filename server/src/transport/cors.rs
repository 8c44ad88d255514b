//! What browsers want to hear before a page of another origin may use a response (P-EM-5).

use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// Longest list of headers that a page may ask for.
const HEADERS_BYTES_MAX: usize = 1_024;
/// How long browsers may remember the answer, in seconds.
const MAX_AGE: &str = "300";

/// Lets the page of an allowed origin see a response, cookies included.
pub fn open(request: &HeaderMap, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = request.get(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

/// The answer to an `OPTIONS` request of an allowed origin.
pub fn preflight(request: &HeaderMap, methods: &[Method]) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    let wanted = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if let Some(wanted) = wanted.filter(|wanted| wanted.len() <= HEADERS_BYTES_MAX) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    open(request, response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(header::HeaderName, &str)]) -> Response {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        preflight(&headers.collect(), &[Method::GET, Method::POST])
    }

    fn told(response: &Response, name: header::HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn page_is_told_its_own_origin_and_what_it_asked_for() {
        let response = asked(&[
            (header::ORIGIN, "https://app.example.com"),
            (header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-own"),
        ]);

        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("https://app.example.com"));
        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS), Some("true"));
        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_METHODS), Some("GET, POST"));
        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_HEADERS), Some("content-type,x-own"));
        assert_eq!(told(&response, header::VARY), Some("origin"));
    }

    #[test]
    fn endless_list_of_headers_is_not_echoed() {
        let response = asked(&[(header::ACCESS_CONTROL_REQUEST_HEADERS, &"x".repeat(2_000))]);

        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_HEADERS), None);
    }

    #[test]
    fn request_of_no_page_needs_no_permission() {
        let response = asked(&[]);

        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
        assert_eq!(told(&response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
    }
}
