//! The reading half of a connection over a socket: one small task, on the shard's thread.

mod ear;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

pub use self::ear::{Ear, SessionEar};
use super::frame::{self, Assembler, Fault, Item, Kind};
use super::link::{CLOSE_WAIT, Link, Stage, Turn};

/// What one read may bring; shared by all readers of a thread.
const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Reads one connection until its end and passes on what it says. A future written by hand, since there is one for each
/// connection: nothing in it is kept twice, and what only the end needs is made then.
pub struct Reader<E> {
    link: Arc<Link>,
    assembler: Assembler,
    ear: E,
    course: Course,
    _permit: OwnedSemaphorePermit,
}

/// How far a conversation has come.
enum Course {
    /// What was read together with the upgrade request is still to be looked at.
    First(Box<[u8]>),
    /// It goes on.
    On,
    /// It goes on until everything has been passed on that came before this.
    Until(End),
    /// The goodbye is on its way.
    Closing(Box<Closing>),
    /// It is over.
    Over,
}

/// Why the client's half of a conversation has ended.
#[derive(Clone, Copy)]
enum End {
    /// It has sent its close frame, with this code.
    Closed(u16),
    /// It has sent what is no WebSocket conversation.
    Fault(Fault),
}

/// Waiting for the client's close frame, which may have come already.
struct Closing {
    until: Pin<Box<Sleep>>,
    heard: bool,
    /// What comes now is noise.
    faulted: bool,
    finished: bool,
}

/// After reading so much at once a connection lets its neighbours on.
const BIG_READ_BYTES: usize = 16 * 1024;
/// Messages of one connection before its neighbours get a turn.
const TURN_COMMANDS: usize = 32;

/// Pongs to one read; when there are more, the earlier ones are not sent.
const PONG_BYTES_MAX: usize = 2 * 1024;

/// The code of a close frame without one (RFC 6455, 7.1.5).
const NORMAL_CLOSURE: u16 = 1000;

/// Whether a task goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// It does.
    On,
    /// Its neighbours get a turn first.
    Yield,
}

impl<E: Ear> Reader<E> {
    /// A reader for a connection whose client is listened to by this ear. `first` is what was read together with the
    /// upgrade request.
    pub fn new(
        link: Arc<Link>,
        ear: E,
        frame_bytes_max: usize,
        permit: OwnedSemaphorePermit,
        first: &[u8],
    ) -> Self {
        let course = if first.is_empty() { Course::On } else { Course::First(first.into()) };
        Self { link, assembler: Assembler::new(frame_bytes_max), ear, course, _permit: permit }
    }

