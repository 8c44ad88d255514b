//! A page that shows what there is and lets one try it.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;

use super::openapi;
use crate::http::pages;

const PAGE: &str = include_str!("../../../assets/docs.html");
const SCRIPT: &str = include_str!("../../../assets/docs.js");
const STYLE: &str = include_str!("../../../assets/docs.css");

/// Made once: anybody may ask for it.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| openapi::text().into());

/// Nothing from elsewhere, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `GET /v1/docs`.
pub(super) async fn page() -> impl IntoResponse {
    pages::page(PAGE, POLICY)
}

/// `GET /v1/docs.js`.
pub(super) async fn script() -> impl IntoResponse {
    pages::script(SCRIPT)
}

/// `GET /v1/docs.css`.
pub(super) async fn style() -> impl IntoResponse {
    pages::style(STYLE)
}

/// `GET /v1/openapi.json`.
pub(super) async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(DESCRIPTION.clone()))
}
