//! A back end that publishes, and asks for streams and for who is there.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Play;
use crate::clock::Cadence;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;
use crate::target::Key;

pub(super) struct Api {
    cadence: Cadence,
    calls: Vec<(Row, &'static str, Value)>,
    next: usize,
}

impl Api {
    pub(super) fn enter(stage: &Stage) -> Self {
        let channel = stage.channel("api");
        let mut calls = vec![(
            Row::ApiPublish,
            "publish",
            json!({ "channel": channel, "data": { "text": "from the back end" } }),
        )];
        if stage.findings.api_history {
            calls.push((Row::ApiHistory, "history", json!({ "channel": channel, "limit": 10 })));
        }
        if stage.findings.api_presence {
            calls.push((Row::ApiPresence, "presence", json!({ "channel": channel })));
        }
        Self { cadence: Cadence::every(Duration::from_millis(50)), calls, next: 0 }
    }
}

#[async_trait]
impl Play for Api {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        let Some((row, method, body)) = self.calls.get(self.next % self.calls.len()) else { return Ok(()) };
        self.next += 1;
        stage.timed_from(*row, due, stage.target.api(Key::Ours, method, body)).await.map(drop)
    }

    async fn leave(self: Box<Self>, _: &Stage) {}
}
