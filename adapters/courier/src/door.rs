//! The way of one kind of question to the back end, with all its bounds.

use std::error::Error;
use std::time::Duration;

use parking_lot::Mutex;
use ports::time::{Clock, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::Kind;
use crate::breaker::{Breaker, Health, Pass};

/// A longer answer is refused unread.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Time between two warnings about the same kind of question.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Each kind has a breaker and slots of its own, so that calls that fail, or are many, keep nobody from connecting.
pub(crate) struct Door {
    kind: Kind,
    client: Client,
    url: Url,
    timeout: Duration,
    slots: Semaphore,
    breaker: Mutex<Breaker>,
    warnings: Mutex<Warnings>,
}

#[derive(Default)]
struct Warnings {
    last_at: Option<Timestamp>,
    /// Failures since then that nobody was told of.
    untold: u64,
    /// Somebody was told of a failure and not yet of its end.
    is_told: bool,
}

/// Why a question brought nothing, and what that says about the back end.
pub(crate) struct Failure {
    pub(crate) reason: String,
    health: Health,
}

impl Failure {
    fn ill(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), health: Health::Ill }
    }

    fn nonsense(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), health: Health::Well }
    }

    fn unasked(reason: &str) -> Self {
        Self { reason: reason.to_owned(), health: Health::Unknown }
    }
}

impl Door {
    pub(crate) fn new(kind: Kind, client: Client, url: Url, timeout: Duration, concurrency: usize) -> Self {
        let slots = Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS));
        let (breaker, warnings) = (Mutex::default(), Mutex::default());
        Self { kind, client, url, timeout, slots, breaker, warnings }
    }

    /// Asks, and gives what came back. What is asked is written when it is certain that it will be.
    pub(crate) async fn ask(
        &self,
        clock: &dyn Clock,
        write: impl FnOnce() -> Result<(HeaderMap, Vec<u8>), String>,
    ) -> Result<Vec<u8>, Failure> {
        let _slot = self.slot(clock).await?;
        let Some(pass) = self.breaker.lock().admit(clock.now()) else { return Err(left_alone()) };
        let mut leave = Leave { door: self, clock, pass, health: Health::Unknown };

        let (headers, body) = write().map_err(|reason| Failure::unasked(&reason))?;
        let asked = timeout(self.timeout, self.exchange(headers, body)).await;
        let answer = asked.unwrap_or_else(|_elapsed| Err(Failure::ill("no answer in time")));
        leave.health = answer.as_ref().map_or_else(|failure| failure.health, |_| Health::Well);
        answer
    }

    /// A place among the questions under way, after at most half the time that an answer may take. A back end that is
    /// left alone makes nobody wait.
    async fn slot(&self, clock: &dyn Clock) -> Result<SemaphorePermit<'_>, Failure> {
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok(slot);
        }
        if self.breaker.lock().is_open(clock.now()) {
            return Err(left_alone());
        }
        let waited = timeout(self.timeout / 2, self.slots.acquire()).await;
        let slot = waited.ok().and_then(Result::ok);
        slot.ok_or_else(|| Failure::unasked("too many questions are under way"))
    }

    async fn exchange(&self, headers: HeaderMap, body: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let request = self.client.post(self.url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(broken)?;
        check(&response)?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if answer.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::nonsense(format!("answered more than {ANSWER_BYTES_MAX} bytes")));
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// Tells the operator of a failure, once a minute.
    pub(crate) fn warn(&self, now: Timestamp, reason: &str) {
        let untold = {
            let mut warnings = self.warnings.lock();
            if warnings.last_at.is_some_and(|at| now.since(at) < WARNING_INTERVAL) {
                warnings.untold += 1;
                return;
            }
            (warnings.last_at, warnings.is_told) = (Some(now), true);
            std::mem::take(&mut warnings.untold)
        };
        let (event, host) = (self.kind.name(), self.url.host_str().unwrap_or_default());
        warn!(event, host, reason, untold, "a hook failed; clients get an error and come again");
    }

    /// Tells the operator of the end of failures, if he was told of one.
    pub(crate) fn all_clear(&self) {
        if std::mem::take(&mut self.warnings.lock().is_told) {
            let host = self.url.host_str().unwrap_or_default();
            info!(event = self.kind.name(), host, "the back end answers hooks again");
        }
    }
}

/// Leave to ask. However the question ends, also if nobody waits for its answer any more, the breaker hears of it.
struct Leave<'d> {
    door: &'d Door,
    clock: &'d dyn Clock,
    pass: Pass,
    health: Health,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.door.breaker.lock().note(self.clock.now(), self.pass, self.health);
    }
}

fn left_alone() -> Failure {
    Failure::unasked("the back end has failed several times and is left alone for a moment")
}

/// Only 200 with JSON is an answer. Only what stands in front of a back end says that it is ill: its own 500 may be brought
/// about by one client, which must not close the door for all.
fn check(response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status != StatusCode::OK {
        let reason = format!("answered {}", status.as_u16());
        let is_ill = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        return Err(if is_ill { Failure::ill(reason) } else { Failure::nonsense(reason) });
    }
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if kind.is_some_and(|kind| kind != "application/json" && !kind.ends_with("+json")) {
        return Err(Failure::nonsense("answered something that is not application/json"));
    }
    Ok(())
}

/// Without the address, which may hold secrets.
fn broken(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    Failure::ill(reason)
}
