//! What a session waits for, and what waits for the session.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ports::access::ChannelGrant;
use ports::channels::{Address, ChannelName, ClientInfo, Publication, Retention};
use ports::ids::UserId;
use ports::orders::Order;
use ports::protocol::{
    Answer, Command, ErrorCode, Recovered, Recovery, Resume, SubscribeAnswer, SubscribeRequest,
};
use ports::time::Timestamp;

use super::live::Subscription;
use super::{Admission, Effect, Farewell, Job, Join, Outcome, Session, Stage, answer, refusal};
use crate::channels::{Filter, delta};

/// A command under way.
#[derive(Debug)]
pub(super) enum Task {
    /// The connection token is being checked.
    Authenticating { id: u32, resume: BTreeMap<String, Resume> },
    /// The user's connections are being counted.
    Arriving(Box<Arrival>),
    /// The subscription token is being checked.
    Authorising { id: u32, channel: ChannelName, request: Box<SubscribeRequest> },
    /// Presence is being added.
    Entering(Box<Plan>),
    /// The feed has been asked.
    Joining(Box<Plan>),
    /// A join is being told to others, or presence brought up to date; nobody waits for it.
    Announcing,
    /// Presence is being removed and a leave told; a command may want its reply.
    Departing { id: Option<u32>, farewells: Vec<Farewell> },
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
    SubRefreshing { id: u32, channel: ChannelName },
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
    pub(super) info: Arc<ClientInfo>,
    pub(super) data: Option<Bytes>,
    pub(super) expire_at: Option<Timestamp>,
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
}

/// A server-side subscription still to be made.
pub(super) type Granted = (ChannelName, ChannelGrant);

impl Plan {
    /// Presence may hold an entry that nobody will use.
    pub(super) fn farewell(&self) -> Option<Farewell> {
        self.presence.then(|| Farewell {
            address: Arc::clone(&self.address),
            info: Arc::clone(&self.info),
            presence: true,
            notice: false,
        })
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
        let task = Task::Departing { id, farewells: farewells.clone() };
        self.run(now, task, Job::Depart(farewells), effects);
    }

