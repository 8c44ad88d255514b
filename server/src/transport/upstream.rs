//! The upstream half of a streamed connection: commands that came with a request, on their way into the session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wigwag_core::shard::Input;

use super::switchboard::Extension;

/// The commands of one request, in order. Those of other requests may come in between. They are not taken apart before
/// the session takes them, for waiting they are smaller as they came.
pub struct Upstream {
    extension: Extension,
    frame: Bytes,
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
    pub fn first(extension: Extension, frame: Bytes) -> Self {
        Self { extension, frame, _permits: None }
    }

    /// A frame that came later, if not too much is under way on this connection already. The permit is given back when
    /// nothing of it is under way any more.
    pub fn later(extension: Extension, frame: Bytes, permit: OwnedSemaphorePermit) -> Result<Self, NotTaken> {
        let own = Arc::clone(&extension.requests).try_acquire_owned().map_err(|_| NotTaken::Busy)?;
        Ok(Self { extension, frame, _permits: Some([permit, own]) })
    }

    /// Gives the session all commands as it takes them, if it takes them soon. Runs on the session's shard.
    pub async fn run(self) -> Result<(), NotTaken> {
        timeout(ROOM_WAIT, self.run_to_end()).await.unwrap_or(Err(NotTaken::Busy))
    }

    /// The same for as long as the connection lives.
    pub async fn run_to_end(self) -> Result<(), NotTaken> {
        let Self { extension, frame, _permits } = self;
        let Extension { cell, seat, link, .. } = extension;
        let (mut frame, mut heard) = (Some(frame), VecDeque::new());
        let mut count = 0;
        while frame.is_some() || !heard.is_empty() {
            if !link.room().await {
                return Err(NotTaken::Ended);
            }
            if let Some(frame) = frame.take() {
                link.dialect.decode(&frame, &mut heard);
            }
            let Some(next) = heard.pop_front() else { break };
            cell.drive(Input::Session(seat, next.into()));
            count += 1;
            if count % TURN_COMMANDS == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
