//! Waiting with a bound: nothing in a test waits for ever, and nothing sleeps where something can be awaited.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take that should happen at once. Generous, since tests share their machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(10);

/// What the future comes to; a panic that says what was awaited if it takes too long.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("waited {PATIENCE:?} for {what}"),
    }
}

/// Returns when the condition holds, for states that nobody announces.
pub async fn until(what: &str, condition: impl FnMut() -> bool) {
    until_within(PATIENCE, what, condition).await;
}

/// The same with a bound of its own.
pub async fn until_within(bound: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < bound, "waited {bound:?} until {what}");
        sleep(POLL).await;
    }
}
