//! The same into many channels.

use futures_util::{StreamExt as _, stream};
use ports::channels::Receipt;
use wigwag_core::channels::{ChannelError, Post};

use super::{Edge, backend};

/// Most channels of one broadcast.
pub(super) const CHANNELS_MAX: usize = 1_000;
/// Publications of one broadcast under way at a time.
const AT_ONCE: usize = 32;
/// After so many, others have their turn: a broker in memory never waits.
const TURN: usize = 64;

/// Publishes into each channel and tells, in order, what became of it.
pub(super) async fn broadcast<T: Send>(
    edge: &Edge,
    channels: Vec<String>,
    post: &Post,
    told: impl Fn(String, Result<Receipt, ChannelError>) -> T + Send + Sync,
) -> Vec<T> {
    let (by, told) = (&backend(), &told);
    let publications = (1_usize..).zip(channels).map(|(number, channel)| {
        let post = post.clone();
        async move {
            if number.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
            let published = edge.services.app.channels.publish(by, &channel, post).await;
            told(channel, published)
        }
    });
    stream::iter(publications).buffered(AT_ONCE).collect().await
}
