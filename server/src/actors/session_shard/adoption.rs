//! How a shard takes a new connection in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use ports::hooks::Visitor;
use ports::ids::{ClientId, SessionKey};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::{debug, warn};
use wigwag_core::session::{Opening, Pings};
use wigwag_core::shard::SeatId;

use super::ShardCell;
use crate::transport::dialect::Dialect;
use crate::transport::downstream::Downstream;
use crate::transport::link::{Line, Link, Response};
use crate::transport::reader::{Reader, SessionEar};
use crate::transport::stay::Stay;
use crate::transport::switchboard::Extension;
use crate::transport::upstream::Upstream;
use crate::transport::wire::{Loose, Wire};

/// A connection handed from the listener to a shard.
pub struct Adoption {
    /// How it came.
    pub arrival: Arrival,
    /// What is spoken.
    pub dialect: Dialect,
    /// Who is there.
    pub peer: SocketAddr,
    /// What the application's back end is told of its coming, if it is asked anything.
    pub visitor: Option<Arc<Visitor>>,
    /// Given back when the connection is gone.
    pub permit: OwnedSemaphorePermit,
}

/// How a connection came.
pub enum Arrival {
    /// As a socket of its own.
    Socket {
        /// The socket.
        socket: Loose,
        /// What was read beyond the upgrade request.
        first: Bytes,
        /// How its client is pinged.
        pings: Pings,
    },
    /// As a request whose response is streamed.
    Request {
        /// The frame that came with it.
        first: Bytes,
        /// How long the socket below may be used.
        stay: Stay,
        /// Where the body goes.
        answer: oneshot::Sender<Downstream>,
    },
}

impl ShardCell {
    pub(super) fn take_in(self: &Arc<Self>, adoption: Adoption) {
        let Adoption { arrival, dialect, peer, visitor, permit } = adoption;
        match arrival {
            Arrival::Socket { socket, first, pings } => match socket.settle() {
                Ok(wire) => self.take_socket(wire, first, (dialect, pings), visitor, permit),
                Err(error) => {
                    self.load.fetch_sub(1, Ordering::Relaxed);
                    return warn!(%error, "a socket could not be taken over");
                }
            },
            Arrival::Request { first, stay, answer } => {
                self.take_request(first, dialect, stay, (visitor, permit), answer);
            }
        }
        debug!(shard = self.index, %peer, "connection opened");
    }

    /// The socket is registered with this thread's runtime by now.
    fn take_socket(
        self: &Arc<Self>,
        wire: Wire,
        first: Bytes,
        (dialect, pings): (Dialect, Pings),
        visitor: Option<Arc<Visitor>>,
        permit: OwnedSemaphorePermit,
    ) {
        let link = self.link(Line::Socket(wire), dialect, pings);
        let seat = self.seat(&link, None, visitor);
        let ear = SessionEar::new(Arc::clone(self), seat);
        tokio::spawn(Reader::new(link, ear, self.services.frame_bytes_max, permit, &first));
    }

    fn take_request(
        self: &Arc<Self>,
        first: Bytes,
        dialect: Dialect,
        stay: Stay,
        (visitor, permit): (Option<Arc<Visitor>>, OwnedSemaphorePermit),
        answer: oneshot::Sender<Downstream>,
    ) {
        let response = Box::new(Response::new(stay.clone()));
        let link = self.link(Line::Response(response), dialect, Pings::Messages);
        if let Some(opening) = dialect.opening() {
            // An empty queue takes anything.
            let _ = link.send(opening);
        }
        let key = SessionKey::from_random(self.services.entropy.sixteen());
        let seat = self.seat(&link, Some(key), visitor);
        let extension = Extension::new(Arc::clone(self), seat, link);
        let switchboard = Arc::clone(&self.services.switchboard);
        let body = Downstream::new(extension.clone(), key, switchboard, stay, permit);
        // If the client has gone away meanwhile, the body comes back and is dropped, which ends the session.
        if answer.send(body).is_ok() {
            tokio::spawn(Upstream::first(extension, first).run_to_end());
        }
    }

    fn link(&self, line: Line, dialect: Dialect, pings: Pings) -> Arc<Link> {
        let queue_bytes_max = self.services.app.settings().queue_bytes_max;
        let link = Link::new(line, dialect, pings, queue_bytes_max, Arc::clone(&self.services.pending));
        Arc::new(link.opened(self.services.now()))
    }

    fn seat(&self, link: &Arc<Link>, emulation: Option<SessionKey>, visitor: Option<Arc<Visitor>>) -> SeatId {
        let client = ClientId::from_random(self.services.entropy.sixteen());
        let luck = u16::try_from(self.services.entropy.number() >> 48).unwrap_or(0);
        let opening = Opening { client, luck, emulation, pings: link.pings };
        let mut state = self.state.lock();
        let now = self.services.now();
        let seat = match visitor {
            Some(visitor) => state.shard.open_for(now, opening, visitor),
            None => state.shard.open(now, opening),
        };
        state.links.put(seat, Arc::clone(link));
        seat
    }
}
