//! Bodies of requests, read as a whole: within a length, within a time, and not too much of them at once.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// A permit for each byte of bodies that have begun and are not whole yet. A body that hardly comes costs hardly
/// anything, so that slow senders do not keep the others out.
#[derive(Debug)]
pub struct Readings(Semaphore);

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// It is longer than allowed.
    #[error("the body is too long")]
    TooLong,
    /// It does not come.
    #[error("the body takes too long to arrive; send it within two seconds")]
    TooSlow,
    /// Too many others are being read.
    #[error("too many bodies are being read; try again")]
    TooMany,
    /// It ended before its end, or is no body.
    #[error("the body cannot be read: {0}")]
    Broken(String),
}

/// Most bytes of bodies that are not whole yet: two thousand frames of the usual length.
const READING_BYTES_MAX: usize = 128 << 20;
/// How long a body may take. Its head has come already, so this is a matter of one round trip or a few.
const BODY_DEADLINE: Duration = Duration::from_secs(2);

impl Default for Readings {
    fn default() -> Self {
        Self(Semaphore::new(READING_BYTES_MAX))
    }
}

impl Readings {
    /// A whole body, if it comes soon and there is room for it.
    pub async fn read(&self, body: Body, bytes_max: usize) -> Result<Bytes, Unread> {
        timeout(BODY_DEADLINE, collect(body, bytes_max, Some(self))).await.unwrap_or(Err(Unread::TooSlow))
    }

    fn room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Unread> {
        let bytes = u32::try_from(bytes).map_err(|_| Unread::TooMany)?;
        self.0.try_acquire_many(bytes).map_err(|_| Unread::TooMany)
    }
}

/// A whole body, for those who bound time and number themselves.
pub async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Unread> {
    collect(body, bytes_max, None).await
}

/// Puts the pieces into one place as they come: kept as they are, pieces of a byte would each hold much more.
async fn collect(mut body: Body, bytes_max: usize, readings: Option<&Readings>) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Unread::TooLong);
    }
    let mut whole = BytesMut::new();
    let mut taken: Option<SemaphorePermit<'_>> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        // What is no data is a trailer, which says nothing here.
        let piece = frame.into_data().unwrap_or_default();
        if whole.len() + piece.len() > bytes_max {
            return Err(Unread::TooLong);
        }
        let more = readings.map(|readings| readings.room(piece.len())).transpose()?;
        match (&mut taken, more) {
            (Some(taken), Some(more)) => taken.merge(more),
            (taken, more) => *taken = more,
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt as _, stream};
    use tokio::time::Instant;

    use super::*;

    fn pieces(count: usize) -> Body {
        let piece = Ok::<_, Infallible>(Bytes::from_static(b"x"));
        Body::from_stream(stream::iter(std::iter::repeat_n(piece, count)))
    }

    /// These bytes, and no end.
    fn unfinished(bytes: usize) -> Body {
        let begin = Ok::<_, Infallible>(Bytes::from(vec![b'x'; bytes]));
        Body::from_stream(stream::iter([begin]).chain(stream::pending()))
    }

    #[tokio::test]
    async fn pieces_are_put_together() {
        assert_eq!(read(pieces(1_000), 1_000).await, Ok(Bytes::from(vec![b'x'; 1_000])));
        assert_eq!(Readings::default().read(pieces(0), 0).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn longer_bodies_are_refused_announced_or_not() {
        assert_eq!(read(pieces(1_001), 1_000).await, Err(Unread::TooLong));
        assert_eq!(read(Body::from("x".repeat(1_001)), 1_000).await, Err(Unread::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_come_is_given_up() {
        let (readings, begin) = (Readings::default(), Instant::now());

        assert_eq!(readings.read(unfinished(10), 1_000).await, Err(Unread::TooSlow));

        assert_eq!(begin.elapsed(), BODY_DEADLINE);
        assert_eq!(readings.0.available_permits(), READING_BYTES_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_under_way_share_their_room_by_the_byte() {
        let readings = Readings(Semaphore::new(1_000));
        let slow =
            async { tokio::join!(readings.read(unfinished(600), 900), readings.read(unfinished(1), 900)) };
        let others = async {
            tokio::task::yield_now().await;
            (readings.read(pieces(300), 900).await, readings.read(pieces(600), 900).await)
        };

        let (_, (short, long)) = tokio::join!(slow, others);

        assert_eq!((short.map(|body| body.len()), long), (Ok(300), Err(Unread::TooMany)));
    }
}
