//! The reading half of a connection: one small task on the shard's thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use ports::protocol::{Command, Disconnect};
use tokio::sync::OwnedSemaphorePermit;
use wigwag_core::session;
use wigwag_core::shard::{Input, SeatId};

use super::frame::{self, Assembler, Fault, Item, Kind};
use super::link::{CLOSE_WAIT, Link, Stage, Turn};
use crate::actors::session_shard::ShardCell;

/// What one read may bring; shared by all readers of a thread.
const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Reads one connection until its end and tells the shard what it says.
pub struct Reader {
    cell: Arc<ShardCell>,
    seat: SeatId,
    link: Arc<Link>,
    assembler: Assembler,
    /// Decoded while the session could take no more.
    backlog: VecDeque<session::Input>,
    /// The client has sent its close frame.
    heard_close: bool,
    /// The client has sent what is no WebSocket conversation.
    faulted: bool,
    _permit: OwnedSemaphorePermit,
}

/// What a run of bytes held besides commands.
struct Parsed {
    fed: Result<(), Fault>,
    closed: Option<u16>,
}

/// After reading so much at once a connection lets its neighbours on.
const BIG_READ_BYTES: usize = 16 * 1024;
/// Commands of one connection before its neighbours get a turn.
const TURN_COMMANDS: usize = 32;

/// The code of a close frame without one (RFC 6455, 7.1.5).
const NORMAL_CLOSURE: u16 = 1000;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    On,
    Over,
}

impl Reader {
    /// A reader for a connection that the shard has just taken in.
    pub fn new(
        cell: Arc<ShardCell>,
        seat: SeatId,
        link: Arc<Link>,
        frame_bytes_max: usize,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let assembler = Assembler::new(frame_bytes_max);
        let backlog = VecDeque::new();
        Self { cell, seat, link, assembler, backlog, heard_close: false, faulted: false, _permit: permit }
    }

    /// Runs to the end of the connection. `first` is what was read together with the upgrade request.
    pub async fn run(mut self, first: Bytes) {
        let mut course = Course::On;
        if !first.is_empty() {
            let parsed = self.parse(&mut first.to_vec());
            course = self.follow(parsed).await;
        }
        while course == Course::On {
            course = self.turn().await;
        }
        if self.link.stage() == Stage::Closing {
            self.await_close().await;
        }
        self.link.abort();
    }

    async fn turn(&mut self) -> Course {
        let blocked = !self.backlog.is_empty() || self.link.is_paused();
        let turn = poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| self.link.poll_turn(cx, scratch, Stage::Open, blocked))
        });
        match turn.await {
            Turn::Read(count) => {
                let parsed = SCRATCH
                    .with_borrow_mut(|scratch| scratch.get_mut(..count).map(|bytes| self.parse(bytes)));
                let Some(parsed) = parsed else { return Course::Over };
                let course = self.follow(parsed).await;
                if count > BIG_READ_BYTES {
                    tokio::task::yield_now().await;
                }
                course
            }
            Turn::Unpaused => self.hand_over().await,
            Turn::End | Turn::Stage(_) => Course::Over,
        }
    }

    /// Takes bytes apart into commands, which go to the backlog. What follows a close frame means nothing, and of
    /// several pings only the latest is answered (RFC 6455, 5.5.1 and 5.5.3).
    fn parse(&mut self, bytes: &mut [u8]) -> Parsed {
        let (link, backlog) = (&self.link, &mut self.backlog);
        let mut closed = None;
        let mut ping = None;
        let fed = self.assembler.feed(bytes, &mut |item| match item {
            _ if closed.is_some() => {}
            Item::Message(message) => decode(link, message, backlog),
            Item::Ping(payload) => ping = Some(payload.to_vec()),
            Item::Pong => {}
            Item::Close(code) => closed = Some(code.unwrap_or(NORMAL_CLOSURE)),
        });
        if let Some(payload) = ping
            && link.send(frame::frame(Kind::Pong, &payload)).is_err()
        {
            backlog.push_back(session::Input::Close(Disconnect::SLOW));
        }
        Parsed { fed, closed }
    }

    /// Hands the commands over, then minds what the bytes said about the conversation itself.
    async fn follow(&mut self, parsed: Parsed) -> Course {
        let course = self.hand_over().await;
        if let Some(code) = parsed.closed {
            self.heard_close = true;
            self.link.close_with(code, "");
            self.cell.drive(Input::Session(self.seat, session::Input::Gone));
            return Course::Over;
        }
        if let Err(fault) = parsed.fed {
            self.faulted = true;
            self.link.close_with(fault.code(), &fault.to_string());
            self.cell.drive(Input::Session(self.seat, session::Input::Gone));
            return Course::Over;
        }
        course
    }

    /// Gives the session what waits, as long as it takes it; neighbours get a turn now and then.
    async fn hand_over(&mut self) -> Course {
        let mut count = 0;
        while !self.link.is_paused() {
            let Some(input) = self.backlog.pop_front() else { break };
            self.cell.drive(Input::Session(self.seat, input));
            count += 1;
            if count % TURN_COMMANDS == 0 {
                tokio::task::yield_now().await;
            }
        }
        if self.link.stage() == Stage::Open { Course::On } else { Course::Over }
    }

    /// The close frame is on its way: read on for the client's, but not for long. After a fault the rest is noise; it is
    /// read so that the client gets the close frame and no reset.
    async fn await_close(&mut self) {
        let (link, assembler, faulted) = (&self.link, &mut self.assembler, self.faulted);
        let mut heard = self.heard_close;
        let mut finished = false;
        let answer = poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                loop {
                    let turn = link.poll_turn(cx, scratch, Stage::Closing, false);
                    if link.is_flushed() && (faulted || heard) && !std::mem::replace(&mut finished, true) {
                        link.finish();
                    }
                    match turn {
                        Poll::Ready(Turn::Read(count)) if !faulted => {
                            let bytes = scratch.get_mut(..count).unwrap_or_default();
                            let fed =
                                assembler.feed(bytes, &mut |item| heard |= matches!(item, Item::Close(_)));
                            if fed.is_err() {
                                return Poll::Ready(());
                            }
                        }
                        Poll::Ready(Turn::Read(_)) => {}
                        Poll::Ready(Turn::End | Turn::Stage(_) | Turn::Unpaused) => return Poll::Ready(()),
                        Poll::Pending if heard && link.is_flushed() => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            })
        });
        // Whatever came of it, the socket is dropped next.
        let _ = tokio::time::timeout(CLOSE_WAIT, answer).await;
    }
}

impl Drop for Reader {
    /// However the task ends, the session hears of it.
    fn drop(&mut self) {
        self.link.abort();
        self.cell.gone(self.seat);
    }
}

fn decode(link: &Link, message: &[u8], backlog: &mut VecDeque<session::Input>) {
    let mut commands: Vec<Command> = Vec::new();
    let decoded = link.dialect.protocol.decode(message, &mut commands);
    backlog.extend(commands.into_iter().map(session::Input::Command));
    if decoded.is_err() {
        backlog.push_back(session::Input::Malformed);
    }
}
