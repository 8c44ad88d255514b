//! The API key of back ends (P-API-1).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

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

    /// Whether a request comes from a back end, whichever face it asks.
    pub(crate) fn knows(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        if self.api_insecure {
            return !is_foreign(headers);
        }
        let opens = |key: Option<Cow<'_, str>>| key.is_some_and(|key| self.api_key.is(&key));
        opens(presented(headers, uri)) || opens(in_header(headers, BEARER).map(Cow::Borrowed))
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

/// Whether the page of another host sends this. Anybody's name may lead to this machine, and its pages are of the same host
/// then, so that only what nobody else can own is believed to be a name of this one.
fn is_foreign(headers: &HeaderMap) -> bool {
    let host = text(headers, HOST);
    if headers.contains_key(HOST) && !host.is_some_and(is_local) {
        return true;
    }
    let readable =
        |origin: &HeaderValue| origin.to_str().is_ok_and(|it| Origins::default().allow(Some(it), host));
    !headers.get_all(ORIGIN).iter().all(readable)
}

/// `localhost` or an address, perhaps with a port.
fn is_local(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest.split_once(']').map(|(address, _)| address);
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok()
}

fn foreign() -> Problem {
    let detail = "without a key the API serves no pages of other hosts, and is reached as localhost or by an address; set \
                  api.insecure = false and present the key";
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
    fn names_that_somebody_else_can_own_are_not_those_of_this_machine() {
        let foreign = |host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            is_foreign(&headers)
        };

        for host in
            ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000", "192.0.2.7:80"]
        {
            assert!(!foreign(host, None) && !foreign(host, Some(&format!("http://{host}"))), "{host}");
        }
        for host in
            ["evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "[evil]", "", "0x7f.1"]
        {
            assert!(foreign(host, None) && foreign(host, Some(&format!("http://{host}"))), "{host}");
        }
        assert!(!is_foreign(&HeaderMap::new()));
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
