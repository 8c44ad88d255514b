//! The reading half of a connection: one small task on the shard's thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use ports::protocol::Command;
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
    _permit: OwnedSemaphorePermit,
}

/// What a run of bytes held besides commands.
struct Parsed {
    fed: Result<(), Fault>,
    closed: Option<u16>,
}

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
        Self { cell, seat, link, assembler, backlog: VecDeque::new(), heard_close: false, _permit: permit }
    }

    /// Runs to the end of the connection. `first` is what was read together with the upgrade request.
    pub async fn run(mut self, first: Bytes) {
        let mut course = Course::On;
        if !first.is_empty() {
            let parsed = self.parse(&mut first.to_vec());
            course = self.follow(parsed);
        }
        while course == Course::On {
            course = self.turn().await;
        }
        let answered = self.heard_close && self.link.is_flushed();
        if self.link.stage() == Stage::Closing && !answered {
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
                parsed.map_or(Course::Over, |parsed| self.follow(parsed))
            }
            Turn::Unpaused => self.hand_over(),
            Turn::End | Turn::Stage(_) => Course::Over,
        }
    }

    /// Takes bytes apart into commands, which go to the backlog.
    fn parse(&mut self, bytes: &mut [u8]) -> Parsed {
        let (link, backlog) = (&self.link, &mut self.backlog);
        let mut closed = None;
        let fed = self.assembler.feed(bytes, &mut |item| match item {
            Item::Message(message) => decode(link, message, backlog),
            Item::Ping(payload) => {
                // An overflow is met by the next message.
                let _ = link.send(frame::frame(Kind::Pong, payload));
            }
            Item::Pong => {}
            Item::Close(code) => closed = Some(code.unwrap_or(NORMAL_CLOSURE)),
        });
        Parsed { fed, closed }
    }

    /// Hands the commands over, then minds what the bytes said about the conversation itself.
    fn follow(&mut self, parsed: Parsed) -> Course {
        let course = self.hand_over();
        if let Some(code) = parsed.closed {
            self.heard_close = true;
            self.link.close_with(code, "");
            return Course::Over;
        }
        if let Err(fault) = parsed.fed {
            self.link.close_with(fault.code(), &fault.to_string());
            return Course::Over;
        }
        course
    }

    fn hand_over(&mut self) -> Course {
        while !self.link.is_paused() {
            let Some(input) = self.backlog.pop_front() else { break };
            self.cell.drive(Input::Session(self.seat, input));
        }
        if self.link.stage() == Stage::Open { Course::On } else { Course::Over }
    }

    /// The close frame is on its way: read on for the client's, but not for long.
    async fn await_close(&mut self) {
        let answer = async {
            loop {
                let turn = poll_fn(|cx| {
                    SCRATCH.with_borrow_mut(|scratch| {
                        let turn = self.link.poll_turn(cx, scratch, Stage::Closing, false);
                        turn.map(|turn| match turn {
                            Turn::Read(count) => scratch.get(..count).map(<[u8]>::to_vec),
                            Turn::End | Turn::Stage(_) | Turn::Unpaused => None,
                        })
                    })
                });
                let Some(mut bytes) = turn.await else { return };
                let mut answered = false;
                let fed = self.assembler.feed(&mut bytes, &mut |item| {
                    answered |= matches!(item, Item::Close(_));
                });
                if fed.is_err() || (answered && self.link.is_flushed()) {
                    return;
                }
            }
        };
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
