//! Many small channels: games, documents, conversations.

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

pub(super) struct Channels {
    fleet: Fleet,
    courses: Vec<Arc<Course>>,
    voice: Voice,
    cadence: Cadence,
    next: usize,
}

/// Subscribers of one channel.
const CIRCLE: usize = 5;
/// A server may let one connection subscribe to not many more.
const CHANNELS_MAX: usize = 100;
/// Each channel has a message in this time.
const PERIOD: Duration = Duration::from_millis(250);
/// What one message weighs.
const MESSAGE_BYTES: usize = 128;

impl Channels {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let count = stage.fleet.div_ceil(CIRCLE).clamp(1, CHANNELS_MAX);
        let course = |number| Arc::new(Course::new(stage.channel(&format!("circle-{number}"))));
        let courses: Vec<_> = (0..count).map(course).collect();
        let mut fleet = Fleet::attentive(courses.iter().cycle().take(stage.fleet).cloned());
        fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        let voice = Voice::new(stage, &courses).await?;
        let cadence = Cadence::every(PERIOD / u32::try_from(count).unwrap_or(1));
        Ok(Self { fleet, courses, voice, cadence, next: 0 })
    }
}

#[async_trait]
impl Play for Channels {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let due = stage.turn(&mut self.cadence).await;
        self.fleet.gather(stage, Rush::Some, Past::Forgotten).await?;
        let Some(course) = self.courses.get(self.next % self.courses.len()) else { return Ok(()) };
        self.next += 1;
        self.voice.tell(stage, &self.fleet, course, due, MESSAGE_BYTES).await
    }

    async fn leave(mut self: Box<Self>, stage: &Stage) {
        self.fleet.settle(stage).await;
        self.voice.close().await;
        self.fleet.close().await;
    }
}
