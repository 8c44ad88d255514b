use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::*;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn sockets_that_begin_and_say_no_more_take_no_permit() {
    let house = House::new(1).await;
    let mut silent = Vec::new();
    for begun in [&[22][..], &[22, 3, 1, 2, 0], &house.hello()[..100]] {
        let mut socket = TcpStream::connect(house.address).await.unwrap();
        socket.write_all(begun).await.unwrap();
        silent.push((tokio::spawn(house.welcome().await), socket));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;

    let served = house.serve().await;

    assert!(matches!(served, Ok(Greeted::Secure(_))));
    assert!(silent.iter().all(|(greeting, _)| !greeting.is_finished()));
}

#[tokio::test]
async fn hello_may_come_in_pieces() {
    let house = House::new(1).await;
    let mut socket = TcpStream::connect(house.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let greeting = tokio::spawn(house.welcome().await);

    for piece in house.hello().chunks(50) {
        socket.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    // The answer of the server begins.
    assert_eq!(timeout(LONG, socket.read_u8()).await.unwrap().unwrap(), HANDSHAKE);
    assert_eq!(house.tls.handshakes.available_permits(), 0);
    drop(socket);
    assert!(timeout(LONG, greeting).await.unwrap().unwrap().is_err());
    assert_eq!(house.tls.handshakes.available_permits(), 1);
}

#[tokio::test]
async fn hello_that_does_not_end_is_refused() {
    let house = House::new(1).await;
    let mut socket = TcpStream::connect(house.address).await.unwrap();
    let greeting = tokio::spawn(house.welcome().await);
    // A hello of 65,000 bytes, in records of 1,024.
    let mut message = vec![1, 0, 0xfd, 0xe8];
    message.resize(65_000, 0);
    let records: Vec<u8> =
        message.chunks(1_024).flat_map(|part| [&[22, 3, 1, 4, 0], part].concat()).collect();

    // The refusal may come before everything is sent.
    let _ = socket.write_all(&records[..40_000]).await;

    let refused = timeout(LONG, greeting).await.unwrap().unwrap().err().unwrap();
    assert_eq!(refused.to_string(), "the hello of the client does not end");
}

#[tokio::test]
async fn hello_that_cannot_be_understood_is_answered_with_an_alert() {
    let house = House::new(1).await;
    let mut socket = TcpStream::connect(house.address).await.unwrap();
    let greeting = tokio::spawn(house.welcome().await);

    socket.write_all(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 9]).await.unwrap();

    const ALERT: u8 = 21;
    assert_eq!(timeout(LONG, socket.read_u8()).await.unwrap().unwrap(), ALERT);
    assert!(greeting.await.unwrap().is_err());
}

/// A listener with TLS.
struct House {
    tls: Arc<Tls>,
    listener: TcpListener,
    address: SocketAddr,
    client: Arc<ClientConfig>,
}

impl House {
    async fn new(permits: usize) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            tls: Arc::new(Tls { handshakes: Semaphore::new(permits), ..Tls::new(Arc::new(config.unwrap())) }),
            address: listener.local_addr().unwrap(),
            listener,
            client: Arc::new(client),
        }
    }

    /// What a client says first.
    fn hello(&self) -> Vec<u8> {
        let mut hello = Vec::new();
        let mut client = ClientConnection::new(Arc::clone(&self.client), name()).unwrap();
        client.write_tls(&mut hello).unwrap();
        hello
    }

    /// Greets who has come next.
    async fn welcome(&self) -> impl Future<Output = io::Result<Greeted>> + Send + use<> {
        let (socket, _) = self.listener.accept().await.unwrap();
        let tls = Arc::clone(&self.tls);
        async move { tls.greet(socket).await }
    }

    /// Greets one that knows how to behave.
    async fn serve(&self) -> io::Result<Greeted> {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.client));
        let greeting = self.welcome().await;
        let both = async { tokio::join!(greeting, connector.connect(name(), socket)) };
        timeout(LONG, both).await.unwrap().0
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}
