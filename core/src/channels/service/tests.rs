//! The use cases of channels over memory adapters.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::channels::{ClientInfo, Epoch, Retention};
use ports::ids::{ClientId, NodeId, TenantId, UserId, Who};
use ports::time::{Entropy, Timestamp};

use super::*;
use crate::channels::{Allowed, NamePattern, Namespaces, RecoveryMode, Wanted};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_000)
    }
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
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

fn channels() -> (Channels, Arc<MemoryPresence>) {
    let keep = Retention { size: 10, ttl: Duration::from_secs(300), meta_ttl: Duration::from_secs(3_000) };
    let history = History {
        keep,
        read: Allowed::NOBODY,
        recovery: Wanted::Off,
        positioning: Wanted::Off,
        mode: RecoveryMode::Stream,
    };
    let news = Namespace { history: Some(history), ..Namespace::default() };
    let room = Namespace { presence: Some(Allowed::NOBODY), ..Namespace::default() };
    let numbered = Namespace { names: NamePattern::parse("^number:[0-9]+$").ok(), ..Namespace::default() };
    let changes = Namespace { delta: true, delta_publish: true, ..news.clone() };
    let named = [("news", news), ("room", room), ("number", numbered), ("changes", changes)];
    let named = named.into_iter().map(|(name, options)| (name.to_owned(), options)).collect();
    let namespaces = Namespaces { nameless: Some(Namespace::default()), named };
    let settings = Settings { namespaces, ..Settings::default() };
    let broker = Arc::new(MemoryBroker::new(Arc::new(Sevens), Limits::default()));
    let presence = Arc::new(MemoryPresence::new());
    let channels = Channels::new(broker, Arc::clone(&presence) as _, Arc::new(Noon), Arc::new(settings));
    (channels, presence)
}

fn backend() -> Caller {
    Caller { tenant: TenantId::default(), who: Who::Backend }
}

fn post(data: &'static str) -> Post {
    Post { data: Bytes::from_static(data.as_bytes()), ..Post::default() }
}

fn publish(channels: &Channels, channel: &str, post: Post) -> Result<Receipt, ChannelError> {
    block_on(channels.publish(&backend(), channel, post))
}

fn read(
    channels: &Channels,
    limit: i32,
    since: Option<Recovery>,
    order: Order,
) -> Result<Vec<u64>, ChannelError> {
    let view = block_on(channels.history(&backend(), "news:a", limit, since, order))?;
    Ok(view.publications.iter().map(|publication| publication.offset).collect())
}

/// Three publications in `news:a`; the epoch of the stream.
fn with_three(channels: &Channels) -> Epoch {
    for data in ["1", "2", "3"] {
        publish(channels, "news:a", post(data)).unwrap();
    }
    let top = block_on(channels.history(&backend(), "news:a", 0, None, Order::OldestFirst)).unwrap().top;
    assert_eq!(top.offset, 3);
    top.epoch
}

#[test]
fn a_publication_in_a_stream_gets_a_position_and_one_without_gets_none() {
    let (channels, _) = channels();

    let first = publish(&channels, "news:a", post("1")).unwrap();
    let second = publish(&channels, "news:a", post("2")).unwrap();
    let plain = publish(&channels, "a", post("1")).unwrap();

    assert_eq!(first.position.unwrap().offset, 1);
    assert_eq!(second.position.unwrap().offset, 2);
    assert_eq!(plain, Receipt { position: None, skipped: false });
}

#[test]
fn a_publication_may_be_kept_out_of_the_stream() {
    let (channels, _) = channels();

    let receipt = publish(&channels, "news:a", Post { skip_history: true, ..post("1") }).unwrap();

    assert_eq!(receipt.position, None);
    assert_eq!(read(&channels, -1, None, Order::OldestFirst), Ok(vec![]));
}

#[test]
fn a_repeated_key_or_an_old_version_publishes_nothing() {
    let (channels, _) = channels();
    let keyed = || Post { idempotency_key: Some("k".into()), ..post("1") };
    let versioned = |number| Post { version: Some(Version { number, epoch: String::new() }), ..post("1") };

    let first = publish(&channels, "news:a", keyed()).unwrap();
    let again = publish(&channels, "news:a", keyed()).unwrap();
    publish(&channels, "news:a", versioned(2)).unwrap();
    let old = publish(&channels, "news:a", versioned(1)).unwrap();

    assert_eq!((again.skipped, again.position), (true, first.position));
    assert!(old.skipped);
    assert_eq!(read(&channels, -1, None, Order::OldestFirst), Ok(vec![1, 2]));
}

