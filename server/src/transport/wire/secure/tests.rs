use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 as SUITE;
use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, SupportedCipherSuite};
use socket2::SockRef;

use super::*;
use crate::transport::wire::tests::{Client, greeted};

/// The first byte of a record that brings an alert.
const ALERT: u8 = 21;
const PATIENCE: Duration = Duration::from_secs(15);
const BUFFER_BYTES: usize = 4 * 1024;

#[tokio::test]
async fn answer_of_tls_itself_goes_out_as_soon_as_the_socket_takes_it() {
    let provider = CryptoProvider { cipher_suites: vec![SUITE], ..aws_lc_rs::default_provider() };
    let (socket, tls, peer) = greeted(provider);
    // Sizes that are set do not grow any more.
    SockRef::from(&socket).set_send_buffer_size(BUFFER_BYTES).unwrap();
    SockRef::from(&peer.sock).set_recv_buffer_size(BUFFER_BYTES).unwrap();
    let secure = Secure::new(Socket::new(socket, None).unwrap(), tls);
    let filled = fill(&secure.socket).await;
    let mut peer = asks_for_a_new_handshake(peer);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);

    // The older version of TLS lets a client ask once, and says no with a warning.
    let refuses = async {
        while !secure.has_unsent() {
            assert!(secure.poll_read(&mut cx, &mut [0; 1_024]).is_pending());
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refuses).await.unwrap();
    bell.rung.store(false, Ordering::Relaxed);
    let mut peer = tokio::task::spawn_blocking(move || {
        peer.read_exact(&mut vec![0; filled]).unwrap();
        peer
    })
    .await
    .unwrap();

    let rings = async {
        while !bell.rung.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, rings).await.unwrap();
    secure.flush().unwrap();
    let mut head = [0; 5];
    peer.read_exact(&mut head).unwrap();
    assert_eq!(head[0], ALERT);
    assert!(!secure.has_unsent());
}

#[derive(Default)]
struct Bell {
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
    }
}

/// Writes past TLS until the socket takes no more, also not after a while; returns how much it took.
async fn fill(socket: &Socket) -> usize {
    // The system asks a full peer for room after a fifth of a second.
    const A_WHILE: Duration = Duration::from_millis(300);
    let (mut filled, mut before) = (0, None);
    while before != Some(filled) {
        before = Some(filled);
        while let Ok(count) = socket.try_write(&[0; 1_024]) {
            filled += count;
        }
        tokio::time::sleep(A_WHILE).await;
    }
    filled
}

/// Says hello once more in the midst of a conversation, which no library does any longer.
fn asks_for_a_new_handshake(peer: Client) -> std::net::TcpStream {
    let (client, mut socket) = peer.into_parts();
    let (sequence, secrets) = client.dangerous_extract_secrets().unwrap().tx;
    let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else { panic!("another suite") };
    let SupportedCipherSuite::Tls12(suite) = SUITE else { panic!("another version") };
    let hello = [&[1, 0, 0, 41, 3, 3][..], &[7; 32], &[0], &[0, 2, 0xcc, 0xa9], &[1, 0]].concat();
    let message = OutboundPlainMessage {
        typ: ContentType::Handshake,
        version: ProtocolVersion::TLSv1_2,
        payload: OutboundChunks::Single(&hello),
    };
    let record = suite.aead_alg.encrypter(key, iv.as_ref(), &[]).encrypt(message, sequence).unwrap();
    socket.write_all(&record.encode()).unwrap();
    socket
}
