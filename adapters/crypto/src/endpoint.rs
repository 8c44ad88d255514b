//! The keys of one JWKS address, kept for a while.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ports::access::TokenError;
use ports::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::fetch::Fetcher;
use crate::key_set::{KeySet, Lookup};
use crate::parts::{Parts, invalid};

/// Fetches of one endpoint are at least so far apart, whatever tokens arrive.
const FETCH_INTERVAL: Duration = Duration::from_secs(10);

/// A cache in front of one address. Each endpoint has its own, so a key id means nothing beyond it (P-JWT-2).
///
/// **Invariant:** *at most one fetch is under way, and at most one begins in [`FETCH_INTERVAL`].* A fetch is a task of
/// its own, ended by its deadline: callers that go away do not end it for those who stay.
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    ttl: Duration,
}

struct Shared {
    fetcher: Fetcher,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    keys: Option<Arc<KeySet>>,
    fetched_at: Timestamp,
    attempted_at: Option<Timestamp>,
    /// Why the last fetch brought nothing, if it did not.
    failure: Option<String>,
    /// Somebody has been told of a failure, and not yet of its end.
    is_warned: bool,
    /// Closes when the fetch ends, however it ends.
    flight: Option<watch::Receiver<()>>,
}

impl Endpoint {
    pub(crate) fn new(fetcher: Fetcher, ttl: Duration) -> Self {
        Self { shared: Arc::new(Shared { fetcher, cache: Mutex::default() }), ttl }
    }

    /// Keys among which the token's key is, or was looked for in vain.
    pub(crate) async fn keys(&self, token: &Parts<'_>, now: Timestamp) -> Result<Arc<KeySet>, TokenError> {
        let flight = {
            let mut cache = self.shared.cache.lock();
            let age = now.since(cache.fetched_at);
            if age < self.ttl
                && let Some(keys) = cache.knowing(token)
            {
                if age >= self.ttl - self.ttl / 4 {
                    self.depart(&mut cache, now);
                }
                return Ok(keys);
            }
            self.depart(&mut cache, now)
        };

        match flight {
            Some(mut flight) => {
                // Nothing is ever sent: this waits for the end.
                let _ = flight.changed().await;
                self.shared.cache.lock().outcome(token)
            }
            None => self.shared.cache.lock().meanwhile(token),
        }
    }

    /// Begins a fetch, or joins the one under way; `None` if it is too early for another.
    fn depart(&self, cache: &mut Cache, now: Timestamp) -> Option<watch::Receiver<()>> {
        if let Some(flight) = cache.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Some(flight.clone());
        }
        if cache.attempted_at.is_some_and(|at| now.since(at) < FETCH_INTERVAL) {
            return None;
        }

        let runtime = Handle::try_current().ok()?;
        let (landing, flight) = watch::channel(());
        cache.attempted_at = Some(now);
        cache.failure = Some("the last fetch was cut off".into());
        cache.flight = Some(flight.clone());
        let shared = Arc::clone(&self.shared);
        runtime.spawn(async move {
            let fetched = shared.fetcher.fetch().await;
            shared.cache.lock().landed(&shared.fetcher, fetched, now);
            drop(landing);
        });
        Some(flight)
    }
}

impl Cache {
    /// The keys, if they say anything about the token's key.
    fn knowing(&self, token: &Parts<'_>) -> Option<Arc<KeySet>> {
        let keys = self.keys.as_ref()?;
        (!matches!(keys.lookup(token), Lookup::Unknown)).then(|| Arc::clone(keys))
    }

    /// What was fetched counts from when it was asked for. A failure leaves the known keys in use.
    fn landed(&mut self, from: &Fetcher, fetched: Result<KeySet, String>, asked_at: Timestamp) {
        match fetched {
            Ok(keys) => {
                if std::mem::take(&mut self.is_warned) {
                    info!(host = from.host(), "the JWKS can be fetched again");
                }
                self.keys = Some(Arc::new(keys));
                self.fetched_at = asked_at;
                self.failure = None;
            }
            Err(reason) => {
                warn!(
                    host = from.host(),
                    reason, "the JWKS cannot be fetched; keys known before, if any, stay in use"
                );
                self.failure = Some(format!("JWKS {}: {reason}", from.place()));
                self.is_warned = true;
            }
        }
    }

    /// The answer after a fetch.
    fn outcome(&self, token: &Parts<'_>) -> Result<Arc<KeySet>, TokenError> {
        let unknown = || match &self.failure {
            Some(failure) => TokenError::Unavailable(failure.clone()),
            None => invalid("unknown key"),
        };
        self.knowing(token).ok_or_else(unknown)
    }

    /// The answer while no fetch is allowed. An unknown key may be a new one, so it is not called invalid: that would
    /// let a flood of forged key ids get honest tokens refused for good after a change of keys.
    fn meanwhile(&self, token: &Parts<'_>) -> Result<Arc<KeySet>, TokenError> {
        let unknown = || {
            let reason =
                self.failure.as_deref().unwrap_or("unknown key, and the keys were fetched just before");
            TokenError::Unavailable(reason.to_owned())
        };
        self.knowing(token).ok_or_else(unknown)
    }
}
