//! The addresses that have sockets, and for a moment those that had.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ports::time::Timestamp;
use wigwag_core::limits::{Bucket, Verdict};

use super::{Caps, TooMany};

/// Who is counted as one: an IPv4 address, or the sixty-four bits of an IPv6 address that a household gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address(u64);

/// What one address has.
pub(super) struct Caller {
    /// Sockets that bring requests.
    pub(super) requests: u32,
    connections: u32,
    /// Fills with the connections that it may open.
    allowance: Bucket,
}

/// All that have something, and some whose allowance is not full yet.
pub(super) struct Table {
    callers: HashMap<Address, Caller>,
    /// With so many entries the table is searched for those of no use.
    sweep_at: usize,
}

/// No sweep below this many entries.
const SWEEP_MIN: usize = 1_024;

impl Address {
    pub(super) fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => translated(address).map_or_else(|| Self(prefix(address)), Self::of_v4),
        }
    }

    /// Beside all prefixes that are handed out.
    fn of_v4(address: Ipv4Addr) -> Self {
        Self(u64::from(address.to_bits()))
    }
}

/// The IPv4 address behind the well-known prefix of NAT64, 64:ff9b::/96 (RFC 6052).
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.octets() {
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

fn prefix(address: Ipv6Addr) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = address.octets();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Caller {
    /// One of its sockets becomes a connection.
    pub(super) fn connect(&mut self, caps: Caps, now: Timestamp) -> Result<(), TooMany> {
        if caps.connections_max > 0 && self.connections >= caps.connections_max {
            return Err(TooMany::AtATime);
        }
        if caps.rate_max > 0
            && let Verdict::Wait(time) = self.allowance.take(now, 1)
        {
            return Err(TooMany::JustNow(time));
        }
        self.requests = self.requests.saturating_sub(1);
        self.connections += 1;
        Ok(())
    }

    /// One of its connections brings requests again.
    pub(super) fn disconnect(&mut self) {
        self.connections = self.connections.saturating_sub(1);
        self.requests += 1;
    }

    fn is_of_use(&self, now: Timestamp) -> bool {
        self.requests > 0 || self.connections > 0 || !self.allowance.is_full(now)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self { callers: HashMap::new(), sweep_at: SWEEP_MIN }
    }
}

impl Table {
    /// What an address has, which may be nothing.
    pub(super) fn caller(&mut self, address: Address, rate_max: u32, now: Timestamp) -> &mut Caller {
        if self.callers.len() >= self.sweep_at {
            self.callers.retain(|_, caller| caller.is_of_use(now));
            self.sweep_at = (2 * self.callers.len()).max(SWEEP_MIN);
            self.callers.shrink_to(self.sweep_at);
        }
        self.callers.entry(address).or_insert_with(|| Caller {
            requests: 0,
            connections: 0,
            allowance: Bucket::per_second(rate_max),
        })
    }

    /// A socket of this address is gone. An allowance that is not full yet must not be forgotten.
    pub(super) fn leave(&mut self, address: Address, is_connection: bool, now: Timestamp) {
        let Entry::Occupied(mut entry) = self.callers.entry(address) else { return };
        let caller = entry.get_mut();
        let count = if is_connection { &mut caller.connections } else { &mut caller.requests };
        *count = count.saturating_sub(1);
        if !caller.is_of_use(now) {
            entry.remove();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.callers.len()
    }
}
