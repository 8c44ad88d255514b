//! `connect`: from a token to the reply (P 5.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::access::{ChannelGrant, ConnectionGrant, TokenError};
use ports::channels::{Address, ChannelName};
use ports::ids::UserId;
use ports::protocol::{
    Answer, ConnectAnswer, ConnectRequest, Disconnect, ErrorCode, ErrorReply, Reply, Resume,
};
use ports::time::Timestamp;

use super::face::Face;
use super::live::{Connecting, Live};
use super::subscribing::{DELTA_FORMAT, cached_at_once};
use super::subscriptions::Subscriptions;
use super::task::{Arrival, Granted, Origin, Plan, Task, Work};
use super::{Effect, Farewell, Job, Late, Pings, REFUSED_LINGER, Session, Stage, answer, timers};
use crate::channels::Namespace;
use crate::settings::Settings;

impl Session {
    pub(super) fn connect(
        &mut self,
        now: Timestamp,
        id: u32,
        mut request: Box<ConnectRequest>,
        effects: &mut Vec<Effect>,
    ) {
        if let Err(error) = self.note_headers(&mut request) {
            return self.refuse(now, id, error, effects);
        }
        if !request.token.is_empty() {
            let work = Job::VerifyConnection { token: std::mem::take(&mut request.token) };
            return self.run(now, Task::Authenticating { id, request }, work, effects);
        }
        let settings = &self.realm.settings;
        if settings.hooks.connect {
            return self.introduce(now, id, request, effects);
        }
        if !settings.insecure && !settings.anonymous {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        let nobody =
            ConnectionGrant { user: UserId::new(""), expire_at: None, info: None, channels: BTreeMap::new() };
        self.introduced(now, id, request.subs, nobody, effects);
    }

    pub(super) fn authenticated(
        &mut self,
        now: Timestamp,
        id: u32,
        resume: BTreeMap<String, Resume>,
        result: Result<Box<ConnectionGrant>, TokenError>,
        effects: &mut Vec<Effect>,
    ) {
        match result {
            Ok(grant) => self.introduced(now, id, resume, *grant, effects),
            Err(TokenError::Invalid(_)) => self.end(now, Disconnect::INVALID_TOKEN, effects),
            Err(TokenError::Expired) => self.refuse(now, id, ErrorCode::TokenExpired, effects),
            Err(TokenError::Unavailable(_)) => self.refuse(now, id, ErrorCode::Internal, effects),
        }
    }

    /// The client is known; what its token, or the back end, grants is checked.
    pub(super) fn introduced(
        &mut self,
        now: Timestamp,
        id: u32,
        resume: BTreeMap<String, Resume>,
        grant: ConnectionGrant,
        effects: &mut Vec<Effect>,
    ) {
        let settings = Arc::clone(&self.realm.settings);
        let ConnectionGrant { user, expire_at, info, channels } = grant;
        let mut granted: Vec<Granted> = Vec::new();
        for (raw, details) in channels {
            match named(&settings, &raw) {
                Ok(name) => granted.push((name, details)),
                Err(error) => return self.refuse(now, id, error, effects),
            }
        }
        let channels: Vec<ChannelName> = granted.iter().map(|(name, _)| name.clone()).collect();
        // The back end's word is no token: whoever comes without one is nobody only where that is permitted.
        let by_token = settings.anonymous_tokens && !self.is_welcome();
        if user.is_anonymous() && !by_token && !settings.anonymous && !settings.insecure {
            return self.end(now, Disconnect::PERMISSION_DENIED, effects);
        }
        if let Some(raw) = settings.personal_channel.as_ref().and_then(|personal| personal.name_for(&user)) {
            match named(&settings, &raw) {
                // To others such a name would read as a list of users (P-CH-4).
                Ok(name) if user.as_str().contains([',', '#']) && is_user_limited(&settings, &name) => {
                    return self.refuse(now, id, ErrorCode::BadRequest, effects);
                }
                Ok(name) if channels.contains(&name) => {}
                Ok(name) => granted.push((name, ChannelGrant::default())),
                Err(error) => return self.refuse(now, id, error, effects),
            }
        }
        if granted.len() > settings.channels_max {
            return self.end(now, Disconnect::CHANNEL_LIMIT, effects);
        }
        effects.push(Effect::Came(user.clone()));
        let arrival = Arrival { id, user, expire_at, info, channels, granted, resume };
        self.begin(now, Task::Arriving(Box::new(arrival)));
    }

    /// The user has so many connections here, this one included.
    pub(super) fn counted(&mut self, now: Timestamp, count: usize, effects: &mut Vec<Effect>) {
        let Some(Task::Arriving(arrival)) = self.task.take_if(|task| matches!(task, Task::Arriving(_)))
        else {
            return;
        };
        self.task_deadline = Timestamp::NEVER;
        let settings = Arc::clone(&self.realm.settings);
        let limit = settings.user_connections_max;
        if limit > 0 && count > limit && !arrival.user.is_anonymous() {
            return self.end(now, Disconnect::CONNECTION_LIMIT, effects);
        }
        let Arrival { id, user, expire_at, info, channels, granted, resume } = *arrival;
        if expire_at.is_some_and(|at| at <= now) {
            return self.refuse(now, id, ErrorCode::Expired, effects);
        }
        self.stage = Stage::Live(Live {
            since: now,
            face: Face::new(user, self.client, info),
            expire_at,
            granted: channels.into(),
            subscriptions: Subscriptions::default(),
            subscription_expiry: Timestamp::NEVER,
            joins: 0,
            ping_at: Timestamp::NEVER,
            pong_until: Timestamp::NEVER,
            recovery_bytes: settings.recovery_bytes_max(),
            recovered_since_ping: 0,
            errors: 0,
            connecting: Some(Box::new(Connecting {
                id,
                remaining: granted.into(),
                resume,
                answers: BTreeMap::new(),
            })),
        });
        self.join_next_granted(now, effects);
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// Makes the server-side subscriptions one after another, then answers.
    pub(super) fn join_next_granted(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let realm = Arc::clone(&self.realm);
        let Some(live) = self.live_mut() else { return };
        let Some(connecting) = &mut live.connecting else { return };
        let Some((channel, details)) = connecting.remaining.pop_front() else {
            return self.connected(now, effects);
        };
        let resume = connecting.resume.remove(channel.as_str()).unwrap_or_default();
        let Some(namespace) = realm.settings.namespaces.of(&channel) else {
            // It went away since the token was verified.
            return self.join_next_granted(now, effects);
        };
        let options = namespace.overridden(details.overrides);
        let mut plan = self.server_side_plan(Origin::Token, channel, &options, details);
        let recover = resume.recover.or_else(|| cached_at_once(&options));
        plan.was_recovering = recover.is_some();
        plan.recover = recover.filter(|_| plan.recoverable);
        plan.delta = options.delta && resume.delta == DELTA_FORMAT;
        self.enter(now, Box::new(plan), effects);
    }

    /// What the server subscribes a connection to, without anything the client may ask for.
    pub(super) fn server_side_plan(
        &self,
        origin: Origin,
        channel: ChannelName,
        options: &Namespace,
        details: ChannelGrant,
    ) -> Plan {
        let features = options.features(None);
        Plan {
            origin,
            address: Arc::new(Address::public(self.realm.tenant.clone(), channel)),
            stream: features.stream,
            join: 0,
            was_recovering: false,
            recover: None,
            refuse_unrecoverable: false,
            positioned: features.positioned,
            recoverable: features.recoverable,
            notices: options.join_leave && options.force_push_join_leave,
            cache: options.is_cache(),
            delta: false,
            filter: None,
            presence: options.presence.is_some(),
            announces: options.join_leave,
            info: self.shown(options, details.info),
            data: details.data,
            expire_at: None,
            by_hook: false,
        }
    }

    fn connected(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let settings = Arc::clone(&self.realm.settings);
        let (client, luck, pings) = (self.client, self.luck, self.pings);
        let emulation = self.emulation().map(|session| (session, self.realm.node));
        let (is_welcome, data) = (self.is_welcome(), self.take_greeting());
        let Some(live) = self.live_mut() else { return };
        let Some(connecting) = live.connecting.take() else { return };
        live.ping_at = now.plus(timers::first_ping(settings.ping_interval, luck));
        let is_known = !live.user().is_anonymous();
        effects.push(answer(
            connecting.id,
            Answer::Connect(Box::new(ConnectAnswer {
                client,
                version: settings.version.into(),
                expiry: timers::ttl(now, live.expire_at.filter(|_| !is_welcome)),
                subs: connecting.answers,
                ping_secs: match pings {
                    Pings::Messages => timers::ping_secs(settings.ping_interval),
                    Pings::Frames => 0,
                },
                pong: pings == Pings::Messages,
                emulation,
                data,
            })),
        ));
        if is_known && settings.personal_channel.as_ref().is_some_and(|personal| personal.single_connection) {
            self.backlog.push_front(Work::KeepNewest);
        }
    }

    /// An error reply to connect makes the connection useless (P-CONN-11). Over emulated transports it comes late: there
    /// some SDKs try again at once, without end.
    pub(super) fn refuse(
        &mut self,
        now: Timestamp,
        id: u32,
        error: impl Into<ErrorReply>,
        effects: &mut Vec<Effect>,
    ) {
        self.backlog.take_work();
        if std::mem::take(&mut self.paused) {
            effects.push(Effect::Resume); // or its farewell would not be heard
        }
        let reply = Reply { id, outcome: Err(error.into()) };
        let late = match self.emulation() {
            None => {
                effects.push(Effect::Reply(reply));
                None
            }
            Some(_) => Some(Late { reply, at: now.plus(timers::refusal_delay(self.luck)) }),
        };
        let answered_at = late.as_ref().map_or(now, |late| late.at);
        self.stage = Stage::Refused { until: answered_at.plus(REFUSED_LINGER), late };
    }

    /// A server-side subscription could not be made: all others are undone.
    pub(super) fn refuse_connect(
        &mut self,
        now: Timestamp,
        error: ErrorCode,
        farewell: Option<Farewell>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(live) = self.live_mut() else { return };
        let Some(connecting) = live.connecting.take() else { return };
        let mut farewells: Vec<Farewell> = farewell.into_iter().collect();
        for subscription in std::mem::take(&mut live.subscriptions) {
            effects.push(Effect::Leave(Arc::clone(&subscription.address)));
            farewells.extend(subscription.farewell());
        }
        self.refuse(now, connecting.id, error, effects);
        if !farewells.is_empty() {
            self.depart(now, None, farewells, effects);
        }
    }
}

/// The channel of that name, if there can be one.
fn named(settings: &Settings, raw: &str) -> Result<ChannelName, ErrorCode> {
    let name = ChannelName::parse(raw).map_err(|_| ErrorCode::BadRequest)?;
    settings.namespaces.find(&name)?;
    Ok(name)
}

fn is_user_limited(settings: &Settings, channel: &ChannelName) -> bool {
    settings.namespaces.of(channel).is_some_and(|namespace| namespace.user_limited)
}
