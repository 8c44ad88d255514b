//! What a feed is told and what it wants.

use std::sync::Arc;
use std::time::Duration;

use ports::channels::{
    Address, BrokerError, HistoryQuery, Position, Publication, Published, Retention, StreamView,
};
use ports::protocol::{ErrorCode, Recovery};

use crate::channels::Batch;
use crate::channels::filter::Filter;
use crate::channels::recovery::Bounds;

/// A member's place in its shard.
pub type Seat = u32;

/// Bounds and intervals of a feed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bounds of a recovery.
    pub recovery: Bounds,
    /// Bytes put aside while somebody joins or a hole is open.
    pub joining_bytes_max: usize,
    /// Most bytes beyond the first event that are handed out together.
    pub batch_bytes_max: usize,
    /// Time between comparisons with the broker's top.
    pub check_interval: Duration,
}

/// What a feed is told.
#[derive(Debug)]
pub enum Input {
    /// The broker sends this channel's events to the node from now on, or cannot.
    Attached(Result<(), BrokerError>),
    /// The session at this place wants in.
    Join(Seat, Join),
    /// A session is not interested any more.
    Leave(Seat),
    /// An event of the channel.
    Arrived(Arc<Published>),
    /// Events of the channel were dropped on the way.
    Behind,
    /// The answer to [`Effect::Read`].
    Read {
        /// Which one.
        read: u32,
        /// What the broker said.
        result: Result<StreamView, BrokerError>,
    },
    /// [`ChannelFeed::wakeup`](super::ChannelFeed::wakeup) is due. Early calls are harmless.
    Wakeup,
    /// Hand what has arrived to so many members. Called until the feed [has no run](super::ChannelFeed::has_run) any
    /// more.
    HandOut(usize),
}

/// A session's wish to become a member of a channel's feed.
#[derive(Clone, Debug)]
pub struct Join {
    /// The channel.
    pub address: Arc<Address>,
    /// How the channel remembers, if it does.
    pub stream: Option<Retention>,
    /// The session's number of this subscription, echoed with everything about it.
    pub join: u32,
    /// Where it wants to continue.
    pub recover: Option<Recovery>,
    /// Most bytes it may recover, within the feed's own bound.
    pub recovery_bytes_max: usize,
    /// Refuse an unrecoverable position instead of reporting it.
    pub refuse_unrecoverable: bool,
    /// Tell the session of holes that cannot be filled.
    pub positioned: bool,
    /// Deliver joins and leaves.
    pub notices: bool,
    /// Recover the latest publication instead of everything missed (P 12.6). It is never refused then.
    pub cache: bool,
    /// Deliver differences where publishers allow it; not together with a filter.
    pub delta: bool,
    /// Deliver only what passes.
    pub filter: Option<Arc<Filter>>,
}

/// What a feed wants.
#[derive(Debug)]
pub enum Effect {
    /// Read the stream and answer with [`Input::Read`].
    Read {
        /// Echo this.
        read: u32,
        /// What to read.
        query: HistoryQuery,
    },
    /// Tell a session that it is in, or why not. Whatever is delivered to it afterwards comes after its reply.
    Admit {
        /// Which session.
        seat: Seat,
        /// Its number of the subscription.
        join: u32,
        /// What its reply says.
        outcome: Result<Admission, ErrorCode>,
    },
    /// Send events to sessions.
    Deliver {
        /// The events, in order.
        batch: Arc<Batch>,
        /// Which sessions.
        seats: Vec<Seat>,
    },
    /// Tell a session that it missed something for good. It is no member any more.
    Insufficient {
        /// Which session.
        seat: Seat,
        /// Its number of the subscription.
        join: u32,
    },
}

/// A member's first answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The stream's position that the subscription begins with; `None` without a stream.
    pub position: Option<Position>,
    /// What was missed and passes the filter, if recovery was wanted and possible; of a cache, the newest at most.
    pub recovered: Option<Vec<Arc<Publication>>>,
}
