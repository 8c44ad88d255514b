//! A shard with hub, broker and services played by the test: what connections see becomes lines.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant};
use ports::channels::{
    Address, ChannelName, Epoch, Event, HistoryQuery, Position, Publication, Published, Retention, StreamView,
};
use ports::ids::{ClientId, NodeId, TenantId, UserId};
use ports::protocol::{
    Command, ConnectRequest, Disconnect, Push, Recovery, Reply, Request, SubscribeRequest,
};
use ports::time::Timestamp;

use crate::channels::{Allowed, History, Namespace, Namespaces, RecoveryMode, Wanted};
use crate::session::{self, Job, Opening, Outcome, Pings, Realm};
use crate::settings::Settings;
use crate::shard::{Effect, Input, Outgoing, SeatId, Shard};

pub(super) struct Driver {
    pub(super) shard: Shard,
    pub(super) now: Timestamp,
    /// Whether the broker answers at once; otherwise its answers wait for [`Driver::broker_answers`].
    pub(super) prompt: bool,
    streams: BTreeMap<String, Vec<Arc<Publication>>>,
    waiting: Vec<Effect>,
    opened: u8,
    said: Vec<String>,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { namespaces: namespaces(), ..Settings::default() };
        change(&mut settings);
        let now = Timestamp::from_secs(1_000);
        let node = NodeId::from_random([9; 16]);
        let realm = Realm { tenant: TenantId::default(), node, settings: Arc::new(settings) };
        Self {
            shard: Shard::new(Arc::new(realm), now),
            now,
            prompt: true,
            streams: BTreeMap::new(),
            waiting: Vec::new(),
            opened: 0,
            said: Vec::new(),
        }
    }

    /// A socket whose first ping comes after a whole interval.
    pub(super) fn open(&mut self) -> SeatId {
        self.opened += 1;
        let client = ClientId::from_random([self.opened; 16]);
        let opening = Opening { client, luck: u16::MAX, emulation: None, pings: Pings::Messages };
        self.shard.open(self.now, opening)
    }

    /// A connection of `ann` with these server-side channels.
    pub(super) fn connected(&mut self, channels: &[&str]) -> SeatId {
        let seat = self.open();
        self.connect(seat, channels);
        self.skips();
        seat
    }

    pub(super) fn connect(&mut self, seat: SeatId, channels: &[&str]) {
        let token = channels.join(" ");
        let request = ConnectRequest { token: format!("t {token}"), ..ConnectRequest::default() };
        self.send(seat, 1, Request::Connect(Box::new(request)));
    }

    pub(super) fn send(&mut self, seat: SeatId, id: u32, request: Request) {
        self.tell(Input::Session(seat, session::Input::Command(Command { id, request })));
    }

    pub(super) fn subscribed(&mut self, seat: SeatId, id: u32, channel: &str) {
        self.send(seat, id, subscribe(channel));
        self.skips();
    }

    pub(super) fn goes(&mut self, seat: SeatId) {
        self.tell(Input::Session(seat, session::Input::Gone));
    }

    /// Appends to the stream; the publication is on its way.
    pub(super) fn appends(&mut self, channel: &str, data: &'static [u8]) -> Arc<Published> {
        let stream = self.streams.entry(channel.to_owned()).or_default();
        let offset = stream.len() as u64 + 1;
        let publication = Arc::new(Publication {
            offset,
            data: Bytes::from_static(data),
            info: None,
            tags: None,
            delta: false,
        });
        stream.push(Arc::clone(&publication));
        Arc::new(Published::new(address(channel), Event::Publication(publication, Some(epoch()))))
    }

    /// Appends to the stream, and the publication arrives.
    pub(super) fn publishes(&mut self, channel: &str) {
        let published = self.appends(channel, b"{}");
        self.tell(Input::Arrived(published));
    }

    /// Time passes, tick by tick.
    pub(super) fn ticks(&mut self, time: Duration) {
        let end = self.now.plus(time);
        while self.now < end {
            self.now = self.now.plus(crate::wheel::TICK);
            self.tell(Input::Tick);
        }
    }

    pub(super) fn broker_answers(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let answers = waiting.into_iter().filter_map(|effect| self.answer(effect)).collect();
        self.tell_all(answers);
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.tell_all(VecDeque::from([input]));
    }

    fn tell_all(&mut self, mut inputs: VecDeque<Input>) {
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.shard.handle(self.now, input, &mut effects);
            inputs.extend(self.perform(effects));
            if inputs.is_empty() && self.shard.has_run() {
                inputs.push_back(Input::HandOut(2));
            }
        }
    }

    /// Writes down what there is to see and answers the rest.
    pub(super) fn perform(&mut self, effects: Vec<Effect>) -> VecDeque<Input> {
        let mut answers = VecDeque::new();
        for effect in effects {
            self.said.extend(lines(&effect));
            let of_broker = matches!(effect, Effect::Want { .. } | Effect::Read { .. });
            if of_broker && !self.prompt {
                self.waiting.push(effect);
            } else {
                answers.extend(self.answer(effect));
            }
        }
        answers
    }

    fn answer(&self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Run(seat, job, work) => {
                Some(Input::Session(seat, session::Input::Done { job, outcome: outcome(work) }))
            }
            Effect::Came(seat, _) => Some(Input::Session(seat, session::Input::Counted(1))),
            Effect::Want { address, feed } => Some(Input::Attached { address, feed, result: Ok(()) }),
            Effect::Read { address, feed, read, query, .. } => {
                let view = self.view(&address, query);
                Some(Input::Read { address, feed, read, result: Ok(view) })
            }
            Effect::Send(..)
            | Effect::Deliver(..)
            | Effect::Close(..)
            | Effect::Pause(_)
            | Effect::Resume(_)
            | Effect::Release { .. }
            | Effect::Went(_) => None,
        }
    }

    fn view(&self, address: &Address, query: HistoryQuery) -> StreamView {
        let stream = self.streams.get(address.place.channel().as_str()).map_or(&[][..], Vec::as_slice);
        let after = stream.iter().filter(|item| query.since.is_none_or(|since| item.offset > since));
        StreamView {
            publications: after.take(query.limit.unwrap_or(usize::MAX)).cloned().collect(),
            top: Position { offset: stream.len() as u64, epoch: epoch() },
        }
    }

    /// Everything there was to see since the last look; the first number is the seat.
    #[track_caller]
    pub(super) fn expects(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), lines);
    }

    pub(super) fn skips(&mut self) {
        self.said.clear();
    }

    pub(super) fn count(&mut self, line: &str) -> usize {
        let said = std::mem::take(&mut self.said);
        said.iter().filter(|said| said.ends_with(line)).count()
    }
}

