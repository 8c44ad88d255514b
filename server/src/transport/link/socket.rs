//! A link over a socket: written to at once, read by its reader.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::task::{Context, Poll};

use bytes::Buf as _;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Line, Link, Outbox, Stage};

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
        let Line::Socket(stream) = &self.line else { return Poll::Ready(Turn::End) };
        let mut outbox = self.outbox.lock();
        outbox.listen(cx);
        if outbox.stage != seen {
            return Poll::Ready(Turn::Stage(outbox.stage));
        }
        while !outbox.pending.is_empty() {
            match stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {
                    if self.write(stream, &mut outbox).is_err() {
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
            match stream.poll_read_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Turn::End),
                Poll::Ready(Ok(())) => {}
            }
            match stream.try_read(scratch) {
                Ok(0) => return Poll::Ready(Turn::End),
                Ok(count) => return Poll::Ready(Turn::Read(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(Turn::End),
            }
        }
    }

    /// Says that nothing more will be written, after everything was.
    pub fn finish(&self) {
        if let Line::Socket(stream) = &self.line {
            // A socket that is gone already needs no goodbye.
            let _ = SockRef::from(stream).shutdown(Shutdown::Write);
        }
    }

    /// Writes until the queue is empty or the socket takes no more.
    pub(super) fn write(&self, stream: &TcpStream, outbox: &mut Outbox) -> std::io::Result<()> {
        while let Some(first) = outbox.pending.front_mut() {
            match stream.try_write(first) {
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
