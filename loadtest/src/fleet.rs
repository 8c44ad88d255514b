//! Many subscribers that one user of the load test drives.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::ear::{Ear, Seat};
use crate::line::{Appetite, Line};
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::Stage;
use crate::tally::Course;
use crate::wire::{self, Past};

/// Subscribers, each with a connection of its own and in one channel.
pub(crate) struct Fleet {
    pub(crate) members: Vec<Member>,
}

/// One subscriber.
pub(crate) struct Member {
    number: usize,
    seat: Arc<Seat>,
    appetite: Appetite,
    line: Option<Line>,
}

/// How many connections one user opens at a time.
#[derive(Clone, Copy)]
pub(crate) enum Rush {
    /// A few, as on an ordinary day.
    Some = 16,
    /// All, as after an outage.
    All = 20_000,
}

/// How long messages may be under way before they count as lost.
const ARRIVAL_MAX: Duration = Duration::from_secs(20);

impl Fleet {
    /// Members who are not connected yet, each in the channel of its course.
    pub(crate) fn of(courses: impl IntoIterator<Item = (Arc<Course>, Appetite)>) -> Self {
        let member = |(number, (course, appetite))| {
            let seat = Seat::new(&course);
            Member { number, seat, appetite, line: None }
        };
        Self { members: courses.into_iter().enumerate().map(member).collect() }
    }

    /// Members who all read as fast as they can.
    pub(crate) fn attentive(courses: impl IntoIterator<Item = Arc<Course>>) -> Self {
        Self::of(courses.into_iter().map(|course| (course, Appetite::Hearty)))
    }

    /// Connects and subscribes whoever is not. Those who come anew miss what was said before.
    pub(crate) async fn gather(&mut self, stage: &Stage, rush: Rush, past: Past<'_>) -> Result<(), Refusal> {
        let door = Semaphore::new(rush as usize);
        let arrivals = FuturesUnordered::new();
        for member in &mut self.members {
            if !member.is_here() {
                arrivals.push(member.arrive(stage, past, &door));
            }
        }
        all(arrivals).await
    }

    /// Brings everybody back who was cut off, from where they were.
    pub(crate) async fn recover(&mut self, stage: &Stage) -> Result<(), Refusal> {
        let returns = FuturesUnordered::new();
        for member in &mut self.members {
            returns.push(member.come_back(stage));
        }
        all(returns).await
    }

    /// Cuts every connection without a goodbye.
    pub(crate) async fn cut(&mut self) {
        join_all(self.take_lines().into_iter().map(Line::cut)).await;
    }

    /// Closes every connection.
    pub(crate) async fn close(&mut self) {
        join_all(self.take_lines().into_iter().map(Line::close)).await;
    }

    fn take_lines(&mut self) -> Vec<Line> {
        self.members.iter_mut().filter_map(|member| member.line.take()).collect()
    }

    /// How many there are who read.
    pub(crate) fn attentive_count(&self) -> u64 {
        self.members.iter().filter(|member| member.is_attentive() && member.is_here()).count() as u64
    }

    /// Waits until everybody who is still connected has what was said, and books as faults what never came.
    pub(crate) async fn settle(&self, stage: &Stage) {
        let patience = Instant::now() + ARRIVAL_MAX;
        for member in self.members.iter().filter(|member| member.is_attentive()) {
            let (last, unsure) = member.seat.course.said();
            let Some(last) = last else { continue };
            while member.is_here() && !member.seat.tally.has_reached(last) && Instant::now() < patience {
                sleep(Duration::from_millis(5)).await;
            }
            // What one misses whose connection ended is in the books as that.
            let lost = if member.is_here() { member.seat.tally.lost(last, &unsure) } else { 0 };
            (0..lost).for_each(|_| stage.journal.fault("a message was lost"));
        }
    }
}

/// Waits for all of them, also when some fail.
async fn all(mut steps: FuturesUnordered<impl Future<Output = Result<(), Refusal>>>) -> Result<(), Refusal> {
    let mut outcome = Ok(());
    while let Some(step) = steps.next().await {
        outcome = outcome.and(step);
    }
    outcome
}

impl Member {
    /// The line, if it stands.
    pub(crate) fn line(&self) -> Result<&Line, Refusal> {
        let gone = || Refusal::Closed { code: 1006, reason: "a member is not connected".to_owned() };
        self.line.as_ref().filter(|line| line.is_alive()).ok_or_else(gone)
    }

    fn is_here(&self) -> bool {
        self.line.as_ref().is_some_and(Line::is_alive)
    }

    fn is_attentive(&self) -> bool {
        self.appetite == Appetite::Hearty
    }

    fn ear(&self, stage: &Stage) -> Ear {
        if self.is_attentive() {
            Ear::at(&stage.journal, &self.seat)
        } else {
            Ear::slow(&stage.journal, &self.seat)
        }
    }

    async fn arrive(&mut self, stage: &Stage, past: Past<'_>, door: &Semaphore) -> Result<(), Refusal> {
        // The door is never shut, so that its answer means nothing but "go".
        let _turn = door.acquire().await;
        self.line = None;
        self.seat = Seat::new(&self.seat.course);
        self.seat.tally.begin(self.seat.course.next());
        let client = stage.client(self.number);
        let connecting = Line::connect(&stage.target, &client, self.ear(stage));
        let line = stage.timed(Row::Connect, connecting).await?;
        let subscribe = wire::subscribe(&self.seat.course.channel, past);
        stage.timed(Row::Subscribe, line.ask_then(subscribe, self.appetite)).await?;
        self.line = Some(line);
        Ok(())
    }

    async fn come_back(&mut self, stage: &Stage) -> Result<(), Refusal> {
        if let Some(line) = self.line.take() {
            line.cut().await;
        }
        let position = self.seat.tally.position();
        let returning = async {
            let client = stage.client(self.number);
            let line = Line::connect(&stage.target, &client, self.ear(stage)).await?;
            let subscribe = wire::subscribe(&self.seat.course.channel, Past::Since(&position));
            let answer = line.ask(subscribe).await?;
            Ok((line, answer.recovered))
        };
        let (line, recovered) = stage.timed(Row::Recover, returning).await?;
        if !recovered {
            stage.journal.fault("a subscription came back without what it missed");
        }
        self.line = Some(line);
        Ok(())
    }
}
