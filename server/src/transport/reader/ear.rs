//! Who listens to the messages that a reader finds.

use std::collections::VecDeque;
use std::sync::Arc;

use wigwag_core::session::{self, Pings};
use wigwag_core::shard::{Input, SeatId};

use crate::actors::session_shard::ShardCell;
use crate::transport::dialect::Heard;
use crate::transport::frame::Kind;
use crate::transport::link::Link;

/// Takes a client's messages in as they are read, and passes them on one by one. Dropped at the end of the connection.
pub trait Ear: Send {
    /// Takes a message in.
    fn message(&mut self, link: &Link, kind: Kind, message: &[u8]);

    /// Takes a WebSocket pong in.
    fn pong(&mut self, link: &Link);

    /// Takes in that the client does not read.
    fn overflow(&mut self);

    /// Whether something has not been passed on yet.
    fn has_more(&self) -> bool;

    /// Passes on the next of what was taken in; false if there was nothing.
    fn pass_on(&mut self, link: &Link) -> bool;

    /// Everything there was has been passed on for now.
    fn settle(&mut self);

    /// The client has ended the conversation.
    fn gone(&mut self);

    /// Nothing more will be passed on: lets go of what has not been.
    fn forget(&mut self);
}

/// Passes commands on to a session.
pub struct SessionEar {
    cell: Arc<ShardCell>,
    seat: SeatId,
    /// Decoded while the session could take no more.
    backlog: VecDeque<Heard>,
}

impl SessionEar {
    /// An ear for a session that the shard has just taken in.
    pub fn new(cell: Arc<ShardCell>, seat: SeatId) -> Self {
        Self { cell, seat, backlog: VecDeque::new() }
    }
}

impl Ear for SessionEar {
    fn message(&mut self, link: &Link, _kind: Kind, message: &[u8]) {
        link.dialect.decode(message, &mut self.backlog);
    }

    fn pong(&mut self, link: &Link) {
        if link.pings == Pings::Frames {
            self.backlog.push_back(Heard::FramePong);
        }
    }

    fn overflow(&mut self) {
        self.backlog.push_back(Heard::TooSlow);
    }

    fn has_more(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn pass_on(&mut self, _link: &Link) -> bool {
        let Some(heard) = self.backlog.pop_front() else { return false };
        if self.backlog.is_empty() {
            // One long frame would keep its room for as long as the connection lives.
            self.forget();
        }
        self.cell.drive_on(Input::Session(self.seat, heard.into()));
        true
    }

    fn settle(&mut self) {
        self.cell.settle();
    }

    fn gone(&mut self) {
        self.cell.drive(Input::Session(self.seat, session::Input::Gone));
    }

    fn forget(&mut self) {
        self.backlog = VecDeque::new();
    }
}

impl Drop for SessionEar {
    /// However the reader ends, the session hears of it.
    fn drop(&mut self) {
        self.cell.gone(self.seat);
    }
}
