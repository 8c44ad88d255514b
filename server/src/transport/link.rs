//! The writing half of a connection: straight to the socket while it takes everything, a bounded queue when not.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use parking_lot::Mutex;
use ports::protocol::{ClientProtocol, Disconnect, Frames};
use socket2::SockRef;
use tokio::net::TcpStream;

use super::frame::{self, Kind};

/// A client protocol together with the place of its encodings in shared events.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// The protocol.
    pub protocol: &'static dyn ClientProtocol,
    /// Which of the [`SLOTS`](ports::channels::SLOTS) its frames use.
    pub slot: usize,
}

impl Dialect {
    /// One WebSocket frame around a message.
    pub fn frame(&self, message: &[u8]) -> Bytes {
        let kind = match self.protocol.offer().frames {
            Frames::Text => Kind::Text,
            Frames::Binary => Kind::Binary,
        };
        frame::frame(kind, message)
    }
}

/// One connection's socket, shared by its shard (which writes) and its reader.
pub struct Link {
    stream: TcpStream,
    /// What is spoken on it.
    pub dialect: Dialect,
    queue_bytes_max: usize,
    /// Bytes queued for all connections of the node.
    pending: Arc<Pending>,
    outbox: Mutex<Outbox>,
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
    /// The server's close frame is queued or sent; the client's is awaited.
    Closing,
    /// Nothing more will be read or written.
    Closed,
}

/// The client reads too slowly: the queue's bound would be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// What a reader finds when it is woken.
#[derive(Debug)]
pub enum Turn {
    /// So many bytes were read.
    Read(usize),
    /// The peer closed its half, or the socket failed.
    End,
    /// The link's stage changed to `Closing` or `Closed`.
    Stage(Stage),
    /// Reading may go on.
    Unpaused,
}

/// How long a client may take to answer a close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

impl Link {
    /// A link over a socket that is registered with the running runtime.
    pub fn new(stream: TcpStream, dialect: Dialect, queue_bytes_max: usize, pending: Arc<Pending>) -> Self {
        let outbox = Outbox {
            pending: VecDeque::new(),
            front_begun: false,
            bytes: 0,
            stage: Stage::Open,
            paused: false,
            waker: None,
        };
        Self { stream, dialect, queue_bytes_max, pending, outbox: Mutex::new(outbox) }
    }

    /// Sends a finished frame, or queues what the socket does not take. One frame is always accepted by an empty queue.
    pub fn send(&self, frame: Bytes) -> Result<(), Overflow> {
        let mut outbox = self.outbox.lock();
        if outbox.stage != Stage::Open {
            return Ok(());
        }
        if !outbox.pending.is_empty() && outbox.bytes + frame.len() > self.queue_bytes_max {
            return Err(Overflow);
        }
        self.put(&mut outbox, frame);
        Ok(())
    }

    /// Ends the conversation. 3000 says that nobody is there to hear it; 3008 drops what is queued (P-CLOSE-3).
    pub fn close(&self, disconnect: &Disconnect) {
        if *disconnect == Disconnect::CONNECTION_CLOSED {
            return self.end(&mut self.outbox.lock(), Stage::Closed);
        }
        if *disconnect == Disconnect::SLOW {
            let mut outbox = self.outbox.lock();
            let dropped = outbox.drop_whole_frames();
            self.uncount(&outbox, dropped);
        }
        self.close_with(disconnect.code, &disconnect.reason);
    }

    /// The same with any code, such as those of the WebSocket protocol itself.
    pub fn close_with(&self, code: u16, reason: &str) {
        let mut outbox = self.outbox.lock();
        if outbox.stage == Stage::Open {
            self.end(&mut outbox, Stage::Closing);
            self.put(&mut outbox, frame::close_frame(code, reason));
        }
    }

    /// Ends everything at once.
    pub fn abort(&self) {
        self.end(&mut self.outbox.lock(), Stage::Closed);
    }

    /// Says that nothing more will be written, after everything was.
    pub fn finish(&self) {
        // A socket that is gone already needs no goodbye.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }

    /// What is queued for a connection that is ending no longer counts.
    fn end(&self, outbox: &mut Outbox, stage: Stage) {
        self.uncount(outbox, outbox.bytes);
        outbox.stage = stage;
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
    }

    /// Whether reading is stopped.
    pub fn is_paused(&self) -> bool {
        self.outbox.lock().paused
    }

    /// How far its end has come.
    pub fn stage(&self) -> Stage {
        self.outbox.lock().stage
    }

    /// Bytes waiting for the socket.
    pub fn queued_bytes(&self) -> usize {
        self.outbox.lock().bytes
    }

    /// Whether the close frame, if there is one, has been handed to the socket.
    pub fn is_flushed(&self) -> bool {
        self.outbox.lock().pending.is_empty()
    }

    /// Writes what is queued and reads what has come, for the reader task. `seen` is the stage the reader knows of,
    /// `blocked` says that it can take no bytes at present.
    pub fn poll_turn(
        &self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        seen: Stage,
        blocked: bool,
    ) -> Poll<Turn> {
        let mut outbox = self.outbox.lock();
        if !outbox.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            outbox.waker = Some(cx.waker().clone());
        }
        if outbox.stage != seen {
            return Poll::Ready(Turn::Stage(outbox.stage));
        }
        while !outbox.pending.is_empty() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {
                    if self.flush(&mut outbox).is_err() {
                        return Poll::Ready(Turn::End);
                    }
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Turn::End),
                Poll::Pending => break,
            }
        }
        if blocked {
            return if outbox.paused { Poll::Pending } else { Poll::Ready(Turn::Unpaused) };
        }
        loop {
            match self.stream.poll_read_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Turn::End),
                Poll::Ready(Ok(())) => {}
            }
            match self.stream.try_read(scratch) {
                Ok(0) => return Poll::Ready(Turn::End),
                Ok(count) => return Poll::Ready(Turn::Read(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(Turn::End),
            }
        }
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

    /// Writes until the queue is empty or the socket takes no more.
    fn flush(&self, outbox: &mut Outbox) -> std::io::Result<()> {
        while let Some(first) = outbox.pending.front_mut() {
            match self.stream.try_write(first) {
                Ok(count) => {
                    first.advance(count);
                    outbox.front_begun = !first.is_empty();
                    if first.is_empty() {
                        outbox.pending.pop_front();
                    }
                    outbox.bytes -= count;
                    self.uncount(outbox, count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        outbox.pending = VecDeque::new();
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Outbox {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Keeps only a frame that is half written; returns how many bytes went.
    fn drop_whole_frames(&mut self) -> usize {
        self.pending.truncate(usize::from(self.front_begun));
        let left = self.pending.iter().map(Bytes::len).sum();
        std::mem::replace(&mut self.bytes, left) - left
    }
}
