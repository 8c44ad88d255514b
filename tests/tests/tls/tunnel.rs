//! A way into a house with TLS for those who do not speak it: a door in front of it that does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wigwag_tests::house::House;
use wigwag_tests::patience::within;

/// A house with a certificate of its own, and how to reach it.
pub(crate) struct Secure {
    /// Behind the tunnel: whoever calls its address speaks to it over TLS.
    pub(crate) house: House,
    /// Where it listens itself.
    pub(crate) address: SocketAddr,
    /// What it proves itself with.
    pub(crate) certificate: CertificateDer<'static>,
    _files: TempDir,
}

impl Secure {
    pub(crate) async fn start() -> Self {
        Self::with("", &TLS13).await
    }

    /// With more configuration, and called with this version.
    pub(crate) async fn with(toml: &str, version: &'static SupportedProtocolVersion) -> Self {
        let files = tempfile::tempdir().unwrap();
        let (certificate, section) = certificate(&files);
        let mut house = House::with(&format!("{section}\n{toml}")).await;
        let address = house.address;
        let tunnel = TcpListener::bind("127.0.0.1:0").await.unwrap();
        house.address = tunnel.local_addr().unwrap();
        tokio::spawn(dig(tunnel, address, connector(&certificate, version)));
        Self { house, address, certificate, _files: files }
    }

    /// A conversation in TLS over which nothing has been said.
    pub(crate) async fn call(&self) -> TlsStream<TcpStream> {
        call(self.address, &connector(&self.certificate, &TLS13)).await
    }
}

/// A new certificate, and the section that names its files.
pub(crate) fn certificate(files: &TempDir) -> (CertificateDer<'static>, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| -> PathBuf {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (cert, key) = (file("cert.pem", made.cert.pem()), file("key.pem", made.signing_key.serialize_pem()));
    (made.cert.der().clone(), format!("[tls]\ncert_file = {cert:?}\nkey_file = {key:?}\n"))
}

fn connector(
    certificate: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn call(address: SocketAddr, connector: &TlsConnector) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within("the handshake", connector.connect(name, stream)).await.unwrap()
}

async fn dig(tunnel: TcpListener, address: SocketAddr, connector: TlsConnector) {
    while let Ok((mut near, _)) = tunnel.accept().await {
        near.set_nodelay(true).unwrap();
        let connector = connector.clone();
        tokio::spawn(async move {
            let mut far = call(address, &connector).await;
            // However either end leaves, the other one sees it.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}
