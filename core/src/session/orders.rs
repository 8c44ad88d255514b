//! What the application does with a living connection (P-SS-1, P-SS-5, P-EXP-7, P-CH-6).

use std::cmp::Ordering;
use std::sync::Arc;

use ports::channels::{ChannelName, Event, Publication, Published};
use ports::orders::{Action, Order, Subscribe, Target};
use ports::protocol::{Disconnect, Push, SubscribeAnswer, UnsubscribeCode};
use ports::time::Timestamp;

use super::subscribing::cached_at_once;
use super::task::{Origin, Task, Work};
use super::{Effect, Job, Session, timers};

/// Orders waiting for one connection; one that keeps so many waiting is asked to come again.
const WAITING_MAX: usize = 256;

impl Session {
    /// Whether an order for this target concerns this connection, given that the user is the right one.
    pub fn is_meant_by(&self, target: &Target) -> bool {
        target.client.is_none_or(|client| client == self.client)
            && target.session.is_none_or(|session| self.emulation() == Some(session))
    }

    /// What ends the connection or only changes its expiry is done at once; what concerns subscriptions takes its turn
    /// among the client's commands.
    pub(super) fn ordered(&mut self, now: Timestamp, order: Arc<Order>, effects: &mut Vec<Effect>) {
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        match &order.action {
            Action::Disconnect { disconnect, spare } => {
                if !spare.contains(&client) {
                    self.end(now, disconnect.clone(), effects);
                }
            }
            Action::KeepNewest { since, client: newest } => {
                match (live.since, client).cmp(&(*since, *newest)) {
                    Ordering::Less => self.end(now, Disconnect::CONNECTION_LIMIT, effects),
                    Ordering::Equal => {}
                    // It may have come too late to hear of this one.
                    Ordering::Greater if live.connecting.is_none() && !self.will_announce() => {
                        self.take_turn(now, Work::KeepNewest, effects);
                    }
                    Ordering::Greater => {}
                }
            }
            Action::Refresh { expire_at, info } => {
                if expire_at.is_some_and(|at| at <= now) {
                    return self.end(now, Disconnect::EXPIRED, effects);
                }
                live.expire_at = *expire_at;
                let is_answered = live.connecting.is_none();
                self.renew_at(*expire_at);
                if is_answered {
                    let told = expire_at.filter(|_| !self.is_welcome());
                    effects.push(Effect::Push(Push::Refresh(timers::ttl(now, told))));
                }
                if let Some(info) = info {
                    self.show_info(Some(info.clone()));
                }
                if self.task.is_none() {
                    self.settle(effects);
                }
            }
            Action::Subscribe(_) | Action::Unsubscribe { .. } => {
                self.take_turn(now, Work::Order(order), effects);
            }
        }
    }

    fn will_announce(&self) -> bool {
        self.backlog.iter().any(|work| matches!(work, Work::KeepNewest))
    }

    /// Does what the application wants after everything that came before it.
    pub(super) fn take_turn(&mut self, now: Timestamp, work: Work, effects: &mut Vec<Effect>) {
        if self.backlog.len() >= WAITING_MAX {
            return self.end(now, Disconnect::FORCE_RECONNECT, effects);
        }
        if self.is_doomed() {
            return;
        }
        let is_free = self.task.is_none() && self.backlog.is_empty();
        self.backlog.push_back(work);
        if is_free {
            self.work_on(now, effects);
        }
    }

    pub(super) fn obey(&mut self, now: Timestamp, order: Arc<Order>, effects: &mut Vec<Effect>) {
        match &order.action {
            Action::Subscribe(wish) => self.subscribe_by_order(now, wish, &order, effects),
            Action::Unsubscribe { channel: Some(channel) } => self.unsubscribe_by_order(channel, effects),
            Action::Unsubscribe { channel: None } => {
                let all = self.live().map(|live| live.channels());
                all.iter().flatten().for_each(|channel| self.unsubscribe_by_order(channel, effects));
            }
            Action::Disconnect { .. } | Action::KeepNewest { .. } | Action::Refresh { .. } => {}
        }
    }

    /// A connection that is subscribed already, or has as many channels as it may, stays as it is.
    fn subscribe_by_order(
        &mut self,
        now: Timestamp,
        wish: &Subscribe,
        order: &Arc<Order>,
        effects: &mut Vec<Effect>,
    ) {
        let realm = Arc::clone(&self.realm);
        let Ok(namespace) = realm.settings.namespaces.find(&wish.channel) else { return };
        let Some(live) = self.live() else { return };
        let is_full = live.subscriptions.len() >= realm.settings.channels_max;
        let is_over = wish.expire_at.is_some_and(|at| at <= now);
        if live.subscriptions.contains(&wish.channel) || is_full || is_over {
            return;
        }
        let options = namespace.overridden(wish.details.overrides);
        let origin = Origin::Order(Arc::clone(order));
        let mut plan = self.server_side_plan(origin, wish.channel.clone(), &options, wish.details.clone());
        let recover = wish.recover.clone().or_else(|| cached_at_once(&options));
        plan.was_recovering = recover.is_some();
        plan.recover = recover.filter(|_| plan.recoverable);
        plan.expire_at = wish.expire_at;
        self.enter(now, Box::new(plan), effects);
    }

    /// The client learns of the subscription, then gets what it missed like anything that is published.
    pub(super) fn tell_subscribed(
        channel: ChannelName,
        address: &Arc<ports::channels::Address>,
        mut answer: SubscribeAnswer,
        effects: &mut Vec<Effect>,
    ) {
        let missed: Vec<Arc<Publication>> =
            std::mem::take(&mut answer.publications).into_iter().map(|item| item.publication).collect();
        let epoch = answer.position.as_ref().map(|position| position.epoch.clone());
        effects.push(Effect::Push(Push::Subscribe { channel, answer: Box::new(answer) }));
        for publication in missed {
            let event = Event::Publication(publication, epoch.clone());
            effects.push(Effect::Deliver(Arc::new(Published::new(Arc::clone(address), event))));
        }
    }

    /// The subscription has ended before the client is told (P-SUB-9).
    fn unsubscribe_by_order(&mut self, channel: &ChannelName, effects: &mut Vec<Effect>) {
        let Some(subscription) = self.live_mut().and_then(|live| live.forget(channel)) else { return };
        effects.push(Effect::Leave(Arc::clone(&subscription.address)));
        self.waiting_farewell(subscription.farewell());
        let code = UnsubscribeCode::Server;
        effects.push(Effect::Push(Push::Unsubscribe { channel: channel.clone(), code }));
    }

    /// Tells the user's other connections, on all nodes, that this one has come.
    pub(super) fn keep_newest(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(live) = self.live() else { return };
        let order = Order {
            tenant: self.realm.tenant.clone(),
            target: Target { user: live.user().clone(), client: None, session: None },
            action: Action::KeepNewest { since: live.since, client: self.client },
        };
        self.run(now, Task::Announcing, Job::Order(Arc::new(order)), effects);
    }
}
