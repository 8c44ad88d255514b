//! `subscribe` and `unsubscribe` (P section 7).

use std::sync::Arc;

use bytes::Bytes;
use ports::access::{ChannelGrant, SubscriptionGrant, TokenError};
use ports::channels::{Address, ChannelName, ClientInfo, Epoch};
use ports::protocol::{Answer, Disconnect, ErrorCode, Recovery, SubscribeRequest};
use ports::time::Timestamp;

use super::task::{Origin, Permission, Plan, Task};
use super::{Effect, Job, Session, answer, refusal};
use crate::channels::permission::{self, Party};
use crate::channels::{Asked, Filter, Namespace, RecoveryMode};

/// What a permission to subscribe comes with.
pub(super) struct Ticket {
    pub(super) expire_at: Option<Timestamp>,
    pub(super) details: ChannelGrant,
    pub(super) by_hook: bool,
}

/// What the client may ask for in `delta`.
pub(super) const DELTA_FORMAT: &str = "fossil";

impl Session {
    pub(super) fn subscribe(
        &mut self,
        now: Timestamp,
        id: u32,
        request: SubscribeRequest,
        effects: &mut Vec<Effect>,
    ) {
        let delta_is_known = request.delta.is_empty() || request.delta == DELTA_FORMAT;
        if request.channel.is_empty() || !delta_is_known {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        let channel = match self.may_begin(&request.channel) {
            Ok(channel) => channel,
            Err(error) => return effects.push(refusal(id, error)),
        };
        if !request.token.is_empty() {
            let work = Job::VerifySubscription { token: request.token.clone() };
            let task = Task::Authorising(Box::new(Permission { id, channel, request }));
            return self.run(now, task, work, effects);
        }
        let Some(namespace) = self.realm.settings.namespaces.of(&channel) else { return };
        if permission::subscribe_is_asked(namespace, &channel) {
            return self.ask_to_subscribe(now, Permission { id, channel, request }, effects);
        }
        if let Err(error) = permission::subscribe(namespace, &channel, self.party(false)) {
            return effects.push(refusal(id, error));
        }
        let free = Ticket { expire_at: None, details: ChannelGrant::default(), by_hook: false };
        self.plan(now, Permission { id, channel, request }, free, effects);
    }

    /// Checks 2 to 5 of the order in P 7.2.
    fn may_begin(&self, raw: &str) -> Result<ChannelName, ErrorCode> {
        let live = self.live().ok_or(ErrorCode::Internal)?;
        let channel = ChannelName::parse(raw).map_err(|_| ErrorCode::BadRequest)?;
        if live.subscriptions.contains(&channel) {
            return Err(ErrorCode::AlreadySubscribed);
        }
        if live.subscriptions.len() >= self.realm.settings.channels_max {
            return Err(ErrorCode::LimitExceeded);
        }
        self.realm.settings.namespaces.find(&channel)?;
        Ok(channel)
    }

    pub(super) fn authorised(
        &mut self,
        now: Timestamp,
        permission: Permission,
        result: Result<Box<SubscriptionGrant>, TokenError>,
        effects: &mut Vec<Effect>,
    ) {
        let id = permission.id;
        let grant = match result {
            Ok(grant) => grant,
            Err(TokenError::Expired) => return effects.push(refusal(id, ErrorCode::TokenExpired)),
            Err(TokenError::Invalid(_)) => return effects.push(refusal(id, ErrorCode::PermissionDenied)),
            Err(TokenError::Unavailable(_)) => return effects.push(refusal(id, ErrorCode::Internal)),
        };
        if !self.is_meant(&grant, &permission.channel) {
            return self.end(now, Disconnect::INVALID_TOKEN, effects);
        }
        let ticket = Ticket { expire_at: grant.expire_at, details: grant.details, by_hook: false };
        self.plan(now, permission, ticket, effects);
    }

    /// Whether a subscription token was made for this user, channel and connection.
    pub(super) fn is_meant(&self, grant: &SubscriptionGrant, channel: &ChannelName) -> bool {
        self.live().is_some_and(|live| *live.user() == grant.user)
            && grant.channel == channel.as_str()
            && grant.client.as_ref().is_none_or(|client| *client == self.client.to_string())
    }

    pub(super) fn plan(
        &mut self,
        now: Timestamp,
        permission: Permission,
        ticket: Ticket,
        effects: &mut Vec<Effect>,
    ) {
        let Permission { id, channel, request } = permission;
        let Ticket { expire_at, details, by_hook } = ticket;
        let realm = Arc::clone(&self.realm);
        let Some(namespace) = realm.settings.namespaces.of(&channel) else {
            // It went away while the token was being verified.
            return effects.push(refusal(id, ErrorCode::UnknownChannel));
        };
        let options = namespace.overridden(details.overrides);
        let filter =
            wanted_filter(&options, &request).and_then(|filter| not_past(expire_at, now).map(|()| filter));
        let filter = match filter {
            Ok(filter) => filter,
            Err(error) => return effects.push(refusal(id, error)),
        };
        let party = self.party(true);
        let may_read_history = permission::history(&options, party).is_ok();
        let features = options.features(Some(Asked {
            recoverable: request.recoverable,
            positioned: request.positioned,
            may_read_history,
        }));
        let notices = self.wants_notices(&options, &request);
        let recover = request.recover.clone().or_else(|| cached_at_once(&options));
        let plan = Plan {
            origin: Origin::Command(id),
            address: Arc::new(Address::public(realm.tenant.clone(), channel)),
            stream: features.stream,
            join: 0,
            was_recovering: recover.is_some(),
            recover: recover.filter(|_| features.recoverable),
            refuse_unrecoverable: request.flags.refuse_unrecoverable() && !options.is_cache(),
            positioned: features.positioned,
            recoverable: features.recoverable,
            notices,
            cache: options.is_cache(),
            delta: options.delta && !request.delta.is_empty(),
            filter,
            presence: options.presence.is_some(),
            announces: options.join_leave,
            info: self.shown(&options, details.info),
            data: details.data,
            expire_at,
            by_hook,
        };
        self.enter(now, Box::new(plan), effects);
    }

    /// How others see the connection in a channel, if it is shown there or has something to add.
    pub(super) fn shown(&self, options: &Namespace, chan_info: Option<Bytes>) -> Option<Arc<ClientInfo>> {
        let is_shown = options.presence.is_some() || options.join_leave || chan_info.is_some();
        let live = self.live().filter(|_| is_shown)?;
        Some(live.face.in_channel(self.client, chan_info))
    }

    fn wants_notices(&self, options: &Namespace, request: &SubscribeRequest) -> bool {
        let asked = request.join_leave && permission::presence(options, self.party(true)).is_ok();
        options.join_leave && (options.force_push_join_leave || asked)
    }

    pub(super) fn party(&self, subscribed: bool) -> Party<'_> {
        match self.live() {
            Some(live) => {
                Party::Client { user: live.user(), subscribed, insecure: self.realm.settings.insecure }
            }
            None => Party::Nobody,
        }
    }

