//! `GET /echo`, for conformance tests only: sends every message back, through the same reader, frames and link as any
//! connection, without a session behind them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use ports::protocol::Disconnect;
use tokio::sync::OwnedSemaphorePermit;
use tracing::debug;
use wigwag_core::session::Pings;

use super::dialect::Dialect;
use super::frame::{self, Kind};
use super::link::{Line, Link};
use super::reader::{Ear, Reader};
use super::wire::Loose;
use crate::http::Edge;

/// Begins to echo on an upgraded socket; `first` is what was read beyond the upgrade request.
pub(super) fn begin(edge: &Edge, socket: Loose, first: Bytes, permit: OwnedSemaphorePermit) {
    let services = &edge.services;
    let wire = match socket.settle() {
        Ok(wire) => wire,
        Err(error) => return debug!(%error, "a socket could not be taken over"),
    };
    let queue_bytes_max = services.realm.settings.queue_bytes_max;
    let pending = Arc::clone(&services.pending);
    let line = Line::Socket(wire);
    let link = Arc::new(Link::new(line, Dialect::WEBSOCKET_JSON, Pings::Frames, queue_bytes_max, pending));
    tokio::spawn(Reader::new(link, Echo::default(), services.frame_bytes_max, permit, &first));
}

/// Sends back what it hears.
#[derive(Default)]
struct Echo {
    backlog: VecDeque<Bytes>,
    is_slow: bool,
}

impl Ear for Echo {
    fn message(&mut self, _link: &Link, kind: Kind, message: &[u8]) {
        self.backlog.push_back(frame::frame(kind, message));
    }

    fn pong(&mut self, _link: &Link) {}

    fn overflow(&mut self) {
        self.is_slow = true;
    }

    fn has_more(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn pass_on(&mut self, link: &Link) -> bool {
        let Some(message) = self.backlog.pop_front() else { return false };
        if self.is_slow || link.send(message).is_err() {
            link.close(&Disconnect::SLOW);
        }
        true
    }

    fn settle(&mut self) {}

    fn gone(&mut self) {
        self.forget();
    }

    fn forget(&mut self) {
        self.backlog.clear();
    }
}
