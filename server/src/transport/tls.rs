//! TLS on the listener: the handshake, before HTTP begins.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{Accepted, Acceptor};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

/// Agrees on TLS with those who come.
pub struct Tls {
    config: ArcSwap<ServerConfig>,
    /// A permit per handshake under way. Beyond it clients wait that have said hello.
    handshakes: Semaphore,
}

/// A socket after its first bytes.
pub enum Greeted {
    /// The handshake is done.
    Secure(Box<TlsStream<TcpStream>>),
    /// The client does not speak TLS.
    Plain(TcpStream),
    /// The client has left without a word, as probes do.
    Gone,
}

/// Handshakes at a time. A half one keeps some twenty kilobytes, and up to 64 KiB of a message that does not end.
const HANDSHAKES_MAX: usize = 4_096;
/// Longest hello of a client, as much as the head of a request: so much may wait per socket, whether with TLS or without.
const HELLO_BYTES_MAX: usize = 16 * 1024;
/// Most that waits encrypted while a client does not read: one record.
const UNSENT_BYTES_MAX: usize = 16 * 1024;
/// What each conversation in TLS begins with: a record of the handshake.
const HANDSHAKE: u8 = 22;

impl Tls {
    /// TLS with this certificate.
    pub fn new(config: Arc<ServerConfig>) -> Self {
        Self { config: ArcSwap::new(config), handshakes: Semaphore::new(HANDSHAKES_MAX) }
    }

    /// From now on newcomers see this certificate.
    pub fn replace(&self, config: Arc<ServerConfig>) {
        self.config.store(config);
    }

    /// Listens to the first byte, and agrees on TLS if the client wants to. Takes as long as the client does.
    pub async fn greet(&self, stream: TcpStream) -> io::Result<Greeted> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Ok(Greeted::Gone);
        }
        if first != [HANDSHAKE] {
            return Ok(Greeted::Plain(stream));
        }
        let hello = hello(&stream).await?;
        // Not before: those who begin and say no more must not keep out the others.
        let _under_way = self.handshakes.acquire().await.map_err(io::Error::other)?;
        let bounded = |tls: &mut rustls::ServerConnection| tls.set_buffer_limit(Some(UNSENT_BYTES_MAX));
        let handshake = StartHandshake::from_parts(hello, stream);
        let stream = handshake.into_stream_with(self.config.load_full(), bounded).await?;
        Ok(Greeted::Secure(Box::new(stream)))
    }
}

/// What a client offers, once all of it has come.
async fn hello(stream: &TcpStream) -> io::Result<Accepted> {
    let (mut acceptor, mut heard) = (Acceptor::default(), 0);
    while heard < HELLO_BYTES_MAX {
        stream.readable().await?;
        heard += match acceptor.read_tls(&mut AtOnce(stream)) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(hello)) => return Ok(hello),
            Err((error, mut alert)) => {
                // The socket is new and takes it; if not, its end says enough.
                let _ = alert.write_all(&mut AtOnce(stream));
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
    }
    Err(io::Error::new(ErrorKind::InvalidData, "the hello of the client does not end"))
}

/// A socket as far as it is ready.
struct AtOnce<'s>(&'s TcpStream);

impl Read for AtOnce<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
