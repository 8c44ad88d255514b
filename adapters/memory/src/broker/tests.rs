use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ports::channels::ChannelName;
use ports::ids::TenantId;

use ports::channels::Position;

use super::*;
use crate::stream::STREAM_BYTES;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const KEEP: Retention =
    Retention { size: 10, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(3_600) };

#[test]
fn stream_beyond_the_count_evicts_the_least_recently_used_one() {
    let broker = broker(2, usize::MAX);
    let (one, two) = (epoch(&broker, "one"), epoch(&broker, "two"));
    publish(&broker, "one", b"a");

    let three = epoch(&broker, "three");

    assert_eq!((epoch(&broker, "one"), epoch(&broker, "three")), (one, three));
    assert_ne!(epoch(&broker, "two"), two);
}

#[test]
fn bytes_beyond_the_bound_evict_the_least_recently_used_stream_whole() {
    let broker = broker(100, 2 * STREAM_BYTES + 3_000);
    let (one, two) = (publish(&broker, "one", &[0; 1_000]), publish(&broker, "two", &[0; 1_000]));
    assert_eq!((epoch(&broker, "one"), epoch(&broker, "two")), (one.epoch.clone(), two.epoch.clone()));

    let grown = publish(&broker, "two", &[0; 1_000]);

    assert_eq!(grown, Position { offset: 2, epoch: two.epoch });
    assert_eq!(broker.channels.count(), 1);
    assert_ne!(epoch(&broker, "one"), one.epoch);
}

#[test]
fn stream_heavier_than_the_bound_loses_its_own_oldest_items() {
    let broker = broker(100, STREAM_BYTES + 2_500);
    let first = publish(&broker, "one", &[0; 1_000]);

    publish(&broker, "one", &[0; 1_000]);
    let third = publish(&broker, "one", &[0; 1_000]);

    assert_eq!(third, Position { offset: 3, epoch: first.epoch });
    assert_eq!(history(&broker, &address("acme", "one"), NOW).publications.len(), 2);
}

#[test]
fn tenants_do_not_evict_each_other() {
    let broker = broker(1, usize::MAX);
    let ours = history(&broker, &address("acme", "room"), NOW).top;

    for room in ["a", "b", "c"] {
        history(&broker, &address("greedy", room), NOW);
    }

    assert_eq!(history(&broker, &address("acme", "room"), NOW).top, ours);
}

#[test]
fn evicted_stream_of_an_attached_channel_leaves_it_attached() {
    let broker = broker(1, usize::MAX);
    let sink = listen(&broker);
    let room = address("acme", "room");
    done(broker.attach(&room)).unwrap();
    publish(&broker, "room", COUNTED);

    epoch(&broker, "other");
    let position = publish(&broker, "room", COUNTED);

    assert_eq!(position.offset, 1);
    assert_eq!(sink.0.load(Ordering::Relaxed), 2);
}

#[test]
fn channels_that_hold_nothing_are_not_kept() {
    let broker = broker(100, usize::MAX);
    let room = address("acme", "room");
    let unkept = Draft { idempotency_key: Some("k".into()), ..Draft::default() };

    done(broker.publish(&room, unkept, NOW)).unwrap();
    done(broker.forget(&room)).unwrap();
    done(broker.detach(&room)).unwrap();
    assert_eq!(broker.channels.count(), 0);

    done(broker.attach(&room)).unwrap();
    assert_eq!(broker.channels.count(), 1);
    done(broker.detach(&room)).unwrap();
    assert_eq!(broker.channels.count(), 0);
}

#[test]
fn streams_nobody_touches_are_dropped_by_calls_for_others() {
    let broker = broker(100, usize::MAX);
    for n in 0..10 {
        publish(&broker, &n.to_string(), b"a");
    }

    for _ in 0..20 {
        history(&broker, &address("acme", "busy"), NOW.plus(KEEP.meta_ttl));
    }

    assert_eq!(broker.channels.count(), 1);
}

