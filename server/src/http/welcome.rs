//! The welcome page: a small client that shows what the node does.

use axum::http::header;
use axum::response::IntoResponse;

use super::pages;

const PAGE: &str = include_str!("../../assets/welcome.html");
const SCRIPT: &str = include_str!("../../assets/welcome.js");
const ICON: &str = include_str!("../../assets/favicon.svg");
const STYLE: &str = include_str!("../../assets/welcome.css");

/// Nothing from elsewhere, and no frame around it.
const POLICY: &str =
    "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'";

/// `GET /`.
pub(super) async fn page() -> impl IntoResponse {
    pages::page(PAGE, POLICY)
}

/// `GET /welcome.js`.
pub(super) async fn script() -> impl IntoResponse {
    pages::script(SCRIPT)
}

/// `GET /welcome.css`.
pub(super) async fn style() -> impl IntoResponse {
    pages::style(STYLE)
}

/// `GET /favicon.svg`.
pub(super) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}
