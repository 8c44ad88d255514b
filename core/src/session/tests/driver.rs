//! A session with everything around it played by the test: each effect becomes a line, and a test compares lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError};
use ports::channels::{Address, ChannelName, Epoch, Position, Publication, Retention};
use ports::hooks::Event;
use ports::ids::{ClientId, NodeId, SessionKey, TenantId, UserId};
use ports::protocol::{
    Answer, Command, ConnectAnswer, ConnectRequest, ErrorCode, HistoryRequest, Push, Recovery, Reply,
    Request, Resume, SubscribeAnswer, SubscribeRequest,
};
use ports::time::Timestamp;

use crate::channels::feed::Admission;
use crate::channels::{Allowed, ChannelHooks, History, Namespace, Namespaces, RecoveryMode, Wanted};
use crate::session::{Effect, Farewell, Input, Job, Join, Opening, Outcome, Pings, Realm, Session};
use crate::settings::Settings;

pub(super) struct Driver {
    pub(super) session: Session,
    pub(super) now: Timestamp,
    pub(super) job: u32,
    pub(super) work: Option<Job>,
    pub(super) join: Option<Join>,
    /// Connections of the same user elsewhere on the node.
    pub(super) others: usize,
    reply: Option<Reply>,
    said: Vec<String>,
}

impl Driver {
    pub(super) fn fresh() -> Self {
        Self::fresh_with(|_| {})
    }

    /// One whose later commands come in requests of their own.
    pub(super) fn emulated(luck: u16) -> Self {
        let mut driver = Self::fresh();
        let emulation = Some(SessionKey::from_random([5; 16]));
        let realm = Realm {
            tenant: TenantId::default(),
            node: NodeId::from_random([9; 16]),
            settings: Arc::new(Settings { namespaces: namespaces(), ..Settings::default() }),
        };
        driver.session = Session::new(Arc::new(realm), Opening { luck, emulation, ..opening() }, driver.now);
        driver
    }

