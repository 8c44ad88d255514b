//! What is going to happen, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::channels::{Address, BrokerError, Published, StreamView};
use ports::ids::{ClientId, NodeId};
use ports::orders;
use ports::protocol::{Command, Disconnect};
use wigwag_core::session::Outcome;
use wigwag_core::shard::{Outgoing, SeatId};

/// Events in the order of their time, those of one time in the order in which they were planned.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    events: BTreeMap<(u64, u64), Event>,
    planned: u64,
}

#[derive(Debug)]
pub(super) struct Event {
    /// The life of a node that this happens to. It goes when that life ends, and waits while the node stands still.
    pub(super) owner: Option<Owner>,
    pub(super) what: What,
}

/// One life of a node, from start to stop or crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) node: usize,
    pub(super) life: u32,
}

/// Everything that can happen.
#[derive(Debug)]
pub(super) enum What {
    /// A node's clock ticks.
    Tick,
    /// A shard takes what is in its queue.
    Flush { shard: usize },
    /// The broker's wire brings an event to a node.
    Arrive(Arc<Published>),
    /// The broker's wire brings an order to a node.
    Order(Arc<orders::Order>),
    /// It reaches a shard.
    Obey { shard: usize, order: Arc<orders::Order> },
    /// Something under way at a port may go on.
    Poll { task: u64 },
    /// The performer's patience with it ends.
    Overdue { task: u64 },
    /// It is done.
    Answer { errand: Errand, answer: Answer },
    /// The hub's word reaches a shard.
    Tell { shard: usize, feed: u32, address: Arc<Address>, result: Result<(), BrokerError> },
    /// A frame reaches the server.
    Up { conn: usize, frame: Vec<Command> },
    /// The server learns that a socket is gone.
    HungUp { conn: usize },
    /// Something reaches a client.
    Down { conn: usize, message: Message },
    /// A client's clock ticks.
    ClientTick { client: usize },
    /// A node goes on after a standstill.
    Thaw(Owner),
    /// A draining node is expected to be empty.
    Stop(Owner),
    /// A node starts again.
    Restart { node: usize },
    /// The presence of a crashed node is cleared.
    Reap(NodeId),
    /// Something goes wrong.
    Mischief,
    /// An application wants something done with connections.
    Whim,
}

/// On whose behalf something is under way at a port.
#[derive(Debug)]
pub(super) enum Errand {
    Job { shard: usize, seat: SeatId, job: u32, client: ClientId, departs: bool },
    Read { shard: usize, address: Arc<Address>, feed: u32, read: u32 },
    Attach { address: Arc<Address>, generation: u64 },
    Detach { address: Arc<Address>, generation: u64 },
    Post,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Answer {
    Job(Outcome),
    Read(Result<StreamView, BrokerError>),
    Link(Result<(), BrokerError>),
    Posted,
}

/// What a client hears from its socket.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Said(Outgoing),
    Closed(Disconnect),
    Lost,
}

impl Agenda {
    pub(super) fn at(&mut self, time: u64, owner: Option<Owner>, what: What) {
        self.planned += 1;
        self.events.insert((time, self.planned), Event { owner, what });
    }

    /// The next event, if it happens before `end`.
    pub(super) fn next(&mut self, end: u64) -> Option<(u64, Event)> {
        let entry = self.events.first_entry()?;
        let time = entry.key().0;
        (time < end).then(|| (time, entry.remove()))
    }
}
