//! A day in a minute: a user that does a little of everything, in the order of a day, over and over.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Kind, Play};
use crate::refusal::Refusal;
use crate::stage::Stage;

pub(super) struct Mixed {
    day: Vec<Kind>,
    hour: usize,
    until: Instant,
    play: Box<dyn Play>,
}

/// People come, talk, ask who is there, lose their train's network at noon, talk again, and the back end hums along.
const DAY: [Kind; 12] = [
    Kind::Health,
    Kind::ConnectStorm,
    Kind::Channels,
    Kind::Presence,
    Kind::Channels,
    Kind::Api,
    Kind::RecoveryStorm,
    Kind::FanOut,
    Kind::Channels,
    Kind::SlowConsumers,
    Kind::FanOut,
    Kind::Api,
];

/// How long an hour lasts.
const HOUR: Duration = Duration::from_secs(2);

impl Mixed {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let day: Vec<Kind> = DAY.into_iter().filter(|kind| stage.findings.lacks(*kind).is_none()).collect();
        // Users live in different time zones.
        let hour = stage.user.wrapping_mul(5);
        let play = enter(&day, hour, stage).await?;
        Ok(Self { day, hour, until: Instant::now() + HOUR, play })
    }
}

async fn enter(day: &[Kind], hour: usize, stage: &Stage) -> Result<Box<dyn Play>, Refusal> {
    let kind = hour.checked_rem(day.len()).and_then(|hour| day.get(hour)).unwrap_or(&Kind::ConnectStorm);
    // The day holds no second day, so this ends.
    Box::pin(kind.enter(stage)).await
}

#[async_trait]
impl Play for Mixed {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        if Instant::now() >= self.until {
            self.hour = self.hour.wrapping_add(1);
            let next = enter(&self.day, self.hour, stage).await?;
            std::mem::replace(&mut self.play, next).leave(stage).await;
            self.until = Instant::now() + HOUR;
        }
        self.play.round(stage).await
    }

    async fn leave(self: Box<Self>, stage: &Stage) {
        self.play.leave(stage).await;
    }
}