    pub(super) fn fresh_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { namespaces: namespaces(), ..Settings::default() };
        change(&mut settings);
        let node = NodeId::from_random([9; 16]);
        let realm = Realm { tenant: TenantId::default(), node, settings: Arc::new(settings) };
        let now = Timestamp::from_secs(1_000);
        Self {
            session: Session::new(Arc::new(realm), opening(), now),
            others: 0,
            now,
            job: 0,
            work: None,
            join: None,
            reply: None,
            said: Vec::new(),
        }
    }

    /// Connected as `ann`, who may do what a known user may.
    pub(super) fn connected() -> Self {
        Self::connected_with(|_| {})
    }

    pub(super) fn connected_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut driver = Self::fresh_with(change);
        driver.connect_as(grant("ann"));
        driver
    }

    pub(super) fn anonymous() -> Self {
        let mut driver = Self::fresh_with(|settings| settings.anonymous = true);
        driver.send(1, connect(""));
        driver.expects(&["came ", "reply 1 connect"]);
        driver
    }

    /// Connects with a token that grants this and no channels.
    pub(super) fn connect_as(&mut self, grant: ConnectionGrant) {
        let came = format!("came {}", grant.user);
        self.send(1, connect("t"));
        self.done(Outcome::Connection(granted(grant)));
        self.expects(&["run verify connection", &came, "reply 1 connect"]);
    }

    /// Subscribes to a channel without presence.
    pub(super) fn subscribed(&mut self, id: u32, channel: &str) {
        self.send(id, subscribe(channel));
        self.admit();
        self.said.clear();
    }

    pub(super) fn send(&mut self, id: u32, request: Request) {
        self.tell(Input::Command(Command { id, request }));
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        self.tell(Input::Done { job: self.job, outcome });
    }

    pub(super) fn well_done(&mut self) {
        self.done(Outcome::Done(Ok(())));
    }

    pub(super) fn failed(&mut self) {
        self.done(Outcome::Done(Err(ErrorCode::Internal)));
    }

    /// The feed lets the session in where the stream is empty.
    pub(super) fn admit(&mut self) {
        self.admit_with(Admission { position: Some(at(0)), recovered: None });
    }

    pub(super) fn admit_with(&mut self, admission: Admission) {
        self.joined(Ok(admission));
    }

    pub(super) fn reject(&mut self, error: ErrorCode) {
        self.joined(Err(error));
    }

    fn joined(&mut self, outcome: Result<Admission, ErrorCode>) {
        let join = self.join.clone().expect("no join was wanted");
        self.tell(Input::Joined { address: join.address, join: join.join, outcome });
    }

    /// The feed found a hole in the subscription made last.
    pub(super) fn insufficient(&mut self) {
        let Join { address, join, .. } = self.join.clone().expect("no join was wanted");
        self.tell(Input::Insufficient { address, join });
    }

    /// Time passes; the session is woken exactly when it wants.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.plus(time);
        for _ in 0..100 {
            let Some(at) = self.session.wakeup().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.tell(Input::Wakeup);
        }
        let next = self.session.wakeup();
        assert!(next.is_none_or(|at| at > end), "woken for ever without getting anywhere");
        self.now = end;
    }

    pub(super) fn tell(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.session.handle(self.now, input, &mut effects);
        let (mut goes_on, mut came) = (false, false);
        for effect in effects {
            if matches!(effect, Effect::Continue) {
                goes_on = true;
            } else {
                came |= matches!(effect, Effect::Came(_));
                self.note(effect);
            }
        }
        if came {
            self.tell(Input::Counted(self.others + 1));
        }
        if goes_on {
            self.tell(Input::Continue);
        }
    }

    /// Everything the session wanted since the last look.
    #[track_caller]
    pub(super) fn expects(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), lines);
    }

    pub(super) fn skips(&mut self) {
        self.said.clear();
    }

    pub(super) fn has_said(&self, line: &str) -> bool {
        self.said.iter().any(|said| said == line)
    }

    pub(super) fn connect_answer(&self) -> ConnectAnswer {
        match &self.reply {
            Some(Reply { outcome: Ok(Answer::Connect(answer)), .. }) => (**answer).clone(),
            other => panic!("not a connect answer: {other:?}"),
        }
    }

    pub(super) fn subscribe_answer(&self) -> SubscribeAnswer {
        match &self.reply {
            Some(Reply { outcome: Ok(Answer::Subscribe(answer)), .. }) => (**answer).clone(),
            other => panic!("not a subscribe answer: {other:?}"),
        }
    }

    pub(super) fn answer(&self) -> Answer {
        self.reply.clone().expect("no reply").outcome.expect("an error")
    }

    fn note(&mut self, effect: Effect) {
        let line = line(&effect);
        match effect {
            Effect::Run { job, work } => {
                self.job = job;
                self.work = Some(work);
            }
            Effect::Join(join) => self.join = Some(join),
            Effect::Reply(reply) => self.reply = Some(reply),
            Effect::Push(_)
            | Effect::Deliver(_)
            | Effect::Leave(_)
            | Effect::Continue
            | Effect::Pause
            | Effect::Resume
            | Effect::Came(_)
            | Effect::Close(_)
            | Effect::Ended => {}
        }
        self.said.push(line);
    }
}

pub(super) fn opening() -> Opening {
    Opening { client: client(), luck: u16::MAX, emulation: None, pings: Pings::Messages }
}

pub(super) fn line(effect: &Effect) -> String {
    match effect {
        Effect::Reply(Reply { id, outcome: Ok(answer) }) => format!("reply {id} {}", name_of(answer)),
        Effect::Reply(Reply { id, outcome: Err(error) }) => format!("error {id} {}", error.code),
        Effect::Push(Push::Ping) => "ping".into(),
        Effect::Push(Push::Unsubscribe { channel, code }) => {
            format!("unsubscribed {channel} {}", code.number())
        }
        Effect::Push(Push::Subscribe { channel, .. }) => format!("push subscribe {channel}"),
        Effect::Push(Push::Refresh(expiry)) => format!("push refresh {expiry:?}"),
        Effect::Deliver(published) => {
            format!("deliver {}", published.position().map_or(0, |(offset, _)| offset))
        }
        Effect::Push(Push::Disconnect(disconnect)) => format!("disconnect {}", disconnect.code),
        Effect::Run { work, .. } => format!("run {}", work_line(work)),
        Effect::Join(join) => format!("join {}", join.address.place.channel()),
        Effect::Leave(address) => format!("leave {}", address.place.channel()),
        Effect::Continue => "continue".into(),
        Effect::Pause => "pause".into(),
        Effect::Resume => "resume".into(),
        Effect::Came(user) => format!("came {user}"),
        Effect::Close(disconnect) => format!("close {}", disconnect.code),
        Effect::Ended => "ended".into(),
    }
}

