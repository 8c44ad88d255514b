//! How many sockets each address has, what they are used for, and how fast it opens connections.

mod table;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ports::time::Clock;

use self::table::{Address, Table};

/// What one address may have.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Connections at a time; 0 is any number.
    pub connections_max: u32,
    /// New connections a second, and as many at once; 0 is any number.
    pub rate_max: u32,
}

/// All addresses that have sockets.
pub struct Callers {
    caps: Caps,
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
}

/// One socket among those of its address, until it is dropped. First it brings requests; it may become a connection.
pub struct Place {
    callers: Arc<Callers>,
    address: Address,
    is_connection: Mutex<bool>,
}

/// Why an address may have no further connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// It has as many as it may.
    AtATime,
    /// It had too many just now; after this time there is one for it.
    JustNow(Duration),
}

/// Sockets for requests that an address may have beside as many as it may have connections: every streamed connection
/// may bring its commands over another one, and browsers open some in advance.
const REQUESTS_MAX: u32 = 16;

impl Callers {
    /// Nobody yet.
    pub fn new(caps: Caps, clock: Arc<dyn Clock>) -> Self {
        Self { caps, clock, table: Mutex::default() }
    }

    /// A place for a new socket, if its address may have one more that brings requests.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = Address::of(peer);
        let mut table = self.table.lock();
        let caller = table.caller(address, self.caps.rate_max, self.clock.now());
        let sockets_max = self.caps.connections_max.saturating_add(REQUESTS_MAX);
        if self.caps.connections_max > 0 && caller.requests >= sockets_max {
            return None;
        }
        caller.requests += 1;
        drop(table);
        Some(Place { callers: Arc::clone(self), address, is_connection: Mutex::new(false) })
    }
}

impl Place {
    /// The socket becomes a connection, if its address may have one more and did not have too many just now. Once it is
    /// one it stays one.
    pub fn connect(&self) -> Result<(), TooMany> {
        let mut is_connection = self.is_connection.lock();
        if *is_connection {
            return Ok(());
        }
        let (caps, now) = (self.callers.caps, self.callers.clock.now());
        let mut table = self.callers.table.lock();
        table.caller(self.address, caps.rate_max, now).connect(caps, now)?;
        *is_connection = true;
        Ok(())
    }

    /// The socket became no connection after all, and brings requests again. That it asked still counts.
    pub fn disconnect(&self) {
        let mut is_connection = self.is_connection.lock();
        if std::mem::take(&mut *is_connection) {
            let (caps, now) = (self.callers.caps, self.callers.clock.now());
            self.callers.table.lock().caller(self.address, caps.rate_max, now).disconnect();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let is_connection = *self.is_connection.lock();
        let now = self.callers.clock.now();
        self.callers.table.lock().leave(self.address, is_connection, now);
    }
}

#[cfg(test)]
mod tests;
