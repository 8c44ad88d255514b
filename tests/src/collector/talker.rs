//! The real binary, with everything that it writes to the error stream kept.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::patience::{until, within};

/// A process with its words.
pub struct Talker {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    _home: TempDir,
}

impl Talker {
    /// Starts it with this configuration and these variables.
    pub async fn start(toml: &str, variables: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let file = home.path().join("wigwag.toml");
        std::fs::write(&file, toml).unwrap();
        let program = std::env::current_exe().unwrap();
        let program = program.parent().and_then(Path::parent).unwrap().join("wigwag-in-test");
        let mut command = Command::new(program);
        command.arg("--config").arg(&file).arg("--data-dir").arg(home.path().join("data"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.env("WIGWAG_SERVER__LISTEN", "127.0.0.1:0").env("WIGWAG_SERVER__DRAIN_TIME", "100ms");
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();

        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&lines);
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                kept.lock().push(line);
            }
        });
        let mut greeting = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        within("the greeting", output.read_line(&mut greeting)).await.unwrap();
        let address = greeting.trim().strip_prefix("wigwag is ready on http://");
        let address = address.and_then(|address| address.parse().ok());
        let address =
            address.unwrap_or_else(|| panic!("an unknown greeting: {greeting:?} {:?}", lines.lock()));
        Self { address, child, lines, _home: home }
    }

    /// What it has written so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// Returns when it has written a line with this in it.
    pub async fn says(&self, text: &str) {
        until(text, || self.lines().iter().any(|line| line.contains(text))).await;
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("the process has ended"))
    }

    /// Tells it to stop; returns everything it wrote.
    pub async fn stop(mut self) -> Vec<String> {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        assert!(told.success());
        within("the end of the process", self.child.wait()).await.unwrap();
        self.lines()
    }
}
