//! A node to test against, in this process or as the real binary, and the keys to it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

mod guests;
mod http;
mod losses;
pub mod rewritten;
pub mod rooms;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use crypto::{Secret, Tokens, Trust};
use system::SystemClock;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use wigwag::config::Config;
use wigwag::keys::Keys;
use wigwag::node::Node;

use crate::patience::{until, within};
use crate::report::Report;

pub use self::guests::{grant, sub_grant};

/// The key that back ends of every house present.
pub const API_KEY: &str = "key-of-the-house";
const TOKEN_SECRET: &str = "secret-of-the-house";

/// Channels of many kinds. Without a prefix: everything, except that nobody is told of joins unless he asks.
const CHANNELS: &str = r#"
[channel]
allow_subscribe_for_client = true
allow_publish_for_subscriber = true
presence = true
allow_presence_for_subscriber = true
join_leave = true
history_size = 1000
history_ttl = "5m"
allow_history_for_subscriber = true
force_recovery = true

[[namespace]] # neither history nor presence
name = "live"
allow_subscribe_for_client = true
allow_publish_for_client = true

[[namespace]] # everybody is told who comes and goes
name = "hall"
allow_subscribe_for_client = true
presence = true
allow_presence_for_client = true
join_leave = true
force_push_join_leave = true

[[namespace]] # remembers three
name = "few"
allow_subscribe_for_client = true
allow_publish_for_subscriber = true
history_size = 3
history_ttl = "5m"
force_recovery = true

[[namespace]] # remembers a second
name = "brief"
allow_subscribe_for_client = true
history_size = 100
history_ttl = "1s"
force_recovery = true

[[namespace]] # recovers if asked
name = "asked"
allow_subscribe_for_client = true
allow_history_for_client = true
history_size = 100
history_ttl = "5m"
allow_recovery = true
allow_positioning = true

[[namespace]] # for those with a subscription token
name = "closed"
history_size = 100
history_ttl = "5m"
force_recovery = true
"#;

/// A running node with its secrets.
pub struct House {
    /// Where it listens.
    pub address: SocketAddr,
    tokens: Tokens,
    http: reqwest::Client,
    clock: SystemClock,
    run: Run,
    home: TempDir,
}

enum Run {
    Inside(Box<Node>),
    Outside(Box<Child>, BufReader<ChildStdout>),
}

impl House {
    /// A node in this process.
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// The same with more configuration; channels, keys and address are there already.
    pub async fn with(toml: &str) -> Self {
        let _ = wigwag::telemetry::metrics::recorder();
        let home = TempDir::new().unwrap();
        let file = write_config(home.path(), toml);
        let config = Config::load(Some(&file), settings(home.path(), toml).into_iter())
            .unwrap_or_else(|error| panic!("{error}"));
        let keys = Keys::effective(&config, &system::OsEntropy).unwrap_or_else(|error| panic!("{error}"));
        let node = wigwag::compose::start(&config, &keys).await.unwrap();
        Self::new(node.address, Run::Inside(Box::new(node)), home)
    }

    /// The real binary as a process of its own.
    pub async fn binary(toml: &str) -> Self {
        Self::process("wigwag-in-test", toml).await
    }

    /// A process of its own that reports on itself: see [`House::report`].
    pub async fn reporting(toml: &str) -> Self {
        Self::process("wigwag-in-soak", toml).await
    }

    async fn process(program: &str, toml: &str) -> Self {
        let home = TempDir::new().unwrap();
        let file = write_config(home.path(), toml);
        let mut command = Command::new(beside_this(program));
        command.arg("--config").arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        command.envs(settings(home.path(), toml)).env("WIGWAG_SERVER__LOG", "error");
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        within("the greeting", output.read_line(&mut line)).await.unwrap();
        let address = line.trim().strip_prefix("wigwag is ready on http://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an unknown greeting: {line:?}"));
        Self::new(address, Run::Outside(Box::new(child), output), home)
    }

    fn new(address: SocketAddr, run: Run, home: TempDir) -> Self {
        let connection = Trust { hmac_secret: Secret::new(TOKEN_SECRET), ..Trust::default() };
        let tokens = Tokens::new(&crypto::Config { connection, subscription: None }).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, tokens, http, clock: SystemClock::new(), run, home }
    }

    /// The node, which must run in this process.
    pub fn node(&self) -> &Node {
        match &self.run {
            Run::Inside(node) => node,
            Run::Outside(..) => panic!("this node runs in a process of its own"),
        }
    }

    /// Drains and ends a node of this process.
    pub async fn stop(self) {
        match self.run {
            Run::Inside(node) => node.stop().await,
            Run::Outside(..) => panic!("a process is told to stop with terminate()"),
        }
    }

    /// Tells the process to stop.
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Sends the process a signal, by its name.
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args([&format!("-{name}"), &pid]).status().await.unwrap();
        assert!(told.success());
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        let Run::Outside(child, _) = &self.run else { panic!("this node is no process") };
        child.id().unwrap_or_else(|| panic!("the process has ended"))
    }

    /// What a reporting process says of itself at present.
    pub async fn report(&mut self) -> Report {
        let Run::Outside(child, output) = &mut self.run else { panic!("this node is no process") };
        let question = child.stdin.as_mut().unwrap().write_all(b"\n");
        within("room for the question", question).await.unwrap();
        let mut line = String::new();
        within("a report", output.read_line(&mut line)).await.unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// How the process ended.
    pub async fn exit_status(&mut self) -> ExitStatus {
        let Run::Outside(child, _) = &mut self.run else { panic!("this node is no process") };
        within("the end of the process", child.wait()).await.unwrap()
    }

    /// Returns when nobody is connected any more and all channels have been let go.
    pub async fn is_empty(&self) {
        let counts = || self.node().counts();
        until("everybody has left", || counts().sessions == 0 && counts().channels == 0).await;
    }
}

fn write_config(home: &Path, toml: &str) -> PathBuf {
    let file = home.join("wigwag.toml");
    std::fs::write(&file, format!("{toml}\n{CHANNELS}")).unwrap();
    file
}

/// What every house has, as environment variables, so that tests may write any section.
fn settings(home: &Path, toml: &str) -> Vec<(String, String)> {
    let data_dir = home.join("data").display().to_string();
    let drain_time = (!toml.contains("drain_time")).then_some(("WIGWAG_SERVER__DRAIN_TIME", "100ms"));
    let fixed = [
        ("WIGWAG_SERVER__LISTEN", "127.0.0.1:0"),
        ("WIGWAG_SERVER__DATA_DIR", data_dir.as_str()),
        ("WIGWAG_TOKEN__HMAC_SECRET", TOKEN_SECRET),
        ("WIGWAG_API__KEY", API_KEY),
    ];
    fixed.into_iter().chain(drain_time).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A binary beside this test's own directory.
fn beside_this(program: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join(program)
}
