//! One of the two servers of a pair, and who plays against it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Reading;
use super::server::Server;
use crate::histogram::Histogram;
use crate::ledger::{Entry, Journal, Ledger};
use crate::options::PairOptions;
use crate::outcome::Figures;
use crate::run::flood_rate;
use crate::scenarios::{Kind, Play};
use crate::scout::scout;
use crate::stage::{Pace, Stage};
use crate::target::Target;

/// A server that was just started, and what it showed in its turns so far.
pub(super) struct Contender {
    server: Server,
    target: Arc<Target>,
    kind: Kind,
    ledger: Arc<Ledger>,
    play: Option<(Stage, Box<dyn Play>)>,
    took: Histogram,
    time: Duration,
    cpu: Option<Duration>,
    /// Of all rows, failed ones included.
    operations: u64,
    errors: BTreeMap<String, u64>,
}

/// Before anything counts: connections warm, allocators fed.
const WARM_UP: Duration = Duration::from_millis(500);
/// A larger share of failed operations is a fault: what fails is fast, so that times beside it prove nothing.
const ERRORS_MAX: f64 = 0.001;

impl Contender {
    /// Starts the server.
    pub(super) fn start(options: &PairOptions, side: &str) -> Result<Self, String> {
        let server = Server::start(side, options.config.as_deref())?;
        let target = Arc::new(Target::new(&options.target, server.host())?);
        Ok(Self {
            server,
            target,
            kind: options.scenario,
            ledger: Arc::default(),
            play: None,
            took: Histogram::default(),
            time: Duration::ZERO,
            cpu: Some(Duration::ZERO),
            operations: 0,
            errors: BTreeMap::new(),
        })
    }

    /// Waits for the server.
    pub(super) async fn ready(&mut self) -> Result<(), String> {
        self.server.ready(&self.target).await
    }

    /// Plays without counting.
    pub(super) async fn enter(&mut self, options: &PairOptions) -> Result<(), String> {
        let kind = self.kind;
        let mut findings = scout(&self.target).await?;
        if let Some(why) = findings.lacks(kind) {
            return Err(format!("--scenario {kind}: {why}"));
        }
        if kind == Kind::Flood {
            findings.flood_rate = flood_rate(&self.target, &findings, options.fleet).await?;
        }
        let stage = Stage {
            target: Arc::clone(&self.target),
            journal: Journal::new(&self.ledger, kind),
            user: 0,
            fleet: options.fleet,
            pace: Pace::Closed,
            findings: Arc::new(findings),
        };
        let play = kind.enter(&stage).await.map_err(|refusal| format!("{kind}: {refusal}"))?;
        self.play = Some((stage, play));
        self.rounds(WARM_UP).await?;
        self.ledger.take();
        Ok(())
    }

    /// Plays for a while, and counts.
    pub(super) async fn turn(&mut self) -> Result<(), String> {
        let cpu = self.server.cpu();
        let begun = Instant::now();
        self.rounds(super::TURN).await?;
        self.time += begun.elapsed();
        let used = self.server.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
        self.cpu = self.cpu.zip(used).map(|(sum, used)| sum + used);
        for (_, row, entry) in self.ledger.take() {
            self.operations += entry.took.count() + entry.error_count();
            for (error, times) in &entry.errors {
                *self.errors.entry(format!("{row}: {error}")).or_default() += times;
            }
            if row == self.kind.principal() {
                self.took.merge(&entry.took);
            }
        }
        Ok(())
    }

    async fn rounds(&mut self, length: Duration) -> Result<(), String> {
        let Some((stage, play)) = &mut self.play else { return Ok(()) };
        let end = Instant::now() + length;
        while Instant::now() < end {
            play.round(stage).await.map_err(|refusal| format!("{}: {refusal}", self.kind))?;
        }
        Ok(())
    }

    /// Ends the server and says what it showed.
    pub(super) async fn end(mut self) -> Result<Reading, String> {
        if let Some((stage, play)) = self.play.take() {
            play.leave(&stage).await;
        }
        self.server.end().await;
        if let Some((fault, times)) = self.ledger.faults().into_iter().next() {
            return Err(format!("{fault} ({times} times)"));
        }
        judge(self.operations, &self.errors)?;
        let entry = Entry { took: self.took, ..Entry::default() };
        let figures = Figures::of(&entry, self.time.as_secs_f64());
        let p50_ms = figures.p50_ms.ok_or_else(|| format!("{}: no {}", self.kind, self.kind.principal()))?;
        let cpu_us = self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / figures.count.max(1) as f64);
        Ok(Reading { p50_ms, per_second: figures.rps, cpu_us: cpu_us.filter(|us| *us > 0.0) })
    }
}

fn judge(operations: u64, errors: &BTreeMap<String, u64>) -> Result<(), String> {
    let failed: u64 = errors.values().sum();
    match errors.iter().max_by_key(|(_, times)| **times) {
        Some((error, _)) if failed as f64 > operations as f64 * ERRORS_MAX => {
            Err(format!("{failed} of {operations} operations failed, most with: {error}"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_in_more_than_one_of_a_thousand_is_not_measured() {
        let errors = BTreeMap::from([("WS subscribe: no".to_owned(), 2), ("WS connect: no".to_owned(), 1)]);

        assert_eq!(judge(3000, &errors), Ok(()));
        assert_eq!(judge(0, &BTreeMap::new()), Ok(()));
        let fault = judge(2999, &errors).unwrap_err();
        assert_eq!(fault, "3 of 2999 operations failed, most with: WS subscribe: no");
    }
}
