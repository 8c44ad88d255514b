//! Being told to end, so that what was started can be ended first.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for it. From then on nothing ends this process but itself.
pub(crate) struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Ending {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits until we are told, and says by what.
    pub(crate) async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "ended by SIGTERM",
            _ = self.interrupt.recv() => "ended by SIGINT",
        }
    }
}
