//! What a session is told and what it wants.

use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, Published};
use ports::ids::{ClientId, SessionKey, UserId};
use ports::orders::Order;
use ports::protocol::{Command, Disconnect, ErrorCode, Push, Reply};

use super::{Admission, Job, Outcome};
use crate::channels::feed::Join;

/// How a connection begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its id.
    pub client: ClientId,
    /// Spreads the first pings, and the answers to refused emulated connections, of many sessions.
    pub luck: u16,
    /// The secret that later requests of this connection show, if its halves are different requests (P-EM-1).
    pub emulation: Option<SessionKey>,
    /// How it is pinged.
    pub pings: Pings,
}

/// How a connection is pinged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pings {
    /// By messages of the protocol.
    #[default]
    Messages,
    /// By frames of the transport, which the client's library answers by itself (P-NEG-4).
    Frames,
}

/// What a session is told.
#[derive(Debug)]
pub enum Input {
    /// The client sent a command.
    Command(Command),
    /// The client sent something that is no command (P-FRM-3).
    Malformed,
    /// A job is done.
    Done {
        /// Which one.
        job: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// A feed answered [`Effect::Join`].
    Joined {
        /// The channel, in the one copy that all its subscribers share.
        address: Arc<Address>,
        /// The number of the subscription.
        join: u32,
        /// Whether it began, and with what.
        outcome: Result<Admission, ErrorCode>,
    },
    /// A feed ended a subscription because of a hole that history cannot fill.
    Insufficient {
        /// The channel.
        address: Arc<Address>,
        /// The number of the subscription.
        join: u32,
    },
    /// The answer to [`Effect::Continue`].
    Continue,
    /// The answer to [`Effect::Came`]: how many connections of the user there are on this node, this one included.
    Counted(usize),
    /// The application wants something done with the connection.
    Order(Arc<Order>),
    /// A ping frame was answered. Unlike a pong message it may come unasked (RFC 6455, 5.5.3).
    FramePong,
    /// The node ends the connection.
    Close(Disconnect),
    /// The socket is gone.
    Gone,
    /// The whole process stood still for so long; deadlines of the client move by it.
    Stalled(Duration),
    /// [`Session::wakeup`] is due. Early calls are harmless.
    Wakeup,
}

/// What a session wants, in the order in which it must be done.
#[derive(Debug)]
pub enum Effect {
    /// Send the answer to a command.
    Reply(Reply),
    /// Send something unasked.
    Push(Push),
    /// Send one of a channel's events that only this connection gets.
    Deliver(Arc<Published>),
    /// Do this and answer with [`Input::Done`].
    Run {
        /// Echo this.
        job: u32,
        /// What to do.
        work: Job,
    },
    /// Make the session a member of a channel's feed; answer with [`Input::Joined`].
    Join(Join),
    /// End its membership.
    Leave(Arc<Address>),
    /// Call again with [`Input::Continue`] after what is queued already.
    Continue,
    /// Read no more from the socket for now: too many commands wait.
    Pause,
    /// Read again.
    Resume,
    /// A connection of this user is about to be established; answer at once with [`Input::Counted`].
    Came(UserId),
    /// Close the socket with this code.
    Close(Disconnect),
    /// The session is over and can be dropped.
    Ended,
}
