//! How long the application's back end takes, and what it says.

use async_trait::async_trait;
use courier::Kind;
use ports::hooks::{HookError, Hooks, Question, Verdict};
use tokio::time::Instant;

use super::metrics as names;

/// Hooks whose questions are timed.
pub struct Timed<H>(pub H);

#[async_trait]
impl<H: Hooks> Hooks for Timed<H> {
    async fn ask(&self, question: Question) -> Result<Verdict, HookError> {
        let (hook, began) = (Kind::of(&question.event).name(), Instant::now());
        let answer = self.0.ask(question).await;
        let time = began.elapsed().as_secs_f64();
        let outcome = outcome(&answer);
        metrics::histogram!(names::HOOK_TIME, "hook" => hook).record(time);
        metrics::counter!(names::HOOK_ANSWERS, "hook" => hook, "outcome" => outcome).increment(1);
        answer
    }
}

fn outcome(answer: &Result<Verdict, HookError>) -> &'static str {
    match answer {
        Ok(Verdict::Granted(_)) => "granted",
        Ok(Verdict::Refused(_)) => "refused",
        Ok(Verdict::Dismissed(_)) => "dismissed",
        Err(HookError::Unavailable(_)) => "failed",
    }
}
