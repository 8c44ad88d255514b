//! The run as goose drives it: users come, play their scenario round after round, and leave.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::prelude::*;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::ledger::{Journal, Ledger};
use crate::row::Row;
use crate::scenarios::{Kind, Play};
use crate::stage::{BREATH, Findings, Pace, Stage};
use crate::target::Target;

/// What a run is made of.
pub(crate) struct Attack<'a> {
    pub(crate) target: Arc<Target>,
    pub(crate) findings: Arc<Findings>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) kinds: &'a [Kind],
    pub(crate) users: usize,
    pub(crate) fleet: usize,
    pub(crate) ramp: Duration,
    pub(crate) run_time: Duration,
    pub(crate) report_html: Option<&'a Path>,
}

/// What a user has from one transaction to the next.
#[derive(Clone)]
struct Seat {
    stage: Stage,
    play: Arc<Mutex<Option<Box<dyn Play>>>>,
}

/// How much time a user spends before goose is asked again whether to go on.
const TURN: Duration = Duration::from_millis(250);

impl Attack<'_> {
    /// Runs to the end. The books are in the ledger; goose has them for its own report.
    pub(crate) async fn run(self) -> Result<(), String> {
        let words = self.words();
        let configuration =
            GooseConfiguration::parse_args_default(&words).map_err(|error| error.to_string())?;
        let mut attack =
            GooseAttack::initialize_with_config(configuration).map_err(|error| error.to_string())?;
        let numbers = Arc::new(AtomicUsize::new(0));
        for kind in self.kinds {
            let scenario = self.scenario(*kind, &numbers).map_err(|error| error.to_string())?;
            attack = attack.register_scenario(scenario);
        }
        attack.execute().await.map(drop).map_err(|error| error.to_string())
    }

    /// What goose would be told on its command line.
    fn words(&self) -> Vec<String> {
        let rate = self.users as f64 / self.ramp.as_secs_f64().max(0.1);
        let mut words = vec![
            "--host".to_owned(),
            self.target.host().to_owned(),
            "--users".to_owned(),
            self.users.to_string(),
            "--increase-rate".to_owned(),
            format!("{rate:.3}"),
            "--run-time".to_owned(),
            format!("{}s", self.run_time.as_secs().max(1)),
        ];
        // Whoever resets the books after the ramp forgets every connect.
        let switches = ["-qq", "--no-reset-metrics", "--no-telnet", "--no-print-metrics"];
        words.extend(switches.map(str::to_owned));
        if let Some(file) = self.report_html {
            words.extend(["--report-file".to_owned(), file.display().to_string()]);
        }
        words
    }

    fn scenario(&self, kind: Kind, numbers: &Arc<AtomicUsize>) -> Result<Scenario, GooseError> {
        let model = Stage {
            target: Arc::clone(&self.target),
            journal: Journal::collecting(&self.ledger, kind),
            user: 0,
            fleet: self.fleet,
            pace: Pace::Steady,
            findings: Arc::clone(&self.findings),
        };
        let (ledger, numbers) = (Arc::clone(&self.ledger), Arc::clone(numbers));
        let arrive: TransactionFunction = Arc::new(move |user| {
            let user_number = numbers.fetch_add(1, Ordering::Relaxed);
            ledger.users.fetch_add(1, Ordering::Relaxed);
            let journal = Journal::collecting(&ledger, kind);
            let stage = Stage { journal, user: user_number, ..model.clone() };
            user.set_session_data(Seat { stage, play: Arc::default() });
            Box::pin(std::future::ready(Ok(())))
        });
        let ledger = Arc::clone(&self.ledger);
        let leave: TransactionFunction = Arc::new(move |user| {
            ledger.users.fetch_sub(1, Ordering::Relaxed);
            Box::pin(leave(user))
        });
        let play: TransactionFunction = Arc::new(move |user| Box::pin(play(user, kind)));
        Ok(Scenario::new(kind.name())
            .set_weight(kind.weight())?
            .register_transaction(Transaction::new(arrive).set_name("arrive").set_on_start())
            .register_transaction(Transaction::new(play).set_name("play"))
            .register_transaction(Transaction::new(leave).set_name("leave").set_on_stop()))
    }
}

async fn play(user: &mut GooseUser, kind: Kind) -> TransactionResult {
    let Some(Seat { stage, play }) = user.get_session_data::<Seat>().cloned() else { return Ok(()) };
    let begun = Instant::now();
    let mut place = play.lock().await;
    while begun.elapsed() < TURN {
        let outcome = match place.as_mut() {
            Some(play) => play.round(&stage).await,
            None => kind.enter(&stage).await.map(|play| *place = Some(play)),
        };
        // What failed is in the books; what was lost before that is found out only by taking leave.
        if outcome.is_err() {
            if let Some(failed) = place.take() {
                failed.leave(&stage).await;
            }
            sleep(BREATH).await;
        }
    }
    hand_over(user, &stage).await
}

async fn leave(user: &mut GooseUser) -> TransactionResult {
    let Some(Seat { stage, play }) = user.get_session_data::<Seat>().cloned() else { return Ok(()) };
    if let Some(play) = play.lock().await.take() {
        play.leave(&stage).await;
    }
    hand_over(user, &stage).await
}

/// Goose gets what was booked, too.
async fn hand_over(user: &mut GooseUser, stage: &Stage) -> TransactionResult {
    for sample in stage.journal.collect() {
        let row: Row = sample.row;
        let error = sample.error.as_deref();
        let (label, name) = (row.label(), row.name());
        user.record_custom_request_duration(label, name, sample.took, error.is_none(), None, error).await?;
    }
    Ok(())
}
