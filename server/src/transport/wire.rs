//! The socket below a link: plain, or with TLS driven by hand. Written to by whoever sends, read by one reader, both
//! through a shared reference.

mod secure;
mod socket;
#[cfg(test)]
pub(super) mod tests;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConnection;

pub use self::secure::Secure;
pub use self::socket::Socket;
use super::callers::Place;

/// A socket as its link and its reader use it, on the shard's runtime.
pub enum Wire {
    /// Bytes as they are.
    Plain(Socket),
    /// Encrypted.
    Secure(Box<Secure>),
}

/// A call for so many bytes costs little beside copying them.
const PLAIN_WRITE_BYTES: usize = 64 * 1024;

impl Wire {
    /// Ready when the socket takes bytes; whoever asked last is woken.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_write_ready(cx),
            Self::Secure(secure) => secure.poll_write_ready(cx),
        }
    }

    /// Hands over as much as is taken at once; `WouldBlock` if nothing is. What was taken may still wait, encrypted: see
    /// [`Wire::has_unsent`].
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write(bytes),
            Self::Secure(secure) => secure.try_write(bytes),
        }
    }

    /// Most bytes for which one call is worth while: what is brought together beyond that would be brought again.
    pub fn write_bytes_max(&self) -> usize {
        match self {
            Self::Plain(_) => PLAIN_WRITE_BYTES,
            Self::Secure(_) => secure::RECORD_BYTES,
        }
    }

    /// Whether encrypted bytes wait for the socket. [`Wire::flush`] goes on with them once it is ready.
    pub fn has_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secure(secure) => secure.has_unsent(),
        }
    }

    /// Sends what waits encrypted; `WouldBlock` if some of it still does afterwards.
    pub fn flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secure(secure) => secure.flush(),
        }
    }

    /// Reads what has come; 0 is the end. The one who asked last is woken when there is more.
    pub fn poll_read(&self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => socket.poll_read(cx, scratch),
            Self::Secure(secure) => secure.poll_read(cx, scratch),
        }
    }

    /// Nothing more will be written, after everything was sent.
    pub fn finish(&self) {
        match self {
            Self::Plain(socket) => socket.finish(),
            Self::Secure(secure) => secure.finish(),
        }
    }
}

/// A socket between two runtimes.
pub enum Loose {
    /// Bytes as they are.
    Plain(std::net::TcpStream),
    /// Encrypted, with the state of its TLS.
    Secure(std::net::TcpStream, Box<ServerConnection>),
    /// One that counts among those of its address for as long as it lives.
    Counted(Box<Self>, Arc<Place>),
}

impl Loose {
    /// The same with a place among the sockets of its address, if they are counted.
    pub fn counted(self, place: Option<Arc<Place>>) -> Self {
        match place {
            Some(place) => Self::Counted(Box::new(self), place),
            None => self,
        }
    }

    /// Registers the socket with the running runtime.
    pub fn settle(self) -> io::Result<Wire> {
        self.settle_in(None)
    }

    fn settle_in(self, place: Option<Arc<Place>>) -> io::Result<Wire> {
        match self {
            Self::Plain(stream) => Socket::new(stream, place).map(Wire::Plain),
            Self::Secure(stream, tls) => {
                let socket = Socket::new(stream, place)?;
                Ok(Wire::Secure(Box::new(Secure::new(socket, *tls))))
            }
            Self::Counted(socket, place) => socket.settle_in(Some(place)),
        }
    }

    /// Says something for which nobody can wait, and lets go.
    pub fn last_words(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(mut stream) => stream.write_all(bytes),
            Self::Secure(mut stream, mut tls) => {
                tls.writer().write_all(bytes)?;
                tls.send_close_notify();
                while tls.wants_write() {
                    tls.write_tls(&mut stream)?;
                }
                Ok(())
            }
            Self::Counted(socket, _place) => socket.last_words(bytes),
        }
    }
}
