//! The API key of back ends (P-API-1).

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN};
use axum::http::{StatusCode, Uri};
use subtle::ConstantTimeEq as _;

use super::Edge;
use super::problem::Problem;
use crate::transport::admission::text;
use crate::transport::origin::Origins;

const KEY_HEADER: &str = "x-api-key";
const SCHEME: &str = "apikey ";
const PARAMETER: &str = "api_key";

impl Edge {
    /// Lets a back end pass that presents the key: in `X-API-Key`, as `Authorization: apikey …`, or as `api_key` in the
    /// query. Where none is needed, pages of other hosts are refused: every browser on the machine can reach the node.
    pub(super) fn authenticate(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        if self.api_insecure {
            return if is_foreign(headers) { Err(foreign()) } else { Ok(()) };
        }
        let given = presented(headers, uri).unwrap_or_default();
        if bool::from(given.as_bytes().ct_eq(self.api_key.expose().as_bytes())) {
            return Ok(());
        }
        let detail = "present the API key in the header X-API-Key";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .header(axum::http::header::WWW_AUTHENTICATE, "apikey"))
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
    if let Some(key) = headers.get(KEY_HEADER) {
        return key.to_str().ok().map(Cow::Borrowed);
    }
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().ok()?;
        let (scheme, key) = value.split_at_checked(SCHEME.len())?;
        return scheme.eq_ignore_ascii_case(SCHEME).then_some(Cow::Borrowed(key.trim()));
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs.into_iter().find_map(|(name, key)| (name == PARAMETER).then_some(Cow::Owned(key)))
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
        headers.insert(KEY_HEADER, HeaderValue::from_static("x"));
        assert_eq!(presented(&headers, &uri).as_deref(), Some("x"));
        assert_eq!(presented(&HeaderMap::new(), &Uri::from_static("/api/info")), None);
    }
}
