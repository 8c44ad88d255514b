//! What reaches the sink of an attached node, and in which order.

use std::sync::Arc;

use super::recorder::Recorder;
use super::{ALL, KEEP, NOW, address, kept, offsets, room};
use crate::channels::{Broker, ClientInfo, Draft, Event, Publication};
use crate::contract::block_on;
use crate::ids::{ClientId, TenantId, UserId};
use crate::orders::{Action, Order, Target};

/// The event carries the item with its offset and epoch; without a stream it carries neither.
pub async fn attached_sink_gets_what_was_published(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();

    let receipt = broker.publish(&room(), kept("a"), NOW).await.unwrap();
    broker.publish(&room(), Draft { keep: None, ..kept("b") }, NOW).await.unwrap();

    let publication = |offset, data: &'static str| {
        Arc::new(Publication { offset, data: data.into(), info: None, tags: None, delta: false })
    };
    let expected = [
        Event::Publication(publication(1, "a"), receipt.position.map(|position| position.epoch)),
        Event::Publication(publication(0, "b"), None),
    ];
    assert_eq!(recorder.events(&room(), 2).await, expected);
}

/// Interest begins with `attach`.
pub async fn nothing_is_delivered_before_attach(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.publish(&room(), kept("before"), NOW).await.unwrap();

    broker.attach(&room()).await.unwrap();
    broker.publish(&room(), kept("after"), NOW).await.unwrap();

    assert_eq!(recorder.payloads(&room(), 1).await, ["after"]);
}

/// Interest ends with `detach`, and can begin again.
pub async fn nothing_is_delivered_after_detach(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();
    broker.publish(&room(), kept("attached"), NOW).await.unwrap();
    recorder.events(&room(), 1).await;

    broker.detach(&room()).await.unwrap();
    broker.publish(&room(), kept("detached"), NOW).await.unwrap();
    broker.announce(&room(), Event::Join(ann())).await.unwrap();
    broker.attach(&room()).await.unwrap();
    broker.publish(&room(), kept("attached again"), NOW).await.unwrap();

    assert_eq!(recorder.payloads(&room(), 2).await, ["attached", "attached again"]);
}

/// Repeating `attach` changes nothing; one `detach` ends it.
pub async fn attaching_twice_delivers_once(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();
    broker.attach(&room()).await.unwrap();

    broker.publish(&room(), kept("a"), NOW).await.unwrap();
    broker.publish(&room(), kept("b"), NOW).await.unwrap();
    assert_eq!(recorder.payloads(&room(), 2).await, ["a", "b"]);

    broker.detach(&room()).await.unwrap();
    broker.publish(&room(), kept("c"), NOW).await.unwrap();
    broker.attach(&room()).await.unwrap();
    broker.publish(&room(), kept("d"), NOW).await.unwrap();
    assert_eq!(recorder.payloads(&room(), 3).await, ["a", "b", "d"]);
}

/// There was no interest, and there is none.
pub async fn detaching_what_is_not_attached_is_no_error(broker: &dyn Broker) {
    assert_eq!(broker.detach(&room()).await, Ok(()));
    broker.attach(&room()).await.unwrap();
    assert_eq!(broker.detach(&room()).await, Ok(()));
    assert_eq!(broker.detach(&room()).await, Ok(()));
}

/// However many publish at once, the sink sees 1, 2, 3… and the stream holds the same (P-ST-5).
pub async fn concurrent_publications_are_delivered_in_offset_order(broker: &dyn Broker) {
    const THREADS: u64 = 4;
    const EACH: u64 = 250;
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();

    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    block_on(broker.publish(&room(), kept("x"), NOW)).unwrap();
                }
            });
        }
    });

    let events = recorder.events(&room(), usize::try_from(THREADS * EACH).unwrap()).await;
    let delivered: Vec<_> = events.iter().filter_map(offset).collect();
    let expected: Vec<_> = (1..=THREADS * EACH).collect();
    assert_eq!(delivered, expected);
    assert_eq!(offsets(&broker.history(&room(), ALL, KEEP, NOW).await.unwrap()), expected);
}

/// Joins and leaves come in the order of the calls, among the publications.
pub async fn announcements_keep_their_place_among_publications(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();

    broker.announce(&room(), Event::Join(ann())).await.unwrap();
    broker.publish(&room(), kept("a"), NOW).await.unwrap();
    broker.announce(&room(), Event::Leave(ann())).await.unwrap();
    broker.publish(&room(), Draft { keep: None, ..kept("b") }, NOW).await.unwrap();

    assert_eq!(recorder.payloads(&room(), 4).await, ["ann joined", "a", "ann left", "b"]);
}

/// A join takes no offset and is not in the history.
pub async fn announcements_are_not_stored(broker: &dyn Broker) {
    broker.attach(&room()).await.unwrap();
    broker.announce(&room(), Event::Join(ann())).await.unwrap();
    let receipt = broker.publish(&room(), kept("a"), NOW).await.unwrap();

    let view = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();

    assert_eq!(offsets(&view), [1]);
    assert_eq!(receipt.position, Some(view.top));
}

/// Interest in one tenant's channel brings nothing of the other's.
pub async fn events_of_tenants_are_separate(broker: &dyn Broker) {
    let (ours, theirs) = (address("acme", "room"), address("evil", "room"));
    let recorder = Recorder::of(broker);
    broker.attach(&theirs).await.unwrap();

    broker.publish(&ours, kept("secret"), NOW).await.unwrap();
    broker.announce(&ours, Event::Join(ann())).await.unwrap();
    broker.publish(&theirs, kept("own"), NOW).await.unwrap();

    assert_eq!(recorder.payloads(&theirs, 1).await, ["own"]);
    assert_eq!(recorder.events(&ours, 0).await, []);
}

/// Orders concern connections, whatever channels the node listens to.
pub async fn orders_reach_a_node_that_is_attached_to_nothing(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    let target = Target { user: UserId::new("ann"), client: None, session: None };
    let action = Action::Unsubscribe { channel: None };

    broker
        .order(Arc::new(Order { tenant: TenantId::default(), target: target.clone(), action }))
        .await
        .unwrap();

    let orders = recorder.orders().await;
    let targets: Vec<_> = orders.iter().map(|order| &order.target).collect();
    assert_eq!(targets, [&target]);
}

fn ann() -> Arc<ClientInfo> {
    let client = ClientId::from_random([1; 16]);
    Arc::new(ClientInfo { user: UserId::new("ann"), client, conn_info: None, chan_info: None })
}

fn offset(event: &Event) -> Option<u64> {
    match event {
        Event::Publication(publication, _) => Some(publication.offset),
        Event::Join(_) | Event::Leave(_) => None,
    }
}
