//! From a publication to the connections that listen, and what precedes what.

use std::sync::Arc;

use ports::channels::{BrokerError, Event, Publication, Published};
use ports::protocol::Request;

use super::driver::*;
use crate::shard::Input;

#[test]
fn a_publication_reaches_every_subscriber_and_nobody_else() {
    let mut s = Driver::new();
    let (a, b, _) = (s.connected(&[]), s.connected(&[]), s.connected(&[]));
    s.subscribed(a, 2, "news:a");
    s.subscribed(b, 2, "news:a");

    s.publishes("news:a");
    s.publishes("news:b");

    s.expects(&["0 news:a 1", "1 news:a 1"]);
}

#[test]
fn interest_is_told_once_per_channel_and_taken_back_with_the_last_subscriber() {
    let mut s = Driver::new();
    let (a, b) = (s.connected(&[]), s.connected(&[]));

    s.send(a, 2, subscribe("a"));
    s.send(b, 2, subscribe("a"));
    s.expects(&["want a", "0 reply 2", "1 reply 2"]);
    assert_eq!((s.shard.feed_count(), s.shard.subscription_count()), (1, 2));

    s.send(a, 3, unsubscribe("a"));
    s.expects(&["0 reply 3"]);
    s.send(b, 3, unsubscribe("a"));
    s.expects(&["release a", "1 reply 3"]);
    assert_eq!(s.shard.feed_count(), 0);
}

/// **Invariant:** a subscribe reply precedes the first publication of that subscription (P-SUB-1).
#[test]
fn a_reply_precedes_the_first_publication_even_when_both_come_of_one_answer() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("news:a"));
    s.broker_answers(); // attached; the stream is being read
    let early = s.appends("news:a", b"{}");
    s.tell(Input::Arrived(early));
    s.broker_answers(); // with a view that covers it
    s.publishes("news:a");

    s.expects(&["want news:a", "0 reply 2", "0 news:a 2"]);
}

#[test]
fn what_arrives_between_a_read_and_its_answer_follows_the_reply() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("news:a"));
    s.broker_answers();
    s.prompt = true;
    let published = s.appends("news:a", b"{}");
    let other = Published::new(
        address("news:a"),
        Event::Publication(
            Arc::new(Publication {
                offset: 2,
                data: bytes::Bytes::new(),
                info: None,
                tags: None,
                delta: false,
            }),
            Some(epoch()),
        ),
    );
    s.tell(Input::Arrived(published));
    s.tell(Input::Arrived(Arc::new(other))); // later than what the read will show

    s.broker_answers();

    s.expects(&["want news:a", "0 reply 2", "0 news:a 2"]);
}

#[test]
fn a_client_that_comes_back_recovers_and_goes_on() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");
    s.publishes("news:a");
    s.goes(a);
    s.publishes("news:a");
    s.skips();

    let b = s.connected(&[]);
    s.send(b, 2, recover("news:a", 1));
    s.publishes("news:a");

    s.expects(&["want news:a", "0 reply 2", "0 news:a 3"]);
}

#[test]
fn a_hole_is_healed_before_anything_later_is_delivered() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");
    s.ticks(secs(1));
    s.appends("news:a", b"{}"); // never arrives

    s.publishes("news:a");

    s.expects(&["0 news:a 1", "0 news:a 2"]);
}

#[test]
fn what_the_shard_was_too_slow_for_is_read_from_the_stream() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");
    s.ticks(secs(1));
    s.appends("news:a", b"{}");

    s.tell(Input::Behind(address("news:a")));

    s.expects(&["0 news:a 1"]);
}

#[test]
fn the_last_lost_publication_is_found_by_the_position_check() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");
    s.ticks(secs(1));
    s.appends("news:a", b"{}");

    s.ticks(secs(25));
    s.send(a, 0, Request::Pong);
    s.ticks(secs(20));

    assert_eq!(s.count("news:a 1"), 1);
}

#[test]
fn a_broker_that_cannot_attach_is_error_100() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("a"));
    s.expects(&["want a"]);

    let result = Err(BrokerError::Unavailable("down".into()));
    s.tell(Input::Attached { address: address("a"), feed: 1, result });

    s.expects(&["release a", "0 error 2 100"]);
    assert_eq!(s.shard.feed_count(), 0);
}

#[test]
fn an_answer_for_an_earlier_feed_of_the_channel_is_ignored() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("a"));
    s.ticks(secs(4)); // given up
    s.send(a, 3, subscribe("a"));
    s.expects(&["want a", "release a", "0 error 2 100", "want a"]);

    s.tell(Input::Attached { address: address("a"), feed: 1, result: Ok(()) });
    s.expects(&[]);
    s.tell(Input::Attached { address: address("a"), feed: 2, result: Ok(()) });

    s.expects(&["0 reply 3"]);
}

#[test]
fn an_input_for_a_connection_that_is_gone_does_not_reach_its_successor() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.goes(a);
    let b = s.connected(&[]);
    assert_eq!(a.index, b.index);

    s.send(a, 7, subscribe("a"));
    s.goes(a);

    s.expects(&[]);
    assert_eq!(s.shard.session_count(), 1);
}

#[test]
fn events_of_a_channel_nobody_listens_to_are_dropped() {
    let mut s = Driver::new();

    s.publishes("news:a");
    s.tell(Input::Behind(address("news:a")));

    s.expects(&[]);
}

mod corked {
    use super::*;

    /// Waiting for the second of two server-side channels, while the first is live.
    fn connecting() -> Driver {
        let mut s = Driver::new();
        let a = s.open();
        s.connect(a, &["news:a"]);
        s.goes(a);
        s.skips();
        let b = s.open();
        s.prompt = false;
        s.connect(b, &["news:a", "news:b"]);
        s.broker_answers();
        s.broker_answers();
        s
    }

    #[test]
    fn events_before_the_connect_reply_follow_it_in_order() {
        let mut s = connecting(); // P-CONN-12
        s.publishes("news:a");
        s.publishes("news:a");
        s.expects(&["came ann", "want news:a", "want news:b"]);

        s.broker_answers();
        s.broker_answers();
        s.publishes("news:a");

        s.expects(&["0 reply 1", "0 news:a 1", "0 news:a 2", "0 news:a 3"]);
    }

    #[test]
    fn events_of_a_connection_that_is_refused_are_never_sent() {
        let mut s = connecting();
        s.publishes("news:a");
        s.skips();

        let result = Err(BrokerError::Unavailable("down".into()));
        s.tell(Input::Attached { address: address("news:b"), feed: 3, result });
        s.publishes("news:a");

        s.expects(&["release news:b", "release news:a", "0 error 1 100"]);
    }

    #[test]
    fn more_events_than_the_queue_may_hold_close_with_3008() {
        let mut s = Driver::with(|settings| settings.queue_bytes_max = 600);
        let a = s.open();
        s.prompt = false;
        s.connect(a, &["news:a", "news:b"]);
        s.broker_answers();
        s.broker_answers();
        s.skips();

        for _ in 0..8 {
            s.publishes("news:a");
        }

        s.expects(&["0 close 3008", "release news:b", "release news:a", "went ann"]);
        assert_eq!(s.shard.session_count(), 0);
    }
}

#[test]
fn an_answer_goes_to_the_connection_that_asked() {
    let mut s = Driver::new();
    let (_, b) = (s.connected(&[]), s.connected(&[]));

    s.send(b, 2, publish("a", b"{}"));

    s.expects(&["1 reply 2"]);
}
