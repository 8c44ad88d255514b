//! What the back end allowed and has expired: it is asked again, and the client need do nothing (P-EXP-6).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::channels::ChannelName;
use ports::hooks::{Consent, Event, Renewal, Verdict};
use ports::protocol::{Disconnect, Push, UnsubscribeCode};
use ports::time::Timestamp;

use super::hooking::{Asked, Told};
use super::rare::Due;
use super::task::{Task, Work};
use super::{Effect, Session, timers};

/// A back end that fails is asked again after this part of the grace, and at most as much again: four times at least.
const RETRIES: u32 = 8;

impl Session {
    /// The connection ends then, unless the back end says otherwise.
    pub(super) fn renew_at(&mut self, expire_at: Option<Timestamp>) {
        let asks = self.realm.settings.hooks.refresh;
        if let Some(rare) = self.rare.as_mut().filter(|rare| rare.is_welcome) {
            rare.renew_at = expire_at.filter(|_| asks).unwrap_or(Timestamp::NEVER);
        }
    }

    /// A subscription that the back end allowed ends then, unless it says otherwise.
    pub(super) fn renew_subscription_at(&mut self, channel: &ChannelName, join: u32, at: Timestamp) {
        let namespace = self.realm.settings.namespaces.of(channel);
        if !namespace.is_some_and(|namespace| namespace.hooks.sub_refresh) {
            return;
        }
        let mut renewals =
            self.rare.as_mut().map(|rare| std::mem::take(&mut rare.renewals)).unwrap_or_default();
        let subscribed =
            |name: &ChannelName| self.live().is_some_and(|live| live.subscriptions.contains(name));
        renewals.retain(|due| due.channel != *channel && subscribed(&due.channel));
        renewals.push(Due { at, channel: channel.clone(), join });
        self.rare_mut().renewals = renewals;
    }

    /// When the back end is to be asked next. While it is being asked, or is about to be, nothing else falls due.
    pub(super) fn renewal_due(&self) -> Timestamp {
        let Some(rare) = &self.rare else { return Timestamp::NEVER };
        let due = rare.renewals.iter().map(|due| due.at).fold(rare.renew_at, Timestamp::min);
        if due == Timestamp::NEVER || self.is_renewing() { Timestamp::NEVER } else { due }
    }

    fn is_renewing(&self) -> bool {
        let is_asking = self.task.as_ref().is_some_and(Task::renews);
        is_asking
            || self.backlog.iter().any(|work| matches!(work, Work::Renew | Work::RenewSubscription { .. }))
    }

    /// What is due takes its turn among the client's commands, one after another: many at a time would keep them waiting.
    pub(super) fn renew(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.live().is_none() || now < self.renewal_due() {
            return;
        }
        let work = self.next_renewal(now);
        if let Some(work) = work {
            self.take_turn(now, work, effects);
        }
    }

    /// Takes out what fell due first; the connection goes before its subscriptions.
    fn next_renewal(&mut self, now: Timestamp) -> Option<Work> {
        let rare = self.rare.as_mut()?;
        if now >= rare.renew_at {
            rare.renew_at = Timestamp::NEVER;
            return Some(Work::Renew);
        }
        let mut renewals = std::mem::take(&mut rare.renewals);
        renewals.retain(|due| self.holds(&due.channel, due.join));
        let first = renewals.iter().enumerate().min_by_key(|(_, due)| due.at).map(|(index, _)| index);
        let first = first.filter(|index| renewals.get(*index).is_some_and(|due| now >= due.at));
        let due = first.map(|index| renewals.swap_remove(index));
        self.rare_mut().renewals = renewals;
        due.map(|Due { channel, join, .. }| Work::RenewSubscription { channel, join })
    }

    pub(super) fn ask_to_stay(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.ask(now, Event::Refresh, Asked::Refresh, effects);
    }

    pub(super) fn ask_to_keep(
        &mut self,
        now: Timestamp,
        channel: ChannelName,
        join: u32,
        effects: &mut Vec<Effect>,
    ) {
        if !self.holds(&channel, join) {
            return self.renew(now, effects);
        }
        let event = Event::SubRefresh { channel: channel.as_str().to_owned() };
        self.ask(now, event, Asked::SubRefresh { channel, join }, effects);
    }

