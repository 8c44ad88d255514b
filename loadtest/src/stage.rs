//! What a user of the load test has around itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Cadence;
use crate::ledger::Journal;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::scenarios::Kind;
use crate::target::Target;

/// Everything a scenario works with.
#[derive(Clone)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) target: Arc<Target>,
    /// The books.
    pub(crate) journal: Journal,
    /// Which of the users this is.
    pub(crate) user: usize,
    /// How many sockets one user drives.
    pub(crate) fleet: usize,
    /// When the next message is said.
    pub(crate) pace: Pace,
    /// What was found out before the run.
    pub(crate) findings: Arc<Findings>,
}

/// When the next message is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pace {
    /// At a fixed rate, whatever became of the one before: how a service is used.
    Steady,
    /// When the one before has arrived everywhere: how two servers are compared.
    Closed,
}

/// What is known of the server, and of the whole run, by all of its users.
#[derive(Default, Debug)]
pub(crate) struct Findings {
    /// Who may publish.
    pub(crate) publishing: Publishing,
    /// Whether clients may see presence.
    pub(crate) clients_see_presence: bool,
    /// Whether channels have a stream that can be recovered.
    pub(crate) recovery: bool,
    /// Whether the HTTP API lets us in.
    pub(crate) api: bool,
    /// Whether the HTTP API says who is in a channel.
    pub(crate) api_presence: bool,
    /// Whether the HTTP API gives the stream of a channel.
    pub(crate) api_history: bool,
    /// The page of the server's health.
    pub(crate) health: Option<&'static str>,
    /// The scenarios that cannot be played, and why.
    pub(crate) lacking: BTreeMap<Kind, String>,
    /// What is left out of scenarios, or done by a detour, and why.
    pub(crate) parts: Vec<(&'static [Kind], String)>,
    /// Publications per second of the one who floods.
    pub(crate) flood_rate: f64,
    /// Whether somebody floods already.
    pub(crate) flooded: AtomicBool,
}

/// Who may publish.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Publishing {
    /// Every client.
    Clients,
    /// Clients that are subscribed to the channel.
    Subscribers,
    /// The HTTP API.
    BackEnds,
    /// Nobody we are.
    #[default]
    Nobody,
}

impl Findings {
    /// Why a scenario cannot be played here, if it cannot.
    pub(crate) fn lacks(&self, kind: Kind) -> Option<&str> {
        self.lacking.get(&kind).map(String::as_str)
    }
}

impl Stage {
    /// The name of one of our clients, also as the user of its token.
    pub(crate) fn client(&self, number: usize) -> String {
        format!("load-{}-{number}", self.user)
    }

    /// A channel of this user's own.
    pub(crate) fn channel(&self, name: &str) -> String {
        self.target.channel(&format!("{name}-{}", self.user))
    }

    /// Waits until the next turn is due, and says when that was: at once where the pace is closed.
    pub(crate) async fn turn(&self, cadence: &mut Cadence) -> Instant {
        match self.pace {
            Pace::Steady => cadence.turn().await,
            Pace::Closed => Instant::now(),
        }
    }

    /// Does something and books how long it took and how it went.
    pub(crate) async fn timed<T>(
        &self,
        row: Row,
        step: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let begun = Instant::now();
        self.timed_from(row, begun, step).await
    }

    /// The same for something that was due at a given moment.
    pub(crate) async fn timed_from<T>(
        &self,
        row: Row,
        due: Instant,
        step: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let outcome = step.await;
        match &outcome {
            Ok(_) => self.journal.book(row, due.elapsed()),
            Err(refusal) => self.journal.book_error(row, due.elapsed(), &refusal.to_string()),
        }
        outcome
    }
}

/// After a failure, before the next attempt.
pub(crate) const BREATH: Duration = Duration::from_millis(200);
