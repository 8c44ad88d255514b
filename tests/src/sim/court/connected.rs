//! Whether a connection is given what its token and its user are due, and closed for a reason.

use std::collections::BTreeSet;

use ports::protocol::{ConnectAnswer, Disconnect, Expiry};

use super::Ledger;
use crate::sim::broker::Streams;
use crate::sim::house;

impl Ledger {
    pub(super) fn connected(&mut self, now: u64, token: &str, answer: &ConnectAnswer) -> Result<(), String> {
        self.is_connected = true;
        self.timers.connected(now);
        let mut words = token.split(' ');
        let user = words.next().unwrap_or_default();
        let mut due: BTreeSet<String> = words.map(str::to_owned).collect();
        if self.is_personal {
            due.insert(house::personal_channel(user));
        }
        let given: BTreeSet<String> = answer.subs.keys().map(|name| name.as_str().to_owned()).collect();
        if given != due {
            return Err(format!("is due {due:?} and is given {given:?}"));
        }
        self.is_right_expiry(now, answer.expiry)
    }

    pub(super) fn is_right_expiry(&self, now: u64, told: Expiry) -> Result<(), String> {
        let due = self.timers.expire_at().map(|at| at.saturating_sub(now).div_ceil(1_000).max(1));
        if told.map(u64::from) == due { Ok(()) } else { Err(format!("is told expiry {told:?}, not {due:?}")) }
    }

    /// The server closes the connection.
    pub(in crate::sim) fn closed(
        &self,
        now: u64,
        disconnect: &Disconnect,
        streams: &Streams,
    ) -> Result<(), String> {
        if self.orders.doom == Some(disconnect.code) {
            return Ok(());
        }
        // Before its connect reply nobody knows what it is subscribed to.
        let has_hole = || {
            let mut open = self.open.iter();
            !self.is_connected
                || open.any(|(channel, membership)| {
                    let address = self.address(channel.as_str());
                    address.is_some_and(|address| membership.may_be_insufficient(&address, streams))
                })
        };
        match disconnect.code {
            3005 if !self.timers.is_expired(now) => Err("is closed as expired although it is not".into()),
            3010 if !has_hole() => Err("is closed for a hole that there is not".into()),
            3011 | 3503 | 3504 | 4000.. => {
                Err(format!("is closed with {} by nobody's wish", disconnect.code))
            }
            _ => self.timers.closed(now, disconnect),
        }
    }
}
