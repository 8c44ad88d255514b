//! Histograms that count in place. A sample is two additions and takes no room until somebody asks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{HistogramFn, Key};
use parking_lot::RwLock;

use super::exposition::Exposition;
use super::table::{Kind, Row, TABLE};

/// All histograms of the process.
#[derive(Debug, Default)]
pub(super) struct Times(RwLock<HashMap<Key, Arc<Buckets>>>);

impl Times {
    /// The histogram with this name and these labels; nothing if the table does not know it.
    pub(super) fn of(&self, key: &Key) -> Option<Arc<Buckets>> {
        if let Some(known) = self.0.read().get(key) {
            return Some(Arc::clone(known));
        }
        let row = Row::of(key.name()).filter(|row| row.kind == Kind::Histogram)?;
        let mut all = self.0.write();
        Some(Arc::clone(all.entry(key.clone()).or_insert_with(|| Arc::new(Buckets::new(row.buckets)))))
    }

    /// Adds them in the order of the table.
    pub(super) fn put(&self, text: &mut Exposition) {
        let all = self.0.read();
        for row in TABLE.iter().filter(|row| row.kind == Kind::Histogram) {
            let mut series: Vec<(Vec<(&str, &str)>, &Buckets)> = all
                .iter()
                .filter(|(key, _)| key.name() == row.name)
                .map(|(key, buckets)| {
                    (key.labels().map(|label| (label.key(), label.value())).collect(), &**buckets)
                })
                .collect();
            series.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            if !series.is_empty() {
                text.head(row);
            }
            for (labels, buckets) in series {
                buckets.put(row.name, &labels, text);
            }
        }
    }
}

/// Samples by size.
#[derive(Debug)]
pub(super) struct Buckets {
    bounds: &'static [f64],
    /// How many were not larger than the bound at the same place and larger than the one before; the last were larger
    /// than all.
    counts: Box<[AtomicU64]>,
    nanos: AtomicU64,
}

impl Buckets {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            nanos: AtomicU64::new(0),
        }
    }

    fn put(&self, name: &str, labels: &[(&str, &str)], text: &mut Exposition) {
        let bounds = self.bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        let mut sum = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            sum += count.load(Ordering::Relaxed);
            let within = [labels, &[("le", bound.as_str())]].concat();
            text.line(&format!("{name}_bucket"), &within, sum as f64);
        }
        text.line(&format!("{name}_sum"), labels, self.nanos.load(Ordering::Relaxed) as f64 / 1e9);
        text.line(&format!("{name}_count"), labels, sum as f64);
    }
}

impl HistogramFn for Buckets {
    /// Seconds.
    fn record(&self, value: f64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add((value * 1e9) as u64, Ordering::Relaxed);
    }
}
