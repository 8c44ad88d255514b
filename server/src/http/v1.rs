//! The REST API of this server, for back ends and operators: every path begins with `/v1`.

mod batch;
mod body;
mod channels;
mod connections;
mod etag;
mod explorer;
mod gate;
mod manners;
mod names;
mod node;
pub mod openapi;
pub(super) mod orders;
mod paging;
pub(super) mod payload;
mod presence;
mod publishing;
mod query;
pub mod refusal;
mod reload;
mod streams;
#[cfg(test)]
mod tests;
pub mod throttle;
mod users;
mod whose;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

pub use self::paging::PIECE_BYTES_MAX;
use self::refusal::Refusal;
use super::problem::Problem;
use super::{Edge, backend, within_deadline};

/// Shortest answer that is compressed for those who ask.
const COMPRESSED_BYTES_MIN: u16 = 1_024;
/// Most of the gain for little of the time, with both methods.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);

/// All routes of this face.
pub(super) fn router(edge: &Arc<Edge>) -> Router<Arc<Edge>> {
    let marked = Router::new()
        .route("/info", get(node::info))
        .route("/namespaces", get(node::namespaces))
        .layer(from_fn(etag::etag));
    let history = get(streams::history).delete(streams::forget_history);
    let history_of_channel = get(streams::history_of_channel).delete(streams::forget_history_of_channel);
    let connection = get(connections::connection).delete(connections::close_connection);
    let keyed = Router::new()
        .route("/publish", post(publishing::publish))
        .route("/broadcast", post(publishing::broadcast))
        .route("/batch", post(batch::batch))
        .route("/history", history)
        .route("/presence", get(presence::presence))
        .route("/presence/stats", get(presence::presence_stats))
        .route("/channels", get(channels::channels))
        .route("/channels/{channel}/publish", post(publishing::publish_to_channel))
        .route("/channels/{channel}/history", history_of_channel)
        .route("/channels/{channel}/presence", get(presence::presence_of_channel))
        .route("/channels/{channel}/presence/stats", get(presence::presence_stats_of_channel))
        .route("/connections", get(connections::connections))
        .route("/connections/{client}", connection)
        .route("/users/{user}/connections", get(connections::connections_of_user))
        .route("/users/{user}/disconnect", post(users::disconnect))
        .route("/users/{user}/subscribe", post(users::subscribe))
        .route("/users/{user}/unsubscribe", post(users::unsubscribe))
        .route("/users/{user}/refresh", post(users::refresh))
        .route("/reload", post(reload::reload))
        .merge(marked)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(Arc::clone(edge), gate::gate));
    let compression =
        CompressionLayer::new().quality(COMPRESSION).compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN));
    Router::new()
        .route("/openapi.json", get(explorer::description).layer(from_fn(etag::etag)))
        .route("/docs", get(explorer::page))
        .route("/docs.js", get(explorer::script))
        .route("/docs.css", get(explorer::style))
        .method_not_allowed_fallback(not_allowed)
        .merge(keyed)
        .fallback(not_found)
        .layer(from_fn(within_deadline))
        .layer(from_fn_with_state(Arc::clone(edge), manners::manners))
        .layer(compression)
}

async fn not_allowed() -> Problem {
    Refusal::MethodNotAllowed.because("this path answers to another method; the header Allow names those")
}

async fn not_found() -> Problem {
    Refusal::NotFound.because("nothing is served here; /v1/docs and /v1/openapi.json tell what is")
}
