//! Who says things in channels.

use std::sync::Arc;

use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::clock::micros_at;
use crate::ear::Ear;
use crate::fleet::Fleet;
use crate::line::Line;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::{Pace, Publishing, Stage};
use crate::tally::Course;
use crate::target::{Key, PATIENCE, Target};
use crate::wire::{self, Past, Stamp};

/// Says things as a client, where clients may, or through the HTTP API.
pub(crate) enum Voice {
    /// A connection of its own.
    Client(Line),
    /// The application's back end.
    BackEnd(Arc<Target>),
}

/// The number of the client that speaks; members of fleets have lower ones.
const SPEAKER: usize = 1_000_000;

impl Voice {
    /// One for a user of the load test that may speak in these channels. What fails is booked.
    pub(crate) async fn new(stage: &Stage, courses: &[Arc<Course>]) -> Result<Self, Refusal> {
        if stage.findings.publishing == Publishing::BackEnds {
            return Ok(Self::BackEnd(Arc::clone(&stage.target)));
        }
        let client = stage.client(SPEAKER);
        let connecting = Line::connect(&stage.target, &client, Ear::deaf(&stage.journal));
        let line = stage.timed(Row::Connect, connecting).await?;
        if stage.findings.publishing == Publishing::Subscribers {
            for course in courses {
                let subscribe = wire::subscribe(&course.channel, Past::Forgotten);
                stage.timed(Row::Subscribe, line.ask(subscribe)).await?;
            }
        }
        Ok(Self::Client(line))
    }

    /// Says something that was due at a moment and waits until the server took it.
    pub(crate) async fn say(&self, course: &Course, due: Instant, bytes: usize) -> Result<(), Refusal> {
        let seq = course.begin();
        let payload = Stamp { seq, due: micros_at(due) }.payload(bytes);
        match self {
            Self::Client(line) => line.ask(wire::publish(&course.channel, &payload)).await.map(drop)?,
            Self::BackEnd(target) => {
                let body = json!({ "channel": course.channel, "data": payload });
                target.api(Key::Ours, "publish", &body).await.map(drop)?;
            }
        }
        course.sure(seq);
        Ok(())
    }

    /// Says something, books a failure, and keeps the pace: where that is closed, waits until all have it.
    pub(crate) async fn tell(
        &self,
        stage: &Stage,
        fleet: &Fleet,
        course: &Course,
        due: Instant,
        bytes: usize,
    ) -> Result<(), Refusal> {
        let expected = course.heard_so_far() + fleet.attentive_count();
        let told = async {
            self.say(course, due, bytes).await?;
            if stage.pace == Pace::Closed && timeout(PATIENCE, course.heard(expected)).await.is_err() {
                return Err(Refusal::TimedOut(PATIENCE.as_secs()));
            }
            Ok(())
        };
        told.await.inspect_err(|refusal| {
            stage.journal.book_error(Row::Delivery, due.elapsed(), &refusal.to_string());
        })
    }

    /// Whether it can speak.
    pub(crate) fn is_alive(&self) -> bool {
        match self {
            Self::Client(line) => line.is_alive(),
            Self::BackEnd(_) => true,
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        if let Self::Client(line) = self {
            line.close().await;
        }
    }
}
