//! The way to the collector, which may be absent, slow or unwilling.

use std::fmt;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::telemetry::logs;
use crate::telemetry::metrics as names;

/// Time between two warnings.
const SILENCE: Duration = Duration::from_secs(60);

/// Hands spans on and counts them. If that fails, the spans are lost, which is told at most once a minute.
pub(super) struct Patient<E> {
    exporter: E,
    warned_at: Mutex<Option<Instant>>,
}

impl<E> Patient<E> {
    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, warned_at: Mutex::new(None) }
    }

    /// Whether it is time to warn; if so, it is not for a while.
    fn may_warn(&self) -> bool {
        let mut warned_at = self.warned_at.lock();
        let is_due = warned_at.is_none_or(|at| at.elapsed() >= SILENCE);
        if is_due {
            *warned_at = Some(Instant::now());
        }
        is_due
    }
}

impl<E> fmt::Debug for Patient<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient")
    }
}

impl<E: SpanExporter> SpanExporter for Patient<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        let outcome = if result.is_ok() { "exported" } else { "failed" };
        metrics::counter!(names::SPANS, "outcome" => outcome).increment(spans as u64);
        if let Err(error) = &result
            && self.may_warn()
        {
            let reason = logs::clean(&reason(error));
            warn!(spans, reason, "traces cannot be sent to telemetry.otlp_endpoint; they are dropped");
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn reason(error: &OTelSdkError) -> String {
    match error {
        OTelSdkError::AlreadyShutdown => "the node is stopping".to_owned(),
        OTelSdkError::Timeout(after) => format!("no answer after {} s", after.as_secs()),
        OTelSdkError::InternalFailure(reason) => reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_are_told_once_a_minute() {
        let way = Patient::new(());

        assert!(way.may_warn());
        assert!(!way.may_warn());
        tokio::time::advance(SILENCE - Duration::from_millis(1)).await;
        assert!(!way.may_warn());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(way.may_warn() && !way.may_warn());
    }
}