fn lines(effect: &Effect) -> Vec<String> {
    let Effect::Deliver(batch, seats) = effect else { return line(effect).into_iter().collect() };
    let said = |seat: &SeatId| {
        let index = seat.index;
        batch.events().iter().map(move |(published, _)| event_line(index, published))
    };
    seats.iter().flat_map(said).collect()
}

fn event_line(index: u32, published: &Published) -> String {
    format!("{index} {} {}", published.address.place.channel(), event_text(&published.event))
}

fn line(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Send(seat, Outgoing::Reply(reply)) => format!("{} {}", seat.index, reply_text(reply)),
        Effect::Send(seat, Outgoing::Push(push)) => format!("{} {}", seat.index, push_text(push)),
        Effect::Send(seat, Outgoing::Event(published, _)) => event_line(seat.index, published),
        Effect::Close(seat, disconnect) => format!("{} close {}", seat.index, disconnect.code),
        Effect::Pause(seat) => format!("{} pause", seat.index),
        Effect::Resume(seat) => format!("{} resume", seat.index),
        Effect::Want { address, .. } => format!("want {}", address.place.channel()),
        Effect::Release { address, .. } => format!("release {}", address.place.channel()),
        Effect::Came(_, user) => format!("came {user}"),
        Effect::Went(user) => format!("went {user}"),
        Effect::Run(_, _, Job::Depart(farewells)) => format!("depart {}", farewells.len()),
        Effect::Deliver(..) | Effect::Run(..) | Effect::Read { .. } => return None,
    })
}

