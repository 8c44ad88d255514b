//! Whether connections are closed for silence, no sooner and no later than promised (P-CONN-3, P-PING-2).

use ports::protocol::Disconnect;

use crate::sim::house::{EXPIRY_GRACE_MS, PING_INTERVAL_MS, PONG_TIMEOUT_MS, STALE_TIMEOUT_MS};

/// What a connection has to do, and since when.
#[derive(Debug)]
pub(in crate::sim) struct Timers {
    opened_at: u64,
    is_introduced: bool,
    pinged_at: Option<u64>,
    /// When the server last pinged or began to.
    alive_at: Option<u64>,
    is_paused: bool,
    expire_at: Option<u64>,
}

/// A deadline is filed under the end of its quarter of a second, and noticed at the next tick after that.
const LATE_MS: u64 = 500;

impl Timers {
    pub(super) fn new(now: u64) -> Self {
        let (pinged_at, alive_at, expire_at) = (None, None, None);
        Self { opened_at: now, is_introduced: false, pinged_at, alive_at, is_paused: false, expire_at }
    }

    pub(super) fn introduced(&mut self) {
        self.is_introduced = true;
    }

    pub(super) fn ponged(&mut self) {
        self.pinged_at = None;
    }

    pub(super) fn pinged(&mut self, now: u64) -> Result<(), String> {
        if self.pinged_at.is_some() {
            return Err("is pinged twice at a time".into());
        }
        self.pinged_at = Some(now);
        self.alive_at = Some(now);
        Ok(())
    }

    pub(in crate::sim) fn connected(&mut self, now: u64) {
        self.alive_at = Some(now);
    }

    pub(super) fn expires(&mut self, at: Option<u64>) {
        self.expire_at = at;
    }

    pub(super) fn expire_at(&self) -> Option<u64> {
        self.expire_at
    }

    pub(super) fn is_expired(&self, now: u64) -> bool {
        self.expire_at.is_some_and(|at| now >= at + EXPIRY_GRACE_MS)
    }

    pub(in crate::sim) fn paused(&mut self) {
        self.is_paused = true;
    }

    /// The pong deadline begins anew.
    pub(in crate::sim) fn resumed(&mut self, now: u64) {
        self.is_paused = false;
        if self.pinged_at.is_some() {
            self.pinged_at = Some(now);
            self.alive_at = Some(now);
        }
    }

    /// The process stood still, and the client could do nothing about it.
    pub(in crate::sim) fn stood_still(&mut self, millis: u64) {
        self.opened_at += millis;
        self.pinged_at = self.pinged_at.map(|at| at + millis);
        self.alive_at = self.alive_at.map(|at| at + millis);
    }

    /// Whether this is a reason to close.
    pub(in crate::sim) fn closed(&self, now: u64, disconnect: &Disconnect) -> Result<(), String> {
        let owes_pong = self.pinged_at.is_some_and(|at| now >= at + PONG_TIMEOUT_MS);
        let is_stale = !self.is_introduced && now >= self.opened_at + STALE_TIMEOUT_MS;
        match disconnect.code {
            3012 if !owes_pong => Err("is closed for a pong that is not due".into()),
            3502 if !is_stale => Err("is closed as stale although it is not".into()),
            _ => Ok(()),
        }
    }

    /// Whether the server has forgotten a deadline. To be asked right after a tick.
    pub(in crate::sim) fn overdue(&self, now: u64) -> Result<(), String> {
        let late = |since: u64, allowed: u64| now >= since + allowed + LATE_MS;
        if !self.is_introduced && late(self.opened_at, STALE_TIMEOUT_MS) {
            return Err("says nothing and is not closed".into());
        }
        if !self.is_paused && self.pinged_at.is_some_and(|at| late(at, PONG_TIMEOUT_MS)) {
            return Err("owes a pong and is not closed".into());
        }
        if self.expire_at.is_some_and(|at| late(at, EXPIRY_GRACE_MS)) {
            return Err("has expired and is not closed".into());
        }
        if self.pinged_at.is_none() && self.alive_at.is_some_and(|at| late(at, PING_INTERVAL_MS)) {
            return Err("is not pinged".into());
        }
        Ok(())
    }
}
