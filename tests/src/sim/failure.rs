//! How a world's life ended.

use std::fmt;

/// A life in which every promise was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Of everything that happened. The same seed always has the same.
    pub hash: u64,
    /// How many things happened.
    pub events: u64,
    /// What of interest there was among them.
    pub tally: Tally,
}

/// How often the interesting things happened, to know that worlds get around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events handed to sockets.
    pub deliveries: u64,
    /// Recoveries that gave everything missed, and something was.
    pub recovered: u64,
    /// Recoveries that were refused.
    pub not_recovered: u64,
    /// Subscriptions ended by a hole.
    pub insufficient: u64,
    /// Channels of which a shard's queue dropped something.
    pub behind: u64,
    /// Connections closed for a missing pong.
    pub no_pong: u64,
    /// Connections closed without having said anything.
    pub stale: u64,
    /// Connections closed because they were not read.
    pub slow: u64,
    /// Crashed nodes.
    pub crashes: u64,
    /// Calls to ports that were given up.
    pub overdue: u64,
    /// Connections that the server stopped reading.
    pub paused: u64,
    /// Publications that came as differences.
    pub differences: u64,
    /// Publications that passed a filter.
    pub filtered: u64,
    /// States that came with a subscription.
    pub current: u64,
    /// Subscriptions that the application made.
    pub ordered: u64,
    /// Subscriptions that the application ended.
    pub dismissed: u64,
    /// Connections that the application closed.
    pub banned: u64,
    /// Connections that were refreshed by the application.
    pub refreshed: u64,
    /// Connections that expired.
    pub expired: u64,
    /// Connections closed for a newer one of their user.
    pub ousted: u64,
}

impl Tally {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.deliveries += other.deliveries;
        self.recovered += other.recovered;
        self.not_recovered += other.not_recovered;
        self.insufficient += other.insufficient;
        self.behind += other.behind;
        self.no_pong += other.no_pong;
        self.stale += other.stale;
        self.slow += other.slow;
        self.crashes += other.crashes;
        self.overdue += other.overdue;
        self.paused += other.paused;
        self.differences += other.differences;
        self.filtered += other.filtered;
        self.current += other.current;
        self.ordered += other.ordered;
        self.dismissed += other.dismissed;
        self.banned += other.banned;
        self.refreshed += other.refreshed;
        self.expired += other.expired;
        self.ousted += other.ousted;
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which world.
    pub seed: u64,
    /// What was wrong.
    pub findings: Vec<String>,
    /// What happened last.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {} broke a promise:", self.seed)?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        write!(f, "replay: WIGWAG_SEED={} cargo test -p wigwag-tests --test simulation", self.seed)
    }
}

impl std::error::Error for Failure {}
