//! One channel and everybody in it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Play;
use crate::clock::Cadence;
use crate::fleet::{Fleet, Rush};
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::tally::Course;
use crate::voice::Voice;
use crate::wire::Past;

pub(super) struct FanOut {
    fleet: Fleet,
    course: Arc<Course>,
    voice: Voice,
    cadence: Cadence,
}

/// What one message weighs.
const MESSAGE_BYTES: usize = 128;

impl FanOut {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let course = Arc::new(Course::new(stage.channel("fan-out")));
        let mut fleet = Fleet::attentive((0..stage.fleet).map(|_| Arc::clone(&course)));
        fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        let voice = Voice::new(stage, std::slice::from_ref(&course)).await?;
        Ok(Self { fleet, course, voice, cadence: Cadence::every(Duration::from_millis(100)) })
    }
}

#[async_trait]
impl Play for FanOut {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        self.fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        self.voice.tell(stage, &self.fleet, &self.course, due, MESSAGE_BYTES).await
    }

    async fn leave(mut self: Box<Self>, stage: &Stage) {
        self.fleet.settle(stage).await;
        self.voice.close().await;
        self.fleet.close().await;
    }
}
