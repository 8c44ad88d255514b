//! The downstream half of a streamed connection: the body of one long response.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use ports::ids::SessionKey;
use tokio::sync::OwnedSemaphorePermit;

use super::stay::Stay;
use super::switchboard::{Extension, Switchboard};

/// What a session sends, message by message. However it ends (the session closes it, or the client goes away and it is
/// dropped), the session hears of it (P-EM-6).
pub struct Downstream {
    extension: Extension,
    key: SessionKey,
    switchboard: Arc<Switchboard>,
    stay: Stay,
    _permit: OwnedSemaphorePermit,
}

impl Downstream {
    /// Plugs the connection in, for as long as the body lives.
    pub fn new(
        extension: Extension,
        key: SessionKey,
        switchboard: Arc<Switchboard>,
        stay: Stay,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        stay.stream();
        switchboard.plug(key, extension.clone());
        Self { extension, key, switchboard, stay, _permit: permit }
    }
}

impl Body for Downstream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.extension.link.poll_chunk(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

impl Drop for Downstream {
    fn drop(&mut self) {
        self.switchboard.unplug(self.key);
        self.extension.link.abort();
        // What was fetched may not have been sent yet.
        self.stay.farewell();
        self.extension.cell.hang_up(self.extension.seat);
    }
}
