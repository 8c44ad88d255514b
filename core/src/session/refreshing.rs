//! `refresh` and `sub_refresh`: new tokens over the living connection (P 5.4, 7.6).

use bytes::Bytes;
use ports::access::{ConnectionGrant, SubscriptionGrant, TokenError};
use ports::channels::ChannelName;
use ports::protocol::{Answer, Disconnect, ErrorCode};
use ports::time::Timestamp;

use super::face::Face;
use super::task::{Renewal, Task, Work};
use super::{Effect, Job, Session, answer, refusal, timers};

impl Session {
    pub(super) fn refresh(&mut self, now: Timestamp, id: u32, token: String, effects: &mut Vec<Effect>) {
        if token.is_empty() || self.is_welcome() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        self.run(now, Task::Refreshing { id }, Job::VerifyConnection { token }, effects);
    }

    pub(super) fn refreshed(
        &mut self,
        now: Timestamp,
        id: u32,
        result: Result<Box<ConnectionGrant>, TokenError>,
        effects: &mut Vec<Effect>,
    ) {
        let grant = match result {
            Ok(grant) => grant,
            Err(TokenError::Expired) => return self.end(now, Disconnect::EXPIRED, effects),
            Err(TokenError::Invalid(_)) => return self.end(now, Disconnect::INVALID_TOKEN, effects),
            Err(TokenError::Unavailable(_)) => return effects.push(refusal(id, ErrorCode::Internal)),
        };
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        if grant.user != *live.user() {
            return self.end(now, Disconnect::INVALID_TOKEN, effects);
        }
        if grant.expire_at.is_some_and(|at| at <= now) {
            return self.end(now, Disconnect::EXPIRED, effects);
        }
        let same_channels = live.granted.iter().map(ChannelName::as_str).eq(grant.channels.keys());
        if !same_channels {
            return self.end(now, Disconnect::INSUFFICIENT_STATE, effects);
        }
        live.expire_at = grant.expire_at;
        let expiry = timers::ttl(now, grant.expire_at);
        effects.push(answer(id, Answer::Refresh { client, expiry }));
        self.show_info(grant.info);
    }

    /// If what the connection says of itself has changed, its subscriptions and their presence follow (P-CONN-13).
    pub(super) fn show_info(&mut self, conn_info: Option<Bytes>) {
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        if live.face.conn_info() == conn_info.as_ref() {
            return;
        }
        live.face = Face::new(live.user().clone(), client, conn_info);
        let mut stale: Vec<(ChannelName, u32)> = Vec::new();
        for subscription in live.subscriptions.iter_mut() {
            let Some(info) = &mut subscription.info else { continue };
            *info = live.face.in_channel(client, info.chan_info.clone());
            stale.push((subscription.channel().clone(), subscription.join));
        }
        for (channel, join) in stale {
            self.backlog.push_front(Work::Enter { channel, join });
        }
    }

    pub(super) fn sub_refresh(
        &mut self,
        now: Timestamp,
        id: u32,
        raw: &str,
        token: String,
        effects: &mut Vec<Effect>,
    ) {
        if raw.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        let channel = ChannelName::parse(raw).ok();
        let subscribed = |name: &ChannelName| self.live().is_some_and(|l| l.subscriptions.contains(name));
        let Some(channel) = channel.filter(subscribed) else {
            return effects.push(refusal(id, ErrorCode::PermissionDenied));
        };
        let subscription = self.live().and_then(|live| live.subscriptions.get(&channel));
        if subscription.is_some_and(|one| one.is_server_side || one.by_hook) {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        if token.is_empty() {
            return effects.push(refusal(id, ErrorCode::BadRequest));
        }
        let task = Task::SubRefreshing(Box::new(Renewal { id, channel }));
        self.run(now, task, Job::VerifySubscription { token }, effects);
    }

    pub(super) fn sub_refreshed(
        &mut self,
        now: Timestamp,
        id: u32,
        channel: &ChannelName,
        result: Result<Box<SubscriptionGrant>, TokenError>,
        effects: &mut Vec<Effect>,
    ) {
        let grant = match result {
            Ok(grant) => grant,
            Err(TokenError::Expired) => return self.end(now, Disconnect::SUBSCRIPTION_EXPIRED, effects),
            Err(TokenError::Invalid(_)) => return self.end(now, Disconnect::INVALID_TOKEN, effects),
            Err(TokenError::Unavailable(_)) => return effects.push(refusal(id, ErrorCode::Internal)),
        };
        if !self.is_meant(&grant, channel) {
            return self.end(now, Disconnect::INVALID_TOKEN, effects);
        }
        if grant.expire_at.is_some_and(|at| at <= now) {
            return effects.push(refusal(id, ErrorCode::Expired));
        }
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        let Some(subscription) = live.subscriptions.get_mut(channel) else {
            return effects.push(refusal(id, ErrorCode::PermissionDenied));
        };
        subscription.expire_at = grant.expire_at;
        let join = subscription.join;
        let chan_info = grant.details.info;
        let is_seen = subscription.info.is_some() || chan_info.is_some();
        let info = is_seen.then(|| live.face.in_channel(client, chan_info));
        let changed = subscription.info != info;
        subscription.info = info;
        live.find_subscription_expiry();
        effects.push(answer(id, Answer::SubRefresh(timers::ttl(now, grant.expire_at))));
        if changed {
            self.backlog.push_front(Work::Enter { channel: channel.clone(), join });
        }
    }
}
