//! The configuration, read again at an operator's request.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::query::Query;
use super::refusal::{ProblemDocument, Refusal};
use crate::http::Edge;
use crate::http::problem::Problem;
use crate::node::{ReloadError, Reloaded};

/// What has come of it: settings by name, such as `client.channels_max` or `namespace.chat.presence`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reload {
    /// These have changed and hold from now on.
    changed: BTreeSet<String>,
    /// These are written otherwise than at the start of the node, and hold after the next start.
    needs_restart: BTreeSet<String>,
}

/// Reads the configuration again, as SIGHUP does.
///
/// It is taken over as a whole or not at all. Nobody is disconnected.
#[utoipa::path(post, path = "/v1/reload", tag = "node",
    responses(
        (status = 200, body = Reload, description = "It holds.", example = json!({
            "changed": ["api.key", "namespace.chat.presence"], "needs_restart": ["server.shards"]})),
        (status = 422, body = ProblemDocument, description = "`invalid_configuration`")))]
pub(super) async fn reload(
    State(edge): State<Arc<Edge>>,
    Query(()): Query<()>,
) -> Result<Json<Reload>, Problem> {
    let services = Arc::clone(&edge.services);
    let reloaded = tokio::task::spawn_blocking(move || services.reload()).await;
    let reloaded = reloaded
        .map_err(|_| Refusal::Unavailable.because("the configuration could not be read").retry_after(1))?;
    reloaded.map(|done| Json(done.into())).map_err(Problem::from)
}

impl From<Reloaded> for Reload {
    fn from(reloaded: Reloaded) -> Self {
        Self { changed: reloaded.changed, needs_restart: reloaded.at_start }
    }
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        let detail = error.to_string();
        match error {
            ReloadError::Refused(_) | ReloadError::Keys(_) | ReloadError::Certificate(_) => {
                Refusal::InvalidConfiguration.because(detail)
            }
            ReloadError::Early => Refusal::Unavailable.because(detail).retry_after(1),
        }
    }
}