    pub(super) fn unsubscribe(&mut self, now: Timestamp, id: u32, raw: &str, effects: &mut Vec<Effect>) {
        if raw.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        let Some(live) = self.live_mut() else { return };
        let subscription = ChannelName::parse(raw).ok().and_then(|channel| live.forget(&channel));
        let Some(subscription) = subscription else {
            return effects.push(answer(id, Answer::Unsubscribe));
        };
        effects.push(Effect::Leave(Arc::clone(&subscription.address)));
        match subscription.farewell() {
            None => effects.push(answer(id, Answer::Unsubscribe)),
            Some(farewell) => self.depart(now, Some(id), vec![farewell], effects),
        }
    }
}

/// The filter asked for. Only streams are served, and no deltas of what was filtered (P section 14).
fn wanted_filter(options: &Namespace, request: &SubscribeRequest) -> Result<Option<Arc<Filter>>, ErrorCode> {
    if request.kind != 0 {
        return Err(ErrorCode::PermissionDenied);
    }
    let Some(root) = &request.filter else { return Ok(None) };
    if !options.tags_filter || !request.delta.is_empty() {
        return Err(ErrorCode::BadRequest);
    }
    let filter = Filter::new(root.clone()).map_err(|_| ErrorCode::BadRequest)?;
    Ok(Some(Arc::new(filter)))
}

/// Where a subscriber that names no position recovers from, if the channel's state comes with every subscribe
/// (P-CACHE-5).
pub(super) fn cached_at_once(options: &Namespace) -> Option<Recovery> {
    let mode = options.history.as_ref().map(|history| history.mode);
    matches!(mode, Some(RecoveryMode::Cache { on_subscribe: true }))
        .then(|| Recovery { offset: 0, epoch: Epoch::new("") })
}

fn not_past(expire_at: Option<Timestamp>, now: Timestamp) -> Result<(), ErrorCode> {
    if expire_at.is_some_and(|at| at <= now) { Err(ErrorCode::Expired) } else { Ok(()) }
}
