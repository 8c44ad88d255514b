//! What is not published because it already was: idempotency keys and versions.

use std::time::Duration;

use super::recorder::Recorder;
use super::{ALL, KEEP, NOW, address, kept, offsets, room};
use crate::channels::{Broker, Draft, Receipt, Version};
use crate::contract::block_on;

/// The second publisher learns where the first one's item stands (P-ST-6).
pub async fn repeated_key_gets_the_first_position_and_publishes_nothing(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();

    let first = broker.publish(&room(), keyed("a", "k"), NOW).await.unwrap();
    broker.publish(&room(), keyed("b", "other"), NOW).await.unwrap();
    let again = broker.publish(&room(), keyed("c", "k"), NOW.plus(Duration::from_secs(290))).await.unwrap();
    broker.publish(&room(), kept("d"), NOW).await.unwrap();

    assert!(!first.skipped);
    assert_eq!(again, Receipt { position: first.position, skipped: true });
    assert_eq!(offsets(&broker.history(&room(), ALL, KEEP, NOW).await.unwrap()), [1, 2, 3]);
    assert_eq!(recorder.payloads(&room(), 3).await, ["a", "b", "d"]);
}

/// Keys are remembered for channels without a stream as well.
pub async fn repeated_key_publishes_nothing_without_a_stream_either(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    let draft = |data| Draft { keep: None, ..keyed(data, "k") };
    let first = broker.publish(&room(), draft("nobody hears it"), NOW).await.unwrap();

    broker.attach(&room()).await.unwrap();
    let again = broker.publish(&room(), draft("a"), NOW).await.unwrap();
    broker.publish(&room(), Draft { idempotency_key: None, ..draft("b") }, NOW).await.unwrap();

    assert_eq!(first, Receipt { position: None, skipped: false });
    assert_eq!(again, Receipt { position: None, skipped: true });
    assert_eq!(recorder.payloads(&room(), 1).await, ["b"]);
}

/// Of all who publish the same key at once, one publishes, and all get its position.
pub async fn repeated_key_publishes_once_among_concurrent_publishers(broker: &dyn Broker) {
    let receipts: Vec<_> = std::thread::scope(|scope| {
        let publish = || block_on(broker.publish(&room(), keyed("a", "k"), NOW)).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(publish)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    let view = broker.history(&room(), ALL, KEEP, NOW).await.unwrap();
    assert_eq!(offsets(&view), [1]);
    assert!(receipts.iter().all(|receipt| receipt.position.as_ref() == Some(&view.top)));
    assert_eq!(receipts.iter().filter(|receipt| !receipt.skipped).count(), 1);
}

/// A key is worth nothing for ever.
pub async fn key_publishes_again_after_five_minutes(broker: &dyn Broker) {
    broker.publish(&room(), keyed("a", "k"), NOW).await.unwrap();

    let later = NOW.plus(Duration::from_secs(301));
    let again = broker.publish(&room(), keyed("a", "k"), later).await.unwrap();
    let repeated = broker.publish(&room(), keyed("a", "k"), later).await.unwrap();

    assert_eq!((again.skipped, again.position.as_ref().unwrap().offset), (false, 2));
    assert_eq!(repeated, Receipt { skipped: true, ..again });
}

/// The same key in another channel, or in another tenant's channel of that name, is another key.
pub async fn keys_of_channels_and_tenants_are_separate(broker: &dyn Broker) {
    for address in [room(), address("acme", "lobby"), address("evil", "room")] {
        let receipt = broker.publish(&address, keyed("a", "k"), NOW).await.unwrap();

        assert_eq!((receipt.skipped, receipt.position.unwrap().offset), (false, 1), "{address:?}");
    }
}

/// A state that is not newer than the stream's is not published (P-ST-7).
pub async fn older_or_equal_version_is_skipped(broker: &dyn Broker) {
    let recorder = Recorder::of(broker);
    broker.attach(&room()).await.unwrap();
    let second = broker.publish(&room(), versioned("two", 2, ""), NOW).await.unwrap();

    let equal = broker.publish(&room(), versioned("two again", 2, ""), NOW).await.unwrap();
    let older = broker.publish(&room(), versioned("one", 1, ""), NOW).await.unwrap();
    let newer = broker.publish(&room(), versioned("three", 3, ""), NOW).await.unwrap();

    let skipped = Receipt { position: second.position, skipped: true };
    assert_eq!((&equal, &older), (&skipped, &skipped));
    assert_eq!((newer.skipped, newer.position.unwrap().offset), (false, 2));
    assert_eq!(recorder.payloads(&room(), 2).await, ["two", "three"]);
}

/// Another version epoch counts from anew.
pub async fn versions_of_different_epochs_are_not_compared(broker: &dyn Broker) {
    broker.publish(&room(), versioned("a", 9, "monday"), NOW).await.unwrap();

    let other = broker.publish(&room(), versioned("b", 1, "tuesday"), NOW).await.unwrap();
    let older = broker.publish(&room(), versioned("c", 1, "tuesday"), NOW).await.unwrap();

    assert_eq!((other.skipped, other.position.as_ref().unwrap().offset), (false, 2));
    assert_eq!(older, Receipt { skipped: true, ..other });
}

fn keyed(data: &'static str, key: &str) -> Draft {
    Draft { idempotency_key: Some(key.to_owned()), ..kept(data) }
}

fn versioned(data: &'static str, number: u64, epoch: &str) -> Draft {
    Draft { version: Some(Version { number, epoch: epoch.to_owned() }), ..kept(data) }
}
