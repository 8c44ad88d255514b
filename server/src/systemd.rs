//! What systemd is told, if it started the server: that it is ready, that it stops, and now and then that it is alive.
//! The protocol is one datagram for each word; whether somebody listens does not matter.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The socket that systemd listens on, and how often it wants to hear.
#[derive(Debug, Default)]
pub struct Systemd {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// As the environment says; without systemd every word is lost.
    pub fn from_env() -> Self {
        let text = |name| std::env::var(name).ok();
        let is_ours = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let watchdog = text("WATCHDOG_USEC").filter(|_| is_ours).and_then(|micros| micros.parse().ok());
        Self::new(text("NOTIFY_SOCKET").as_deref(), watchdog.map(Duration::from_micros))
    }

    fn new(address: Option<&str>, watchdog: Option<Duration>) -> Self {
        let socket = address.and_then(|address| connect(address).ok());
        Self { socket, watchdog: watchdog.filter(|limit| !limit.is_zero()) }
    }

    /// Connections are welcome.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// Says twice within the time allowed that the process is alive. Never returns.
    pub async fn watch(&self) {
        let Some(limit) = self.watchdog else { return std::future::pending().await };
        loop {
            self.say("WATCHDOG=1");
            tokio::time::sleep(limit / 2).await;
        }
    }

    fn say(&self, word: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(word.as_bytes());
        }
    }
}

/// A path, or behind an `@` a name without a file.
fn connect(address: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    match address.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)?;
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => return Err(io::ErrorKind::Unsupported.into()),
        None => socket.connect(address)?,
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn systemd_hears_that_the_server_is_ready_alive_and_stopping() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let ear = UnixDatagram::bind(&path).unwrap();
        ear.set_nonblocking(true).unwrap();

        let systemd = Systemd::new(path.to_str(), Some(Duration::from_secs(30)));
        systemd.ready();
        let watched = tokio::time::timeout(Duration::from_secs(40), systemd.watch()).await;
        systemd.stopping();

        assert!(watched.is_err());
        assert_eq!(heard(&ear), ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_systemd_nothing_is_said_and_nobody_waits() {
        for address in [None, Some("/nowhere/at/all"), Some("@")] {
            let systemd = Systemd::new(address, None);
            systemd.ready();

            assert!(tokio::time::timeout(Duration::from_secs(99), systemd.watch()).await.is_err());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_without_a_file_are_known() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("wigwag-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let ear = UnixDatagram::bind_addr(&address).unwrap();
        ear.set_nonblocking(true).unwrap();

        Systemd::new(Some(&format!("@{name}")), None).ready();

        assert_eq!(heard(&ear), ["READY=1"]);
    }

    fn heard(ear: &UnixDatagram) -> Vec<String> {
        let mut word = [0; 64];
        std::iter::from_fn(|| {
            let length = ear.recv(&mut word).ok()?;
            Some(String::from_utf8_lossy(&word[..length]).into_owned())
        })
        .collect()
    }
}