fn name_of(answer: &Answer) -> &'static str {
    match answer {
        Answer::Connect(_) => "connect",
        Answer::Subscribe(_) => "subscribe",
        Answer::Unsubscribe => "unsubscribe",
        Answer::Publish => "publish",
        Answer::Presence(_) => "presence",
        Answer::PresenceStats(_) => "presence_stats",
        Answer::History(_) => "history",
        Answer::Rpc { .. } => "rpc",
        Answer::Refresh { .. } => "refresh",
        Answer::SubRefresh(_) => "sub_refresh",
    }
}

fn work_line(work: &Job) -> String {
    match work {
        Job::VerifyConnection { .. } => "verify connection".into(),
        Job::VerifySubscription { .. } => "verify subscription".into(),
        Job::Enter { address, .. } => format!("enter {}", address.place.channel()),
        Job::Announce { address, .. } => format!("announce {}", address.place.channel()),
        Job::Depart(farewells) => {
            let all: Vec<String> = farewells.iter().map(farewell_line).collect();
            format!("depart {}", all.join(", "))
        }
        Job::Publish { address, .. } => format!("publish {}", address.place.channel()),
        Job::History { address, .. } => format!("history {}", address.place.channel()),
        Job::Members { address } => format!("members {}", address.place.channel()),
        Job::Order(order) => format!("order for {}", order.target.user),
        Job::Ask(question) => format!("ask {}", event_name(&question.event)),
        Job::Count { address } => format!("count {}", address.place.channel()),
    }
}

fn event_name(event: &Event) -> String {
    match event {
        Event::Connect(_) => "connect".into(),
        Event::Refresh => "refresh".into(),
        Event::Subscribe { channel, .. } => format!("subscribe {channel}"),
        Event::SubRefresh { channel } => format!("sub_refresh {channel}"),
        Event::Publish { channel, .. } => format!("publish {channel}"),
        Event::Rpc { method, .. } => format!("rpc {method}"),
    }
}

/// `room:a` with `-presence` to be removed and `-notice` to be sent.
fn farewell_line(farewell: &Farewell) -> String {
    let presence = if farewell.presence { "-presence" } else { "" };
    let notice = if farewell.notice { "-notice" } else { "" };
    format!("{}{presence}{notice}", farewell.address.place.channel())
}

pub(super) fn client() -> ClientId {
    ClientId::from_random([7; 16])
}

pub(super) fn connect(token: &str) -> Request {
    Request::Connect(Box::new(ConnectRequest { token: token.into(), ..ConnectRequest::default() }))
}

pub(super) fn subscribe(channel: &str) -> Request {
    subscribe_with(channel, |_| {})
}

pub(super) fn subscribe_with(channel: &str, change: impl FnOnce(&mut SubscribeRequest)) -> Request {
    let mut request = SubscribeRequest { channel: channel.into(), ..SubscribeRequest::default() };
    change(&mut request);
    Request::Subscribe(Box::new(request))
}

pub(super) fn unsubscribe(channel: &str) -> Request {
    Request::Unsubscribe { channel: channel.into() }
}

pub(super) fn publish(channel: &str, data: &'static str) -> Request {
    Request::Publish { channel: channel.into(), data: Bytes::from_static(data.as_bytes()) }
}

pub(super) fn history(channel: &str) -> Request {
    Request::History(HistoryRequest { channel: channel.into(), ..HistoryRequest::default() })
}

pub(super) fn presence(channel: &str) -> Request {
    Request::Presence { channel: channel.into() }
}

pub(super) fn rpc() -> Request {
    Request::Rpc { method: "m".into(), data: Bytes::new() }
}

pub(super) fn refresh(token: &str) -> Request {
    Request::Refresh { token: token.into() }
}

pub(super) fn sub_refresh(channel: &str, token: &str) -> Request {
    Request::SubRefresh { channel: channel.into(), token: token.into() }
}

pub(super) fn grant(user: &str) -> ConnectionGrant {
    ConnectionGrant { user: UserId::new(user), expire_at: None, info: None, channels: BTreeMap::new() }
}

pub(super) fn grant_with(user: &str, channels: &[&str]) -> ConnectionGrant {
    let channels = channels.iter().map(|name| ((*name).to_owned(), ChannelGrant::default()));
    ConnectionGrant { channels: channels.collect(), ..grant(user) }
}

