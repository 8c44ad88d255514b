//! The busy channel in which everything happens.
#![expect(clippy::unwrap_used, reason = "the channel's name is a good one")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::channels::{
    Address, ChannelName, Epoch, Event, Position, Publication, Published, Retention, StreamView,
};
use ports::ids::TenantId;
use ports::time::Timestamp;
use wigwag_core::channels::feed::{self, ChannelFeed, Join, Limits};
use wigwag_core::channels::recovery::Bounds;

/// The time at which everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000);
/// The name of the channel.
pub(crate) const NAME: &str = "bench:one";
/// Bounds of a recovery.
pub(crate) const BOUNDS: Bounds = Bounds { items_max: 300, bytes_max: 1 << 19 };

const KEEP: Retention =
    Retention { size: 300, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(600) };

pub(crate) fn address() -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), ChannelName::parse(NAME).unwrap()))
}

/// A publication of 128 bytes.
pub(crate) fn publication(offset: u64) -> Arc<Publication> {
    let data = Bytes::from(format!("\"{}\"", "x".repeat(126)));
    Arc::new(Publication { offset, data, info: None, tags: None, delta: false })
}

/// The same on its way to subscribers.
pub(crate) fn published(address: &Arc<Address>, offset: u64) -> Arc<Published> {
    let event = Event::Publication(publication(offset), Some(epoch()));
    Arc::new(Published::new(Arc::clone(address), event))
}

/// The only timeline.
pub(crate) fn epoch() -> Epoch {
    Epoch::new("benchmrk")
}

pub(crate) fn at(offset: u64) -> Position {
    Position { offset, epoch: epoch() }
}

/// A subscription that tracks its position and recovers nothing.
pub(crate) fn join() -> Join {
    Join {
        address: address(),
        stream: Some(KEEP),
        join: 1,
        recover: None,
        recovery_bytes_max: usize::MAX,
        refuse_unrecoverable: false,
        positioned: true,
        notices: false,
        cache: false,
        delta: false,
        filter: None,
    }
}

/// A feed at this offset with so many live members.
pub(crate) fn feed_with(members: u32, offset: u64) -> ChannelFeed {
    let limits = Limits {
        recovery: BOUNDS,
        joining_bytes_max: 1 << 20,
        batch_bytes_max: 64 * 1024,
        check_interval: Duration::from_secs(40),
    };
    let mut feed = ChannelFeed::new(address(), Some(KEEP), Arc::new(limits), NOW, 0);
    let mut effects = Vec::new();
    for seat in 0..members {
        feed.handle(NOW, feed::Input::Join(seat, join()), &mut effects);
    }
    feed.handle(NOW, feed::Input::Attached(Ok(())), &mut effects);
    let view = StreamView { publications: Vec::new(), top: at(offset) };
    feed.handle(NOW, feed::Input::Read { read: 1, result: Ok(view) }, &mut effects);
    feed
}
