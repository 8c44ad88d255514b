//! What a session has done for it by services, and what comes of it.

use std::sync::Arc;

use ports::access::{ConnectionGrant, SubscriptionGrant, TokenError};
use ports::channels::{Address, ClientInfo, Draft, Headcount, StreamView};
use ports::hooks::{HookError, Question, Verdict};
use ports::orders::Order;
use ports::protocol::ErrorCode;

use crate::channels::{History, StreamRequest};

/// Something to be done outside of the machine, in bounded time.
#[derive(Clone, Debug)]
pub enum Job {
    /// Check a connection token.
    VerifyConnection {
        /// The token.
        token: String,
    },
    /// Check a subscription token.
    VerifySubscription {
        /// The token.
        token: String,
    },
    /// Add the connection to a channel's presence.
    Enter {
        /// The channel.
        address: Arc<Address>,
        /// The entry.
        info: Arc<ClientInfo>,
    },
    /// Tell a channel of a join.
    Announce {
        /// The channel.
        address: Arc<Address>,
        /// Who joined.
        info: Arc<ClientInfo>,
    },
    /// Undo presence and tell of leaves, in order. Doing it twice is harmless.
    Depart(Vec<Farewell>),
    /// Publish.
    Publish {
        /// The channel.
        address: Arc<Address>,
        /// What.
        draft: Draft,
    },
    /// Read a stream.
    History {
        /// The channel.
        address: Arc<Address>,
        /// What part of it.
        request: StreamRequest,
        /// Its options.
        history: History,
    },
    /// Who is in a channel.
    Members {
        /// The channel.
        address: Arc<Address>,
    },
    /// How many are in a channel.
    Count {
        /// The channel.
        address: Arc<Address>,
    },
    /// Give an order to all nodes.
    Order(Arc<Order>),
    /// Ask the application's back end.
    Ask(Box<Question>),
}

/// What an ended subscription leaves to be done.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// The channel.
    pub address: Arc<Address>,
    /// Who left.
    pub info: Arc<ClientInfo>,
    /// Presence holds an entry.
    pub presence: bool,
    /// Others were told of the join.
    pub notice: bool,
}

/// What came of a job.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Of [`Job::VerifyConnection`].
    Connection(Result<Box<ConnectionGrant>, TokenError>),
    /// Of [`Job::VerifySubscription`].
    Subscription(Result<Box<SubscriptionGrant>, TokenError>),
    /// Of jobs that only succeed or fail.
    Done(Result<(), ErrorCode>),
    /// Of [`Job::History`].
    History(Result<StreamView, ErrorCode>),
    /// Of [`Job::Members`].
    Members(Result<Vec<Arc<ClientInfo>>, ErrorCode>),
    /// Of [`Job::Count`].
    Count(Result<Headcount, ErrorCode>),
    /// Of [`Job::Ask`].
    Asked(Result<Box<Verdict>, HookError>),
    /// Any job that took too long.
    Overdue,
}

/// Takes one kind of outcome out; anything else means that the job was overdue.
macro_rules! take {
    ($name:ident, $variant:ident, $ok:ty, $error:ty, $overdue:expr) => {
        pub(super) fn $name(self) -> Result<$ok, $error> {
            let Self::$variant(result) = self else { return Err($overdue) };
            result
        }
    };
}

impl Outcome {
    take!(
        connection,
        Connection,
        Box<ConnectionGrant>,
        TokenError,
        TokenError::Unavailable("overdue".into())
    );
    take!(
        subscription,
        Subscription,
        Box<SubscriptionGrant>,
        TokenError,
        TokenError::Unavailable("overdue".into())
    );
    take!(verdict, Asked, Box<Verdict>, HookError, HookError::Unavailable("overdue".into()));
    take!(done, Done, (), ErrorCode, ErrorCode::Internal);
    take!(history, History, StreamView, ErrorCode, ErrorCode::Internal);
    take!(members, Members, Vec<Arc<ClientInfo>>, ErrorCode, ErrorCode::Internal);
    take!(count, Count, Headcount, ErrorCode, ErrorCode::Internal);
}
