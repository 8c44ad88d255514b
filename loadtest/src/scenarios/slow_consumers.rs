//! A channel in which some read slowly and some not at all. The times of the others are what counts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Play;
use crate::clock::Cadence;
use crate::fleet::{Fleet, Rush};
use crate::line::Appetite;
use crate::refusal::Refusal;
use crate::stage::Stage;
use crate::tally::Course;
use crate::voice::Voice;
use crate::wire::Past;

pub(super) struct SlowConsumers {
    fleet: Fleet,
    course: Arc<Course>,
    voice: Voice,
    cadence: Cadence,
}

/// Of so many members one reads slowly and one not at all.
const ONE_IN: usize = 10;
/// Between two frames of one who reads slowly.
const PAUSE: Duration = Duration::from_millis(500);
/// Heavy, so that queues fill in seconds and not in minutes.
const MESSAGE_BYTES: usize = 16 * 1024;

impl SlowConsumers {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let course = Arc::new(Course::new(stage.channel("slow")));
        let appetite = |number| match number % ONE_IN {
            1 => Appetite::Poor(PAUSE),
            2 => Appetite::None,
            _ => Appetite::Hearty,
        };
        let seats = (0..stage.fleet.max(3)).map(|number| (Arc::clone(&course), appetite(number)));
        let mut fleet = Fleet::of(seats);
        fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        let voice = Voice::new(stage, std::slice::from_ref(&course)).await?;
        Ok(Self { fleet, course, voice, cadence: Cadence::every(Duration::from_millis(50)) })
    }
}

#[async_trait]
impl Play for SlowConsumers {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        self.fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        self.voice.tell(stage, &self.fleet, &self.course, due, MESSAGE_BYTES).await
    }

    async fn leave(mut self: Box<Self>, stage: &Stage) {
        self.fleet.settle(stage).await;
        self.voice.close().await;
        // Those who do not read do not take leave either.
        self.fleet.cut().await;
    }
}
