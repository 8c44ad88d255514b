//! A link over a socket: written to at once, read by its reader.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll};

use super::queue::Queue;
use super::{Line, Link, Outbox, Stage};
use crate::transport::wire::Wire;

thread_local! {
    static TOGETHER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a reader finds when it is woken.
#[derive(Debug)]
pub enum Turn {
    /// So many bytes were read.
    Read(usize),
    /// The peer closed its half, the socket failed, or there is none to read from.
    End,
    /// The link's stage changed to `Closing` or `Closed`.
    Stage(Stage),
    /// Reading may go on.
    Unpaused,
}

impl Link {
    /// Writes what is queued and reads what has come, for the reader task. `seen` is the stage the reader knows of,
    /// `blocked` says that it can take no bytes at present.
    pub fn poll_turn(
        &self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        seen: Stage,
        blocked: bool,
    ) -> Poll<Turn> {
        let Line::Socket(wire) = &self.line else { return Poll::Ready(Turn::End) };
        let mut outbox = self.outbox.lock();
        outbox.listen(cx);
        if outbox.stage != seen {
            return Poll::Ready(Turn::Stage(outbox.stage));
        }
        while !outbox.unflushed && self.is_waiting(&outbox) {
            match wire.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {
                    let written = self.write(wire, &mut outbox);
                    self.count(&mut outbox);
                    if written.is_err() {
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
        wire.poll_read(cx, scratch).map(|read| match read {
            Ok(0) | Err(_) => Turn::End,
            Ok(count) => Turn::Read(count),
        })
    }

    /// Says that nothing more will be written, after everything was.
    pub fn finish(&self) {
        if let Line::Socket(wire) = &self.line {
            wire.finish();
        }
    }

    /// Writes until the queue is empty or the socket takes no more. Several messages go in one call.
    pub(super) fn write(&self, wire: &Wire, outbox: &mut Outbox) -> io::Result<()> {
        match self.write_all(wire, outbox) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn write_all(&self, wire: &Wire, outbox: &mut Outbox) -> io::Result<()> {
        if wire.has_unsent() {
            wire.flush()?;
        }
        while !outbox.pending.is_empty() {
            let count = match outbox.pending.only() {
                Some(only) => wire.try_write(only)?,
                None => TOGETHER.with_borrow_mut(|together| {
                    gather(&outbox.pending, together, wire.write_bytes_max());
                    wire.try_write(together)
                })?,
            };
            outbox.front_begun = outbox.pending.advance(count);
            outbox.bytes -= count;
        }
        Ok(())
    }
}

/// As much of what waits as goes in one call.
fn gather(pending: &Queue, together: &mut Vec<u8>, bytes_max: usize) {
    together.clear();
    for message in pending.iter() {
        let room = bytes_max - together.len();
        together.extend_from_slice(message.get(..room).unwrap_or(message));
        if together.len() == bytes_max {
            return;
        }
    }
}
