//! Orders about connections, until this node has done what was ordered.

use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;
use wigwag_core::connections::Issued;

use super::refusal::Refusal;
use crate::http::Edge;
use crate::http::problem::Problem;

/// How long a call waits for this node to do what was ordered.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(5);

/// The node has more to do than it can; the same call may succeed in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the node has too much to do; try again in a moment")]
pub(in crate::http) struct Overloaded;

/// A shard that is behind would drop the order.
pub(in crate::http) fn refuse_overload(edge: &Edge) -> Result<(), Overloaded> {
    if edge.services.hub().is_overloaded() { Err(Overloaded) } else { Ok(()) }
}

impl From<Overloaded> for Problem {
    fn from(overloaded: Overloaded) -> Self {
        Refusal::Unavailable.because(overloaded.to_string()).retry_after(1)
    }
}

/// Waits until the order is done here, and whether it is. One that takes longer is done later.
pub(in crate::http) async fn is_done_soon(issued: Issued) -> bool {
    let waiting = async {
        let mut pause = Duration::ZERO;
        while !issued.is_done() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2 + Duration::from_millis(1)).min(PAUSE_MAX);
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.is_ok()
}

/// The status of an order: done here, or only taken.
pub(super) async fn carried_out(issued: Issued) -> StatusCode {
    if is_done_soon(issued).await { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED }
}
