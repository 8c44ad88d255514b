//! Everybody is cut off, messages go on, everybody comes back at once: nothing may be lost, doubled or reordered.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::Play;
use crate::fleet::{Fleet, Rush};
use crate::refusal::Refusal;
use crate::stage::{BREATH, Pace, Stage};
use crate::tally::Course;
use crate::voice::Voice;
use crate::wire::Past;

pub(super) struct RecoveryStorm {
    fleet: Fleet,
    course: Arc<Course>,
    voice: Voice,
}

/// Messages before the cut, during the absence, and after the return.
const BEFORE: usize = 3;
const MISSED: usize = 10;
const AFTER: usize = 2;
/// What one message weighs.
const MESSAGE_BYTES: usize = 128;

impl RecoveryStorm {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let course = Arc::new(Course::new(stage.channel("recovery")));
        let mut fleet = Fleet::attentive((0..stage.fleet).map(|_| Arc::clone(&course)));
        fleet.gather(stage, Rush::Some, Past::Kept).await?;
        let voice = Voice::new(stage, std::slice::from_ref(&course)).await?;
        Ok(Self { fleet, course, voice })
    }

    async fn say(&self, stage: &Stage, messages: usize) -> Result<(), Refusal> {
        for _ in 0..messages {
            let due = Instant::now();
            if let Err(refusal) = self.voice.say(&self.course, due, MESSAGE_BYTES).await {
                stage.journal.book_error(crate::row::Row::Delivery, due.elapsed(), &refusal.to_string());
                return Err(refusal);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Play for RecoveryStorm {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        self.fleet.gather(stage, Rush::Some, Past::Kept).await?;
        self.say(stage, BEFORE).await?;
        self.fleet.cut().await;
        self.say(stage, MISSED).await?;
        self.fleet.recover(stage).await?;
        self.say(stage, AFTER).await?;
        self.fleet.settle(stage).await;
        if stage.pace == Pace::Steady {
            sleep(BREATH).await;
        }
        Ok(())
    }

    async fn leave(mut self: Box<Self>, stage: &Stage) {
        self.fleet.settle(stage).await;
        self.voice.close().await;
        self.fleet.close().await;
    }
}
