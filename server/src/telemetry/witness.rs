//! Who watches what goes to the broker and which tokens come: counts, times and spans of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use ports::access::{ConnectionGrant, SubscriptionGrant, TokenError, TokenVerifier};
use ports::channels::{BrokerError, Draft, Receipt};
use ports::ids::TenantId;
use ports::time::Timestamp;
use tokio::time::Instant;

use super::metrics::{self as names, recorder};
use super::traces::{Recording, Traces};

/// Of so many publications one is timed: reading the clock twice costs as much as publishing in memory does.
const TIMED_OF: u32 = 16;

/// Watches the broker.
pub struct Witness {
    traces: Arc<Traces>,
    by_backend: Outcomes,
    by_client: Outcomes,
    /// By operation.
    times: Vec<(&'static str, metrics::Histogram)>,
    turn: AtomicU32,
    /// Failures since the broker last did something.
    failures: AtomicU32,
}

/// One without traces.
impl Default for Witness {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

struct Outcomes {
    ok: metrics::Counter,
    skipped: metrics::Counter,
    error: metrics::Counter,
}

/// A publication under way.
pub struct Publishing {
    is_clients: bool,
    began: Option<Instant>,
    recording: Option<Recording>,
}

impl Witness {
    /// A witness that records in these traces.
    pub fn new(traces: Arc<Traces>) -> Self {
        // The counters would count for nobody if they were made before their recorder.
        let _ = recorder();
        Self {
            traces,
            by_backend: Outcomes::of("backend"),
            by_client: Outcomes::of("client"),
            times: names::OPERATIONS
                .iter()
                .map(|name| (*name, metrics::histogram!(names::BROKER_TIME, "operation" => *name)))
                .collect(),
            turn: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// How often in a row the broker has failed of late.
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A publication is about to be given to the broker. If its publisher is recorded, it carries that on.
    pub fn publishing(&self, draft: &mut Draft) -> Publishing {
        let is_clients = draft.info.is_some();
        let recording = if is_clients { None } else { self.traces.publication(draft.data.len()) };
        draft.trace = recording.as_ref().map(Recording::context);
        let is_timed = self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIMED_OF);
        Publishing { is_clients, began: is_timed.then(Instant::now), recording }
    }

    /// What became of it.
    pub fn published(&self, publishing: Publishing, result: &Result<Receipt, BrokerError>) {
        let Publishing { is_clients, began, recording } = publishing;
        if let Some(began) = began {
            self.took("publish", began);
        }
        if let Some(recording) = recording {
            recording.done(result.is_ok());
        }
        let outcomes = if is_clients { &self.by_client } else { &self.by_backend };
        match result {
            Ok(receipt) if receipt.skipped => outcomes.skipped.increment(1),
            Ok(_) => outcomes.ok.increment(1),
            Err(_) => outcomes.error.increment(1),
        }
        self.note("publish", result);
    }

    /// Times another of the broker's operations.
    pub async fn watch<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, BrokerError>>,
    ) -> Result<T, BrokerError> {
        let began = Instant::now();
        let result = work.await;
        self.took(operation, began);
        self.note(operation, &result);
        result
    }

    fn took(&self, operation: &'static str, began: Instant) {
        if let Some((_, times)) = self.times.iter().find(|(name, _)| *name == operation) {
            times.record(began.elapsed().as_secs_f64());
        }
    }

    fn note<T>(&self, operation: &'static str, result: &Result<T, BrokerError>) {
        if result.is_err() {
            metrics::counter!(names::BROKER_ERRORS, "operation" => operation).increment(1);
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }
}

impl Outcomes {
    fn of(by: &'static str) -> Self {
        let counter =
            |outcome: &'static str| metrics::counter!(names::PUBLICATIONS, "by" => by, "outcome" => outcome);
        Self { ok: counter("ok"), skipped: counter("skipped"), error: counter("error") }
    }
}

/// Counts the tokens that a verifier refuses.
pub struct Counted<V>(pub V);

#[async_trait]
impl<V: TokenVerifier> TokenVerifier for Counted<V> {
    async fn connection(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError> {
        counted("connection", self.0.connection(tenant, token, now).await)
    }

    async fn subscription(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<SubscriptionGrant, TokenError> {
        counted("subscription", self.0.subscription(tenant, token, now).await)
    }
}

fn counted<T>(kind: &'static str, result: Result<T, TokenError>) -> Result<T, TokenError> {
    let reason = match &result {
        Ok(_) => return result,
        Err(TokenError::Invalid(_)) => "invalid",
        Err(TokenError::Expired) => "expired",
        Err(TokenError::Unavailable(_)) => "unavailable",
    };
    metrics::counter!(names::TOKENS_REFUSED, "kind" => kind, "reason" => reason).increment(1);
    result
}