fn reply_text(reply: &Reply) -> String {
    match &reply.outcome {
        Ok(_) => format!("reply {}", reply.id),
        Err(error) => format!("error {} {}", reply.id, error.code),
    }
}

fn push_text(push: &Push) -> String {
    match push {
        Push::Ping => "ping".into(),
        Push::Unsubscribe { channel, code } => format!("unsubscribed {channel} {}", code.number()),
        Push::Subscribe { channel, .. } => format!("push subscribe {channel}"),
        Push::Refresh(expiry) => format!("push refresh {expiry:?}"),
        Push::Disconnect(Disconnect { code, .. }) => format!("disconnect {code}"),
    }
}

fn event_text(event: &Event) -> String {
    match event {
        Event::Publication(publication, _) => publication.offset.to_string(),
        Event::Join(_) => "join".into(),
        Event::Leave(_) => "leave".into(),
    }
}

/// Every service succeeds; a connection token is a list of the channels it grants.
fn outcome(work: Job) -> Outcome {
    match work {
        Job::VerifyConnection { token } => {
            let names = token.split(' ').skip(1).filter(|name| !name.is_empty());
            let channels = names.map(|name| (name.to_owned(), ChannelGrant::default())).collect();
            let user = UserId::new("ann");
            let grant = ConnectionGrant { user, expire_at: None, info: None, channels };
            Outcome::Connection(Ok(Box::new(grant)))
        }
        Job::VerifySubscription { .. }
        | Job::Enter { .. }
        | Job::Announce { .. }
        | Job::Depart(_)
        | Job::Order(_)
        | Job::Ask(_)
        | Job::Publish { .. }
        | Job::History { .. }
        | Job::Members { .. }
        | Job::Count { .. } => Outcome::Done(Ok(())),
    }
}

pub(super) fn subscribe(channel: &str) -> Request {
    let request = SubscribeRequest { channel: channel.into(), ..SubscribeRequest::default() };
    Request::Subscribe(Box::new(request))
}

pub(super) fn recover(channel: &str, offset: u64) -> Request {
    let recover = Some(Recovery { offset, epoch: epoch() });
    let request = SubscribeRequest { channel: channel.into(), recover, ..SubscribeRequest::default() };
    Request::Subscribe(Box::new(request))
}

pub(super) fn unsubscribe(channel: &str) -> Request {
    Request::Unsubscribe { channel: channel.into() }
}

pub(super) fn publish(channel: &str, data: &'static [u8]) -> Request {
    Request::Publish { channel: channel.into(), data: Bytes::from_static(data) }
}

pub(super) fn address(raw: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), ChannelName::parse(raw).unwrap()))
}

pub(super) fn epoch() -> Epoch {
    Epoch::new("kQzWbnLd")
}

pub(super) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Plain channels without a prefix, streams under `news`, presence and joins under `room`.
fn namespaces() -> Namespaces {
    let clients = Allowed { client: true, ..Allowed::NOBODY };
    let open = Namespace { subscribe: clients, publish: clients, ..Namespace::default() };
    let keep = Retention { size: 100, ttl: secs(300), meta_ttl: secs(3_000) };
    let mode = RecoveryMode::Stream;
    let history = History { keep, read: clients, recovery: Wanted::Always, positioning: Wanted::Off, mode };
    let news = Namespace { history: Some(history), ..open.clone() };
    let room = Namespace { presence: Some(clients), join_leave: true, ..open.clone() };
    let named = [("news".to_owned(), news), ("room".to_owned(), room)].into();
    Namespaces { nameless: Some(open), named }
}
