//! A fleet that comes at once, subscribes, and goes.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::sleep;

use super::Play;
use crate::fleet::{Fleet, Rush};
use crate::refusal::Refusal;
use crate::stage::{BREATH, Pace, Stage};
use crate::tally::Course;
use crate::wire::Past;

pub(super) struct ConnectStorm {
    course: Arc<Course>,
}

impl ConnectStorm {
    pub(super) fn enter(stage: &Stage) -> Self {
        Self { course: Arc::new(Course::new(stage.channel("storm"))) }
    }
}

#[async_trait]
impl Play for ConnectStorm {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let mut fleet = Fleet::attentive((0..stage.fleet).map(|_| Arc::clone(&self.course)));
        let gathered = fleet.gather(stage, Rush::All, Past::Forgotten).await;
        fleet.close().await;
        if stage.pace == Pace::Steady {
            sleep(BREATH).await;
        }
        gathered
    }

    async fn leave(self: Box<Self>, _: &Stage) {}
}