#[test]
fn tags_travel_with_the_publication() {
    let (channels, _) = channels();
    let tags: BTreeMap<_, _> = [("lang".to_owned(), "de".to_owned())].into();

    publish(&channels, "news:a", Post { tags: tags.clone(), ..post("1") }).unwrap();

    let view = block_on(channels.history(&backend(), "news:a", -1, None, Order::OldestFirst)).unwrap();
    assert_eq!(view.publications[0].tags.as_deref(), Some(&tags));
}

#[test]
fn a_publication_is_sent_as_a_difference_if_its_publisher_or_its_namespace_wants_that() {
    let (channels, _) = channels();
    let delta = |channel: &str, post| {
        publish(&channels, channel, post).unwrap();
        let view = block_on(channels.history(&backend(), channel, -1, None, Order::OldestFirst)).unwrap();
        view.publications.last().unwrap().delta
    };

    assert!(!delta("news:a", post("1")));
    assert!(delta("news:a", Post { delta: true, ..post("1") }));
    assert!(delta("changes:a", post("1"))); // P-DL-2
}

#[test]
fn a_name_that_its_namespace_does_not_want_is_refused() {
    let (channels, _) = channels();

    assert!(publish(&channels, "number:7", post("1")).is_ok());
    let refused = publish(&channels, "number:x", post("1")).unwrap_err(); // P-CH-5
    assert_eq!(refused, ChannelError::Misnamed("number:x".into()));
    assert_eq!(refused.code(), ErrorCode::BadRequest);
    assert_eq!(channels.name("number:x"), Err(refused));
    assert_eq!(channels.name("number:7").unwrap().as_str(), "number:7");
}

#[test]
fn a_forgotten_stream_keeps_its_position() {
    let (channels, _) = channels();
    let epoch = with_three(&channels);

    block_on(channels.forget(&backend(), "news:a")).unwrap();

    let view = block_on(channels.history(&backend(), "news:a", -1, None, Order::OldestFirst)).unwrap();
    assert!(view.publications.is_empty());
    assert_eq!((view.top.offset, view.top.epoch), (3, epoch)); // P-ST-4
    let plain = block_on(channels.forget(&backend(), "a")).unwrap_err();
    assert_eq!(plain, ChannelError::NotAvailable);
}

#[test]
fn live_channels_are_told_to_their_tenant_and_picked_by_glob() {
    let (channels, _) = channels();
    let at = |tenant: &str, channel| {
        Arc::new(Address::public(TenantId::new(tenant), ChannelName::parse(channel).unwrap()))
    };
    let live: BTreeMap<_, _> =
        [(at("default", "news:a"), 2), (at("default", "room"), 1), (at("other", "news:b"), 3)].into();
    let matching = |pattern: &str| {
        let found = channels.matching(&backend(), pattern, live.clone())?;
        Ok(found.into_iter().map(|(name, count)| (name.to_string(), count)).collect::<Vec<_>>())
    };

    assert_eq!(matching(""), Ok(vec![("news:a".into(), 2), ("room".into(), 1)]));
    assert_eq!(matching("news:*"), Ok(vec![("news:a".into(), 2)]));
    assert_eq!(matching("[").map_err(|error: ChannelError| error.code()), Err(ErrorCode::BadRequest));
}

#[test]
fn what_cannot_be_published_says_why() {
    let (channels, _) = channels();
    let code = |channel, data| publish(&channels, channel, post(data)).unwrap_err().code();

    assert_eq!(code("", "1"), ErrorCode::BadRequest);
    assert_eq!(code("grün", "1"), ErrorCode::BadRequest);
    assert_eq!(code("other:a", "1"), ErrorCode::UnknownChannel);
    assert_eq!(code("a", ""), ErrorCode::BadRequest);
    assert_eq!(publish(&channels, "a", post("")), Err(ChannelError::NoData));
}

#[test]
fn history_without_a_limit_is_the_position_and_with_a_negative_one_everything() {
    let (channels, _) = channels();
    with_three(&channels);

    assert_eq!(read(&channels, 0, None, Order::OldestFirst), Ok(vec![]));
    assert_eq!(read(&channels, 2, None, Order::OldestFirst), Ok(vec![1, 2]));
    assert_eq!(read(&channels, -1, None, Order::OldestFirst), Ok(vec![1, 2, 3]));
    assert_eq!(read(&channels, 1_000, None, Order::NewestFirst), Ok(vec![3, 2, 1]));
}

