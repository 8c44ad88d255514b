//! The API key of back ends (P-API-1).

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN};
use axum::http::{StatusCode, Uri};

use super::Edge;
use super::problem::Problem;
use crate::transport::admission::text;
use crate::transport::origin::Origins;

const KEY_HEADER: &str = "x-api-key";
const SCHEME: &str = "apikey ";
const BEARER: &str = "bearer ";
const PARAMETER: &str = "api_key";

impl Edge {
    /// Lets a back end pass that presents the key: in `X-API-Key`, as `Authorization: apikey …`, or as `api_key` in the
    /// query.
    pub(super) fn authenticate(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        let detail = "present the API key in the header X-API-Key";
        self.admit(headers, || presented(headers, uri), detail, "apikey")
    }

    /// Lets a back end pass that presents the key in `X-API-Key` or as `Authorization: Bearer …`.
    pub(super) fn authenticate_bearer(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let detail = "present the API key as Authorization: Bearer <key>, or in the header X-API-Key";
        let given = || in_header(headers, BEARER).map(Cow::Borrowed);
        self.admit(headers, given, detail, "Bearer realm=\"wigwag\"")
    }

    /// Where no key is needed, pages of other hosts are refused: every browser on the machine can reach the node.
    fn admit<'r>(
        &self,
        headers: &HeaderMap,
        given: impl FnOnce() -> Option<Cow<'r, str>>,
        detail: &str,
        scheme: &'static str,
    ) -> Result<(), Problem> {
        if self.api_insecure {
            return if is_foreign(headers) { Err(foreign()) } else { Ok(()) };
        }
        let given = given().unwrap_or_default();
        if self.api_key.is(&given) {
            return Ok(());
        }
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        Err(problem.header(axum::http::header::WWW_AUTHENTICATE, scheme))
    }
}

/// Whether the page of another host sends this.
fn is_foreign(headers: &HeaderMap) -> bool {
    let host = text(headers, HOST);
    let readable =
        |origin: &HeaderValue| origin.to_str().is_ok_and(|it| Origins::default().allow(Some(it), host));
    !headers.get_all(ORIGIN).iter().all(readable)
}

fn foreign() -> Problem {
    let detail =
        "without a key the API serves no pages of other hosts; set api.insecure = false and present the key";
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
}

fn presented<'r>(headers: &'r HeaderMap, uri: &Uri) -> Option<Cow<'r, str>> {
    if headers.contains_key(KEY_HEADER) || headers.contains_key(AUTHORIZATION) {
        return in_header(headers, SCHEME).map(Cow::Borrowed);
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs.into_iter().find_map(|(name, key)| (name == PARAMETER).then_some(Cow::Owned(key)))
}

/// The key in its own header, else in the one that names a scheme.
fn in_header<'r>(headers: &'r HeaderMap, scheme: &str) -> Option<&'r str> {
    if let Some(key) = headers.get(KEY_HEADER) {
        return key.to_str().ok();
    }
    let (given, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_at_checked(scheme.len())?;
    given.eq_ignore_ascii_case(scheme).then_some(key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_hosts_are_told_from_programs_and_own_pages() {
        let foreign = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("localhost:8000"));
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            is_foreign(&headers)
        };

        assert!(!foreign(&[]));
        assert!(!foreign(&["http://localhost:8000"]));
        for origins in [
            &["https://evil.com"][..],
            &["null"],
            &[""],
            &["http://localhost"],
            &["http://localhost:3000"],
            &["ftp://localhost:8000"],
            &["http://localhost:8000", "https://evil.com"],
        ] {
            assert!(foreign(origins), "{origins:?}");
        }
    }

    #[test]
    fn a_key_is_taken_from_the_first_place_that_has_one() {
        let uri: Uri = "/api/info?a=b&api_key=a%2Fb%2Bc".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(presented(&headers, &uri).as_deref(), Some("a/b+c"));

        headers.insert(AUTHORIZATION, HeaderValue::from_static("ApiKey  k "));
        assert_eq!(presented(&headers, &uri).as_deref(), Some("k"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer k"));
        assert_eq!(presented(&headers, &uri), None);
        assert_eq!(in_header(&headers, BEARER), Some("k"));
        headers.insert(KEY_HEADER, HeaderValue::from_static("x"));
        assert_eq!(presented(&headers, &uri).as_deref(), Some("x"));
        assert_eq!(presented(&HeaderMap::new(), &Uri::from_static("/api/info")), None);
    }
}
