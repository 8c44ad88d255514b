//! The end: first the socket, then presence and leaves, once for every subscription (P-CLOSE-4, P-CLOSE-5).

use std::sync::Arc;
use std::time::Duration;

use ports::protocol::Disconnect;
use ports::time::Timestamp;

use super::task::{Task, Work};
use super::{Effect, Farewell, Job, Outcome, Session, Stage};

/// How often the clean-up is tried; what is left then goes with the node's presence lease.
const ATTEMPTS_MAX: u32 = 5;

impl Session {
    pub(super) fn end(&mut self, now: Timestamp, disconnect: Disconnect, effects: &mut Vec<Effect>) {
        if !self.is_open() {
            return;
        }
        effects.push(Effect::Close(disconnect));
        let farewells = self.let_go(effects);
        // Nobody needs the back end's word any more.
        let is_moot = |task: &Task| matches!(task, Task::Joining(_) | Task::Arriving(_) | Task::Asking(_));
        let job_runs = self.task.as_ref().is_some_and(|task| !is_moot(task));
        if let Some(Task::Departing(departure)) = self.task.take() {
            self.backlog.owe(departure.farewells); // until its job says otherwise
        }
        self.stage = Stage::Ending { farewells, attempts: 0, retry_at: self.task_deadline };
        if !job_runs {
            self.clean_up(now, effects);
        }
    }

    /// Leaves all feeds at once and gathers what the subscriptions leave to be done, one under way included.
    fn let_go(&mut self, effects: &mut Vec<Effect>) -> Vec<Farewell> {
        let mut farewells = self.backlog.take_owed();
        for work in self.backlog.take_work() {
            if let Work::Depart(farewell) = work {
                farewells.push(farewell);
            }
        }
        match &self.task {
            Some(Task::Joining(plan)) => {
                effects.push(Effect::Leave(Arc::clone(&plan.address)));
                farewells.extend(plan.farewell());
            }
            Some(Task::Entering(plan)) => farewells.extend(plan.farewell()),
            Some(_) | None => {}
        }
        if let Stage::Live(live) = &mut self.stage {
            for subscription in std::mem::take(&mut live.subscriptions) {
                effects.push(Effect::Leave(Arc::clone(&subscription.address)));
                farewells.extend(subscription.farewell());
            }
        }
        farewells
    }

    /// What is left to be done for a session whose machine has failed. Only reads plain state.
    pub fn abandon(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_open() {
            effects.push(Effect::Close(Disconnect::INTERNAL));
        }
        let mut farewells = self.let_go(&mut effects);
        if let Some(Task::Departing(departure)) = self.task.take() {
            farewells.extend(departure.farewells);
        }
        if let Stage::Ending { farewells: left, .. } = &mut self.stage {
            farewells.append(left);
        }
        self.stage = Stage::Ending { farewells, attempts: 0, retry_at: Timestamp::default() };
        #[cfg(feature = "chaos")]
        {
            self.poisoned = false;
        }
        effects
    }

    pub(super) fn clean_up(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let overdue = now.plus(self.realm.settings.command_timeout * 2);
        let Stage::Ending { farewells, attempts, retry_at } = &mut self.stage else { return };
        farewells.append(&mut self.backlog.take_owed());
        if farewells.is_empty() || *attempts >= ATTEMPTS_MAX {
            self.stage = Stage::Ended;
            return effects.push(Effect::Ended);
        }
        *attempts += 1;
        *retry_at = overdue;
        self.job = self.job.wrapping_add(1);
        effects.push(Effect::Run { job: self.job, work: Job::Depart(farewells.clone()) });
    }

    /// A job has come back after the end: either the one that was under way, or an attempt to clean up.
    pub(super) fn clean_up_or_retry(&mut self, now: Timestamp, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Stage::Ending { farewells, attempts, retry_at } = &mut self.stage else { return };
        let is_ok = outcome.done().is_ok();
        if *attempts == 0 {
            if is_ok {
                self.backlog.take_owed();
            }
            return self.clean_up(now, effects);
        }
        if is_ok {
            farewells.clear();
            return self.clean_up(now, effects);
        }
        *retry_at = now.plus(Duration::from_millis(500) * 2_u32.pow(*attempts));
    }
}
