//! What the benches share: a busy channel and its clients, without sockets.

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
pub const NOW: Timestamp = Timestamp::from_secs(1_000);

/// The channel everything happens in.
pub fn address() -> Arc<Address> {
    let name = ChannelName::parse("bench:one").unwrap_or_else(|_| unreachable!("the name is good"));
    Arc::new(Address::public(TenantId::default(), name))
}

/// A publication of 128 bytes.
pub fn publication(offset: u64) -> Arc<Publication> {
    let data = Bytes::from(format!("\"{}\"", "x".repeat(126)));
    Arc::new(Publication { offset, data, info: None, tags: None, delta: false })
}

/// The same on its way to subscribers.
pub fn published(address: &Arc<Address>, offset: u64) -> Arc<Published> {
    let event = Event::Publication(publication(offset), Some(epoch()));
    Arc::new(Published::new(Arc::clone(address), event))
}

/// The only timeline.
pub fn epoch() -> Epoch {
    Epoch::new("benchmrk")
}

/// A feed at offset 0 with so many live members.
pub fn feed_with(members: u32) -> ChannelFeed {
    let keep = Retention { size: 100, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(600) };
    let limits = Limits {
        recovery: Bounds { items_max: 300, bytes_max: 1 << 19 },
        joining_bytes_max: 1 << 20,
        check_interval: Duration::from_secs(40),
    };
    let mut feed = ChannelFeed::new(address(), Some(keep), limits, NOW, 0);
    let mut effects = Vec::new();
    for seat in 0..members {
        let join = Join {
            address: address(),
            stream: Some(keep),
            join: 1,
            recover: None,
            recovery_bytes_max: usize::MAX,
            refuse_unrecoverable: false,
            positioned: true,
            notices: false,
            cache: false,
            delta: false,
            filter: None,
        };
        feed.handle(NOW, feed::Input::Join(seat, join), &mut effects);
    }
    feed.handle(NOW, feed::Input::Attached(Ok(())), &mut effects);
    let view = StreamView { publications: Vec::new(), top: Position { offset: 0, epoch: epoch() } };
    feed.handle(NOW, feed::Input::Read { read: 1, result: Ok(view) }, &mut effects);
    feed
}
