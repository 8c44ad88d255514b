//! The process's recorder.

use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::exposition::Exposition;
use super::table::{Kind, TABLE};
use super::times::Times;

/// What has been counted.
#[derive(Debug)]
pub struct Recorded {
    counters: PrometheusHandle,
    times: Arc<Times>,
}

impl Recorded {
    /// All of it in the text format.
    pub fn render(&self) -> String {
        let mut text = Exposition::default();
        self.times.put(&mut text);
        self.counters.render() + &text.text()
    }
}

/// The process's recorder. Metrics are the one thing that is global, because the crate that collects them is.
pub fn recorder() -> Option<&'static Recorded> {
    static RECORDED: OnceLock<Option<Recorded>> = OnceLock::new();
    RECORDED.get_or_init(install).as_ref()
}

fn install() -> Option<Recorded> {
    let counters = PrometheusBuilder::new().build_recorder();
    let recorded = Recorded { counters: counters.handle(), times: Arc::default() };
    metrics::set_global_recorder(Recorder { counters, times: Arc::clone(&recorded.times) }).ok()?;
    for row in TABLE {
        match row.kind {
            Kind::Counter => {
                metrics::describe_counter!(row.name, row.help);
                // A counter whose labels are known is shown from the start, before it has counted anything.
                for labels in row.combinations() {
                    metrics::counter!(row.name, labels.as_slice()).absolute(0);
                }
            }
            Kind::Histogram => {
                for labels in row.combinations() {
                    let _ = metrics::histogram!(row.name, labels.as_slice());
                }
            }
            Kind::Gauge | Kind::Reading => {}
        }
    }
    Some(recorded)
}

/// Counters as the crate for Prometheus keeps them, and histograms of our own: its histograms keep every sample until
/// they are asked, and free what they kept whenever it suits them.
struct Recorder {
    counters: PrometheusRecorder,
    times: Arc<Times>,
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.counters.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.counters.describe_gauge(key, unit, description);
    }

    /// The table describes them.
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.counters.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.counters.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.times.of(key).map_or_else(Histogram::noop, Histogram::from_arc)
    }
}