#[test]
fn items_nobody_reads_are_dropped_by_calls_for_others_but_the_position_stays() {
    let broker = broker(100, usize::MAX);
    let position = publish(&broker, "idle", &[0; 1_000]);
    let later = NOW.plus(KEEP.ttl);

    for _ in 0..4 {
        history(&broker, &address("acme", "busy"), later);
    }

    let bytes = |channel: &mut Channel| channel.stream.as_ref().map(|filed| filed.stream.bytes());
    assert_eq!(broker.channels.with_present(&address("acme", "idle"), bytes), Some(Some(STREAM_BYTES)));
    assert_eq!(history(&broker, &address("acme", "idle"), later).top, position);
}

#[test]
fn payload_does_not_keep_the_frame_it_came_in_alive() {
    let broker = broker(100, usize::MAX);
    let frame = Bytes::from(vec![b'x'; 1_000]);

    let draft = Draft { data: frame.slice(..10), keep: Some(KEEP), ..Draft::default() };
    done(broker.publish(&address("acme", "room"), draft, NOW)).unwrap();

    assert!(frame.is_unique());
}

#[test]
fn attached_channel_misses_nothing_while_others_make_and_remove_it() {
    const ROUNDS: usize = 2_000;
    let broker = broker(3, usize::MAX);
    let sink = listen(&broker);
    let rooms: Vec<_> = (0..4).map(|n| address("acme", &n.to_string())).collect();
    let publish = |room, data: &'static [u8], keep| {
        let draft = Draft { data: Bytes::from_static(data), keep, ..Draft::default() };
        done(broker.publish(room, draft, NOW)).unwrap();
    };

    std::thread::scope(|scope| {
        for own in &rooms {
            let (rooms, broker) = (&rooms, &broker);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    done(broker.attach(own)).unwrap();
                    publish(own, COUNTED, None);
                    done(broker.detach(own)).unwrap();
                    let other = &rooms[round % rooms.len()];
                    publish(other, b"noise", (round % 3 == 0).then_some(KEEP));
                    history(broker, &address("acme", &format!("passing {}", round % 5)), NOW);
                }
            });
        }
    });

    assert_eq!(sink.0.load(Ordering::Relaxed), rooms.len() * ROUNDS);
    assert_eq!(broker.channels.count(), 3);
}

fn broker(streams_max: usize, bytes_max: usize) -> MemoryBroker {
    MemoryBroker::new(Arc::new(Counter::default()), Limits { streams_max, bytes_max })
}

fn address(tenant: &str, channel: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::new(tenant), ChannelName::parse(channel).unwrap()))
}

fn publish(broker: &MemoryBroker, channel: &str, data: &[u8]) -> Position {
    let draft = Draft { data: Bytes::copy_from_slice(data), keep: Some(KEEP), ..Draft::default() };
    done(broker.publish(&address("acme", channel), draft, NOW)).unwrap().position.unwrap()
}

fn history(broker: &MemoryBroker, address: &Arc<Address>, now: Timestamp) -> StreamView {
    let all = HistoryQuery { limit: None, ..HistoryQuery::TOP };
    done(broker.history(address, all, KEEP, now)).unwrap()
}

fn epoch(broker: &MemoryBroker, channel: &str) -> Epoch {
    history(broker, &address("acme", channel), NOW).top.epoch
}

fn listen(broker: &MemoryBroker) -> Arc<Tally> {
    let sink = Arc::new(Tally::default());
    broker.listen(Arc::clone(&sink) as Arc<dyn Sink>);
    sink
}

/// The value of a future that is ready at its first poll, as all of this adapter are.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future of the memory broker was pending"),
    }
}

const COUNTED: &[u8] = b"counted";

/// A sink that counts what says so.
#[derive(Default)]
struct Tally(AtomicUsize);

impl Sink for Tally {
    fn deliver(&self, published: Arc<Published>) {
        if let Event::Publication(publication, _) = &published.event
            && publication.data == COUNTED
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn obey(&self, _: Arc<Order>) {}
}

#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        bytes.iter_mut().zip(number).for_each(|(byte, part)| *byte = part);
    }
}
