//! What a session waits for, and what waits for the session.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ports::access::ChannelGrant;
use ports::channels::{Address, ChannelName, ClientInfo, Retention};
use ports::ids::UserId;
use ports::orders::Order;
use ports::protocol::{Answer, Command, ConnectRequest, ErrorCode, Recovery, Resume, SubscribeRequest};
use ports::time::Timestamp;

use super::hooking::Asked;
use super::{Effect, Farewell, Job, Outcome, Session, Stage, answer, refusal};
use crate::channels::Filter;

/// A command under way. What is more than its number is behind a pointer: an idle session has none.
#[derive(Debug)]
pub(super) enum Task {
    /// The connection token is being checked.
    Authenticating { id: u32, request: Box<ConnectRequest> },
    /// The user's connections are being counted.
    Arriving(Box<Arrival>),
    /// The subscription token is being checked.
    Authorising(Box<Permission>),
    /// Presence is being added.
    Entering(Box<Plan>),
    /// The feed has been asked.
    Joining(Box<Plan>),
    /// A join is being told to others, or presence brought up to date; nobody waits for it.
    Announcing,
    /// Presence is being removed and a leave told.
    Departing(Box<Departure>),
    /// The broker is appending.
    Publishing { id: u32 },
    /// A stream is being read.
    ReadingHistory { id: u32 },
    /// Presence is being read.
    ReadingMembers { id: u32 },
    /// Presence is being counted.
    Counting { id: u32 },
    /// A new connection token is being checked.
    Refreshing { id: u32 },
    /// A new subscription token is being checked.
    SubRefreshing(Box<Renewal>),
    /// The application's back end is being asked.
    Asking(Box<Asked>),
}

/// A subscription that needs a token.
#[derive(Debug)]
pub(super) struct Permission {
    pub(super) id: u32,
    pub(super) channel: ChannelName,
    pub(super) request: SubscribeRequest,
}

/// The rest of ended subscriptions.
#[derive(Debug)]
pub(super) struct Departure {
    /// The command that wants a reply, if one does.
    pub(super) id: Option<u32>,
    pub(super) farewells: Vec<Farewell>,
}

/// A subscription whose token is being replaced.
#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) id: u32,
    pub(super) channel: ChannelName,
}

/// A subscription about to be made, with everything decided.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) origin: Origin,
    pub(super) address: Arc<Address>,
    pub(super) stream: Option<Retention>,
    pub(super) join: u32,
    pub(super) recover: Option<Recovery>,
    pub(super) was_recovering: bool,
    pub(super) refuse_unrecoverable: bool,
    pub(super) positioned: bool,
    pub(super) recoverable: bool,
    pub(super) notices: bool,
    pub(super) cache: bool,
    pub(super) delta: bool,
    pub(super) filter: Option<Arc<Filter>>,
    pub(super) presence: bool,
    pub(super) announces: bool,
    pub(super) info: Option<Arc<ClientInfo>>,
    pub(super) data: Option<Bytes>,
    pub(super) expire_at: Option<Timestamp>,
    /// The back end allowed it, and is asked again when it expires.
    pub(super) by_hook: bool,
}

/// Who wants a subscription.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The client, by this command.
    Command(u32),
    /// The connection token.
    Token,
    /// The application, while the connection lives.
    Order(#[expect(dead_code, reason = "an order is done when nobody holds it any more")] Arc<Order>),
}

impl Origin {
    /// Whether the subscription is the server's: the client cannot refresh it.
    pub(super) fn is_server(&self) -> bool {
        !matches!(self, Self::Command(_))
    }
}

/// A client that is known, but not counted yet.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: u32,
    pub(super) user: UserId,
    pub(super) expire_at: Option<Timestamp>,
    pub(super) info: Option<Bytes>,
    /// The channels of the token.
    pub(super) channels: Vec<ChannelName>,
    /// All channels that the server subscribes it to.
    pub(super) granted: Vec<Granted>,
    pub(super) resume: BTreeMap<String, Resume>,
}

/// What waits for its turn.
#[derive(Debug)]
pub(super) enum Work {
    /// A command.
    Command(Command),
    /// The rest of an ended subscription.
    Depart(Farewell),
    /// Something that cannot be read; nothing after it counts.
    Malformed,
    /// A subscription's presence to be brought up to date, if it still holds.
    Enter { channel: ChannelName, join: u32 },
    /// A subscription's join to be told, if it still holds.
    Announce { channel: ChannelName, join: u32 },
    /// Something the application wants done.
    Order(Arc<Order>),
    /// The user's older connections to be told of this one.
    KeepNewest,
    /// The back end to be asked whether the connection goes on.
    Renew,
    /// The back end to be asked whether a subscription goes on, if it still holds.
    RenewSubscription { channel: ChannelName, join: u32 },
}

