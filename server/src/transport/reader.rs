//! The reading half of a connection over a socket: one small task, on the shard's thread.

mod ear;

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use tokio::sync::OwnedSemaphorePermit;

pub use self::ear::{Ear, SessionEar};
use super::frame::{self, Assembler, Fault, Item, Kind};
use super::link::{CLOSE_WAIT, Link, Stage, Turn};

/// What one read may bring; shared by all readers of a thread.
const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Reads one connection until its end and passes on what it says.
pub struct Reader<E> {
    link: Arc<Link>,
    assembler: Assembler,
    ear: E,
    /// The client has sent its close frame.
    heard_close: bool,
    /// The client has sent what is no WebSocket conversation.
    faulted: bool,
    _permit: OwnedSemaphorePermit,
}

/// What a run of bytes held besides messages.
struct Parsed {
    fed: Result<(), Fault>,
    closed: Option<u16>,
}

/// After reading so much at once a connection lets its neighbours on.
const BIG_READ_BYTES: usize = 16 * 1024;
/// Messages of one connection before its neighbours get a turn.
const TURN_COMMANDS: usize = 32;

/// Pongs to one read; when there are more, the earlier ones are not sent.
const PONG_BYTES_MAX: usize = 2 * 1024;

/// The code of a close frame without one (RFC 6455, 7.1.5).
const NORMAL_CLOSURE: u16 = 1000;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    On,
    Over,
}

impl<E: Ear> Reader<E> {
    /// A reader for a connection whose client is listened to by this ear.
    pub fn new(link: Arc<Link>, ear: E, frame_bytes_max: usize, permit: OwnedSemaphorePermit) -> Self {
        let assembler = Assembler::new(frame_bytes_max);
        Self { link, assembler, ear, heard_close: false, faulted: false, _permit: permit }
    }

    /// Runs to the end of the connection. `first` is what was read together with the upgrade request.
    pub async fn run(mut self, first: Bytes) {
        let mut course = Course::On;
        if !first.is_empty() {
            let parsed = self.parse(&mut Vec::from(first));
            course = self.follow(parsed).await;
        }
        while course == Course::On {
            course = self.turn().await;
        }
        // A client may take its time over the goodbye, and what it said before may be long.
        self.ear.forget();
        if self.link.stage() == Stage::Closing {
            self.await_close().await;
        }
        self.link.abort();
    }

    async fn turn(&mut self) -> Course {
        let blocked = self.ear.has_more() || self.link.is_paused();
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

    /// Takes bytes apart into messages, which wait in the ear. What follows a close frame means nothing, and of a flood
    /// of pings only the latest are answered (RFC 6455, 5.5.1 and 5.5.3).
    fn parse(&mut self, bytes: &mut [u8]) -> Parsed {
        let (link, ear) = (&self.link, &mut self.ear);
        let mut closed = None;
        let mut pongs = BytesMut::new();
        let fed = self.assembler.feed(bytes, &mut |item| match item {
            _ if closed.is_some() => {}
            Item::Message(kind, message) => ear.message(link, kind, message),
            Item::Ping(payload) => {
                if pongs.len() >= PONG_BYTES_MAX {
                    pongs.clear();
                }
                pongs.extend_from_slice(&frame::frame(Kind::Pong, payload));
            }
            Item::Pong => ear.pong(link),
            Item::Close(code) => closed = Some(code.unwrap_or(NORMAL_CLOSURE)),
        });
        if !pongs.is_empty() && link.send(pongs.freeze()).is_err() {
            ear.overflow();
        }
        Parsed { fed, closed }
    }

    /// Hands the messages over, then minds what the bytes said about the conversation itself.
    async fn follow(&mut self, parsed: Parsed) -> Course {
        let course = self.hand_over().await;
        if let Some(code) = parsed.closed {
            self.heard_close = true;
            self.link.close_with(code, "");
            self.ear.gone();
            return Course::Over;
        }
        if let Err(fault) = parsed.fed {
            self.faulted = true;
            self.link.close_with(fault.code(), &fault.to_string());
            self.ear.gone();
            return Course::Over;
        }
        course
    }

    /// Passes on what waits, as long as it is taken; neighbours get a turn now and then. At the end of a conversation
    /// nothing is.
    async fn hand_over(&mut self) -> Course {
        let mut count = 0;
        while self.link.listens() && self.ear.pass_on(&self.link) {
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

impl<E> Drop for Reader<E> {
    /// However the task ends, the socket goes with it; the ear tells of it when it is dropped.
    fn drop(&mut self) {
        self.link.abort();
    }
}
