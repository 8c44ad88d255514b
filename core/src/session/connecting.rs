//! `connect`: from a token to the reply (P 5.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::access::{ConnectionGrant, TokenError};
use ports::channels::{Address, ChannelName, ClientInfo};
use ports::ids::UserId;
use ports::protocol::{Answer, ConnectAnswer, ConnectRequest, Disconnect, ErrorCode, Recovery};
use ports::time::Timestamp;

use super::live::{Connecting, Live};
use super::task::{Granted, Origin, Plan, Task};
use super::{Effect, Farewell, Job, REFUSED_LINGER, Session, Stage, answer, refusal, timers};

impl Session {
    pub(super) fn connect(
        &mut self,
        now: Timestamp,
        id: u32,
        request: ConnectRequest,
        effects: &mut Vec<Effect>,
    ) {
        if !request.token.is_empty() {
            let task = Task::Authenticating { id, recover: request.subs };
            return self.run(now, task, Job::VerifyConnection { token: request.token }, effects);
        }
        let settings = &self.realm.settings;
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
        recover: BTreeMap<String, Recovery>,
        result: Result<ConnectionGrant, TokenError>,
        effects: &mut Vec<Effect>,
    ) {
        match result {
            Ok(grant) => self.introduced(now, id, recover, grant, effects),
            Err(TokenError::Invalid(_)) => self.end(now, Disconnect::INVALID_TOKEN, effects),
            Err(TokenError::Expired) => self.refuse(now, id, ErrorCode::TokenExpired, effects),
            Err(TokenError::Unavailable(_)) => self.refuse(now, id, ErrorCode::Internal, effects),
        }
    }

    /// The client is known; what its token grants is checked and begun.
    fn introduced(
        &mut self,
        now: Timestamp,
        id: u32,
        recover: BTreeMap<String, Recovery>,
        grant: ConnectionGrant,
        effects: &mut Vec<Effect>,
    ) {
        let settings = Arc::clone(&self.realm.settings);
        let mut granted: Vec<Granted> = Vec::new();
        for (raw, details) in grant.channels {
            let Ok(name) = ChannelName::parse(&raw) else {
                return self.refuse(now, id, ErrorCode::BadRequest, effects);
            };
            if settings.namespaces.of(&name).is_none() {
                return self.refuse(now, id, ErrorCode::UnknownChannel, effects);
            }
            granted.push((name, details));
        }
        let nobody_may = settings.anonymous_tokens || settings.anonymous || settings.insecure;
        if grant.user.is_anonymous() && !nobody_may {
            return self.end(now, Disconnect::PERMISSION_DENIED, effects);
        }
        if granted.len() > settings.channels_max {
            return self.end(now, Disconnect::CHANNEL_LIMIT, effects);
        }
        if grant.expire_at.is_some_and(|at| at <= now) {
            return self.refuse(now, id, ErrorCode::Expired, effects);
        }
        let info = ClientInfo {
            user: grant.user.clone(),
            client: self.client,
            conn_info: grant.info,
            chan_info: None,
        };
        self.stage = Stage::Live(Box::new(Live {
            user: grant.user,
            info: Arc::new(info),
            expire_at: grant.expire_at,
            granted: granted.iter().map(|(name, _)| name.clone()).collect(),
            subscriptions: BTreeMap::new(),
            subscription_expiry: Timestamp::NEVER,
            joins: 0,
            ping_at: Timestamp::NEVER,
            pong_until: Timestamp::NEVER,
            recovery_bytes: settings.recovery_bytes_max(),
            recovered_since_ping: 0,
            connecting: Some(Box::new(Connecting {
                id,
                remaining: granted.into(),
                recover,
                answers: BTreeMap::new(),
            })),
        }));
        self.join_next_granted(now, effects);
    }

    /// Makes the server-side subscriptions one after another, then answers.
    pub(super) fn join_next_granted(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let realm = Arc::clone(&self.realm);
        let client = self.client;
        let Some(live) = self.live_mut() else { return };
        let Some(connecting) = &mut live.connecting else { return };
        let Some((channel, details)) = connecting.remaining.pop_front() else {
            return self.connected(now, effects);
        };
        let wish = connecting.recover.remove(channel.as_str());
        let Some(namespace) = realm.settings.namespaces.of(&channel) else { return };
        let options = namespace.overridden(details.overrides);
        let features = options.features(None);
        let plan = Plan {
            origin: Origin::Token,
            address: Arc::new(Address::public(realm.tenant.clone(), channel)),
            stream: features.stream,
            join: 0,
            was_recovering: wish.is_some(),
            recover: wish.filter(|_| features.recoverable),
            refuse_unrecoverable: false,
            positioned: features.positioned,
            recoverable: features.recoverable,
            notices: options.join_leave && options.force_push_join_leave,
            presence: options.presence.is_some(),
            announces: options.join_leave,
            info: live.info_with(client, details.info),
            data: details.data,
            expire_at: None,
        };
        self.enter(now, Box::new(plan), effects);
    }

    fn connected(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let settings = Arc::clone(&self.realm.settings);
        let (client, luck) = (self.client, self.luck);
        let Some(live) = self.live_mut() else { return };
        let Some(connecting) = live.connecting.take() else { return };
        live.ping_at = now.plus(timers::first_ping(settings.ping_interval, luck));
        effects.push(Effect::Came(live.user.clone()));
        effects.push(answer(
            connecting.id,
            Answer::Connect(Box::new(ConnectAnswer {
                client,
                version: settings.version.into(),
                expiry: timers::ttl(now, live.expire_at),
                subs: connecting.answers,
                ping_secs: timers::ping_secs(settings.ping_interval),
                pong: true,
            })),
        ));
    }

    /// An error reply to connect makes the connection useless (P-CONN-11).
    fn refuse(&mut self, now: Timestamp, id: u32, error: ErrorCode, effects: &mut Vec<Effect>) {
        effects.push(refusal(id, error));
        self.waiting.clear();
        self.stage = Stage::Refused { until: now.plus(REFUSED_LINGER) };
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
        for subscription in std::mem::take(&mut live.subscriptions).into_values() {
            effects.push(Effect::Leave(Arc::clone(&subscription.address)));
            farewells.extend(subscription.farewell());
        }
        self.refuse(now, connecting.id, error, effects);
        if !farewells.is_empty() {
            self.depart(now, None, farewells, effects);
        }
    }
}
