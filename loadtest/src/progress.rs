//! One line that says how it goes, for those who watch.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::ledger::Ledger;

/// The line, until it is dropped.
pub(crate) struct Progress(JoinHandle<()>);

impl Progress {
    /// In a terminal one line that changes every second; elsewhere a new one every five.
    pub(crate) fn of(ledger: &Arc<Ledger>) -> Self {
        Self(tokio::spawn(tell(Arc::clone(ledger))))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.abort();
        if std::io::stderr().is_terminal() {
            // Nobody is left to tell if this does not work.
            let _ = writeln!(std::io::stderr());
        }
    }
}

async fn tell(ledger: Arc<Ledger>) {
    let terminal = std::io::stderr().is_terminal();
    let every = Duration::from_secs(if terminal { 1 } else { 5 });
    let begun = Instant::now();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut then) = (0, begun);
    loop {
        let now = ticks.tick().await;
        let operations = ledger.operations.load(Ordering::Relaxed);
        let rate = (operations - before) as f64 / (now - then).as_secs_f64().max(0.001);
        let line = format!(
            "{:>5} s  {:>5} users  {rate:>9.0} ops/s  {} errors",
            begun.elapsed().as_secs(),
            ledger.users.load(Ordering::Relaxed),
            ledger.errors.load(Ordering::Relaxed),
        );
        (before, then) = (operations, now);
        let (head, tail) = if terminal { ("\r", "") } else { ("", "\n") };
        // Progress that nobody can see is no reason to stop.
        let _ = write!(std::io::stderr(), "{head}{line}{tail}");
        let _ = std::io::stderr().flush();
    }
}