    /// A failure, or an error, drops nobody before the grace is over.
    pub(super) fn renewed(&mut self, now: Timestamp, told: Told, effects: &mut Vec<Effect>) {
        let renewal = match told.map(|verdict| *verdict) {
            Ok(Verdict::Granted(Consent::Refresh(renewal))) => *renewal,
            Ok(Verdict::Dismissed(disconnect)) => return self.end(now, disconnect, effects),
            Ok(Verdict::Granted(_) | Verdict::Refused(_)) | Err(_) => {
                return self.renew_at(Some(now.plus(self.retry_delay())));
            }
        };
        if is_over(&renewal, now) {
            return self.end(now, Disconnect::EXPIRED, effects);
        }
        if let Some(live) = self.live_mut() {
            live.expire_at = renewal.expire_at;
        }
        self.renew_at(renewal.expire_at);
        if let Some(meta) = renewal.meta {
            self.rare_mut().meta = Some(meta);
        }
        if let Some(info) = renewal.info {
            self.show_info(Some(info));
        }
    }

    pub(super) fn subscription_renewed(
        &mut self,
        now: Timestamp,
        channel: ChannelName,
        join: u32,
        told: Told,
        effects: &mut Vec<Effect>,
    ) {
        if !self.holds(&channel, join) {
            return;
        }
        let renewal = match told.map(|verdict| *verdict) {
            Ok(Verdict::Granted(Consent::SubRefresh(renewal))) => *renewal,
            Ok(Verdict::Dismissed(disconnect)) => return self.end(now, disconnect, effects),
            Ok(Verdict::Granted(_) | Verdict::Refused(_)) | Err(_) => {
                let again_at = now.plus(self.retry_delay());
                return self.renew_subscription_at(&channel, join, again_at);
            }
        };
        if is_over(&renewal, now) {
            return self.expire(channel, effects);
        }
        let Some(live) = self.live_mut() else { return };
        let Some(subscription) = live.subscriptions.get_mut(&channel) else { return };
        subscription.expire_at = renewal.expire_at;
        live.find_subscription_expiry();
        if let Some(info) = renewal.info {
            self.show_in(channel.clone(), info);
        }
        if let Some(at) = renewal.expire_at {
            self.renew_subscription_at(&channel, join, at);
        }
    }

    /// What the connection says of itself in one channel, for all to see.
    fn show_in(&mut self, channel: ChannelName, chan_info: Bytes) {
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        let info = live.face.in_channel(client, Some(chan_info));
        let Some(subscription) = live.subscriptions.get_mut(&channel) else { return };
        let join = subscription.join;
        let former = subscription.info.replace(Arc::clone(&info));
        if former.is_none_or(|former| former != info) {
            self.backlog.push_front(Work::Enter { channel, join });
        }
    }

    /// The subscription ends on the server before the client is told (P-SUB-9).
    fn expire(&mut self, channel: ChannelName, effects: &mut Vec<Effect>) {
        let Some(subscription) = self.live_mut().and_then(|live| live.forget(&channel)) else { return };
        effects.push(Effect::Leave(Arc::clone(&subscription.address)));
        self.waiting_farewell(subscription.farewell());
        effects.push(Effect::Push(Push::Unsubscribe { channel, code: UnsubscribeCode::Expired }));
    }

    fn holds(&self, channel: &ChannelName, join: u32) -> bool {
        let subscription = self.live().and_then(|live| live.subscriptions.get(channel));
        subscription.is_some_and(|subscription| subscription.join == join)
    }

    /// Spread, or all whose back end failed together would ask again together.
    fn retry_delay(&self) -> Duration {
        let step = self.realm.settings.expiry_grace / RETRIES;
        step + timers::first_ping(step, self.luck)
    }
}

fn is_over(renewal: &Renewal, now: Timestamp) -> bool {
    renewal.expired || renewal.expire_at.is_some_and(|at| at <= now)
}
