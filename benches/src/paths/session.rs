//! What a session does all day.
#![expect(clippy::panic, reason = "a session that does something else is not worth measuring")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use ports::access::ConnectionGrant;
use ports::ids::{ClientId, NodeId, TenantId, UserId};
use ports::protocol::{Command, ConnectRequest, Push, Request};
use ports::time::Timestamp;
use wigwag_core::channels::{Allowed, Namespace, Namespaces};
use wigwag_core::session::{Effect, Input, Opening, Outcome, Pings, Realm, Session};
use wigwag_core::settings::Settings;

use crate::channel::{NAME, NOW};
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 3] = [
    Path { name: "session-connect", turns: 1_000, prepare: connect },
    Path { name: "session-publish", turns: 2_000, prepare: publish },
    Path { name: "session-ping", turns: 5_000, prepare: ping },
];

/// From the opened socket to the connect reply, with a token that grants no channels.
fn connect() -> Turn {
    let realm = realm();
    let mut effects = Vec::new();
    Box::new(move || {
        let session = connected(&realm, &mut effects);
        black_box((session, &effects));
        effects.clear();
    })
}

/// A publish command, and its reply when the broker has it.
fn publish() -> Turn {
    let mut effects = Vec::new();
    let mut session = connected(&realm(), &mut effects);
    let data = Bytes::from_static(br#"{"text":"hello","stamp":12345}"#);
    Box::new(move || {
        effects.clear();
        let request = Request::Publish { channel: NAME.to_owned(), data: data.clone() };
        session.handle(NOW, Input::Command(Command { id: 2, request }), &mut effects);
        let Some(Effect::Run { job, .. }) = effects.last() else { panic!("nothing published") };
        let done = Input::Done { job: *job, outcome: Outcome::Done(Ok(())) };
        session.handle(NOW, done, &mut effects);
        let Some(Effect::Reply(_)) = black_box(effects.last()) else { panic!("no reply") };
    })
}

/// A ping that is due, and its pong.
fn ping() -> Turn {
    let mut effects = Vec::new();
    let realm = realm();
    let interval = realm.settings.ping_interval;
    let mut session = connected(&realm, &mut effects);
    let mut now = NOW;
    Box::new(move || {
        effects.clear();
        now = now.plus(interval);
        session.handle(now, Input::Wakeup, &mut effects);
        let Some(Effect::Push(Push::Ping)) = black_box(effects.last()) else { panic!("no ping") };
        let pong = Command { id: 0, request: Request::Pong };
        session.handle(now, Input::Command(pong), &mut effects);
    })
}

fn realm() -> Arc<Realm> {
    let clients = Allowed { client: true, ..Allowed::NOBODY };
    let namespace = Namespace { subscribe: clients, publish: clients, ..Namespace::default() };
    let namespaces = Namespaces { nameless: None, named: BTreeMap::from([("bench".to_owned(), namespace)]) };
    Arc::new(Realm {
        tenant: TenantId::default(),
        node: NodeId::from_random([9; 16]),
        settings: Arc::new(Settings { namespaces, ..Settings::default() }),
    })
}

fn connected(realm: &Arc<Realm>, effects: &mut Vec<Effect>) -> Session {
    let opening = Opening {
        client: ClientId::from_random([7; 16]),
        luck: u16::MAX,
        emulation: None,
        pings: Pings::Messages,
    };
    let request = ConnectRequest { token: "the token".to_owned(), ..ConnectRequest::default() };
    let connect = Command { id: 1, request: Request::Connect(Box::new(request)) };
    let grant = ConnectionGrant {
        user: UserId::new("ann"),
        expire_at: Some(Timestamp::from_secs(4_102_444_800)),
        info: Some(Bytes::from_static(br#"{"name":"Ann"}"#)),
        channels: BTreeMap::new(),
    };

    let mut session = Session::new(Arc::clone(realm), opening, NOW);
    session.handle(NOW, Input::Command(connect), effects);
    let Some(Effect::Run { job, .. }) = effects.last() else { panic!("nothing to verify") };
    let done = Input::Done { job: *job, outcome: Outcome::Connection(Ok(Box::new(grant))) };
    session.handle(NOW, done, effects);
    session.handle(NOW, Input::Counted(1), effects);
    let Some(Effect::Reply(_)) = effects.last() else { panic!("not connected") };
    session
}
