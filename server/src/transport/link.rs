//! The writing half of a connection: a bounded queue, and before it whatever takes bytes away. A socket is written to
//! straight while it takes everything; a response's body is fetched from.

mod response;
mod socket;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use ports::protocol::Disconnect;
use tokio::net::TcpStream;
use wigwag_core::session::Pings;

pub use self::response::Response;
pub use self::socket::Turn;
use super::dialect::Dialect;
use super::frame;

/// One connection's way out, shared by its shard (which sends) and by whoever reads from its client.
pub struct Link {
    line: Line,
    /// What is spoken on it.
    pub dialect: Dialect,
    /// How its client is pinged.
    pub pings: Pings,
    queue_bytes_max: usize,
    /// Bytes queued for all connections of the node.
    pending: Arc<Pending>,
    outbox: Mutex<Outbox>,
}

/// What takes a link's bytes away.
pub enum Line {
    /// A socket, which is written to.
    Socket(TcpStream),
    /// The body of a response, for which is fetched.
    Response(Box<Response>),
}

/// Bytes queued for all connections of a node together, and their bound.
#[derive(Debug)]
pub struct Pending {
    bytes: AtomicUsize,
    bytes_max: usize,
}

impl Pending {
    /// Nothing queued yet.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), bytes_max }
    }

    /// How many bytes each of so many shards may have queued, if all of them together have too many.
    pub fn share_of_excess(&self, shards: usize) -> Option<usize> {
        (self.bytes() > self.bytes_max).then_some(self.bytes_max / shards.max(1))
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.bytes() + bytes <= self.bytes_max
    }

    /// How many bytes are queued.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

struct Outbox {
    pending: VecDeque<Bytes>,
    /// Part of the first frame has been written already.
    front_begun: bool,
    bytes: usize,
    stage: Stage,
    paused: bool,
    waker: Option<Waker>,
}

/// How far the end of a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Open.
    Open,
    /// The goodbye is queued or sent; of a WebSocket client its own is awaited.
    Closing,
    /// Nothing more will be read or written.
    Closed,
}

/// The client reads too slowly: the queue's bound would be passed, or the node's by a message beyond the queue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// How long a client may take to answer a close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

impl Link {
    /// A link over a line. A socket must be registered with the running runtime.
    pub fn new(
        line: Line,
        dialect: Dialect,
        pings: Pings,
        queue_bytes_max: usize,
        pending: Arc<Pending>,
    ) -> Self {
        let outbox = Outbox {
            pending: VecDeque::new(),
            front_begun: false,
            bytes: 0,
            stage: Stage::Open,
            paused: false,
            waker: None,
        };
        Self { line, dialect, pings, queue_bytes_max, pending, outbox: Mutex::new(outbox) }
    }

    /// Sends a finished message, or queues what is not taken at once. An empty queue takes one of any length, unless it
    /// is longer than the queue's bound and there is no room for it in all queues together.
    pub fn send(&self, frame: Bytes) -> Result<(), Overflow> {
        let mut outbox = self.outbox.lock();
        if outbox.stage != Stage::Open {
            return Ok(());
        }
        let fits = outbox.bytes + frame.len() <= self.queue_bytes_max;
        let is_welcome = outbox.pending.is_empty() && self.pending.has_room(frame.len());
        if !fits && !is_welcome {
            return Err(Overflow);
        }
        self.put(&mut outbox, frame);
        Ok(())
    }

    /// Ends the conversation. 3000 says that nobody is there to hear it; 3008 drops what is queued (P-CLOSE-3). The rest of
    /// a message goes before the goodbye, unless that alone is more than may be queued.
    pub fn close(&self, disconnect: &Disconnect) {
        if *disconnect == Disconnect::CONNECTION_CLOSED {
            return self.end(&mut self.outbox.lock(), Stage::Closed);
        }
        if *disconnect == Disconnect::SLOW {
            let mut outbox = self.outbox.lock();
            let dropped = outbox.drop_whole_frames();
            self.uncount(&outbox, dropped);
            if outbox.bytes > self.queue_bytes_max {
                return self.end(&mut outbox, Stage::Closed);
            }
        }
        self.part(self.dialect.goodbye(disconnect));
    }

    /// Ends the conversation with a code of the WebSocket protocol itself.
    pub fn close_with(&self, code: u16, reason: &str) {
        self.part(frame::close_frame(code, reason));
    }

    /// Ends everything at once.
    pub fn abort(&self) {
        self.end(&mut self.outbox.lock(), Stage::Closed);
    }

    fn part(&self, goodbye: Bytes) {
        let mut outbox = self.outbox.lock();
        if outbox.stage == Stage::Open {
            self.end(&mut outbox, Stage::Closing);
            self.put(&mut outbox, goodbye);
        }
    }

    /// What is queued for a connection that is ending no longer counts.
    fn end(&self, outbox: &mut Outbox, stage: Stage) {
        self.uncount(outbox, outbox.bytes);
        if let Line::Response(response) = &self.line
            && outbox.stage == Stage::Open
        {
            response.ends();
        }
        outbox.stage = stage;
        if stage == Stage::Closed {
            outbox.clear();
        }
        outbox.wake();
    }

    /// So many bytes are not queued any more.
    fn uncount(&self, outbox: &Outbox, bytes: usize) {
        if outbox.stage == Stage::Open {
            self.pending.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Stops or resumes reading.
    pub fn set_paused(&self, paused: bool) {
        let mut outbox = self.outbox.lock();
        outbox.paused = paused;
        outbox.wake();
        if let Line::Response(response) = &self.line {
            response.room_changed();
        }
    }

    /// Whether reading is stopped.
    pub fn is_paused(&self) -> bool {
        self.outbox.lock().paused
    }

    /// Whether somebody wants to hear what the client says.
    pub fn listens(&self) -> bool {
        let outbox = self.outbox.lock();
        outbox.stage == Stage::Open && !outbox.paused
    }

    /// How far its end has come.
    pub fn stage(&self) -> Stage {
        self.outbox.lock().stage
    }

    /// Bytes waiting to be taken away.
    pub fn queued_bytes(&self) -> usize {
        self.outbox.lock().bytes
    }

    /// Whether everything, the goodbye included, has been taken away.
    pub fn is_flushed(&self) -> bool {
        self.outbox.lock().pending.is_empty()
    }

    fn put(&self, outbox: &mut Outbox, frame: Bytes) {
        let was_empty = outbox.pending.is_empty();
        outbox.bytes += frame.len();
        if outbox.stage == Stage::Open {
            self.pending.bytes.fetch_add(frame.len(), Ordering::Relaxed);
        }
        outbox.pending.push_back(frame);
        if was_empty {
            // A failed write shows in the reader's next turn.
            let _ = self.flush(outbox);
            if !outbox.pending.is_empty() {
                outbox.wake();
            }
        }
    }

    /// Hands on what the line takes at once.
    fn flush(&self, outbox: &mut Outbox) -> std::io::Result<()> {
        match &self.line {
            Line::Socket(stream) => self.write(stream, outbox),
            // It is fetched.
            Line::Response(_) => Ok(()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Outbox {
    /// Whoever asks is woken when there is something to do.
    fn listen(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn clear(&mut self) {
        self.pending = VecDeque::new();
        self.front_begun = false;
        self.bytes = 0;
    }

    /// Keeps only a frame that is half written; returns how many bytes went.
    fn drop_whole_frames(&mut self) -> usize {
        self.pending.truncate(usize::from(self.front_begun));
        let left = self.pending.iter().map(Bytes::len).sum();
        std::mem::replace(&mut self.bytes, left) - left
    }
}

#[cfg(test)]
mod tests;
