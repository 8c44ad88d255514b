//! The upstream half of a streamed connection: commands that came with a request, on their way into the session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wigwag_core::session;
use wigwag_core::shard::Input;

use super::switchboard::Extension;

/// The commands of one request, in order. Those of other requests may come in between.
pub struct Upstream {
    extension: Extension,
    inputs: VecDeque<session::Input>,
    _permits: Option<[OwnedSemaphorePermit; 2]>,
}

/// Why not all commands were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// Too many others wait. Trying again may help.
    #[error("the session has too many commands waiting")]
    Busy,
    /// There is no session any more.
    #[error("the session has ended")]
    Ended,
}

/// How long commands may wait until the session takes them; SDKs give a command up after five seconds as well.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// Commands of one connection before its neighbours get a turn.
const TURN_COMMANDS: usize = 32;

impl Upstream {
    /// What a connection begins with.
    pub fn first(extension: Extension, inputs: VecDeque<session::Input>) -> Self {
        Self { extension, inputs, _permits: None }
    }

    /// A frame that came later, if not too much is under way on this connection already. The permit is given back when
    /// nothing of it is under way any more.
    pub fn later(extension: Extension, frame: &[u8], permit: OwnedSemaphorePermit) -> Result<Self, NotTaken> {
        let own = Arc::clone(&extension.requests).try_acquire_owned().map_err(|_| NotTaken::Busy)?;
        let mut inputs = VecDeque::new();
        extension.link.dialect.decode(frame, &mut inputs);
        Ok(Self { extension, inputs, _permits: Some([permit, own]) })
    }

    /// Gives the session all commands as it takes them, if it takes them soon. Runs on the session's shard.
    pub async fn run(self) -> Result<(), NotTaken> {
        timeout(ROOM_WAIT, self.run_to_end()).await.unwrap_or(Err(NotTaken::Busy))
    }

    /// The same for as long as the connection lives.
    pub async fn run_to_end(mut self) -> Result<(), NotTaken> {
        let mut count = 0;
        while !self.inputs.is_empty() {
            if !self.extension.link.room().await {
                return Err(NotTaken::Ended);
            }
            let Some(input) = self.inputs.pop_front() else { break };
            self.extension.cell.drive(Input::Session(self.extension.seat, input));
            count += 1;
            if count % TURN_COMMANDS == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
