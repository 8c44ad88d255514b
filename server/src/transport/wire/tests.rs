use std::future::poll_fn;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// As the readers have it.
const SCRATCH: usize = 64 * 1024;

#[tokio::test]
async fn plain_wire_carries_both_ways_and_sees_the_end() {
    let (wire, mut peer) = plain();
    peer.write_all(b"hello").unwrap();

    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"hello");
    poll_fn(|cx| wire.poll_write_ready(cx)).await.unwrap();
    assert_eq!(wire.try_write(b"welcome").unwrap(), 7);
    assert_eq!(hear(&mut peer, 7), b"welcome");
    wire.finish();
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
    drop(peer);
    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"");
}

#[tokio::test]
async fn socket_that_has_just_come_is_answered_at_once() {
    let (wire, mut peer) = plain();

    assert_eq!(wire.try_write(b"welcome").unwrap(), 7);

    assert_eq!(hear(&mut peer, 7), b"welcome");
    poll_fn(|cx| wire.poll_write_ready(cx)).await.unwrap();
    assert_eq!(wire.try_write(b"again").unwrap(), 5);
}

#[tokio::test]
async fn what_did_not_fit_into_one_read_comes_with_the_next() {
    let (wire, mut peer) = plain();
    peer.write_all(b"abcdefgh").unwrap();

    assert_eq!(read(&wire, 5).await.unwrap(), b"abcde");
    assert_eq!(read(&wire, 5).await.unwrap(), b"fgh");
    peer.write_all(b"ij").unwrap();
    assert_eq!(read(&wire, 5).await.unwrap(), b"ij");
}

#[tokio::test]
async fn end_that_came_with_the_last_bytes_is_not_missed() {
    let (wire, mut peer) = plain();
    peer.write_all(b"last").unwrap();
    drop(peer);
    // Both in one event.
    tokio::time::sleep(Duration::from_millis(20)).await;

    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"last");
    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"");
}

#[tokio::test]
async fn secure_wire_carries_both_ways_and_says_goodbye() {
    let (wire, peer) = secure();
    let talk = tokio::task::spawn_blocking(move || {
        let mut peer = peer;
        peer.write_all(b"hello").unwrap();
        let heard = hear(&mut peer, 7);
        (heard, peer.read(&mut [0; 1]).unwrap())
    });

    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"hello");
    say(&wire, b"welcome").await;
    wire.finish();

    // An end without a word of TLS would be an error here.
    assert_eq!(talk.await.unwrap(), (b"welcome".to_vec(), 0));
    assert_eq!(read(&wire, SCRATCH).await.unwrap(), b"");
}

#[tokio::test]
async fn long_messages_pass_a_secure_wire_in_both_directions_at_once() {
    const LONG: usize = 3_000_000;
    let long: Vec<u8> = (0..LONG).map(|at| (at % 251) as u8).collect();
    let (wire, peer) = secure();
    let (sent, expected) = (long.clone(), long.clone());
    let talk = tokio::task::spawn_blocking(move || {
        let mut peer = peer;
        // The reader on the other side does not wait for this one.
        peer.write_all(&sent).unwrap();
        hear(&mut peer, LONG) == expected
    });

    let mut heard = Vec::new();
    while heard.len() < LONG {
        // A small buffer: what was decrypted waits for the next read.
        heard.extend(read(&wire, 1_000).await.unwrap());
    }
    say(&wire, &long).await;

    assert!(heard == long);
    assert!(talk.await.unwrap());
}

#[tokio::test]
async fn secure_wire_takes_no_more_while_what_it_took_waits() {
    let (wire, peer) = secure();
    poll_fn(|cx| wire.poll_write_ready(cx)).await.unwrap();
    let record = [7; 16 * 1024];

    let mut taken = 0;
    let refused = loop {
        match wire.try_write(&record) {
            Ok(count) => taken += count,
            Err(error) => break error,
        }
    };

    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    assert!(wire.has_unsent());
    let talk = tokio::task::spawn_blocking(move || {
        let mut peer = peer;
        hear(&mut peer, taken)
    });
    drain(&wire).await;
    assert_eq!(talk.await.unwrap().len(), taken);
}

#[tokio::test]
async fn noise_on_a_secure_wire_is_an_error() {
    let (wire, mut peer) = secure();
    peer.sock.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();

    let refused = read(&wire, SCRATCH).await.unwrap_err();

    assert_eq!(refused.kind(), ErrorKind::InvalidData);
}

#[tokio::test]
async fn last_words_reach_a_secure_client() {
    let (loose, peer) = loose();
    let talk = tokio::task::spawn_blocking(move || {
        let mut peer = peer;
        (hear(&mut peer, 3), peer.read(&mut [0; 1]).unwrap())
    });

    loose.last_words(b"bye").unwrap();

    assert_eq!(talk.await.unwrap(), (b"bye".to_vec(), 0));
}

pub(in crate::transport) type Client = StreamOwned<ClientConnection, TcpStream>;

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, peer)
}

fn plain() -> (Wire, TcpStream) {
    let (ours, peer) = pair();
    (Loose::Plain(ours).settle().unwrap(), peer)
}

pub(in crate::transport) fn secure() -> (Wire, Client) {
    let (loose, peer) = loose();
    (loose.settle().unwrap(), peer)
}

fn loose() -> (Loose, Client) {
    let (socket, tls, peer) = greeted(aws_lc_rs::default_provider());
    (Loose::Secure(socket, Box::new(tls)), peer)
}

/// Both ends after the handshake, of which the client's is done with this.
pub(super) fn greeted(theirs: CryptoProvider) -> (TcpStream, ServerConnection, Client) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let ours =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let theirs = ClientConfig::builder_with_provider(Arc::new(theirs)).with_safe_default_protocol_versions();
    let mut theirs = theirs.unwrap().with_root_certificates(roots).with_no_client_auth();
    theirs.enable_secret_extraction = true;

    let (mut socket, peer) = pair();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = StreamOwned::new(ClientConnection::new(Arc::new(theirs), name).unwrap(), peer);
    let greeting = std::thread::spawn(move || {
        client.conn.complete_io(&mut client.sock).unwrap();
        client
    });
    let mut server = ServerConnection::new(Arc::new(ours)).unwrap();
    while server.is_handshaking() || server.wants_write() {
        server.complete_io(&mut socket).unwrap();
    }
    (socket, server, greeting.join().unwrap())
}

async fn read(wire: &Wire, scratch_bytes: usize) -> io::Result<Vec<u8>> {
    let mut scratch = vec![0; scratch_bytes];
    let count = poll_fn(|cx| wire.poll_read(cx, &mut scratch)).await?;
    scratch.truncate(count);
    Ok(scratch)
}

async fn say(wire: &Wire, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        poll_fn(|cx| wire.poll_write_ready(cx)).await.unwrap();
        match wire.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    drain(wire).await;
}

async fn drain(wire: &Wire) {
    while wire.has_unsent() {
        poll_fn(|cx| wire.poll_write_ready(cx)).await.unwrap();
        match wire.flush() {
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

fn hear(peer: &mut impl io::Read, count: usize) -> Vec<u8> {
    let mut heard = vec![0; count];
    peer.read_exact(&mut heard).unwrap();
    heard
}
