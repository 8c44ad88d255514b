//! The books of a run: every operation by scenario and row, every fault in words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::histogram::Histogram;
use crate::row::Row;
use crate::scenarios::Kind;

/// Everything that happened. Shared by all who work in a run.
#[derive(Default)]
pub(crate) struct Ledger {
    sheets: Mutex<BTreeMap<Kind, Arc<Sheet>>>,
    faults: Mutex<BTreeMap<String, u64>>,
    /// Operations so far, failed ones included.
    pub(crate) operations: AtomicU64,
    /// Failed operations so far.
    pub(crate) errors: AtomicU64,
    /// Users at work.
    pub(crate) users: AtomicUsize,
}

/// What was booked for one scenario.
type Sheet = Mutex<BTreeMap<Row, Entry>>;

/// What was booked for one row of one scenario.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    /// How long those took that went well.
    pub(crate) took: Histogram,
    /// What went wrong, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Entry {
    /// How many went wrong.
    pub(crate) fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// Different texts that are kept for each row or for all faults; further ones are counted together.
const TEXTS_MAX: usize = 20;
const OTHERS: &str = "others";

impl Ledger {
    /// The rows of every scenario.
    pub(crate) fn entries(&self) -> Vec<(Kind, Row, Entry)> {
        let sheets = self.sheets.lock();
        let rows = sheets.iter().flat_map(|(kind, sheet)| {
            let sheet = sheet.lock().clone();
            sheet.into_iter().map(|(row, entry)| (*kind, row, entry))
        });
        rows.collect()
    }

    /// What must never happen, and how often it did.
    pub(crate) fn faults(&self) -> BTreeMap<String, u64> {
        self.faults.lock().clone()
    }

    /// Books a fault.
    pub(crate) fn fault(&self, text: &str) {
        count(&mut self.faults.lock(), text);
    }

    /// Tears the page off: the rows of every scenario, which are empty after that. Faults stay.
    pub(crate) fn take(&self) -> Vec<(Kind, Row, Entry)> {
        let sheets = self.sheets.lock();
        let rows = sheets.iter().flat_map(|(kind, sheet)| {
            let sheet = std::mem::take(&mut *sheet.lock());
            sheet.into_iter().map(|(row, entry)| (*kind, row, entry))
        });
        rows.collect()
    }
}

fn count(texts: &mut BTreeMap<String, u64>, text: &str) {
    let room = texts.len() < TEXTS_MAX || texts.contains_key(text);
    *texts.entry(if room { text } else { OTHERS }.to_owned()).or_default() += 1;
}

/// One who books for one scenario, and may keep what was booked for somebody who collects it.
#[derive(Clone)]
pub(crate) struct Journal {
    ledger: Arc<Ledger>,
    sheet: Arc<Sheet>,
    kind: Kind,
    pending: Option<Arc<Mutex<Vec<Sample>>>>,
}

/// One operation.
pub(crate) struct Sample {
    pub(crate) row: Row,
    pub(crate) took: Duration,
    pub(crate) error: Option<String>,
}

impl Journal {
    /// Books only.
    pub(crate) fn new(ledger: &Arc<Ledger>, kind: Kind) -> Self {
        let sheet = Arc::clone(ledger.sheets.lock().entry(kind).or_default());
        Self { ledger: Arc::clone(ledger), sheet, kind, pending: None }
    }

    /// Books, and keeps samples until they are collected.
    pub(crate) fn collecting(ledger: &Arc<Ledger>, kind: Kind) -> Self {
        Self { pending: Some(Arc::default()), ..Self::new(ledger, kind) }
    }

    /// The operation went well.
    pub(crate) fn book(&self, row: Row, took: Duration) {
        self.sheet.lock().entry(row).or_default().took.add(took);
        self.ledger.operations.fetch_add(1, Ordering::Relaxed);
        self.keep(Sample { row, took, error: None });
    }

    /// The operation went wrong.
    pub(crate) fn book_error(&self, row: Row, took: Duration, error: &str) {
        count(&mut self.sheet.lock().entry(row).or_default().errors, error);
        self.ledger.operations.fetch_add(1, Ordering::Relaxed);
        self.ledger.errors.fetch_add(1, Ordering::Relaxed);
        self.keep(Sample { row, took, error: Some(error.to_owned()) });
    }

    /// Something happened that must not, however loaded the server is.
    pub(crate) fn fault(&self, text: &str) {
        self.ledger.fault(&format!("{}: {text}", self.kind));
    }

    /// What was booked since the last time.
    pub(crate) fn collect(&self) -> Vec<Sample> {
        self.pending.as_ref().map(|pending| std::mem::take(&mut *pending.lock())).unwrap_or_default()
    }

    fn keep(&self, sample: Sample) {
        if let Some(pending) = &self.pending {
            pending.lock().push(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_operations_count_but_do_not_blur_the_times() {
        let ledger = Arc::new(Ledger::default());
        let journal = Journal::collecting(&ledger, Kind::Health);

        journal.book(Row::Health, Duration::from_millis(2));
        journal.book_error(Row::Health, Duration::from_secs(5), "no answer");

        let [(_, _, entry)] = &ledger.entries()[..] else { panic!("one row") };
        assert_eq!(entry.took.count(), 1);
        assert_eq!(entry.took.max(), Duration::from_millis(2));
        assert_eq!(entry.errors, BTreeMap::from([("no answer".to_owned(), 1)]));
        assert_eq!(journal.collect().len(), 2);
        assert!(journal.collect().is_empty());
    }

    #[test]
    fn endless_kinds_of_errors_take_no_endless_room() {
        let ledger = Ledger::default();

        (0..1000).for_each(|number| ledger.fault(&number.to_string()));

        assert_eq!(ledger.faults().len(), TEXTS_MAX + 1);
        assert_eq!(ledger.faults().values().sum::<u64>(), 1000);
    }
}
