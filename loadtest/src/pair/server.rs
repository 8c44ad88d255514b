//! A server that is measured: one that runs somewhere, or one that is started for a single run.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::cpu;
use crate::brake;
use crate::ear::Ear;
use crate::ledger::{Journal, Ledger};
use crate::line::Line;
use crate::refusal::{Refusal, Request};
use crate::scenarios::Kind;
use crate::target::Target;

/// A server, for one run.
pub(crate) struct Server {
    host: String,
    process: Option<Process>,
}

struct Process {
    child: Child,
    /// Its files, as long as it lives.
    folder: TempDir,
}

/// What it says, in its folder.
const LOG: &str = "log";
/// How many lines of it are worth repeating.
const LAST_LINES: usize = 5;
/// How long a server may take until it answers.
const READY_MAX: Duration = Duration::from_secs(30);
/// How long it may take to end when it is asked to: longer than a brake waits for the server behind it, which nobody
/// else would end.
const END_MAX: Duration = Duration::from_secs(brake::PATIENCE.as_secs() + 10);

impl Server {
    /// Starts the command, or takes the address.
    pub(crate) fn start(side: &str, config: Option<&Path>) -> Result<Self, String> {
        if side.starts_with("http://") || side.starts_with("https://") {
            return Ok(Self { host: side.to_owned(), process: None });
        }
        let folder = TempDir::new().map_err(|error| format!("no folder for a server: {error}"))?;
        let port = free_port()?;
        let data = folder.path().join("data");
        let fill = |text: &str| {
            text.replace("{port}", &port.to_string()).replace("{data}", &data.display().to_string())
        };
        let file = folder.path().join("config.toml");
        if let Some(config) = config {
            let text =
                std::fs::read_to_string(config).map_err(|error| format!("{}: {error}", config.display()))?;
            std::fs::write(&file, fill(&text)).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        let words = words(&fill(side).replace("{config}", &file.display().to_string()))?;
        let (variables, words) = words.split_at(words.iter().take_while(|word| is_variable(word)).count());
        let [program, arguments @ ..] = words else { return Err(format!("{side:?}: no command")) };
        let mut command = Command::new(program);
        let log =
            std::fs::File::create(folder.path().join(LOG)).map_err(|error| format!("no log: {error}"))?;
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let process = Some(Process { child, folder });
        Ok(Self { host: format!("http://127.0.0.1:{port}"), process })
    }

    /// Where it is.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Waits until a client can connect. If none ever can, the end of the server's log says why.
    pub(crate) async fn ready(&mut self, target: &Target) -> Result<(), String> {
        self.connect(target).await.map_err(|error| match self.last_words() {
            Some(words) => format!("{error}\n{words}"),
            None => error,
        })
    }

    fn last_words(&self) -> Option<String> {
        let log = std::fs::read_to_string(self.process.as_ref()?.folder.path().join(LOG)).ok()?;
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LAST_LINES)..).map(|last| last.join("\n"))
    }

    /// Neither credentials that are wrong are waited for, nor a server that has ended. Whoever answers in its place
    /// is somebody else.
    async fn connect(&mut self, target: &Target) -> Result<(), String> {
        let journal = Journal::new(&std::sync::Arc::new(Ledger::default()), Kind::Health);
        let deadline = Instant::now() + READY_MAX;
        loop {
            let connected = Line::connect(target, "load-scout", Ear::deaf(&journal)).await;
            self.runs()?;
            match connected {
                Ok(line) => {
                    line.close().await;
                    return Ok(());
                }
                Err(Refusal::Unreachable(_) | Refusal::Status(503)) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(refusal) => {
                    return Err(format!("connect: {refusal}: {}", refusal.advice(Request::Connect)));
                }
            }
        }
    }

    fn runs(&mut self) -> Result<(), String> {
        let Some(Process { child, .. }) = &mut self.process else { return Ok(()) };
        match child.try_wait() {
            Ok(Some(status)) => Err(format!("the server has ended: {status}")),
            // What cannot be asked is found out by connecting.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Processor time used so far, if the server is ours.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        cpu::of_tree(self.process.as_ref()?.child.id()?)
    }

    /// Asks it to end, by its id, and makes it end if it does not.
    pub(crate) async fn end(self) {
        let Some(Process { mut child, .. }) = self.process else { return };
        if let Some(id) = child.id() {
            // If this does not work, the next thing does.
            let _ = Command::new("kill").arg(id.to_string()).status().await;
        }
        if timeout(END_MAX, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// A port of the loopback that nobody listens on.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn is_variable(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

/// Words as a shell would take them, with quotes and without everything else that shells do.
fn words(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        Some(quote) => Err(format!("{command:?}: a {quote} is opened and not closed")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::TargetOptions;

    #[test]
    fn a_command_is_split_as_a_shell_would() {
        assert_eq!(words("a  'b c' \"d'e\" f=''").unwrap(), ["a", "b c", "d'e", "f="]);
        assert_eq!(words("").unwrap(), Vec::<String>::new());
        assert!(words("a 'b").unwrap_err().contains("not closed"));
    }

    #[tokio::test]
    async fn a_server_that_ends_is_not_waited_for() {
        let mut server = Server::start("sh -c 'echo no such table >&2; exit 3' {port}", None).unwrap();
        let options = TargetOptions {
            ws_path: "/".to_owned(),
            api_path: "/".to_owned(),
            token: None,
            token_secret: None,
            api_key: None,
            channel_prefix: String::new(),
        };
        let target = Target::new(&options, server.host()).unwrap();

        let fault = server.ready(&target).await.unwrap_err();

        assert!(fault.contains("the server has ended: exit status: 3"), "{fault}");
        assert!(fault.ends_with("no such table"), "{fault}");
    }

    #[test]
    fn what_stands_before_the_command_with_an_equals_sign_is_a_variable() {
        assert!(is_variable("WIGWAG_API__KEY=a=b"));
        assert!(!is_variable("--listen=127.0.0.1:1"));
        assert!(!is_variable("=a"));
        assert!(!is_variable("wigwag"));
    }
}
