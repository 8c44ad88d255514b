//! The API key of back ends (P-API-1).

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::{StatusCode, Uri};
use subtle::ConstantTimeEq as _;

use super::Edge;
use super::problem::Problem;

const KEY_HEADER: &str = "x-api-key";
const SCHEME: &str = "apikey ";
const PARAMETER: &str = "api_key";

impl Edge {
    /// Lets a back end pass that presents the key: in `X-API-Key`, as `Authorization: apikey …`, or as `api_key` in the
    /// query.
    pub(super) fn authenticate(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        if self.api_insecure {
            return Ok(());
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
    use axum::http::header::HeaderValue;

    use super::*;

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
