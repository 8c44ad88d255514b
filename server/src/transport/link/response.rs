//! A link over the body of a response: whoever sends the body fetches message by message, and requests of the same
//! client bring its commands.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{Line, Link, Stage};
use crate::transport::stay::Stay;

/// What a response has beside its queue.
pub struct Response {
    /// Told whenever reading stops or resumes, and at the end.
    room: Notify,
    /// How long the socket below may be used.
    stay: Stay,
}

/// Longest piece of the body. Whoever fetched it waits until the client takes it, and here it counts no more.
pub(super) const CHUNK_BYTES_MAX: usize = 16 * 1024;

impl Response {
    /// A response that is about to begin over a socket.
    pub fn new(stay: Stay) -> Self {
        Self { room: Notify::new(), stay }
    }

    pub(super) fn room_changed(&self) {
        self.room.notify_waiters();
    }

    pub(super) fn ends(&self) {
        self.stay.farewell();
        self.room.notify_waiters();
    }
}

impl Link {
    /// The next piece of the body; nothing when the link has ended and everything has been fetched.
    pub fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut outbox = self.outbox.lock();
        if outbox.stage == Stage::Closed {
            return Poll::Ready(None);
        }
        if let Some(front) = outbox.pending.front_mut() {
            let chunk = front.split_to(front.len().min(CHUNK_BYTES_MAX));
            let is_whole = front.is_empty();
            outbox.front_begun = !is_whole;
            if is_whole {
                outbox.pending.pop();
            }
            outbox.bytes -= chunk.len();
            self.count(&mut outbox);
            return Poll::Ready(Some(chunk));
        }
        if outbox.stage == Stage::Closing {
            return Poll::Ready(None);
        }
        outbox.listen(cx);
        Poll::Pending
    }

    /// Returns when the session takes commands; false if it takes none any more.
    pub async fn room(&self) -> bool {
        let Line::Response(response) = &self.line else { return false };
        loop {
            let changed = response.room.notified();
            if self.stage() != Stage::Open {
                return false;
            }
            if !self.is_paused() {
                return true;
            }
            changed.await;
        }
    }
}
