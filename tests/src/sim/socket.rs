//! One connection: a pipe in each direction, and the record of what the server owes.

use std::collections::VecDeque;

use ports::ids::ClientId;
use ports::protocol::Command;
use wigwag_core::shard::SeatId;

use super::agenda::{Message, Owner};
use super::court::Ledger;

pub(super) struct Socket {
    pub(super) client: usize,
    pub(super) id: ClientId,
    pub(super) owner: Owner,
    pub(super) slot: usize,
    pub(super) seat: SeatId,
    /// When the newest of what is on its way arrives.
    pub(super) up_busy_until: u64,
    pub(super) down_busy_until: u64,
    /// Nothing passes any more, and neither side has been told.
    pub(super) is_cut: bool,
    /// The client uses another one, or none.
    pub(super) is_abandoned: bool,
    /// The server has closed it.
    pub(super) is_closed: bool,
    /// The server does not read from it.
    pub(super) is_paused: bool,
    /// Frames that the server has not read.
    pub(super) unread: VecDeque<Vec<Command>>,
    /// What the client has not taken.
    pub(super) untaken: VecDeque<Message>,
    pub(super) ledger: Ledger,
}

/// How much may wait for a client before it counts as slow.
pub(super) const UNTAKEN_MAX: usize = 30;
