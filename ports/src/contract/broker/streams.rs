//! What a stream remembers, and for how long.

use std::sync::Arc;
use std::time::Duration;

use super::{ALL, KEEP, NOW, address, kept, offsets, room};
use crate::channels::{
    Broker, ClientInfo, Draft, HistoryQuery, Order, Position, Publication, Receipt, Retention, Tags,
};
use crate::ids::{ClientId, UserId};

/// The first item is 1, and each further one is the next number of the same epoch.
pub async fn offsets_count_from_one(broker: &dyn Broker) {
    let mut positions = Vec::new();
    for data in ["a", "b", "c"] {
        let receipt = broker.publish(&room(), kept(data), NOW).await.unwrap();
        assert!(!receipt.skipped);
        positions.push(receipt.position.unwrap());
    }

    let epoch = positions.first().unwrap().epoch.clone();
    assert!(!epoch.is_unknown());
    let expected: Vec<_> = (1..=3).map(|offset| Position { offset, epoch: epoch.clone() }).collect();
    assert_eq!(positions, expected);
}

/// What is published without a retention has no offset and leaves the stream as it is (P-ST-9).
pub async fn publication_without_retention_has_no_position(broker: &dyn Broker) {
    let first = broker.publish(&room(), kept("a"), NOW).await.unwrap();

    let receipt = broker.publish(&room(), Draft { keep: None, ..kept("b") }, NOW).await.unwrap();

    assert_eq!(receipt, Receipt { position: None, skipped: false });
    let view = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();
    assert_eq!((offsets(&view), Some(view.top)), (vec![1], first.position));
}

/// A read creates the stream; its epoch is that of the later items (P-ST-2).
pub async fn stream_exists_from_its_first_read(broker: &dyn Broker) {
    let read = broker.history(&room(), HistoryQuery::TOP, KEEP, NOW).await.unwrap();
    let again = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();
    let receipt = broker.publish(&room(), kept("a"), NOW).await.unwrap();

    assert_eq!((read.top.offset, read.publications.len()), (0, 0));
    assert_eq!(again, read);
    assert_eq!(receipt.position, Some(Position { offset: 1, epoch: read.top.epoch }));
}

/// Oldest first: items after `since`, at most `limit`; the top is told in any case.
pub async fn history_reads_forward_from_an_offset(broker: &dyn Broker) {
    publish_five(broker).await;

    for (since, limit, expected) in [
        (None, None, vec![1, 2, 3, 4, 5]),
        (None, Some(2), vec![1, 2]),
        (None, Some(0), vec![]),
        (Some(0), None, vec![1, 2, 3, 4, 5]),
        (Some(2), None, vec![3, 4, 5]),
        (Some(2), Some(2), vec![3, 4]),
        (Some(5), None, vec![]),
        (Some(99), Some(9), vec![]),
        (Some(u64::MAX), None, vec![]),
    ] {
        let query = HistoryQuery { since, limit, order: Order::OldestFirst };
        let view = broker.history(&room(), query, KEEP, NOW).await.unwrap();
        assert_eq!((offsets(&view), view.top.offset), (expected, 5), "{query:?}");
    }
}

/// Newest first: items before `since`, at most `limit`, and none before an offset that is not even the next one; the
/// top is told in any case.
pub async fn history_reads_backward_from_an_offset(broker: &dyn Broker) {
    publish_five(broker).await;

    for (since, limit, expected) in [
        (None, None, vec![5, 4, 3, 2, 1]),
        (None, Some(2), vec![5, 4]),
        (None, Some(0), vec![]),
        (Some(4), None, vec![3, 2, 1]),
        (Some(4), Some(2), vec![3, 2]),
        (Some(1), None, vec![]),
        (Some(0), None, vec![]),
        (Some(5), None, vec![4, 3, 2, 1]),
        (Some(6), Some(2), vec![5, 4]),
        (Some(7), None, vec![]),
        (Some(99), Some(1), vec![]),
        (Some(u64::MAX), Some(1), vec![]),
    ] {
        let query = HistoryQuery { since, limit, order: Order::NewestFirst };
        let view = broker.history(&room(), query, KEEP, NOW).await.unwrap();
        assert_eq!((offsets(&view), view.top.offset), (expected, 5), "{query:?}");
    }
}