pub(super) fn ticket(channel: &str) -> SubscriptionGrant {
    SubscriptionGrant {
        user: UserId::new("ann"),
        channel: channel.into(),
        client: None,
        expire_at: None,
        details: ChannelGrant::default(),
    }
}

/// What comes of a token that grants this.
pub(super) fn granted<G>(grant: G) -> Result<Box<G>, TokenError> {
    Ok(Box::new(grant))
}

pub(super) fn invalid() -> TokenError {
    TokenError::Invalid("bad signature".into())
}

pub(super) fn unavailable() -> TokenError {
    TokenError::Unavailable("no keys".into())
}

pub(super) fn epoch() -> Epoch {
    Epoch::new("kQzWbnLd")
}

pub(super) fn at(offset: u64) -> Position {
    Position { offset, epoch: epoch() }
}

pub(super) fn from(offset: u64) -> Option<Recovery> {
    Some(Recovery { offset, epoch: epoch() })
}

pub(super) fn resume(offset: u64) -> Resume {
    Resume { recover: from(offset), ..Resume::default() }
}

pub(super) fn publication(offset: u64) -> Arc<Publication> {
    Arc::new(Publication { offset, data: Bytes::from_static(b"{}"), info: None, tags: None, delta: false })
}

pub(super) fn address(raw: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), name(raw)))
}

pub(super) fn name(raw: &str) -> ChannelName {
    ChannelName::parse(raw).unwrap()
}

pub(super) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const CLIENTS: Allowed = Allowed { client: true, subscriber: false, anonymous: false };
const SUBSCRIBERS: Allowed = Allowed { client: false, subscriber: true, anonymous: false };

pub(super) fn stream(recovery: Wanted, positioning: Wanted, read: Allowed) -> Option<History> {
    let keep = Retention { size: 100, ttl: secs(300), meta_ttl: secs(3_000) };
    Some(History { keep, read, recovery, positioning, mode: RecoveryMode::Stream })
}

fn cached(on_subscribe: bool) -> Option<History> {
    let history = stream(Wanted::Always, Wanted::Off, CLIENTS);
    history.map(|history| History { mode: RecoveryMode::Cache { on_subscribe }, ..history })
}

/// Plain channels without a prefix and, by prefix: streams with different features, `room` with presence and joins,
/// `closed` where nothing is allowed.
fn namespaces() -> Namespaces {
    let open = Namespace { subscribe: CLIENTS, publish: CLIENTS, ..Namespace::default() };
    let with = |history| Namespace { history, ..open.clone() };
    let room = Namespace { presence: Some(SUBSCRIBERS), join_leave: true, ..open.clone() };
    let with_list = Namespace { user_limited: true, ..Namespace::default() };
    let named = [
        ("news", with(stream(Wanted::Always, Wanted::Off, SUBSCRIBERS))),
        ("place", with(stream(Wanted::Off, Wanted::Always, Allowed::NOBODY))),
        ("ask", with(stream(Wanted::OnRequest, Wanted::OnRequest, Allowed::NOBODY))),
        ("quiet", with(stream(Wanted::Off, Wanted::Off, Allowed::NOBODY))),
        ("read", with(stream(Wanted::Off, Wanted::Off, CLIENTS))),
        ("room", room.clone()),
        ("hall", Namespace { force_push_join_leave: true, ..room.clone() }),
        ("stay", Namespace { join_leave: false, ..room }),
        ("diff", Namespace { delta: true, ..with(stream(Wanted::Always, Wanted::Off, CLIENTS)) }),
        ("tags", Namespace { tags_filter: true, delta: true, ..open.clone() }),
        ("mine", Namespace { user_limited: true, ..open.clone() }),
        ("last", with(cached(false))),
        ("state", with(cached(true))),
        (
            "hook",
            Namespace {
                hooks: ChannelHooks { subscribe: true, sub_refresh: true, publish: true },
                ..with_list
            },
        ),
        ("closed", Namespace { history: None, ..Namespace::default() }),
    ];
    let named = named.into_iter().map(|(name, namespace)| (name.to_owned(), namespace)).collect();
    Namespaces { nameless: Some(open), named }
}

/// What a subscription recovered.
pub(super) fn publications(answer: &SubscribeAnswer) -> Vec<Arc<Publication>> {
    answer.publications.iter().map(|item| Arc::clone(&item.publication)).collect()
}
