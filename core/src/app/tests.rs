//! What sessions want done, over memory adapters.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError};
use ports::channels::{
    BrokerError, ChannelName, ClientInfo, Draft, Headcount, Order, PresenceError, Published, Receipt, Sink,
};
use ports::ids::{ClientId, UserId};
use ports::time::{Entropy, Timestamp};

use super::*;
use crate::channels::{Allowed, History, Namespace, Namespaces, RecoveryMode, StreamRequest, Wanted};

/// Clock, entropy, tokens and sink of a test. A token is the user's or the channel's name.
#[derive(Default)]
struct World {
    seen: Mutex<Vec<String>>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_000)
    }
}

impl Entropy for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl Sink for World {
    fn deliver(&self, published: Arc<Published>) {
        let text = match &published.event {
            Event::Publication(publication, _) => format!("publication {}", publication.offset),
            Event::Join(info) => format!("join {}", info.user),
            Event::Leave(info) => format!("leave {}", info.user),
        };
        self.seen.lock().unwrap().push(text);
    }

    fn obey(&self, order: Arc<ports::orders::Order>) {
        self.seen.lock().unwrap().push(format!("order for {}", order.target.user));
    }
}

/// The answer of a port's method, as the port's traits spell it.
type Answer<'f, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'f>>;

impl TokenVerifier for World {
    fn connection<'s, 't, 'u, 'f>(
        &'s self,
        _: &'t TenantId,
        token: &'u str,
        _: Timestamp,
    ) -> Answer<'f, ConnectionGrant, TokenError>
    where
        's: 'f,
        't: 'f,
        'u: 'f,
        Self: 'f,
    {
        let (user, channels) = (UserId::new(token), BTreeMap::new());
        let grant = ConnectionGrant { user, expire_at: None, info: None, channels };
        Box::pin(ready(if token == "bad" { Err(TokenError::Expired) } else { Ok(grant) }))
    }

    fn subscription<'s, 't, 'u, 'f>(
        &'s self,
        _: &'t TenantId,
        token: &'u str,
        _: Timestamp,
    ) -> Answer<'f, SubscriptionGrant, TokenError>
    where
        's: 'f,
        't: 'f,
        'u: 'f,
        Self: 'f,
    {
        let (user, channel, details) = (UserId::new("ann"), token.into(), ChannelGrant::default());
        Box::pin(ready(Ok(SubscriptionGrant { user, channel, client: None, expire_at: None, details })))
    }
}

/// Broker and presence that cannot be reached.
struct Broken;

