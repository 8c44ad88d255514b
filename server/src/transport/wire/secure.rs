//! A socket with TLS on it, driven by hand: whoever sends encrypts, whoever reads decrypts, and nothing is kept while
//! nothing happens.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use rustls::ServerConnection;

use super::socket::Socket;

/// An encrypted socket.
pub struct Secure {
    socket: Socket,
    tls: Mutex<ServerConnection>,
}

/// What is encrypted at a time, and so the most that waits encrypted: one record of TLS.
pub(super) const RECORD_BYTES: usize = 16 * 1024;

impl Secure {
    /// A socket whose handshake is done.
    pub(super) fn new(socket: Socket, tls: ServerConnection) -> Self {
        Self { socket, tls: Mutex::new(tls) }
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_write_ready(cx)
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut tls = self.tls.lock();
        self.send(&mut tls)?;
        let taken = tls.writer().write(bytes.get(..RECORD_BYTES).unwrap_or(bytes))?;
        match self.send(&mut tls) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(taken),
        }
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.tls.lock().wants_write()
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.send(&mut self.tls.lock())
    }

    /// Rustls looks after its buffer before each read, also one for which nothing has come: a long record leaves none
    /// behind.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut tls = self.tls.lock();
        loop {
            match tls.reader().read(scratch) {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return end_or(error),
            }
            match tls.read_tls(&mut Receiving { socket: &self.socket, cx }) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
            let processed = tls.process_new_packets();
            if tls.wants_write() {
                self.answer(&mut tls, cx);
            }
            if let Err(error) = processed {
                return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, error)));
            }
        }
    }

    /// Sends an alert or an answer of TLS itself. Nobody else knows of it: whoever reads is woken when the socket takes
    /// what is left.
    fn answer(&self, tls: &mut ServerConnection, cx: &mut Context<'_>) {
        loop {
            match self.send(tls) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // A socket that has failed says so to whoever reads.
                Ok(()) | Err(_) => return,
            }
            if !matches!(self.socket.poll_write_ready(cx), Poll::Ready(Ok(()))) {
                return;
            }
        }
    }

    pub(super) fn finish(&self) {
        self.part(&mut self.tls.lock());
        self.socket.finish();
    }

    /// Says once that this is the end, and not somebody who cut the line.
    fn part(&self, tls: &mut ServerConnection) {
        tls.send_close_notify();
        // Whoever does not take it sees the end of the socket.
        let _ = self.send(tls);
    }

    fn send(&self, tls: &mut ServerConnection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut Sending(&self.socket))?;
        }
        Ok(())
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.part(&mut self.tls.lock());
    }
}

/// Most clients go away without a word of TLS, and the framing above knows what is whole.
fn end_or(error: io::Error) -> Poll<io::Result<usize>> {
    let is_end = error.kind() == ErrorKind::UnexpectedEof;
    Poll::Ready(if is_end { Ok(0) } else { Err(error) })
}

struct Sending<'s>(&'s Socket);

impl Write for Sending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_parts(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Receiving<'s, 'c, 'w> {
    socket: &'s Socket,
    cx: &'c mut Context<'w>,
}

impl Read for Receiving<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.socket.poll_read(self.cx, buffer) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

#[cfg(test)]
mod tests;
