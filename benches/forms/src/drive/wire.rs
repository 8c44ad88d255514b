//! The socket of a connection, plain or with TLS. It never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Whom the certificates of servers under measurement are for.
pub const CERTIFIED_NAME: &str = "localhost";

/// What all connections with TLS have in common.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Believes the server that has this certificate, and no other.
    pub fn in_certificate(file: &Path) -> anyhow::Result<Self> {
        let certificate = CertificateDer::from_pem_file(file)
            .with_context(|| format!("{} holds no certificate", file.display()))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        Ok(Self(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())))
    }
}

pub(super) enum Wire {
    Plain(TcpStream),
    Secure { stream: TcpStream, tls: Box<ClientConnection> },
}

impl Wire {
    pub(super) fn new(stream: TcpStream, trust: Option<&Trust>) -> io::Result<Self> {
        let Some(Trust(config)) = trust else { return Ok(Self::Plain(stream)) };
        let name = ServerName::try_from(CERTIFIED_NAME).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Self::Secure { stream, tls: Box::new(tls) })
    }

    /// The socket below.
    pub(super) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(stream) | Self::Secure { stream, .. } => stream,
        }
    }

    /// Whether a read that did not fill its buffer leaves nothing behind until the next event.
    pub(super) fn is_drained_by_a_short_read(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (stream, tls) = match self {
            Self::Plain(stream) => return stream.read(buffer),
            Self::Secure { stream, tls } => (stream, tls),
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
            if tls.read_tls(stream)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(io::Error::other)?;
            send(tls, stream)?;
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Secure { stream, tls } => match tls.writer().write(bytes)? {
                0 => Err(ErrorKind::WouldBlock.into()),
                taken => send(tls, stream).map(|()| taken),
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secure { stream, tls } => send(tls, stream),
        }
    }
}

/// Sends what is encrypted, as far as the socket takes it.
fn send(tls: &mut ClientConnection, stream: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(stream) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