/// Methods that fail, whatever their arguments: those borrowed, then those given.
macro_rules! failing {
    ($($name:ident [$($life:lifetime $borrowed:ty)?] ($($given:ty),*) -> $ok:ty, $error:ident;)*) => {$(
        fn $name<'s, $($life,)? 'f>(&'s self $(, _: &$life $borrowed)? $(, _: $given)*) -> Answer<'f, $ok, $error>
        where
            's: 'f,
            $($life: 'f,)?
            Self: 'f,
        {
            Box::pin(ready(Err($error::Unavailable("down".into()))))
        }
    )*};
}

impl Broker for Broken {
    failing! {
        publish ['a Arc<Address>] (Draft, Timestamp) -> Receipt, BrokerError;
        announce ['a Arc<Address>] (Event) -> (), BrokerError;
        order [] (Arc<ports::orders::Order>) -> (), BrokerError;
        history ['a Arc<Address>] (HistoryQuery, Retention, Timestamp) -> StreamView, BrokerError;
        forget ['a Arc<Address>] () -> (), BrokerError;
        attach ['a Arc<Address>] () -> (), BrokerError;
        detach ['a Arc<Address>] () -> (), BrokerError;
    }

    fn listen(&self, _: Arc<dyn Sink>) {}
}

impl Presence for Broken {
    failing! {
        enter ['a Arc<Address>] (Arc<ClientInfo>, NodeId) -> (), PresenceError;
        leave ['a Arc<Address>] (ClientId) -> (), PresenceError;
        members ['a Arc<Address>] () -> Vec<Arc<ClientInfo>>, PresenceError;
        count ['a Arc<Address>] () -> Headcount, PresenceError;
        reap [] (NodeId) -> (), PresenceError;
    }
}

/// Everything here is ready at the first poll.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a memory adapter had to wait"),
    }
}

fn app() -> (App, Arc<World>) {
    let world = Arc::new(World::default());
    let broker = MemoryBroker::new(Arc::clone(&world) as _, Limits::default());
    broker.listen(Arc::clone(&world) as _);
    block_on(broker.attach(&address())).unwrap();
    (app_over(&world, Arc::new(broker), Arc::new(MemoryPresence::new())), world)
}

fn broken_app() -> App {
    app_over(&Arc::new(World::default()), Arc::new(Broken), Arc::new(Broken))
}

fn app_over(world: &Arc<World>, broker: Arc<dyn Broker>, presence: Arc<dyn Presence>) -> App {
    let namespaces = Namespaces { nameless: Some(Namespace::default()), named: BTreeMap::new() };
    let settings = Settings { namespaces, ..Settings::default() };
    let ports = Ports { broker, presence, tokens: Arc::clone(world) as _, clock: Arc::clone(world) as _ };
    App::new(ports, NodeId::from_random([1; 16]), Arc::new(settings))
}

fn perform(app: &App, job: Job) -> Outcome {
    block_on(app.perform(&TenantId::default(), job))
}

fn address() -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), ChannelName::parse("room").unwrap()))
}

fn ann() -> Arc<ClientInfo> {
    Arc::new(ClientInfo {
        user: UserId::new("ann"),
        client: ClientId::from_random([7; 16]),
        conn_info: None,
        chan_info: None,
    })
}

fn farewell(presence: bool, notice: bool) -> Farewell {
    Farewell { address: address(), info: ann(), presence, notice }
}

fn keep() -> Retention {
    Retention { size: 10, ttl: Duration::from_secs(300), meta_ttl: Duration::from_secs(3_000) }
}

fn publication() -> Job {
    let draft = Draft { data: Bytes::from_static(b"1"), keep: Some(keep()), ..Draft::default() };
    Job::Publish { address: address(), draft }
}

fn reading() -> Job {
    let request = StreamRequest::new(-1, None, Order::OldestFirst, 300).unwrap();
    let history = History {
        keep: keep(),
        read: Allowed::NOBODY,
        recovery: Wanted::Off,
        positioning: Wanted::Off,
        mode: RecoveryMode::Stream,
    };
    Job::History { address: address(), request, history }
}

#[test]
fn tokens_are_verified() {
    let (app, _) = app();

    let good = perform(&app, Job::VerifyConnection { token: "ann".into() });
    let bad = perform(&app, Job::VerifyConnection { token: "bad".into() });
    let ticket = perform(&app, Job::VerifySubscription { token: "room".into() });

    assert!(matches!(good, Outcome::Connection(Ok(grant)) if grant.user == UserId::new("ann")));
    assert!(matches!(bad, Outcome::Connection(Err(TokenError::Expired))));
    assert!(matches!(ticket, Outcome::Subscription(Ok(grant)) if grant.channel == "room"));
}

#[test]
fn a_subscriber_enters_is_seen_and_departs() {
    let (app, world) = app();

    let entered = perform(&app, Job::Enter { address: address(), info: ann() });
    let announced = perform(&app, Job::Announce { address: address(), info: ann() });
    let members = perform(&app, Job::Members { address: address() });
    let count = perform(&app, Job::Count { address: address() });
    let departed = perform(&app, Job::Depart(vec![farewell(true, true)]));
    let left = perform(&app, Job::Count { address: address() });

    assert!(matches!(entered, Outcome::Done(Ok(()))) && matches!(announced, Outcome::Done(Ok(()))));
    assert!(matches!(members, Outcome::Members(Ok(members)) if members == [ann()]));
    assert!(matches!(count, Outcome::Count(Ok(Headcount { clients: 1, users: 1 }))));
    assert!(matches!(departed, Outcome::Done(Ok(()))));
    assert!(matches!(left, Outcome::Count(Ok(Headcount { clients: 0, users: 0 }))));
    assert_eq!(*world.seen.lock().unwrap(), ["join ann", "leave ann"]);
}

#[test]
fn a_farewell_undoes_only_what_was_done_and_may_be_repeated() {
    let (app, world) = app();
    perform(&app, Job::Enter { address: address(), info: ann() });

    for _ in 0..2 {
        assert!(matches!(perform(&app, Job::Depart(vec![farewell(true, false)])), Outcome::Done(Ok(()))));
    }
    perform(&app, Job::Depart(vec![farewell(false, true)]));

    assert_eq!(*world.seen.lock().unwrap(), ["leave ann"]);
}

#[test]
fn what_is_published_can_be_read() {
    let (app, world) = app();

    assert!(matches!(perform(&app, publication()), Outcome::Done(Ok(()))));
    let read = perform(&app, reading());
    let top = block_on(app.read(&address(), HistoryQuery::TOP, keep())).unwrap().top;

    assert!(matches!(read, Outcome::History(Ok(view)) if view.publications.len() == 1));
    assert_eq!(top.offset, 1);
    assert_eq!(*world.seen.lock().unwrap(), ["publication 1"]);
}

#[test]
fn every_failure_is_error_100() {
    let app = broken_app(); // P-CONN-9
    let jobs = [
        Job::Enter { address: address(), info: ann() },
        Job::Announce { address: address(), info: ann() },
        Job::Depart(vec![farewell(true, false)]),
        Job::Depart(vec![farewell(false, true)]),
        publication(),
        reading(),
        Job::Members { address: address() },
        Job::Count { address: address() },
    ];

    for job in jobs {
        let what = format!("{job:?}");
        let code = match perform(&app, job) {
            Outcome::Done(result) => result.unwrap_err(),
            Outcome::History(result) => result.unwrap_err(),
            Outcome::Members(result) => result.unwrap_err(),
            Outcome::Count(result) => result.unwrap_err(),
            Outcome::Connection(_) | Outcome::Subscription(_) | Outcome::Asked(_) | Outcome::Overdue => {
                panic!("not of {what}")
            }
        };
        assert_eq!(code, ErrorCode::Internal, "{what}");
    }
    assert!(block_on(app.read(&address(), HistoryQuery::TOP, keep())).is_err());
}

#[test]
fn the_app_knows_its_node_and_shares_its_use_cases() {
    let (app, _) = app();
    let caller = ports::ids::Caller { tenant: TenantId::default(), who: ports::ids::Who::Backend };
    let post = crate::channels::Post { data: Bytes::from_static(b"1"), ..Default::default() };

    assert_eq!(app.node(), NodeId::from_random([1; 16]));
    assert!(block_on(app.channels.publish(&caller, "room", post)).is_ok());
    assert_eq!(app.ports().clock.now(), Timestamp::from_secs(1_000));
}