/// Payload, publisher and tags come back as they were given.
pub async fn history_keeps_what_was_published(broker: &dyn Broker) {
    let info = Arc::new(ClientInfo {
        user: UserId::new("ann"),
        client: ClientId::from_random([7; 16]),
        conn_info: Some(r#"{"name":"Ann"}"#.into()),
        chan_info: None,
    });
    let tags = Arc::new(Tags::from([("kind".to_owned(), "greeting".to_owned())]));
    let draft = Draft {
        info: Some(Arc::clone(&info)),
        tags: Some(Arc::clone(&tags)),
        delta: true,
        ..kept("{\"a\": 1}")
    };

    broker.publish(&room(), draft, NOW).await.unwrap();
    let view = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();

    let expected =
        Publication { offset: 1, data: "{\"a\": 1}".into(), info: Some(info), tags: Some(tags), delta: true };
    assert_eq!(view.publications, [Arc::new(expected)]);
}

/// The size is a bound on items; the newest stay (P-ST-3).
pub async fn size_trims_the_oldest_items(broker: &dyn Broker) {
    let keep = Retention { size: 2, ..KEEP };
    for data in ["a", "b", "c"] {
        broker.publish(&room(), Draft { keep: Some(keep), ..kept(data) }, NOW).await.unwrap();
    }

    let view = broker.history(&room(), ALL, keep, NOW).await.unwrap();

    assert_eq!((offsets(&view), view.top.offset), (vec![2, 3], 3));
}

/// Items grow old one by one; the position outlives them (P-ST-3).
pub async fn ttl_drops_items_but_the_top_stays(broker: &dyn Broker) {
    let first = broker.publish(&room(), kept("a"), NOW).await.unwrap();
    let second = broker.publish(&room(), kept("b"), NOW.plus(KEEP.ttl / 2)).await.unwrap();

    let young = broker.history(&room(), ALL, KEEP, NOW.plus(KEEP.ttl / 2)).await.unwrap();
    let older = broker.history(&room(), ALL, KEEP, NOW.plus(KEEP.ttl * 5 / 4)).await.unwrap();
    let oldest = broker.history(&room(), ALL, KEEP, NOW.plus(KEEP.ttl * 2)).await.unwrap();

    assert_eq!((offsets(&young), offsets(&older), offsets(&oldest)), (vec![1, 2], vec![2], vec![]));
    assert_eq!(Some(oldest.top), second.position);
    assert_ne!(first.position, second.position);
}

/// A stream that nobody used for so long begins anew, and says so (P-ST-3, P-ST-10).
pub async fn lost_meta_leads_to_a_new_epoch(broker: &dyn Broker) {
    let before = broker.publish(&room(), kept("a"), NOW).await.unwrap().position.unwrap();

    let view = broker.history(&room(), ALL, KEEP, NOW.plus(KEEP.meta_ttl * 2)).await.unwrap();

    assert_eq!((view.publications.len(), view.top.offset), (0, 0));
    assert_ne!(view.top.epoch, before.epoch);
}

/// Reads and publications both keep the epoch alive.
pub async fn each_use_renews_the_meta(broker: &dyn Broker) {
    let most = KEEP.meta_ttl * 3 / 4;
    let first = broker.publish(&room(), kept("a"), NOW).await.unwrap().position.unwrap();

    broker.history(&room(), HistoryQuery::TOP, KEEP, NOW.plus(most)).await.unwrap();
    broker.publish(&room(), kept("b"), NOW.plus(most * 2)).await.unwrap();
    let view = broker.history(&room(), HistoryQuery::TOP, KEEP, NOW.plus(most * 3)).await.unwrap();

    assert_eq!(view.top, Position { offset: 2, epoch: first.epoch });
}

/// Items go, the position stays, and counting goes on from there (P-ST-4).
pub async fn forget_drops_items_but_keeps_top_and_epoch(broker: &dyn Broker) {
    publish_five(broker).await;
    let before = broker.history(&room(), HistoryQuery::TOP, KEEP, NOW).await.unwrap();

    broker.forget(&room()).await.unwrap();
    let after = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();
    let next = broker.publish(&room(), kept("f"), NOW.plus(Duration::from_secs(1))).await.unwrap();

    assert_eq!(after, before);
    assert_eq!(next.position, Some(Position { offset: 6, epoch: before.top.epoch }));
}

/// There is nothing to forget, so all is well.
pub async fn forgetting_an_unknown_stream_is_no_error(broker: &dyn Broker) {
    assert_eq!(broker.forget(&room()).await, Ok(()));
}

/// The same channel name under two tenants is two streams.
pub async fn streams_of_tenants_are_separate(broker: &dyn Broker) {
    let (ours, theirs) = (address("acme", "room"), address("evil", "room"));
    broker.publish(&ours, kept("a"), NOW).await.unwrap();

    broker.forget(&theirs).await.unwrap();
    let their_view = broker.history(&theirs, ALL, KEEP, NOW).await.unwrap();
    let our_view = broker.history(&ours, ALL, KEEP, NOW).await.unwrap();

    assert_eq!((offsets(&their_view), their_view.top.offset), (vec![], 0));
    assert_eq!((offsets(&our_view), our_view.top.offset), (vec![1], 1));
    assert_ne!(their_view.top.epoch, our_view.top.epoch);
}

async fn publish_five(broker: &dyn Broker) {
    for data in ["a", "b", "c", "d", "e"] {
        broker.publish(&room(), kept(data), NOW).await.unwrap();
    }
}
