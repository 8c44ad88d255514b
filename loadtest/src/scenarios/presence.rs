//! A room whose members ask who is there. Whoever is missing from the answer is an error.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Play;
use crate::clock::Cadence;
use crate::fleet::{Fleet, Rush};
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;
use crate::tally::Course;
use crate::target::Key;
use crate::wire::{self, Past};

pub(super) struct Presence {
    fleet: Fleet,
    course: Arc<Course>,
    cadence: Cadence,
    next: usize,
}

impl Presence {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let course = Arc::new(Course::new(stage.channel("room")));
        let mut fleet = Fleet::attentive((0..stage.fleet).map(|_| Arc::clone(&course)));
        fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        Ok(Self { fleet, course, cadence: Cadence::every(Duration::from_millis(100)), next: 0 })
    }
}

#[async_trait]
impl Play for Presence {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        self.fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        let channel = &self.course.channel;
        if stage.findings.clients_see_presence {
            let Some(member) = self.fleet.members.get(self.next % self.fleet.members.len()) else {
                return Ok(());
            };
            self.next += 1;
            let asked = async {
                let answer = member.line()?.ask(wire::presence(channel)).await?;
                complete(answer.present, stage)
            };
            stage.timed_from(Row::Presence, due, asked).await?;
        }
        if stage.findings.api_presence {
            let asked = async {
                let result = stage.target.api(Key::Ours, "presence", &json!({ "channel": channel })).await?;
                complete(
                    result.get("presence").and_then(Value::as_object).map_or(0, serde_json::Map::len),
                    stage,
                )
            };
            stage.timed(Row::ApiPresence, asked).await?;
        }
        Ok(())
    }

    async fn leave(mut self: Box<Self>, _: &Stage) {
        self.fleet.close().await;
    }
}

fn complete(present: usize, stage: &Stage) -> Result<(), Refusal> {
    if present >= stage.fleet {
        return Ok(());
    }
    Err(Refusal::Garbled("presence leaves somebody out".to_owned()))
}
