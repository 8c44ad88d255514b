//! The use cases of connections over a memory broker whose sink writes down what it is ordered.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::channels::{Epoch, Published, Sink};
use ports::ids::{TenantId, Who};
use ports::time::Entropy;

use super::*;
use crate::channels::{Namespace, Namespaces};
use crate::settings::Settings;

const NOW_SECS: u64 = 1_000;
const CLIENT: &str = "6f1c2a7e-3b1d-4c55-9f0a-0123456789ab";

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(NOW_SECS)
    }
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Holds every order until it is told to let go.
#[derive(Default)]
struct Desk(Mutex<Vec<Arc<Order>>>);

impl Desk {
    fn take(&self) -> Vec<Arc<Order>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn one(&self) -> Arc<Order> {
        let orders = self.take();
        assert_eq!(orders.len(), 1);
        orders.into_iter().next().unwrap()
    }
}

impl Sink for Desk {
    fn deliver(&self, _published: Arc<Published>) {}

    fn obey(&self, order: Arc<Order>) {
        self.0.lock().unwrap().push(order);
    }
}

/// Memory adapters are ready at the first poll.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a memory adapter had to wait"),
    }
}

fn connections() -> (Connections, Arc<Desk>) {
    let namespaces = Namespaces { nameless: Some(Namespace::default()), ..Namespaces::default() };
    let settings = Arc::new(Settings { namespaces, ..Settings::default() });
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new(Arc::new(Sevens), Limits::default()));
    let desk = Arc::new(Desk::default());
    broker.listen(Arc::clone(&desk) as _);
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    let presence = Arc::new(MemoryPresence::new());
    let channels = Channels::new(Arc::clone(&broker), presence, Arc::clone(&clock), settings);
    (Connections::new(channels, broker, clock), desk)
}

fn backend() -> Caller {
    Caller { tenant: TenantId::new("acme"), who: Who::Backend }
}

fn ann() -> Whose {
    Whose { user: "ann".into(), ..Whose::default() }
}

fn ending(code: u32, reason: &str) -> Result<Disconnect, ConnectionError> {
    Ending { code: Some(code), reason: Some(reason.into()), spare: Vec::new() }.disconnect()
}

#[test]
fn an_order_names_the_tenant_and_the_connections_that_are_meant() {
    let (connections, desk) = connections();
    let whose = Whose { client: Some(CLIENT.into()), session: Some(String::new()), ..ann() };

    block_on(connections.unsubscribe(&backend(), &whose, "")).unwrap();

    let order = desk.one();
    assert_eq!(order.tenant, TenantId::new("acme"));
    let expected = Target { user: UserId::new("ann"), client: ClientId::parse(CLIENT), session: None };
    assert_eq!(order.target, expected);
    assert!(matches!(order.action, Action::Unsubscribe { channel: None }));
}

#[test]
fn an_order_is_done_when_nobody_holds_it_any_more() {
    let (connections, desk) = connections();

    let issued = block_on(connections.unsubscribe(&backend(), &ann(), "a")).unwrap();

    assert!(!issued.is_done());
    drop(desk.take());
    assert!(issued.is_done());
}

#[test]
fn an_id_that_no_connection_can_have_meets_nobody_and_succeeds() {
    let (connections, desk) = connections();

    for whose in
        [Whose { client: Some("nobody".into()), ..ann() }, Whose { session: Some("nothing".into()), ..ann() }]
    {
        let issued = block_on(connections.disconnect(&backend(), &whose, Ending::default())).unwrap();
        assert!(issued.is_done());
    }
    assert!(desk.take().is_empty());
}

#[test]
fn a_subscription_is_ordered_with_all_its_details() {
    let (connections, desk) = connections();
    let details = ChannelGrant { data: Some(Bytes::from_static(b"1")), ..ChannelGrant::default() };
    let recover = Some(Recovery { offset: 3, epoch: Epoch::new("e") });
    let expire_at = Some(Timestamp::from_secs(NOW_SECS + 1));
    let wish = Wish { channel: "a".into(), details: details.clone(), recover: recover.clone(), expire_at };

    block_on(connections.subscribe(&backend(), &ann(), wish)).unwrap();

    let order = desk.one();
    let Action::Subscribe(subscribe) = &order.action else { panic!("{order:?}") };
    assert_eq!(subscribe.channel.as_str(), "a");
    assert_eq!((&subscribe.details, &subscribe.recover), (&details, &recover));
    assert_eq!(subscribe.expire_at, expire_at);
}

