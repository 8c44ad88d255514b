//! One client publishes as fast as a tenth of what the machine can take, while others exchange. The others' times count.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{Play, channels};
use crate::clock::Cadence;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::stage::{BREATH, Findings, Stage};
use crate::tally::Course;
use crate::voice::Voice;

pub(super) struct Flood {
    others: channels::Channels,
    /// At most one user of a run floods; for the others this is a scenario with a loud neighbour.
    flood: Option<Pouring>,
}

/// Somebody who floods, until this is dropped.
pub(crate) struct Pouring {
    task: JoinHandle<()>,
    findings: Arc<Findings>,
    begun: Instant,
    poured: Arc<AtomicU64>,
}

impl Pouring {
    /// Begins at the rate that was found out; none if there is none, or if somebody floods already.
    pub(crate) fn begin(stage: &Stage) -> Option<Self> {
        let free = stage.findings.flood_rate > 0.0 && !stage.findings.flooded.swap(true, Ordering::AcqRel);
        let begin = || {
            let poured = Arc::new(AtomicU64::new(0));
            let task = tokio::spawn(pour(stage.clone(), Arc::clone(&poured)));
            Self { task, findings: Arc::clone(&stage.findings), begun: Instant::now(), poured }
        };
        free.then(begin)
    }

    /// Ends it. That much less was poured than intended is a fault: nobody was flooded.
    fn end(self, stage: &Stage) {
        let poured = self.poured.load(Ordering::Relaxed);
        if let Some(fault) = too_little(poured, self.begun.elapsed(), self.findings.flood_rate) {
            stage.journal.fault(&fault);
        }
    }
}

impl Drop for Pouring {
    fn drop(&mut self) {
        self.task.abort();
        self.findings.flooded.store(false, Ordering::Release);
    }
}

fn too_little(poured: u64, time: Duration, rate: f64) -> Option<String> {
    let per_second = poured as f64 / time.as_secs_f64();
    (time >= JUDGED_FROM && per_second < rate * POURED_MIN).then(|| {
        format!(
            "{per_second:.0} publications per s poured, less than {:.0} % of the {rate:.0} intended",
            POURED_MIN * 100.0
        )
    })
}

/// What one message of the flood weighs.
const MESSAGE_BYTES: usize = 64;
/// Less than this share of what was intended is no flood.
pub(crate) const POURED_MIN: f64 = 0.8;
/// A flood that was shorter says nothing about its rate.
const JUDGED_FROM: Duration = Duration::from_secs(1);
/// Messages of one client that are under way at once, so that a flood is bounded by the server's answers too.
const UNDER_WAY_MAX: usize = 64;
/// Messages that a server, or a machine, that stalls owes us at most; it gets them when it goes on.
const OWED_MAX: usize = 100_000;
/// The flood's messages are due in small crowds: timers are no finer than this.
const CROWD_EVERY: Duration = Duration::from_millis(5);
/// Clients that publish together when the capacity is measured, and for how long.
const MEASURING_CLIENTS: usize = 4;
const MEASURING: Duration = Duration::from_millis(1500);

impl Flood {
    pub(super) async fn enter(stage: &Stage) -> Result<Self, Refusal> {
        let others = channels::Channels::enter(stage).await?;
        let flood = Pouring::begin(stage);
        Ok(Self { others, flood })
    }
}

#[async_trait]
impl Play for Flood {
    async fn round(&mut self, stage: &Stage) -> Result<(), Refusal> {
        self.others.round(stage).await
    }

    async fn leave(mut self: Box<Self>, stage: &Stage) {
        if let Some(flood) = self.flood.take() {
            flood.end(stage);
        }
        Box::new(self.others).leave(stage).await;
    }
}

/// Publishes at the rate that was found out, until it is aborted. One who is refused or cut off comes back.
async fn pour(stage: Stage, poured: Arc<AtomicU64>) {
    let course = Arc::new(Course::new(stage.channel("flood")));
    loop {
        if let Ok(voice) = Voice::new(&stage, std::slice::from_ref(&course)).await {
            pour_by(&voice, &course, &stage, &poured).await;
            stage.journal.book_error(Row::Flood, Duration::ZERO, "the one who floods was cut off");
        }
        sleep(BREATH).await;
    }
}

/// As long as this one can speak.
async fn pour_by(voice: &Voice, course: &Arc<Course>, stage: &Stage, poured: &AtomicU64) {
    let mut cadence = Cadence::every(CROWD_EVERY);
    let mut under_way = FuturesUnordered::new();
    // When those were due that have not been said.
    let mut owed = VecDeque::new();
    let mut fraction = 0.0;
    while voice.is_alive() {
        tokio::select! {
            due = cadence.turn() => {
                fraction += stage.findings.flood_rate * CROWD_EVERY.as_secs_f64();
                let crowd = fraction as usize;
                fraction = fraction.fract();
                owed.extend(std::iter::repeat_n(due, crowd.min(OWED_MAX.saturating_sub(owed.len()))));
            }
            Some(said) = under_way.next() => {
                let said: Result<(), Refusal> = said;
                poured.fetch_add(u64::from(said.is_ok()), Ordering::Relaxed);
            }
        }
        while under_way.len() < UNDER_WAY_MAX
            && let Some(due) = owed.pop_front()
        {
            let said = voice.say(course, due, MESSAGE_BYTES);
            under_way.push(stage.timed_from(Row::Flood, due, said));
        }
    }
}

/// How many publications per second the machine takes, ours and the server's work together.
pub(crate) async fn capacity(stage: &Stage) -> Result<f64, Refusal> {
    let clients = (0..MEASURING_CLIENTS).map(|number| publish_as_fast_as_possible(stage, number));
    let counts = join_all(clients).await.into_iter().collect::<Result<Vec<u64>, _>>()?;
    Ok(counts.iter().sum::<u64>() as f64 / MEASURING.as_secs_f64())
}

async fn publish_as_fast_as_possible(stage: &Stage, number: usize) -> Result<u64, Refusal> {
    let course = Arc::new(Course::new(stage.channel(&format!("capacity-{number}"))));
    let voice = Voice::new(stage, std::slice::from_ref(&course)).await?;
    let mut count = 0;
    let publishing = async {
        let say = || voice.say(&course, Instant::now(), MESSAGE_BYTES).boxed();
        let mut under_way: FuturesUnordered<_> = (0..UNDER_WAY_MAX).map(|_| say()).collect();
        while let Some(outcome) = under_way.next().await {
            outcome?;
            count += 1;
            under_way.push(say());
        }
        Ok(())
    };
    if let Ok(ended) = timeout(MEASURING, publishing).await {
        ended?;
    }
    voice.close().await;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_less_than_four_fifths_is_a_fault_once_it_was_long_enough() {
        let two_seconds = Duration::from_secs(2);

        assert_eq!(too_little(1600, two_seconds, 1000.0), None);
        assert_eq!(too_little(0, Duration::from_millis(900), 1000.0), None);
        let fault = too_little(1598, two_seconds, 1000.0).unwrap();
        assert_eq!(fault, "799 publications per s poured, less than 80 % of the 1000 intended");
    }
}