#[test]
fn since_is_exclusive_in_both_directions_and_empty_past_the_top() {
    let (channels, _) = channels();
    let epoch = with_three(&channels);
    let since = |offset| Some(Recovery { offset, epoch: epoch.clone() });

    assert_eq!(read(&channels, -1, since(1), Order::OldestFirst), Ok(vec![2, 3]));
    assert_eq!(read(&channels, -1, since(0), Order::OldestFirst), Ok(vec![1, 2, 3]));
    assert_eq!(read(&channels, -1, since(9), Order::OldestFirst), Ok(vec![]));
    assert_eq!(read(&channels, -1, since(3), Order::NewestFirst), Ok(vec![2, 1]));
}

#[test]
fn another_epoch_is_refused_unless_it_is_unknown() {
    let (channels, _) = channels();
    with_three(&channels);
    let since = |epoch: &str| Some(Recovery { offset: 1, epoch: Epoch::new(epoch) });

    let refused = read(&channels, -1, since("other"), Order::OldestFirst).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnrecoverablePosition);
    assert_eq!(read(&channels, -1, since(""), Order::OldestFirst), Ok(vec![2, 3]));
}

#[test]
fn newest_first_from_zero_is_a_bad_request() {
    let since = Some(Recovery { offset: 0, epoch: Epoch::new("") });

    let refused = StreamRequest::new(1, since.clone(), Order::NewestFirst, 300).unwrap_err();

    assert_eq!(refused, ChannelError::NothingBefore);
    assert_eq!(refused.code(), ErrorCode::BadRequest);
    assert!(StreamRequest::new(1, since, Order::OldestFirst, 300).is_ok());
    assert!(StreamRequest::new(1, None, Order::NewestFirst, 300).is_ok());
}

#[test]
fn requests_of_clients_are_capped() {
    let limit = |limit, cap| StreamRequest::new(limit, None, Order::OldestFirst, cap).unwrap().query.limit;

    assert_eq!(limit(-1, 300), Some(300));
    assert_eq!(limit(1_000, 300), Some(300));
    assert_eq!(limit(7, 300), Some(7));
    assert_eq!(limit(0, 300), Some(0));
    assert_eq!(limit(-1, usize::MAX), None);
}

#[test]
fn features_that_are_off_are_not_available() {
    let (channels, _) = channels();

    let history = block_on(channels.history(&backend(), "a", 0, None, Order::OldestFirst)).unwrap_err();
    let presence = block_on(channels.presence(&backend(), "news:a")).unwrap_err();
    let stats = block_on(channels.presence_stats(&backend(), "news:a")).unwrap_err();

    for error in [history, presence, stats] {
        assert_eq!(error.code(), ErrorCode::NotAvailable);
    }
}

#[test]
fn back_ends_see_who_is_there() {
    let (channels, presence) = channels();
    let name = ChannelName::parse("room:a").unwrap();
    let address = Arc::new(Address::public(TenantId::default(), name));
    let node = NodeId::from_random([1; 16]);
    for (client, user) in [(1, "ann"), (2, "ann"), (3, "")] {
        let client = ClientId::from_random([client; 16]);
        let info = ClientInfo { user: UserId::new(user), client, conn_info: None, chan_info: None };
        block_on(presence.enter(&address, Arc::new(info), node)).unwrap();
    }

    let members = block_on(channels.presence(&backend(), "room:a")).unwrap();
    let stats = block_on(channels.presence_stats(&backend(), "room:a")).unwrap();

    assert_eq!(members.len(), 3);
    assert_eq!(stats, Headcount { clients: 3, users: 2 });
}

#[test]
fn tenants_do_not_see_each_other() {
    let (channels, _) = channels();
    with_three(&channels);
    let other = Caller { tenant: TenantId::new("other"), who: Who::Backend };

    let view = block_on(channels.history(&other, "news:a", -1, None, Order::OldestFirst)).unwrap();

    assert!(view.publications.is_empty());
    assert_eq!(view.top.offset, 0);
}

#[test]
fn failing_adapters_are_a_temporary_error() {
    let broker = ChannelError::from(BrokerError::Unavailable("down".into()));
    let presence = ChannelError::from(PresenceError::Unavailable("down".into()));

    for error in [broker, presence] {
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(error.code().is_temporary());
    }
}
