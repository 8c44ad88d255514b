//! Calls without a key and with a wrong one. They are booked as successes when they are refused.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::Play;
use crate::clock::Cadence;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;
use crate::target::Key;

pub(super) struct Protected {
    cadence: Cadence,
    key: Key,
}

impl Protected {
    pub(super) fn enter() -> Self {
        Self { cadence: Cadence::every(Duration::from_millis(100)), key: Key::None }
    }
}

#[async_trait]
impl Play for Protected {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        self.key = match self.key {
            Key::None => Key::Wrong,
            Key::Wrong | Key::Ours => Key::None,
        };
        let call = async {
            match stage.target.api(self.key, "info", &json!({})).await {
                Err(Refusal::Status(401 | 403)) => Ok(()),
                Err(refusal) => Err(refusal),
                Ok(_) => {
                    stage.journal.fault("the API let somebody in without the key");
                    Err(Refusal::Status(200))
                }
            }
        };
        stage.timed_from(Row::ApiProtected, due, call).await
    }

    async fn leave(self: Box<Self>, _: &Stage) {}
}
