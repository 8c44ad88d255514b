//! What a connection weighs in a shard, without its socket: as much among a hundred thousand as among ten thousand.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ports::access::ConnectionGrant;
use ports::channels::{Epoch, Position, Retention, StreamView};
use ports::ids::{ClientId, NodeId, TenantId, UserId};
use ports::protocol::{Command, ConnectRequest, Request, SubscribeRequest};
use ports::time::Timestamp;
use wigwag_core::Census;
use wigwag_core::channels::{Allowed, History, Hub, Namespace, Namespaces, RecoveryMode, Wanted, hub};
use wigwag_core::session::{self, Job, Opening, Outcome, Pings, Realm};
use wigwag_core::settings::Settings;
use wigwag_core::shard::{Effect, Input, SeatId, Shard};
use wigwag_tests::heap::{Counting, own_bytes};

#[global_allocator]
static HEAP: Counting = Counting::new();

/// Tables double. At these sizes all of them are equally full: one is the other times a power of two.
const FEW: u32 = 12_500;
const MANY: u32 = 100_000;
/// So many come at once.
const CROWD: u32 = 500;
/// Heap bytes of one connection with its feed membership, and with all that a channel of its own takes.
const SHARED_BYTES_MAX: usize = 580;
const OWN_BYTES_MAX: usize = 1_000;

#[test]
fn a_connection_weighs_as_much_among_many_as_among_few() {
    for (channel, bytes_max) in [(Channels::Shared, SHARED_BYTES_MAX), (Channels::OneEach, OWN_BYTES_MAX)] {
        let (few, many) = (weight(FEW, channel), weight(MANY, channel));

        println!("{channel:?}: {few} bytes each among {FEW}, {many} among {MANY}");
        assert!(many * 100 <= few * 105, "{channel:?}: {few} bytes became {many}");
        assert!(many <= bytes_max, "{channel:?}: {many} bytes, at most {bytes_max} were expected");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channels {
    Shared,
    OneEach,
}

/// Bytes per connection of so many.
fn weight(connections: u32, channels: Channels) -> usize {
    let before = own_bytes();
    let mut room = Room::new();
    for number in 0..connections {
        let channel = match channels {
            Channels::Shared => "news".to_owned(),
            Channels::OneEach => format!("news-{number}"),
        };
        room.admit(number, channel);
        if number % CROWD == CROWD - 1 {
            room.answer_reads();
        }
    }
    assert_eq!(room.shard.subscription_count(), connections as usize);
    (own_bytes() - before).unsigned_abs() / connections as usize
}

/// A shard and what is around it, all of it in this thread.
struct Room {
    shard: Shard,
    hub: Hub,
    census: Census,
    epoch: Epoch,
    now: Timestamp,
    /// Streams to be read.
    reads: Vec<Input>,
}

impl Room {
    fn new() -> Self {
        let keep = Retention { size: 100, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(60) };
        let history = History {
            keep,
            read: Allowed::NOBODY,
            recovery: Wanted::Always,
            positioning: Wanted::Always,
            mode: RecoveryMode::Stream,
        };
        let everybody = Allowed { client: true, ..Allowed::NOBODY };
        let nameless = Namespace { subscribe: everybody, history: Some(history), ..Namespace::default() };
        let namespaces = Namespaces { nameless: Some(nameless), ..Namespaces::default() };
        let realm = Realm {
            tenant: TenantId::default(),
            node: NodeId::from_random([0; 16]),
            settings: Arc::new(Settings { namespaces, ..Settings::default() }),
        };
        let now = Timestamp::from_secs(1_000_000);
        Self {
            shard: Shard::new(Arc::new(realm), now),
            hub: Hub::default(),
            census: Census::default(),
            epoch: Epoch::new("epoch"),
            now,
            reads: Vec::new(),
        }
    }

    /// Connects a user and subscribes it.
    fn admit(&mut self, number: u32, channel: String) {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let client = ClientId::from_random(id);
        let opening = Opening { client, luck: 0, emulation: None, pings: Pings::Messages };
        let seat = self.shard.open(self.now, opening);
        let connect = ConnectRequest { token: format!("user-{number}"), ..ConnectRequest::default() };
        let subscribe = SubscribeRequest { channel, ..SubscribeRequest::default() };
        self.say(seat, 1, Request::Connect(Box::new(connect)));
        self.say(seat, 2, Request::Subscribe(Box::new(subscribe)));
    }

    fn say(&mut self, seat: SeatId, id: u32, request: Request) {
        let command = session::Input::Command(Command { id, request });
        self.tell(Input::Session(seat, command));
    }

    /// The broker answers, until nobody waits for it.
    fn answer_reads(&mut self) {
        while let Some(read) = self.reads.pop() {
            self.tell(read);
        }
        self.reads = Vec::new();
    }

    fn tell(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.shard.handle(self.now, input, &mut effects);
            for effect in effects {
                inputs.extend(self.perform(effect));
            }
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Input> {
        if let Effect::Run(seat, job, Job::VerifyConnection { token }) = effect {
            let grant = ConnectionGrant {
                user: UserId::new(&token),
                expire_at: Some(self.now.plus(Duration::from_secs(3_600))),
                info: None,
                channels: Default::default(),
            };
            let outcome = Outcome::Connection(Ok(Box::new(grant)));
            return Some(Input::Session(seat, session::Input::Done { job, outcome }));
        }
        if let Effect::Came(seat, user) = effect {
            return Some(Input::Session(seat, session::Input::Counted(self.census.came(user))));
        }
        if let Effect::Read { address, feed, read, .. } = effect {
            let top = Position { offset: 0, epoch: self.epoch.clone() };
            let result = Ok(StreamView { publications: Vec::new(), top });
            self.reads.push(Input::Read { address, feed, read, result });
            return None;
        }
        if let Effect::Want { address, feed } = effect {
            return self.attach(hub::Input::Want { address, shard: 0, feed });
        }
        None
    }

    /// The broker attaches at once.
    fn attach(&mut self, input: hub::Input) -> Option<Input> {
        let mut effects = Vec::new();
        self.hub.handle(self.now, input, &mut effects);
        match effects.pop()? {
            hub::Effect::Attach { address, generation } => {
                self.attach(hub::Input::Attached { address, generation, result: Ok(()) })
            }
            hub::Effect::Tell { feed, address, result, .. } => {
                Some(Input::Attached { address, feed, result })
            }
            hub::Effect::Detach { .. } => None,
        }
    }
}
