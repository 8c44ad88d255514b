//! Which connection a request of its upstream half belongs to (P-EM-2).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use ports::ids::SessionKey;
use tokio::sync::Semaphore;
use wigwag_core::shard::SeatId;

use super::body::Readings;
use super::link::Link;
use crate::actors::session_shard::ShardCell;

/// The streamed connections of this node by their secrets. There are never more than connections.
#[derive(Default)]
pub struct Switchboard {
    extensions: Mutex<HashMap<SessionKey, Extension>>,
    /// What of their requests has been read so far.
    pub readings: Readings,
}

/// Where one connection's commands go.
#[derive(Clone)]
pub struct Extension {
    /// The shard that has the session.
    pub cell: Arc<ShardCell>,
    /// The session.
    pub seat: SeatId,
    /// Its way out.
    pub link: Arc<Link>,
    /// A permit for each request whose commands are under way.
    pub requests: Arc<Semaphore>,
}

/// Requests of one connection whose commands may be under way at a time. SDKs that do not batch send every command in
/// a request of its own.
const REQUESTS_MAX: usize = 128;

impl Extension {
    /// An extension on which nothing is under way.
    pub fn new(cell: Arc<ShardCell>, seat: SeatId, link: Arc<Link>) -> Self {
        Self { cell, seat, link, requests: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }
}

impl Switchboard {
    /// A connection has begun.
    pub fn plug(&self, key: SessionKey, extension: Extension) {
        self.extensions.lock().insert(key, extension);
    }

    /// It has ended.
    pub fn unplug(&self, key: SessionKey) {
        let unplugged = self.extensions.lock().remove(&key);
        drop(unplugged); // outside the lock
    }

    /// The connection with this secret.
    pub fn find(&self, key: SessionKey) -> Option<Extension> {
        self.extensions.lock().get(&key).cloned()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.extensions.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