    /// Passes on what waits, and then reads what has come.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Pace> {
        if self.hand_over() == Pace::Yield {
            return Poll::Ready(Pace::Yield);
        }
        if let Course::Until(end) = self.course {
            self.part(end);
            return Poll::Ready(Pace::On);
        }
        if self.link.stage() != Stage::Open {
            self.close(false, false);
            return Poll::Ready(Pace::On);
        }
        let blocked = self.ear.has_more() || self.link.is_paused();
        let (turn, pace) = ready!(SCRATCH.with_borrow_mut(|scratch| {
            let turn = ready!(self.link.poll_turn(cx, scratch, Stage::Open, blocked));
            if let Turn::Read(count) = turn {
                self.parse(scratch.get_mut(..count).unwrap_or_default());
                let pace = if count > BIG_READ_BYTES { Pace::Yield } else { Pace::On };
                return Poll::Ready((turn, pace));
            }
            Poll::Ready((turn, Pace::On))
        }));
        match turn {
            Turn::Read(_) if pace == Pace::Yield => {
                // What was read is passed on before the neighbours' turn.
                let _ = self.hand_over();
            }
            Turn::Read(_) | Turn::Unpaused => {}
            Turn::End => {
                // A client that only speaks no more may still listen to its last answers.
                self.link.flush();
                self.close(false, false);
            }
            Turn::Stage(_) => self.close(false, false),
        }
        Poll::Ready(pace)
    }

    /// Takes bytes apart into messages, which wait in the ear. What follows a close frame means nothing, and of a flood
    /// of pings only the latest are answered (RFC 6455, 5.5.1 and 5.5.3).
    fn parse(&mut self, bytes: &mut [u8]) {
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
        self.course = match (closed, fed) {
            (Some(code), _) => Course::Until(End::Closed(code)),
            (None, Err(fault)) => Course::Until(End::Fault(fault)),
            (None, Ok(())) => Course::On,
        };
    }

    /// Passes on what waits, as long as it is taken; neighbours get a turn now and then. At the end of a conversation
    /// nothing is.
    fn hand_over(&mut self) -> Pace {
        let mut count = 0;
        while count < TURN_COMMANDS && self.link.listens() && self.ear.pass_on(&self.link) {
            count += 1;
        }
        if count > 0 {
            self.ear.settle();
        }
        if count == TURN_COMMANDS { Pace::Yield } else { Pace::On }
    }

    /// Answers what ended the client's half, once all it said before has been passed on.
    fn part(&mut self, end: End) {
        if self.link.stage() == Stage::Open {
            match end {
                End::Closed(code) => self.link.close_with(code, ""),
                End::Fault(fault) => self.link.close_with(fault.code(), &fault.to_string()),
            }
            self.ear.gone();
        }
        self.close(matches!(end, End::Closed(_)), matches!(end, End::Fault(_)));
    }

    /// A client may take its time over the goodbye, and what it said before may be long.
    fn close(&mut self, heard: bool, faulted: bool) {
        self.ear.forget();
        self.course = if self.link.stage() == Stage::Closing {
            let until = Box::pin(tokio::time::sleep(CLOSE_WAIT));
            Course::Closing(Box::new(Closing { until, heard, faulted, finished: false }))
        } else {
            Course::Over
        };
    }
}

impl Closing {
    /// The close frame is on its way: read on for the client's, but not for long. After a fault the rest is noise; it is
    /// read so that the client gets the close frame and no reset. Ready when the socket may be dropped.
    fn poll(&mut self, cx: &mut Context<'_>, link: &Link, assembler: &mut Assembler) -> Poll<()> {
        if self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let turn = link.poll_turn(cx, scratch, Stage::Closing, false);
                let may_finish = link.is_flushed() && (self.faulted || self.heard);
                if may_finish && !std::mem::replace(&mut self.finished, true) {
                    link.finish();
                }
                match turn {
                    Poll::Ready(Turn::Read(count)) if !self.faulted => {
                        let bytes = scratch.get_mut(..count).unwrap_or_default();
                        let heard = &mut self.heard;
                        let fed = assembler.feed(bytes, &mut |item| *heard |= matches!(item, Item::Close(_)));
                        if fed.is_err() {
                            return Poll::Ready(());
                        }
                    }
                    Poll::Ready(Turn::Read(_)) => {}
                    Poll::Ready(Turn::End | Turn::Stage(_) | Turn::Unpaused) => return Poll::Ready(()),
                    Poll::Pending if self.heard && link.is_flushed() => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
    }
}

impl<E: Ear + Unpin> Future for Reader<E> {
    type Output = ();

    /// Runs to the end of the connection.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let reader = self.get_mut();
        loop {
            let pace = match &mut reader.course {
                Course::First(first) => {
                    let mut first = std::mem::take(first);
                    reader.parse(&mut first);
                    Pace::On
                }
                Course::On | Course::Until(_) => ready!(reader.poll_turn(cx)),
                Course::Closing(closing) => {
                    ready!(closing.poll(cx, &reader.link, &mut reader.assembler));
                    reader.course = Course::Over;
                    Pace::On
                }
                Course::Over => {
                    reader.link.abort();
                    return Poll::Ready(());
                }
            };
            if pace == Pace::Yield {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

impl<E> Drop for Reader<E> {
    /// However the task ends, the socket goes with it; the ear tells of it when it is dropped.
    fn drop(&mut self) {
        self.link.abort();
    }
}
