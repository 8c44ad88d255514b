//! What came of a run. This is also the JSON report, and what a later run reads as its baseline.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::baseline::Comparison;
use crate::budgets::Judgement;
use crate::ledger::{Entry, Ledger};
use crate::row::Row;
use crate::scenarios::Kind;

/// A run and what is to be said about it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) host: String,
    /// How long users were at work.
    pub(crate) seconds: f64,
    pub(crate) users: usize,
    /// Sockets of each user.
    pub(crate) fleet: usize,
    pub(crate) scenarios: Vec<Kind>,
    pub(crate) verdict: Verdict,
    /// Scenarios that were left out, and why.
    pub(crate) notices: Vec<String>,
    /// What must never happen, and how often it did.
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) rows: Vec<Line>,
    pub(crate) budgets: Vec<Judgement>,
    pub(crate) baseline: Vec<Comparison>,
}

/// How it ended.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    Breach,
    Fault,
}

/// A row of a scenario.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Line {
    pub(crate) scenario: Kind,
    pub(crate) row: Row,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    pub(crate) errors: BTreeMap<String, u64>,
}

/// The numbers of a row.
#[derive(Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    /// Operations that went well.
    pub(crate) count: u64,
    /// Operations that did not.
    pub(crate) error_count: u64,
    /// Operations per second that went well.
    pub(crate) rps: f64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) max_ms: Option<f64>,
}

impl Figures {
    /// Of what was booked in so many seconds.
    pub(crate) fn of(entry: &Entry, seconds: f64) -> Self {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let took = &entry.took;
        Self {
            count: took.count(),
            error_count: entry.error_count(),
            rps: took.count() as f64 / seconds.max(0.001),
            p50_ms: took.quantile(0.5).map(ms),
            p95_ms: took.quantile(0.95).map(ms),
            p99_ms: took.quantile(0.99).map(ms),
            max_ms: (took.count() > 0).then(|| ms(took.max())),
        }
    }

    /// Which share went wrong.
    pub(crate) fn error_share(&self) -> f64 {
        self.error_count as f64 / (self.count + self.error_count).max(1) as f64
    }
}

/// The rows of all scenarios.
pub(crate) fn lines(ledger: &Ledger, seconds: f64) -> Vec<Line> {
    let entries = ledger.entries().into_iter();
    let line = |(scenario, row, entry): (Kind, Row, Entry)| {
        let figures = Figures::of(&entry, seconds);
        Line { scenario, row, figures, errors: entry.errors }
    };
    entries.map(line).collect()
}

impl Outcome {
    /// The verdict over everything that is in it.
    pub(crate) fn judge(&mut self) {
        let kept = self.budgets.iter().all(|judgement| judgement.passed)
            && self.baseline.iter().all(|comparison| comparison.passed);
        self.verdict = match (self.faults.is_empty(), kept) {
            (false, _) => Verdict::Fault,
            (true, false) => Verdict::Breach,
            (true, true) => Verdict::Pass,
        };
    }
}

impl Verdict {
    /// What the process exits with.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Breach => 99,
            Self::Fault => 1,
        }
    }

    /// For people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Breach => "BREACH",
            Self::Fault => "FAULT",
        }
    }
}
