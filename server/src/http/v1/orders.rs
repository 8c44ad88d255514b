//! Orders about connections, until this node has done what was ordered.

use std::time::Duration;

use wigwag_core::connections::Issued;

use super::refusal::Refusal;
use crate::http::Edge;
use crate::http::problem::Problem;

/// How long a call waits for this node to do what was ordered.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(5);

/// A shard that is behind would drop the order.
pub(super) fn refuse_overload(edge: &Edge) -> Result<(), Problem> {
    if edge.services.hub().is_overloaded() {
        let detail = "the node has too much to do; try again in a moment";
        return Err(Refusal::Unavailable.because(detail).retry_after(1));
    }
    Ok(())
}

/// Waits until the order is done here. One that takes longer is done later.
pub(in crate::http) async fn done(issued: Issued) {
    let waiting = async {
        let mut pause = Duration::ZERO;
        while !issued.is_done() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2 + Duration::from_millis(1)).min(PAUSE_MAX);
        }
    };
    let _ = tokio::time::timeout(PATIENCE, waiting).await;
}
