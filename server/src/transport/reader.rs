//! The reading half of a connection over a socket: one small task, on the shard's thread.

mod closing;
mod ear;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::sync::OwnedSemaphorePermit;

use self::closing::Closing;
pub use self::ear::{Ear, SessionEar};
use super::frame::{self, Assembler, Fault, Item, Kind};
use super::link::{Link, Stage, Turn};

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

/// What a connection has had since its neighbours had a turn.
#[derive(Default)]
struct Share {
    commands: usize,
    bytes: usize,
}

/// Messages of one connection before its neighbours get a turn.
const TURN_COMMANDS: usize = 128;
/// After more bytes than this its neighbours get one as well. They may come in many reads: TLS hands out records.
const TURN_BYTES: usize = 16 * 1024;

impl Share {
    fn is_used_up(&self) -> bool {
        self.commands >= TURN_COMMANDS || self.bytes > TURN_BYTES
    }
}

/// Pongs to one read; when there are more, the earlier ones are not sent.
const PONG_BYTES_MAX: usize = 2 * 1024;

/// The code of a close frame without one (RFC 6455, 7.1.5).
const NORMAL_CLOSURE: u16 = 1000;

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

    /// Passes on what waits, and then reads what has come, as far as the share goes.
    fn poll_turn(&mut self, cx: &mut Context<'_>, share: &mut Share) -> Poll<()> {
        self.hand_over(share);
        if share.is_used_up() {
            return Poll::Ready(());
        }
        if let Course::Until(end) = self.course {
            self.part(end);
            return Poll::Ready(());
        }
        if self.link.stage() != Stage::Open {
            self.close(false, false);
            return Poll::Ready(());
        }
        let blocked = self.ear.has_more() || self.link.is_paused();
        let turn = ready!(SCRATCH.with_borrow_mut(|scratch| {
            let turn = self.link.poll_turn(cx, scratch, Stage::Open, blocked);
            if let Poll::Ready(Turn::Read(count)) = turn {
                self.parse(scratch.get_mut(..count).unwrap_or_default());
            }
            turn
        }));
        match turn {
            Turn::Read(count) => {
                share.bytes += count;
                if share.is_used_up() {
                    // What was read is passed on before the neighbours' turn.
                    self.hand_over(share);
                }
            }
            Turn::Unpaused => {}
            Turn::End => {
                // A client that only speaks no more may still listen to its last answers.
                self.link.flush();
                self.close(false, false);
            }
            Turn::Stage(_) => self.close(false, false),
        }
        Poll::Ready(())
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

    /// Passes on what waits, as long as it is taken and the share goes. At the end of a conversation nothing is taken.
    fn hand_over(&mut self, share: &mut Share) {
        let before = share.commands;
        while share.commands < TURN_COMMANDS && self.link.listens() && self.ear.pass_on(&self.link) {
            share.commands += 1;
        }
        if share.commands > before {
            self.ear.settle();
        }
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
            Course::Closing(Box::new(Closing::new(heard, faulted)))
        } else {
            Course::Over
        };
    }
}

impl<E: Ear + Unpin> Future for Reader<E> {
    type Output = ();

    /// Runs to the end of the connection.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let reader = self.get_mut();
        let mut share = Share::default();
        loop {
            match &mut reader.course {
                Course::First(first) => {
                    let mut first = std::mem::take(first);
                    reader.parse(&mut first);
                }
                Course::On | Course::Until(_) => ready!(reader.poll_turn(cx, &mut share)),
                Course::Closing(closing) => {
                    ready!(closing.poll(cx, &reader.link, &mut reader.assembler, &mut share));
                    reader.course = Course::Over;
                }
                Course::Over => {
                    reader.link.abort();
                    return Poll::Ready(());
                }
            }
            if share.is_used_up() {
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
