//! The real binary with nothing but a file to go by, and those who are connected to it, in plain words or over TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use crypto::{Secret, Tokens, Trust};
use ports::access::TokenSigner as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wigwag_tests::client::{Client, Manners, Way};
use wigwag_tests::house::grant;
use wigwag_tests::patience::within;

const SECRET: &str = "secret-of-the-process";

/// What does not change: where it listens, the key to tokens, and a channel that everybody may use.
const FIXED: &str =
    "[token]\nhmac_secret = \"secret-of-the-process\"\n[channel]\nallow_subscribe_for_client = true\n";

/// A process that serves.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
    log: UnboundedReceiver<String>,
    home: TempDir,
}

impl Process {
    /// Starts it in a folder of its own with these settings.
    pub(crate) async fn start(home: TempDir, toml: &str) -> Self {
        write(home.path(), toml);
        let test = std::env::current_exe().unwrap();
        let program = test.parent().and_then(Path::parent).unwrap().join("wigwag-in-test");
        let mut command = Command::new(program);
        command.args(["--config", "wigwag.toml", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        command.current_dir(home.path()).env_clear().kill_on_drop(true);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        within("the greeting", output.read_line(&mut greeting)).await.unwrap();
        let address = greeting.trim().rsplit('/').next().unwrap().parse().unwrap();

        let (told, log) = unbounded_channel();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = told.send(line);
            }
        });
        Self { address, child, log, home }
    }

    /// Writes other settings and tells the process with a signal.
    pub(crate) async fn hang_up(&self, toml: &str) {
        write(self.home.path(), toml);
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().await.unwrap().success());
    }

    /// Waits for a line of the log with these words.
    pub(crate) async fn says(&mut self, words: &str) {
        let said = async { while !self.log.recv().await.unwrap().contains(words) {} };
        within(words, said).await;
    }

    /// Whether a line with these words has been written that nobody has read yet.
    pub(crate) fn has_said(&mut self, words: &str) -> bool {
        std::iter::from_fn(|| self.log.try_recv().ok()).any(|line| line.contains(words))
    }

    /// A client that is subscribed to `room`.
    pub(crate) async fn client(&self, user: &str) -> Client {
        client(self.address, user).await
    }
}

/// The same by way of another address.
pub(crate) async fn client(address: SocketAddr, user: &str) -> Client {
    let trust = Trust::hmac(Secret::new(SECRET).unwrap(), None, None);
    let token = Tokens::new(&crypto::Config::new(trust)).unwrap().connection(&grant(user)).unwrap();
    let mut client = Client::open_in(Way::Json, address, Manners::Answers).await;
    client.connect(&token).await.unwrap();
    client.subscribe("room").await;
    client
}

fn write(home: &Path, toml: &str) {
    std::fs::write(home.join("wigwag.toml"), format!("{toml}\n{FIXED}")).unwrap();
}

/// A new certificate in the files that [`TLS`] names.
pub(crate) fn certify(home: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(home.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(home.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// The section that names the files of a certificate.
pub(crate) const TLS: &str = "[tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n";

/// Speaks TLS with whoever has this certificate; `None` if that is somebody else.
pub(crate) async fn call(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within("the handshake", connector.connect(name, stream)).await.ok()
}

/// A door behind which everybody comes in over TLS.
pub(crate) async fn door(address: SocketAddr, trusted: CertificateDer<'static>) -> SocketAddr {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = door.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = door.accept().await {
            let mut far = call(address, &trusted).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    here
}
