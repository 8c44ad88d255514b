//! What goes to and fro between a client and whatever carries its messages.

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::Manners;
use crate::wire::{Frame, Said};

/// The carrier's end of a connection.
pub(super) struct Line {
    /// Frames to send.
    pub(super) orders: UnboundedReceiver<Frame>,
    /// Everything heard.
    pub(super) heard: UnboundedSender<Heard>,
    /// What pings are answered with.
    pub(super) manners: Manners,
}

pub(super) enum Heard {
    Ping,
    Message(Value),
    Closed(Farewell),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The close code.
    pub code: u16,
    /// Its reason.
    pub reason: String,
}

impl Line {
    /// Passes on what was said; returns how many pongs are due.
    pub(super) fn hears(&self, said: impl IntoIterator<Item = Said>) -> usize {
        let mut pongs = 0;
        for said in said {
            // Whoever does not listen any more needs no news.
            let _ = match said {
                Said::Ping => {
                    pongs += self.manners.pongs();
                    self.heard.send(Heard::Ping)
                }
                Said::Message(message) => self.heard.send(Heard::Message(message)),
            };
        }
        pongs
    }

    /// Says that it is over.
    pub(super) fn ends(&self, farewell: Farewell) {
        let _ = self.heard.send(Heard::Closed(farewell));
    }
}
