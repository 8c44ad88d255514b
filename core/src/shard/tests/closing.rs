//! Connections that end: users counted, seats reused, and the planned stop.

use std::time::Duration;

use super::driver::*;

#[test]
fn a_user_comes_once_and_goes_once() {
    let mut s = Driver::new();
    let a = s.open();
    s.connect(a, &[]);
    s.expects(&["came ann", "0 reply 1"]);

    s.goes(a);
    s.goes(a);

    s.expects(&["0 close 3000", "went ann"]);
    assert_eq!(s.shard.session_count(), 0);
}

#[test]
fn a_connection_that_never_connected_is_no_user() {
    let mut s = Driver::new();
    let a = s.open();

    s.goes(a);

    s.expects(&["0 close 3000"]);
}

#[test]
fn presence_and_feeds_are_left_before_the_user_is_gone() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "room:a");
    s.subscribed(a, 3, "news:a");

    s.goes(a);

    s.expects(&["0 close 3000", "release news:a", "release room:a", "depart 1", "went ann"]);
}

#[test]
fn a_closed_connection_gets_nothing_more() {
    let mut s = Driver::new();
    let (a, b) = (s.connected(&[]), s.connected(&[]));
    s.subscribed(a, 2, "news:a");
    s.subscribed(b, 2, "news:a");

    s.goes(a);
    s.skips();
    s.publishes("news:a");

    s.expects(&["1 news:a 1"]);
}

#[test]
fn a_drain_closes_everybody_with_3001_spread_over_the_time() {
    let mut s = Driver::new(); // P-CLOSE-6
    for _ in 0..10 {
        s.connected(&[]);
    }

    s.shard.drain(s.now, secs(5));
    let mut left = Vec::new();
    for _ in 0..5 {
        s.ticks(secs(1));
        left.push(s.shard.session_count());
    }

    assert_eq!(left, [7, 5, 3, 1, 0]);
    assert_eq!(s.count("close 3001"), 10);
}

#[test]
fn a_drain_without_time_closes_everybody_at_once() {
    let mut s = Driver::new();
    for _ in 0..10 {
        s.connected(&[]);
    }

    s.shard.drain(s.now, Duration::ZERO);
    s.ticks(crate::wheel::TICK);

    assert_eq!(s.shard.session_count(), 0);
}

#[test]
fn a_drain_meets_nobody_twice_and_spares_successors() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.shard.drain(s.now, secs(1));
    s.goes(a);
    s.connected(&[]);

    s.ticks(secs(2));

    s.expects(&[]);
    assert_eq!(s.shard.session_count(), 1);
}

#[test]
fn a_drain_of_nobody_is_nothing() {
    let mut s = Driver::new();

    s.shard.drain(s.now, secs(5));
    s.ticks(secs(6));

    s.expects(&[]);
}
