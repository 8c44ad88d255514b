//! The API key of back ends (P-API-1).

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use subtle::ConstantTimeEq as _;

use super::Edge;
use super::problem::Problem;

const KEY_HEADER: &str = "x-api-key";
const SCHEME: &str = "apikey ";
const QUERY: &str = "api_key=";

impl Edge {
    /// Lets a back end pass that presents the key: in `X-API-Key`, as `Authorization: apikey …`, or as `api_key` in the
    /// query.
    pub(super) fn authenticate(&self, headers: &HeaderMap, query: &str) -> Result<(), Problem> {
        if self.api_insecure {
            return Ok(());
        }
        let given = presented(headers, query).unwrap_or_default();
        if bool::from(given.as_bytes().ct_eq(self.api_key.expose().as_bytes())) {
            return Ok(());
        }
        let detail = "present the API key in the header X-API-Key";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .header(axum::http::header::WWW_AUTHENTICATE, "apikey"))
    }
}

fn presented<'r>(headers: &'r HeaderMap, query: &'r str) -> Option<&'r str> {
    if let Some(key) = headers.get(KEY_HEADER) {
        return key.to_str().ok();
    }
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().ok()?;
        let (scheme, key) = value.split_at_checked(SCHEME.len())?;
        return scheme.eq_ignore_ascii_case(SCHEME).then_some(key.trim());
    }
    query.split('&').find_map(|pair| pair.strip_prefix(QUERY))
}
