//! A link over a response, fetched by hand.

use std::task::{Context, Poll, Waker};

use ports::protocol::Disconnect;

use super::response::CHUNK_BYTES_MAX;
use super::*;
use crate::transport::stay::Stay;

const QUEUE_BYTES_MAX: usize = 100;

fn link() -> Link {
    link_beside(&Arc::new(Pending::new(1 << 20)))
}

fn link_beside(pending: &Arc<Pending>) -> Link {
    let line = Line::Response(Box::new(Response::new(Stay::default())));
    Link::new(line, Dialect::STREAM_JSON, Pings::Messages, QUEUE_BYTES_MAX, Arc::clone(pending))
}

fn fetch(link: &Link) -> Poll<Option<Bytes>> {
    link.poll_chunk(&mut Context::from_waker(Waker::noop()))
}

fn message(bytes: usize) -> Bytes {
    Bytes::from(vec![b'x'; bytes])
}

fn goodbye(link: &Link, disconnect: &Disconnect) -> Poll<Option<Bytes>> {
    Poll::Ready(Some(link.dialect.goodbye(disconnect)))
}

#[test]
fn messages_are_fetched_in_order_and_counted_until_then() {
    let link = link();
    assert_eq!(fetch(&link), Poll::Pending);

    link.send(message(40)).unwrap();
    link.send(message(50)).unwrap();

    assert_eq!((link.queued_bytes(), link.pending.bytes()), (90, 90));
    assert_eq!(fetch(&link), Poll::Ready(Some(message(40))));
    assert_eq!((link.queued_bytes(), link.pending.bytes()), (50, 50));
    assert_eq!(fetch(&link), Poll::Ready(Some(message(50))));
    assert_eq!(fetch(&link), Poll::Pending);
    assert_eq!((link.queued_bytes(), link.pending.bytes()), (0, 0));
}

#[test]
fn one_message_of_any_length_is_taken_and_what_goes_beyond_the_bound_is_refused() {
    let link = link();

    assert_eq!(link.send(message(QUEUE_BYTES_MAX * 2)), Ok(()));
    assert_eq!(link.send(message(1)), Err(Overflow));

    assert_eq!(fetch(&link), Poll::Ready(Some(message(QUEUE_BYTES_MAX * 2))));
    assert_eq!(link.send(message(1)), Ok(()));
}

#[test]
fn message_beyond_the_bound_is_refused_when_all_queues_together_have_no_room_for_it() {
    let pending = Arc::new(Pending::new(1_000));
    let (link, other) = (link_beside(&pending), link_beside(&pending));
    other.send(message(900)).unwrap();

    assert_eq!(link.send(message(101)), Err(Overflow));
    assert_eq!(link.send(message(QUEUE_BYTES_MAX)), Ok(()));

    drop(other);
    assert_eq!(fetch(&link), Poll::Ready(Some(message(QUEUE_BYTES_MAX))));
    assert_eq!(link.send(message(101)), Ok(()));
}

#[test]
fn long_message_is_fetched_in_chunks_and_counts_until_the_last() {
    let link = link();
    link.send(message(2 * CHUNK_BYTES_MAX + 1)).unwrap();

    assert_eq!(fetch(&link), Poll::Ready(Some(message(CHUNK_BYTES_MAX))));
    assert_eq!(fetch(&link), Poll::Ready(Some(message(CHUNK_BYTES_MAX))));
    assert_eq!((link.queued_bytes(), link.pending.bytes()), (1, 1));
    assert_eq!(fetch(&link), Poll::Ready(Some(message(1))));
    assert_eq!(fetch(&link), Poll::Pending);
}

#[test]
fn slow_reader_gets_the_rest_of_a_message_before_the_goodbye() {
    let link = link();
    link.send(message(CHUNK_BYTES_MAX + QUEUE_BYTES_MAX)).unwrap();
    assert_eq!(fetch(&link), Poll::Ready(Some(message(CHUNK_BYTES_MAX))));

    link.close(&Disconnect::SLOW);

    assert_eq!(fetch(&link), Poll::Ready(Some(message(QUEUE_BYTES_MAX))));
    assert_eq!(fetch(&link), goodbye(&link, &Disconnect::SLOW));
}

#[test]
fn slow_reader_of_an_endless_message_gets_neither_its_rest_nor_a_goodbye() {
    let link = link();
    link.send(message(CHUNK_BYTES_MAX + QUEUE_BYTES_MAX + 1)).unwrap();
    assert_eq!(fetch(&link), Poll::Ready(Some(message(CHUNK_BYTES_MAX))));

    link.close(&Disconnect::SLOW);

    assert_eq!((link.stage(), link.queued_bytes(), link.pending.bytes()), (Stage::Closed, 0, 0));
    assert_eq!(fetch(&link), Poll::Ready(None));
}

#[test]
fn end_is_said_after_what_was_queued() {
    let link = link();
    link.send(message(10)).unwrap();

    link.close(&Disconnect::SHUTDOWN);
    link.send(message(20)).unwrap();

    assert_eq!(link.pending.bytes(), 0);
    assert_eq!(fetch(&link), Poll::Ready(Some(message(10))));
    assert_eq!(fetch(&link), goodbye(&link, &Disconnect::SHUTDOWN));
    assert_eq!(fetch(&link), Poll::Ready(None));
}

#[test]
fn slow_reader_is_told_and_gets_nothing_else() {
    let link = link();
    link.send(message(10)).unwrap();
    link.send(message(20)).unwrap();

    link.close(&Disconnect::SLOW);

    assert_eq!(link.pending.bytes(), 0);
    assert_eq!(fetch(&link), goodbye(&link, &Disconnect::SLOW));
    assert_eq!(fetch(&link), Poll::Ready(None));
}

#[test]
fn goodbye_on_its_way_is_the_last_word() {
    for other in [Disconnect::CONNECTION_CLOSED, Disconnect::SLOW, Disconnect::SHUTDOWN] {
        let link = link();
        link.close_with(1002, "protocol error");

        link.close(&other);

        assert_eq!(fetch(&link), Poll::Ready(Some(frame::close_frame(1002, "protocol error"))));
        assert_eq!(fetch(&link), Poll::Ready(None));
    }
}

#[test]
fn nothing_is_said_to_a_client_that_is_gone() {
    let link = link();
    link.send(message(10)).unwrap();

    link.close(&Disconnect::CONNECTION_CLOSED);

    assert_eq!(link.pending.bytes(), 0);
    assert_eq!(fetch(&link), Poll::Ready(None));
}

#[tokio::test]
async fn commands_wait_while_the_session_pauses() {
    let link = Arc::new(link());
    assert!(link.room().await);
    link.set_paused(true);

    let waiting = tokio::spawn({
        let link = Arc::clone(&link);
        async move { link.room().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());

    link.set_paused(false);
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn nobody_waits_for_a_session_that_has_ended() {
    let link = Arc::new(link());
    link.set_paused(true);

    let waiting = tokio::spawn({
        let link = Arc::clone(&link);
        async move { link.room().await }
    });
    tokio::task::yield_now().await;
    link.close(&Disconnect::SHUTDOWN);

    assert!(!waiting.await.unwrap());
}
