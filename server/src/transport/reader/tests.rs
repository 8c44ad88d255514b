//! Readers polled by hand, over sockets with TLS.

use std::future::poll_fn;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use wigwag_core::session::Pings;

use super::*;
use crate::transport::dialect::Dialect;
use crate::transport::link::{Line, Pending};
use crate::transport::wire::tests::secure;

/// Longest plaintext that one read brings beyond the share: a record of TLS.
const RECORD_BYTES: usize = 16 * 1024;

#[tokio::test]
async fn neighbours_get_a_turn_after_some_messages_however_few_one_read_brings() {
    let most = most_at_a_time(400, 1_000).await;

    assert!(most <= TURN_COMMANDS, "{most} messages in one turn");
}

#[tokio::test]
async fn neighbours_get_a_turn_after_some_bytes_however_few_one_read_brings() {
    let bytes = 3_000;

    let most = most_at_a_time(bytes, 300).await;

    assert!(most * bytes <= TURN_BYTES + RECORD_BYTES, "{} bytes in one turn", most * bytes);
}

/// Messages passed on in one turn at most, of so many with so many bytes each, sent as fast as it goes.
async fn most_at_a_time(bytes: usize, count: usize) -> usize {
    let (wire, mut peer) = secure();
    let message = masked(&vec![b'x'; bytes]);
    let flood = tokio::task::spawn_blocking(move || {
        for _ in 0..count {
            peer.write_all(&message).unwrap();
        }
        peer
    });
    let passed = Arc::new(AtomicUsize::new(0));
    let ear = Counting { waiting: 0, passed: Arc::clone(&passed) };
    let pending = Arc::new(Pending::new(1 << 20));
    let link = Link::new(Line::Socket(wire), Dialect::WEBSOCKET_JSON, Pings::Messages, 1 << 20, pending);
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let mut reader = Reader::new(Arc::new(link), ear, 1 << 20, permit, &[]);

    // The sockets hold all of it before the first turn.
    let _peer = flood.await.unwrap();
    let mut most = 0;
    poll_fn(|cx| {
        let before = passed.load(Ordering::Relaxed);
        assert!(Pin::new(&mut reader).poll(cx).is_pending());
        let after = passed.load(Ordering::Relaxed);
        most = most.max(after - before);
        if after == count { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    most
}

/// A text in a frame whose mask is zero.
fn masked(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0x81, 0x80 | 126][..], &length, &[0; 4], payload].concat()
}

struct Counting {
    waiting: usize,
    passed: Arc<AtomicUsize>,
}

impl Ear for Counting {
    fn message(&mut self, _link: &Link, _kind: Kind, _message: &[u8]) {
        self.waiting += 1;
    }

    fn pong(&mut self, _link: &Link) {}

    fn overflow(&mut self) {}

    fn has_more(&self) -> bool {
        self.waiting > 0
    }

    fn pass_on(&mut self, _link: &Link) -> bool {
        let Some(left) = self.waiting.checked_sub(1) else { return false };
        self.waiting = left;
        self.passed.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn settle(&mut self) {}

    fn gone(&mut self) {}

    fn forget(&mut self) {}
}
