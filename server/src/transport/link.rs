//! The writing half of a connection: a bounded queue, and before it whatever takes bytes away. A socket is written to
//! straight while it takes everything; a response's body is fetched from.

mod queue;
mod response;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use ports::protocol::Disconnect;
use ports::time::Timestamp;
use wigwag_core::session::Pings;

use self::queue::Queue;
pub use self::response::Response;
pub use self::socket::Turn;
use super::dialect::Dialect;
use super::frame;
use super::wire::Wire;

/// One connection's way out, shared by its shard (which sends) and by whoever reads from its client.
pub struct Link {
    line: Line,
    /// What is spoken on it.
    pub dialect: Dialect,
    /// How its client is pinged.
    pub pings: Pings,
    queue_bytes_max: usize,
    /// The lower half of the time at which it was opened, in milliseconds; all of it would cost room in every link.
    opened_ms: u32,
    /// Its client has asked to recover something.
    came_back: AtomicBool,
    /// Bytes queued for all connections of the node.
    pending: Arc<Pending>,
    outbox: Mutex<Outbox>,
}

/// What takes a link's bytes away.
pub enum Line {
    /// A socket, which is written to.
    Socket(Wire),
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

    /// Most bytes that should be.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// How many bytes are queued.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

struct Outbox {
    pending: Queue,
    bytes: usize,
    /// How many of them count among those of the node: what has not been tried to be written does not.
    counted: usize,
    /// Part of the first frame has been written already.
    front_begun: bool,
    /// Something was queued and no attempt has been made to write it; whoever queued it does so soon.
    unflushed: bool,
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

/// What is left to do about something that was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// A flush, by whoever queued it.
    Unflushed,
    /// Nothing: somebody else has been told to flush, the line takes no more at present, or it has ended.
    Under,
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
            pending: Queue::Empty,
            bytes: 0,
            counted: 0,
            front_begun: false,
            unflushed: false,
            stage: Stage::Open,
            paused: false,
            waker: None,
        };
        let came_back = AtomicBool::new(false);
        Self {
            line,
            dialect,
            pings,
            queue_bytes_max,
            opened_ms: 0,
            came_back,
            pending,
            outbox: Mutex::new(outbox),
        }
    }

    /// The same, opened at this time.
    pub fn opened(mut self, now: Timestamp) -> Self {
        self.opened_ms = lower_half(now);
        self
    }

    /// How long ago it was opened; right for seven weeks.
    pub fn age(&self, now: Timestamp) -> Duration {
        Duration::from_millis(u64::from(lower_half(now).wrapping_sub(self.opened_ms)))
    }

    /// Its client asks to recover something. Whether that is the first time.
    pub fn comes_back(&self) -> bool {
        !self.came_back.swap(true, Ordering::Relaxed)
    }

    /// Queues finished messages, which may come in one piece; they are sent by [`Link::flush`]. An empty queue takes a
    /// piece of any length, unless it is longer than the queue's bound and there is no room for it in all queues together.
    pub fn queue(&self, frames: Bytes) -> Result<Queued, Overflow> {
        let mut outbox = self.outbox.lock();
        if outbox.stage != Stage::Open {
            return Ok(Queued::Under);
        }
        if !self.has_room(&outbox, frames.len()) {
            // What waits may only not have been written yet.
            self.flush_outbox(&mut outbox);
            if !self.has_room(&outbox, frames.len()) {
                return Err(Overflow);
            }
        }
        let is_blocked = !outbox.pending.is_empty() && !outbox.unflushed;
        outbox.put(frames);
        if is_blocked {
            self.count(&mut outbox);
        }
        let is_news = !is_blocked && !std::mem::replace(&mut outbox.unflushed, true);
        Ok(if is_news { Queued::Unflushed } else { Queued::Under })
    }

    /// Sends what was queued, as far as it is taken at once. The rest goes when the line takes it.
    pub fn flush(&self) {
        self.flush_outbox(&mut self.outbox.lock());
    }

    /// Queues and sends.
    pub fn send(&self, frames: Bytes) -> Result<(), Overflow> {
        if self.queue(frames)? == Queued::Unflushed {
            self.flush();
        }
        Ok(())
    }

    fn has_room(&self, outbox: &Outbox, bytes: usize) -> bool {
        let fits = outbox.bytes + bytes <= self.queue_bytes_max;
        fits || (outbox.pending.is_empty() && self.pending.has_room(bytes))
    }

    /// Ends the conversation. 3000 says that nobody is there to hear it; 3008 drops what is queued (P-CLOSE-3). The rest of
    /// a message goes before the goodbye, unless that alone is more than may be queued. A goodbye that is on its way
    /// already is the last word, whatever else is to be said.
    pub fn close(&self, disconnect: &Disconnect) {
        let mut outbox = self.outbox.lock();
        if outbox.stage != Stage::Open {
            return;
        }
        if *disconnect == Disconnect::CONNECTION_CLOSED {
            return self.end(&mut outbox, Stage::Closed);
        }
        if *disconnect == Disconnect::SLOW {
            outbox.drop_whole_frames();
            if outbox.bytes > self.queue_bytes_max {
                return self.end(&mut outbox, Stage::Closed);
            }
        }
        self.part(&mut outbox, self.dialect.goodbye(disconnect));
    }

    /// Ends the conversation with a code of the WebSocket protocol itself.
    pub fn close_with(&self, code: u16, reason: &str) {
        let mut outbox = self.outbox.lock();
        if outbox.stage == Stage::Open {
            self.part(&mut outbox, frame::close_frame(code, reason));
        }
    }

    /// Ends everything at once.
    pub fn abort(&self) {
        self.end(&mut self.outbox.lock(), Stage::Closed);
    }

    fn part(&self, outbox: &mut Outbox, goodbye: Bytes) {
        self.end(outbox, Stage::Closing);
        let is_blocked = !outbox.pending.is_empty() && !outbox.unflushed;
        outbox.put(goodbye);
        if !is_blocked {
            outbox.unflushed = true;
            self.flush_outbox(outbox);
        }
    }

    /// What is queued for a connection that is ending no longer counts.
    fn end(&self, outbox: &mut Outbox, stage: Stage) {
        if let Line::Response(response) = &self.line
            && outbox.stage == Stage::Open
        {
            response.ends();
        }
        outbox.stage = stage;
        self.count(outbox);
        if stage == Stage::Closed {
            outbox.clear();
        }
        outbox.wake();
    }

    /// Counts what is queued now among the bytes of the node.
    fn count(&self, outbox: &mut Outbox) {
        let counts = if outbox.stage == Stage::Open { outbox.bytes } else { 0 };
        let counted = std::mem::replace(&mut outbox.counted, counts);
        if counts > counted {
            self.pending.bytes.fetch_add(counts - counted, Ordering::Relaxed);
        } else if counts < counted {
            self.pending.bytes.fetch_sub(counted - counts, Ordering::Relaxed);
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
        !self.is_waiting(&self.outbox.lock())
    }

    /// Hands on what the line takes at once, and tells whoever waits of the rest.
    fn flush_outbox(&self, outbox: &mut Outbox) {
        if !std::mem::take(&mut outbox.unflushed) {
            return;
        }
        if let Line::Socket(wire) = &self.line {
            // A failed write shows in the reader's next turn.
            let _ = self.write(wire, outbox);
        }
        self.count(outbox);
        if self.is_waiting(outbox) {
            outbox.wake();
        }
    }

    /// Whether something waits for the line.
    fn is_waiting(&self, outbox: &Outbox) -> bool {
        let has_unsent = match &self.line {
            Line::Socket(wire) => wire.has_unsent(),
            Line::Response(_) => false,
        };
        !outbox.pending.is_empty() || has_unsent
    }
}

fn lower_half(time: Timestamp) -> u32 {
    u32::try_from(time.as_millis() & u64::from(u32::MAX)).unwrap_or(0)
}

impl Drop for Link {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Outbox {
    fn put(&mut self, frames: Bytes) {
        self.bytes += frames.len();
        self.pending.push(frames);
    }

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
        self.pending = Queue::Empty;
        self.front_begun = false;
        self.unflushed = false;
        self.bytes = 0;
    }

    /// Keeps only what is half written.
    fn drop_whole_frames(&mut self) {
        self.bytes -= self.pending.truncate(usize::from(self.front_begun));
    }
}

#[cfg(test)]
mod tests;
