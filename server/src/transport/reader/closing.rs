//! The end of a conversation: the close frame is on its way.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::{SCRATCH, Share};
use crate::transport::frame::{Assembler, Item};
use crate::transport::link::{CLOSE_WAIT, Link, Stage, Turn};

/// Waiting for the client's close frame, which may have come already.
pub(super) struct Closing {
    until: Pin<Box<Sleep>>,
    heard: bool,
    /// What comes now is noise.
    faulted: bool,
    finished: bool,
}

impl Closing {
    /// Waits from now on, for a client whose close frame has been heard, or who has said what is none.
    pub(super) fn new(heard: bool, faulted: bool) -> Self {
        Self { until: Box::pin(tokio::time::sleep(CLOSE_WAIT)), heard, faulted, finished: false }
    }

    /// Reads on for the client's close frame, but not for long. What follows it, or a fault, is noise; it is read so that
    /// the client gets our close frame and no reset. Ready when the socket may be dropped.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        link: &Link,
        assembler: &mut Assembler,
        share: &mut Share,
    ) -> Poll<()> {
        let over = self.poll_end(cx, link, assembler, share).is_ready();
        // Not before, for most ends come at once and need no timer.
        if over || self.until.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        link: &Link,
        assembler: &mut Assembler,
        share: &mut Share,
    ) -> Poll<()> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let turn = link.poll_turn(cx, scratch, Stage::Closing, false);
                let may_finish = link.is_flushed() && (self.faulted || self.heard);
                if may_finish && !std::mem::replace(&mut self.finished, true) {
                    link.finish();
                }
                match turn {
                    Poll::Ready(Turn::Read(count)) => {
                        self.hear(scratch.get_mut(..count).unwrap_or_default(), assembler);
                        share.bytes += count;
                        if share.is_used_up() {
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                    Poll::Ready(Turn::End | Turn::Stage(_) | Turn::Unpaused) => return Poll::Ready(()),
                    Poll::Pending if self.heard && link.is_flushed() => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
    }

    fn hear(&mut self, bytes: &mut [u8], assembler: &mut Assembler) {
        if self.heard || self.faulted {
            return;
        }
        let heard = &mut self.heard;
        let fed = assembler.feed(bytes, &mut |item| *heard |= matches!(item, Item::Close(_)));
        self.faulted = fed.is_err();
    }
}