#[test]
fn what_cannot_be_subscribed_to_is_not_ordered() {
    let (connections, desk) = connections();
    let code = |channel: &str, expire_at| {
        let wish = Wish { channel: channel.into(), expire_at, ..Wish::default() };
        block_on(connections.subscribe(&backend(), &ann(), wish)).unwrap_err().code()
    };

    assert_eq!(code("", None), ErrorCode::BadRequest);
    assert_eq!(code("nowhere:a", None), ErrorCode::UnknownChannel);
    assert_eq!(code("a", Some(Timestamp::from_secs(NOW_SECS))), ErrorCode::Expired);
    let unknown = block_on(connections.unsubscribe(&backend(), &ann(), "nowhere:a")).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::UnknownChannel);
    assert!(desk.take().is_empty());
}

#[test]
fn connections_are_closed_with_the_code_given_or_force_disconnect() {
    let (connections, desk) = connections();
    let spare = vec![CLIENT.to_owned(), "nobody".to_owned()];

    block_on(connections.disconnect(&backend(), &ann(), Ending { spare, ..Ending::default() })).unwrap();

    let order = desk.one();
    let Action::Disconnect { disconnect, spare } = &order.action else { panic!("{order:?}") };
    assert_eq!(disconnect, &Disconnect::FORCE_DISCONNECT);
    assert_eq!(spare, &[ClientId::parse(CLIENT).unwrap()]);

    let says = |code, reason: &'static str| Ok(Disconnect { code, reason: Cow::Borrowed(reason) });
    assert_eq!(ending(0, ""), says(3503, "force disconnect"));
    assert_eq!(ending(0, "go"), says(3503, "go"));
    assert_eq!(ending(3011, ""), says(3011, "force reconnect"));
    assert_eq!(ending(4000, ""), says(4000, ""));
    assert_eq!(ending(4999, "over quota"), says(4999, "over quota"));
}

#[test]
fn codes_of_others_and_reasons_that_clients_would_misread_are_refused() {
    for code in [1, 1000, 2999, 3000, 3002, 3600, 3999, 5000, 65_536 + 4000] {
        assert_eq!(ending(code, ""), Err(ConnectionError::BadCode(code)));
    }
    let long = "x".repeat(124);
    for reason in [r#"{"reconnect":true}"#, " [1]", "\"bye\"", "null", "7", long.as_str()] {
        assert_eq!(ending(4000, reason), Err(ConnectionError::BadReason), "{reason}"); // P-CLOSE-2
    }
    assert!(ending(4000, &long[1..]).is_ok());
    assert!(ending(4000, "7 sessions too many").is_ok());
}

#[test]
fn a_refresh_moves_the_end_and_one_that_has_passed_is_the_end() {
    let (connections, desk) = connections();
    let info = Bytes::from_static(b"{}");
    let refresh = |life, info| {
        block_on(connections.refresh(&backend(), &ann(), life, info)).unwrap();
        desk.one()
    };

    let later = Some(Timestamp::from_secs(NOW_SECS + 60));
    let order = refresh(Life::Until(later), Some(info.clone()));
    let Action::Refresh { expire_at, info: told } = &order.action else { panic!("{order:?}") };
    assert_eq!((expire_at, told), (&later, &Some(info)));
    let never = refresh(Life::Until(None), None);
    assert!(matches!(never.action, Action::Refresh { expire_at: None, info: None }));

    for over in [Life::Over, Life::Until(Some(Timestamp::from_secs(NOW_SECS)))] {
        let order = refresh(over, None);
        let Action::Disconnect { disconnect, .. } = &order.action else { panic!("{order:?}") };
        assert_eq!(disconnect, &Disconnect::EXPIRED); // P-EXP-7
    }
}

#[test]
fn a_failing_broker_is_a_temporary_error() {
    let error = ConnectionError::from(BrokerError::Unavailable("down".into()));

    assert!(error.code().is_temporary());
}