    fn finish(&mut self, now: Timestamp, task: Task, outcome: Outcome, effects: &mut Vec<Effect>) {
        match task {
            Task::Authenticating { id, resume } => {
                self.authenticated(now, id, resume, outcome.connection(), effects);
            }
            Task::Arriving(arrival) => self.refuse(now, arrival.id, ErrorCode::Internal, effects),
            Task::Authorising { id, channel, request } => {
                self.authorised(now, id, channel, &request, outcome.subscription(), effects);
            }
            Task::Entering(plan) => match outcome.done() {
                Ok(()) => self.join(now, plan, effects),
                Err(error) => self.not_joined(now, &plan, error, effects),
            },
            Task::Joining(plan) => self.task = Some(Task::Joining(plan)),
            Task::Announcing => {}
            Task::Departing { id, farewells } => {
                if outcome.done().is_err() {
                    self.failed_farewells.extend(farewells);
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
            Task::SubRefreshing { id, channel } => {
                self.sub_refreshed(now, id, &channel, outcome.subscription(), effects);
            }
        }
    }

    /// Presence first, so that it is there before the reply (P-SUB-3).
    pub(super) fn enter(&mut self, now: Timestamp, plan: Box<Plan>, effects: &mut Vec<Effect>) {
        if plan.presence {
            let work = Job::Enter { address: Arc::clone(&plan.address), info: Arc::clone(&plan.info) };
            self.run(now, Task::Entering(plan), work, effects);
        } else {
            self.join(now, plan, effects);
        }
    }

    fn join(&mut self, now: Timestamp, mut plan: Box<Plan>, effects: &mut Vec<Effect>) {
        let Some(live) = self.live_mut() else { return };
        live.joins = live.joins.wrapping_add(1);
        plan.join = live.joins;
        let recovery_bytes_max = live.recovery_bytes;
        effects.push(Effect::Join(Join {
            address: Arc::clone(&plan.address),
            stream: plan.stream,
            join: plan.join,
            recover: plan.recover.clone(),
            recovery_bytes_max,
            refuse_unrecoverable: plan.refuse_unrecoverable,
            positioned: plan.positioned,
            notices: plan.notices,
            cache: plan.cache,
            delta: plan.delta,
            filter: plan.filter.clone(),
        }));
        self.begin(now, Task::Joining(plan));
    }

    pub(super) fn joined(
        &mut self,
        now: Timestamp,
        join: u32,
        outcome: Result<Admission, ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(Task::Joining(plan)) =
            self.task.take_if(|task| matches!(task, Task::Joining(plan) if plan.join == join))
        else {
            return;
        };
        match outcome {
            Ok(admission) => self.subscribed(now, *plan, admission, effects),
            Err(error) => self.not_joined(now, &plan, error, effects),
        }
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    fn subscribed(
        &mut self,
        now: Timestamp,
        mut plan: Plan,
        admission: Admission,
        effects: &mut Vec<Effect>,
    ) {
        let recovered = admission.recovered.iter().flatten();
        let recovered_bytes: usize = recovered.map(|publication| publication.payload_bytes()).sum();
        let subscribed = subscribe_answer(now, &plan, admission);
        let (origin, announces, join) = (plan.origin.clone(), plan.announces, plan.join);
        let address = Arc::clone(&plan.address);
        let channel = address.place.channel().clone();
        let info = self.info_with(plan.info.chan_info.clone());
        if plan.info != info {
            // The connection has been refreshed meanwhile (P-CONN-13).
            plan.info = info;
            self.waiting.push_front(Work::Enter { channel: channel.clone(), join });
        }
        let Some(live) = self.live_mut() else { return };
        live.recovery_bytes = live.recovery_bytes.saturating_sub(recovered_bytes);
        live.recovered_since_ping += recovered_bytes;
        live.remember(Subscription::from(plan));
        match origin {
            Origin::Command(id) => {
                effects.push(answer(id, Answer::Subscribe(Box::new(subscribed))));
                if announces {
                    self.announce(now, &channel, join, effects);
                }
            }
            Origin::Token => {
                if let Some(connecting) = &mut live.connecting {
                    connecting.answers.insert(channel.clone(), subscribed);
                }
                if announces {
                    // Before any command that came with the connect and could end the subscription.
                    self.waiting.push_front(Work::Announce { channel, join });
                }
                self.join_next_granted(now, effects);
            }
            Origin::Order(_) => {
                Self::tell_subscribed(channel.clone(), &address, subscribed, effects);
                if announces {
                    self.announce(now, &channel, join, effects);
                }
            }
        }
    }

    /// Tells others of a join, unless the subscription has ended before its turn came.
    pub(super) fn announce(
        &mut self,
        now: Timestamp,
        channel: &ChannelName,
        join: u32,
        effects: &mut Vec<Effect>,
    ) {
        let subscription = self.live_mut().and_then(|live| live.subscriptions.get_mut(channel));
        let Some(subscription) = subscription.filter(|subscription| subscription.join == join) else {
            return;
        };
        subscription.announced = true;
        let (address, info) = (Arc::clone(&subscription.address), Arc::clone(&subscription.info));
        self.run(now, Task::Announcing, Job::Announce { address, info }, effects);
    }

    /// Replaces a subscription's entry in presence with what the connection says of itself now.
    pub(super) fn enter_again(
        &mut self,
        now: Timestamp,
        channel: &ChannelName,
        join: u32,
        effects: &mut Vec<Effect>,
    ) {
        let subscription = self.live().and_then(|live| live.subscriptions.get(channel));
        let Some(subscription) = subscription.filter(|one| one.join == join && one.presence) else { return };
        let (address, info) = (Arc::clone(&subscription.address), Arc::clone(&subscription.info));
        self.run(now, Task::Announcing, Job::Enter { address, info }, effects);
    }

    fn not_joined(&mut self, now: Timestamp, plan: &Plan, error: ErrorCode, effects: &mut Vec<Effect>) {
        match &plan.origin {
            Origin::Command(id) => {
                effects.push(refusal(*id, error));
                self.waiting_farewell(plan.farewell());
            }
            Origin::Order(_) => self.waiting_farewell(plan.farewell()),
            Origin::Token => self.refuse_connect(now, error, plan.farewell(), effects),
        }
    }
}

/// The reply by table 12.2: as requested after a successful recovery, else where the stream stands.
fn subscribe_answer(now: Timestamp, plan: &Plan, admission: Admission) -> SubscribeAnswer {
    let recovered = admission.recovered.is_some();
    let mut position = admission.position.filter(|_| plan.positioned);
    if let (Some(missed), Some(wish), Some(position)) = (&admission.recovered, &plan.recover, &mut position) {
        let is_same = wish.epoch.is_unknown() || wish.epoch == position.epoch;
        // With nothing to move it on, an offset of another timeline would be a place that the client never had.
        if is_same || !missed.is_empty() {
            position.offset = wish.offset;
        }
    }
    SubscribeAnswer {
        expiry: super::timers::ttl(now, plan.expire_at.filter(|_| !plan.origin.is_server())),
        recoverable: plan.recoverable,
        positioned: plan.positioned,
        position,
        was_recovering: plan.was_recovering,
        recovered,
        publications: missed(admission.recovered.unwrap_or_default(), plan.delta),
        data: plan.data.clone(),
        delta: plan.delta,
    }
}

/// What was missed, for a subscriber of deltas each as the difference to the one before (P-DL-5).
fn missed(publications: Vec<Arc<Publication>>, delta: bool) -> Vec<Recovered> {
    let mut base: Option<Arc<Publication>> = None;
    let recovered = publications.into_iter().map(|publication| {
        let base = base.replace(Arc::clone(&publication)).filter(|_| delta);
        let patch = base.and_then(|base| delta::patch(&base.data, &publication.data));
        Recovered { publication, patch }
    });
    recovered.collect()
}
