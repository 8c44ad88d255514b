//! What a connected session knows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ports::channels::{Address, ChannelName, ClientInfo};
use ports::ids::UserId;
use ports::protocol::{Resume, SubscribeAnswer};
use ports::time::Timestamp;

use super::Farewell;
use super::face::Face;
use super::subscriptions::Subscriptions;
use super::task::{Granted, Plan};

/// The state of a connection that has introduced itself.
#[derive(Debug)]
pub(super) struct Live {
    /// When it was established.
    pub(super) since: Timestamp,
    pub(super) face: Face,
    pub(super) expire_at: Option<Timestamp>,
    /// The channels its token gave it.
    pub(super) granted: Box<[ChannelName]>,
    pub(super) subscriptions: Subscriptions,
    /// The earliest expiry of a subscription.
    pub(super) subscription_expiry: Timestamp,
    /// Number of the latest subscription.
    pub(super) joins: u32,
    pub(super) ping_at: Timestamp,
    /// When the outstanding ping must have been answered; never if none is outstanding.
    pub(super) pong_until: Timestamp,
    /// How many bytes may still be recovered before the client has shown, by a pong, that it has read what it got
    /// (P-REC-5).
    pub(super) recovery_bytes: usize,
    /// How many were recovered after the latest ping, which its pong says nothing about.
    pub(super) recovered_since_ping: usize,
    /// Error replies since the latest ping.
    pub(super) errors: u32,
    /// Present until the connect reply is out.
    pub(super) connecting: Option<Box<Connecting>>,
}

/// Server-side subscriptions being made for the connect reply.
#[derive(Debug)]
pub(super) struct Connecting {
    pub(super) id: u32,
    pub(super) remaining: VecDeque<Granted>,
    pub(super) resume: BTreeMap<String, Resume>,
    pub(super) answers: BTreeMap<ChannelName, SubscribeAnswer>,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) join: u32,
    pub(super) address: Arc<Address>,
    /// How others see it in the channel; `None` where it is not shown and has nothing to add.
    pub(super) info: Option<Arc<ClientInfo>>,
    pub(super) is_server_side: bool,
    /// The back end allowed it; the client cannot refresh it.
    pub(super) by_hook: bool,
    pub(super) presence: bool,
    /// Others are being told of the join, or have been.
    pub(super) announced: bool,
    pub(super) expire_at: Option<Timestamp>,
}

impl From<Plan> for Subscription {
    fn from(plan: Plan) -> Self {
        Self {
            join: plan.join,
            address: plan.address,
            info: plan.info,
            is_server_side: plan.origin.is_server(),
            by_hook: plan.by_hook,
            presence: plan.presence,
            announced: false,
            expire_at: plan.expire_at,
        }
    }
}

impl Subscription {
    /// The channel.
    pub(super) fn channel(&self) -> &ChannelName {
        self.address.place.channel()
    }

    /// What its end leaves to be done, if anything.
    pub(super) fn farewell(&self) -> Option<Farewell> {
        let info = self.info.clone().filter(|_| self.presence || self.announced)?;
        let address = Arc::clone(&self.address);
        Some(Farewell { address, info, presence: self.presence, notice: self.announced })
    }
}

impl Live {
    /// The user.
    pub(super) fn user(&self) -> &UserId {
        self.face.user()
    }

    /// The channels it is subscribed to.
    pub(super) fn channels(&self) -> Vec<ChannelName> {
        self.subscriptions.iter().map(|subscription| subscription.channel().clone()).collect()
    }

    pub(super) fn remember(&mut self, subscription: Subscription) {
        let expire_at = subscription.expire_at.unwrap_or(Timestamp::NEVER);
        self.subscription_expiry = self.subscription_expiry.min(expire_at);
        if self.subscriptions.insert(subscription).is_some() {
            self.find_subscription_expiry();
        }
    }

    pub(super) fn forget(&mut self, channel: &ChannelName) -> Option<Subscription> {
        let subscription = self.subscriptions.remove(channel)?;
        if subscription.expire_at.is_some() {
            self.find_subscription_expiry();
        }
        Some(subscription)
    }

    pub(super) fn find_subscription_expiry(&mut self) {
        let expiries = self.subscriptions.iter().filter_map(|subscription| subscription.expire_at);
        self.subscription_expiry = expiries.min().unwrap_or(Timestamp::NEVER);
    }
}
