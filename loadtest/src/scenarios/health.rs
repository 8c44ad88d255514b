//! Probes, as a load balancer makes them.

use std::time::Duration;

use async_trait::async_trait;

use super::Play;
use crate::clock::Cadence;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;

pub(super) struct Health {
    cadence: Cadence,
    page: &'static str,
}

impl Health {
    pub(super) fn enter(stage: &Stage) -> Self {
        Self {
            cadence: Cadence::every(Duration::from_millis(50)),
            page: stage.findings.health.unwrap_or("/health"),
        }
    }
}

#[async_trait]
impl Play for Health {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        stage.timed_from(Row::Health, due, stage.target.get(self.page)).await
    }

    async fn leave(self: Box<Self>, _: &Stage) {}
}
