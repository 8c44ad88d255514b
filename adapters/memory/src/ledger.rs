//! The books of a tenant: which streams there are, how much they occupy, and which was used least recently.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use ports::channels::Address;
use ports::time::Timestamp;

use crate::broker::Limits;

/// All streams of a tenant in the order of their last use.
pub(crate) struct Ledger {
    entries: BTreeMap<Turn, Entry>,
    bytes: usize,
    next: Turn,
    looked_until: Turn,
}

/// When a stream was used last, counted in uses from one on: to have none takes no more room than to have one.
pub(crate) type Turn = NonZeroU64;

struct Entry {
    address: Arc<Address>,
    bytes: usize,
    due: Timestamp,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), bytes: 0, next: Turn::MIN, looked_until: Turn::MIN }
    }
}

impl Ledger {
    /// Files a stream as the most recently used one. `before` is where it stood, if it is not new.
    pub(crate) fn renew(
        &mut self,
        before: Option<Turn>,
        address: &Arc<Address>,
        bytes: usize,
        due: Timestamp,
    ) -> Turn {
        if let Some(turn) = before
            && self.entries.last_key_value().is_some_and(|(newest, _)| *newest == turn)
        {
            self.revise(turn, bytes, due);
            return turn;
        }
        if let Some(turn) = before {
            self.strike(turn);
        }
        let turn = self.next;
        self.next = self.next.saturating_add(1);
        self.bytes += bytes;
        self.entries.insert(turn, Entry { address: Arc::clone(address), bytes, due });
        turn
    }

    /// Notes a stream's size and next due time without calling that a use.
    pub(crate) fn revise(&mut self, turn: Turn, bytes: usize, due: Timestamp) {
        if let Some(entry) = self.entries.get_mut(&turn) {
            self.bytes = self.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
            entry.due = due;
        }
    }

    /// Takes a stream out of the books.
    pub(crate) fn strike(&mut self, turn: Turn) {
        if let Some(entry) = self.entries.remove(&turn) {
            self.bytes -= entry.bytes;
        }
    }

    /// The stream that has to go, if a bound is passed: the least recently used one that is not `spared`.
    pub(crate) fn victim(&self, limits: &Limits, spared: &Address) -> Option<(Turn, Arc<Address>)> {
        if self.entries.len() <= limits.streams_max && self.bytes <= limits.bytes_max {
            return None;
        }
        let (turn, entry) = self.entries.iter().find(|(_, entry)| *entry.address != *spared)?;
        Some((*turn, Arc::clone(&entry.address)))
    }

    /// Looks at the next few streams, round and round over the calls, and names the first of them that is due.
    pub(crate) fn look(&mut self, now: Timestamp) -> Option<Arc<Address>> {
        for _ in 0..LOOKS {
            let Some((turn, entry)) = self.entries.range(self.looked_until..).next() else {
                self.looked_until = Turn::MIN;
                return None;
            };
            self.looked_until = turn.saturating_add(1);
            if entry.due <= now {
                return Some(Arc::clone(&entry.address));
            }
        }
        None
    }
}

/// More than the one stream that a call can move to the end, so that the looks come round.
const LOOKS: usize = 2;

#[cfg(test)]
mod tests {
    use ports::channels::ChannelName;
    use ports::ids::TenantId;

    use super::*;

    #[test]
    fn least_recently_used_stream_is_the_victim_unless_spared() {
        let mut ledger = Ledger::default();
        let limits = Limits { streams_max: 1, bytes_max: 1_000 };
        let first = ledger.renew(None, &address("first"), 10, Timestamp::NEVER);
        let second = ledger.renew(None, &address("second"), 10, Timestamp::NEVER);
        let first = ledger.renew(Some(first), &address("first"), 10, Timestamp::NEVER);

        assert_eq!(ledger.victim(&limits, &address("first")), Some((second, address("second"))));
        assert_eq!(ledger.victim(&limits, &address("second")), Some((first, address("first"))));

        ledger.strike(second);

        assert_eq!(ledger.victim(&limits, &address("second")), None);
    }

    #[test]
    fn bytes_follow_every_change() {
        let mut ledger = Ledger::default();

        let first = ledger.renew(None, &address("first"), 10, Timestamp::NEVER);
        let second = ledger.renew(None, &address("second"), 20, Timestamp::NEVER);
        ledger.revise(first, 5, Timestamp::NEVER);
        let second = ledger.renew(Some(second), &address("second"), 30, Timestamp::NEVER);
        assert_eq!(ledger.bytes, 35);

        let first = ledger.renew(Some(first), &address("first"), 6, Timestamp::NEVER);
        ledger.strike(second);
        assert_eq!(ledger.bytes, 6);

        ledger.strike(first);
        assert_eq!(ledger.bytes, 0);
    }

    #[test]
    fn looks_come_round_although_others_are_renewed_meanwhile() {
        let mut ledger = Ledger::default();
        let now = Timestamp::from_secs(1);
        let mut busy: Vec<_> =
            (0..10).map(|n| ledger.renew(None, &address(&n.to_string()), 1, Timestamp::NEVER)).collect();
        ledger.renew(None, &address("due"), 1, now);

        let found = (0..40).find_map(|n| {
            let renewed = &mut busy[n % 10];
            *renewed = ledger.renew(Some(*renewed), &address(&(n % 10).to_string()), 1, Timestamp::NEVER);
            ledger.look(now)
        });

        assert_eq!(found, Some(address("due")));
    }

    fn address(name: &str) -> Arc<Address> {
        Arc::new(Address::public(TenantId::default(), ChannelName::parse(name).unwrap()))
    }
}
