//! A socket on a runtime, used through a shared reference.

use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::transport::callers::Place;

/// A TCP socket.
///
/// A call that did not use up what it was given has emptied the socket, or filled it: the runtime will tell when that
/// changes. So the next attempt need not be a system call that finds out the same, which is what the runtime's own
/// reads and writes through a shared reference cost.
pub struct Socket {
    stream: TcpStream,
    /// Among those of its address, if they are counted.
    _place: Option<Arc<Place>>,
}

impl Socket {
    /// Registers with the running runtime.
    pub(super) fn new(stream: std::net::TcpStream, place: Option<Arc<Place>>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream)?;
        Ok(Self { stream, _place: place })
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(cx)
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = (&mut &*SockRef::from(&self.stream)).write(bytes);
        self.note(written, bytes.len())
    }

    pub(super) fn try_write_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = (&mut &*SockRef::from(&self.stream)).write_vectored(parts);
        self.note(written, parts.iter().map(|part| part.len()).sum())
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let bytes = buffer.len();
            match self.attempt(Interest::READABLE, bytes, |socket| (&mut &*socket).read(buffer)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return Poll::Ready(read),
            }
        }
    }

    pub(super) fn finish(&self) {
        // A socket that is gone already needs no goodbye.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }

    /// Writes need not ask the runtime first: whoever has been told to wait for it does not try. It hears of a socket that
    /// is full.
    fn note(&self, written: io::Result<usize>, bytes: usize) -> io::Result<usize> {
        let is_full = match &written {
            Ok(count) => *count < bytes,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        if is_full {
            // The answer is the one just given.
            let _ = self.stream.try_io(Interest::WRITABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
        }
        written
    }

    /// Calls the system if it may have something to say. The runtime forgets that the socket is ready if it hears that
    /// the call would have blocked; the end of the stream it remembers all the same.
    fn attempt(
        &self,
        interest: Interest,
        bytes: usize,
        call: impl FnOnce(SockRef<'_>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut done = None;
        let attempted = self.stream.try_io(interest, || {
            let count = call(SockRef::from(&self.stream))?;
            done = Some(count);
            if 0 < count && count < bytes { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match done {
            Some(count) => Ok(count),
            None => attempted.map(|()| 0),
        }
    }
}
