//! From a plan to a subscription: presence, the feed's admission, the answer, and the join that others are told of.

use std::sync::Arc;

use ports::channels::{Address, ChannelName, Publication};
use ports::protocol::{Answer, ErrorCode, Recovered, SubscribeAnswer};
use ports::time::Timestamp;

use super::live::Subscription;
use super::task::{Origin, Plan, Task, Work};
use super::{Admission, Effect, Job, Join, Session, answer, refusal};
use crate::channels::delta;

impl Session {
    /// Presence first, so that it is there before the reply (P-SUB-3).
    pub(super) fn enter(&mut self, now: Timestamp, plan: Box<Plan>, effects: &mut Vec<Effect>) {
        match plan.info.clone().filter(|_| plan.presence) {
            Some(info) => {
                let work = Job::Enter { address: Arc::clone(&plan.address), info };
                self.run(now, Task::Entering(plan), work, effects);
            }
            None => self.join(now, plan, effects),
        }
    }

    pub(super) fn join(&mut self, now: Timestamp, mut plan: Box<Plan>, effects: &mut Vec<Effect>) {
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
        address: Arc<Address>,
        join: u32,
        outcome: Result<Admission, ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(Task::Joining(mut plan)) =
            self.task.take_if(|task| matches!(task, Task::Joining(plan) if plan.join == join))
        else {
            return;
        };
        plan.address = address;
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
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        let info = plan.info.as_ref().map(|info| live.face.in_channel(client, info.chan_info.clone()));
        let is_stale = plan.info != info;
        plan.info = info;
        live.recovery_bytes = live.recovery_bytes.saturating_sub(recovered_bytes);
        live.recovered_since_ping += recovered_bytes;
        let renewal_at = plan.expire_at.filter(|_| plan.by_hook);
        live.remember(Subscription::from(plan));
        if let Some(at) = renewal_at {
            self.renew_subscription_at(&channel, join, at);
        }
        if is_stale {
            // The connection has been refreshed meanwhile (P-CONN-13).
            self.backlog.push_front(Work::Enter { channel: channel.clone(), join });
        }
        match origin {
            Origin::Command(id) => {
                effects.push(answer(id, Answer::Subscribe(Box::new(subscribed))));
                if announces {
                    self.announce(now, &channel, join, effects);
                }
            }
            Origin::Token => {
                if let Some(connecting) = self.live_mut().and_then(|live| live.connecting.as_mut()) {
                    connecting.answers.insert(channel.clone(), subscribed);
                }
                if announces {
                    // Before any command that came with the connect and could end the subscription.
                    self.backlog.push_front(Work::Announce { channel, join });
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
        let Some(info) = subscription.info.clone() else { return };
        subscription.announced = true;
        let address = Arc::clone(&subscription.address);
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
        let Some(info) = subscription.info.clone() else { return };
        let address = Arc::clone(&subscription.address);
        self.run(now, Task::Announcing, Job::Enter { address, info }, effects);
    }

    pub(super) fn not_joined(
        &mut self,
        now: Timestamp,
        plan: &Plan,
        error: ErrorCode,
        effects: &mut Vec<Effect>,
    ) {
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
        expiry: super::timers::ttl(now, plan.expire_at.filter(|_| !plan.origin.is_server() && !plan.by_hook)),
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