/// A server-side subscription still to be made.
pub(super) type Granted = (ChannelName, ChannelGrant);

impl Task {
    /// Whether the back end is being asked to let something go on.
    pub(super) fn renews(&self) -> bool {
        matches!(self, Self::Asking(asked) if matches!(**asked, Asked::Refresh | Asked::SubRefresh { .. }))
    }
}

impl Plan {
    /// Presence may hold an entry that nobody will use.
    pub(super) fn farewell(&self) -> Option<Farewell> {
        let info = self.info.clone().filter(|_| self.presence)?;
        Some(Farewell { address: Arc::clone(&self.address), info, presence: true, notice: false })
    }
}

impl Session {
    pub(super) fn job_done(&mut self, now: Timestamp, job: u32, outcome: Outcome, effects: &mut Vec<Effect>) {
        if job != self.job {
            return;
        }
        if matches!(self.stage, Stage::Ending { .. }) {
            return self.clean_up_or_retry(now, outcome, effects);
        }
        let Some(task) = self.task.take() else { return };
        self.finish(now, task, outcome, effects);
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// A task that took too long ends as if its job had failed.
    pub(super) fn give_up_task(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.job = self.job.wrapping_add(1);
        let Some(task) = self.task.take() else { return };
        if let Task::Joining(plan) = task {
            effects.push(Effect::Leave(Arc::clone(&plan.address)));
            self.not_joined(now, &plan, ErrorCode::Internal, effects);
        } else {
            self.finish(now, task, Outcome::Overdue, effects);
        }
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// Undoes presence and tells of leaves; answers the `unsubscribe` that asked for it, if one did.
    pub(super) fn depart(
        &mut self,
        now: Timestamp,
        id: Option<u32>,
        farewells: Vec<Farewell>,
        effects: &mut Vec<Effect>,
    ) {
        let task = Task::Departing(Box::new(Departure { id, farewells: farewells.clone() }));
        self.run(now, task, Job::Depart(farewells), effects);
    }

    fn finish(&mut self, now: Timestamp, task: Task, outcome: Outcome, effects: &mut Vec<Effect>) {
        match task {
            Task::Authenticating { id, request } => {
                self.authenticated(now, id, request.subs, outcome.connection(), effects);
            }
            Task::Arriving(arrival) => self.refuse(now, arrival.id, ErrorCode::Internal, effects),
            Task::Authorising(permission) => {
                self.authorised(now, *permission, outcome.subscription(), effects);
            }
            Task::Entering(plan) => match outcome.done() {
                Ok(()) => self.join(now, plan, effects),
                Err(error) => self.not_joined(now, &plan, error, effects),
            },
            Task::Joining(plan) => self.task = Some(Task::Joining(plan)),
            Task::Announcing => {}
            Task::Departing(departure) => {
                let Departure { id, farewells } = *departure;
                if outcome.done().is_err() {
                    self.backlog.owe(farewells);
                }
                effects.extend(id.map(|id| answer(id, Answer::Unsubscribe)));
            }
            Task::Publishing { id } => {
                effects
                    .push(outcome.done().map_or_else(|e| refusal(id, e), |()| answer(id, Answer::Publish)));
            }
            Task::ReadingHistory { id } => self.history_read(id, outcome.history(), effects),
            Task::ReadingMembers { id } => {
                let members = outcome.members();
                effects.push(members.map_or_else(|e| refusal(id, e), |m| answer(id, Answer::Presence(m))));
            }
            Task::Counting { id } => {
                let count = outcome.count();
                effects.push(count.map_or_else(|e| refusal(id, e), |c| answer(id, Answer::PresenceStats(c))));
            }
            Task::Refreshing { id } => self.refreshed(now, id, outcome.connection(), effects),
            Task::SubRefreshing(renewal) => {
                let Renewal { id, channel } = *renewal;
                self.sub_refreshed(now, id, &channel, outcome.subscription(), effects);
            }
            Task::Asking(asked) => self.told(now, *asked, outcome.verdict(), effects),
        }
    }
}
