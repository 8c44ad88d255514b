//! One connection of the ceiling.

use std::io::Write as _;

use mio::net::TcpStream;

/// No answers in this round.
pub(super) const NOTHING: usize = usize::MAX;

/// As little as possible of it is touched by a delivery: the socket, a place and a pointer.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    pub(super) open: bool,
    /// Place among the answers of the round, or `NOTHING`.
    pub(super) answers: usize,
    pub(super) channels: Vec<usize>,
    /// What a half-read or half-written frame leaves behind; rare.
    rest: Option<Box<Rest>>,
}

#[derive(Default)]
struct Rest {
    unread: Vec<u8>,
    unwritten: Vec<u8>,
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, open: false, answers: NOTHING, channels: Vec::new(), rest: None }
    }

    /// Writes what the socket takes and keeps the rest.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let waiting = self.rest.as_ref().is_some_and(|rest| !rest.unwritten.is_empty());
        // What waits goes first. A broken socket is told by its next event.
        let taken = if waiting { 0 } else { self.stream.write(bytes).unwrap_or(0) };
        if taken < bytes.len() {
            self.rest.get_or_insert_default().unwritten.extend_from_slice(&bytes[taken..]);
        }
    }

    /// Writes what had to wait.
    pub(super) fn resume(&mut self) {
        let Some(mut rest) = self.rest.take() else { return };
        if !rest.unwritten.is_empty() {
            let taken = self.stream.write(&rest.unwritten).unwrap_or(0);
            rest.unwritten.drain(..taken);
        }
        self.keep(rest);
    }

    pub(super) fn take_unread(&mut self) -> Vec<u8> {
        self.rest.as_mut().map(|rest| std::mem::take(&mut rest.unread)).unwrap_or_default()
    }

    pub(super) fn keep_unread(&mut self, unread: Vec<u8>) {
        self.rest.get_or_insert_default().unread = unread;
    }

    fn keep(&mut self, rest: Box<Rest>) {
        if !rest.unread.is_empty() || !rest.unwritten.is_empty() {
            self.rest = Some(rest);
        }
    }
}

/// The connection's name: made of its place, so that nothing has to be kept.
pub(super) fn client_id(place: usize) -> String {
    format!("{place:08x}-0000-4000-8000-000000000000")
}
