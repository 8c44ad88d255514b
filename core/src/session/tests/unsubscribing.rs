//! `unsubscribe` (P 7.6).

use super::driver::*;

#[test]
fn unsubscribe_leaves_and_is_answered() {
    let mut s = Driver::connected();
    s.subscribed(2, "news:a");

    s.send(3, unsubscribe("news:a"));

    s.expects(&["leave news:a", "reply 3 unsubscribe"]);
    assert_eq!(s.session.subscription_count(), 0);
}

#[test]
fn unsubscribe_without_a_subscription_is_answered_all_the_same() {
    let mut s = Driver::connected();

    s.send(2, unsubscribe("news:a"));
    s.send(3, unsubscribe("grün"));

    s.expects(&["reply 2 unsubscribe", "reply 3 unsubscribe"]);
}

#[test]
fn unsubscribe_from_an_empty_channel_closes_with_3501() {
    let mut s = Driver::connected();

    s.send(2, unsubscribe(""));

    s.expects(&["close 3501", "ended"]);
}

#[test]
fn presence_and_leave_come_before_the_reply() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.well_done();
    s.admit();
    s.well_done();
    s.skips();

    s.send(3, unsubscribe("room:a"));
    s.expects(&["leave room:a", "run depart room:a-presence-notice"]);
    s.well_done();

    s.expects(&["reply 3 unsubscribe"]);
}

#[test]
fn a_failing_farewell_is_answered_and_made_good_at_the_end() {
    let mut s = Driver::connected();
    s.send(2, subscribe("stay:a"));
    s.well_done();
    s.admit();
    s.send(3, unsubscribe("stay:a"));
    s.skips();

    s.failed();
    s.expects(&["reply 3 unsubscribe"]);
    s.tell(crate::session::Input::Gone);

    s.expects(&["close 3000", "run depart stay:a-presence"]);
}

#[test]
fn unsubscribe_waits_for_a_subscribe_in_flight() {
    let mut s = Driver::connected(); // P-SUB-4
    s.send(2, subscribe("news:a"));
    s.send(3, unsubscribe("news:a"));
    s.expects(&["join news:a"]);

    s.admit();

    s.expects(&["reply 2 subscribe", "leave news:a", "reply 3 unsubscribe"]);
}

#[test]
fn subscribe_unsubscribe_subscribe_without_waiting_ends_subscribed() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.send(3, unsubscribe("room:a"));
    s.send(4, subscribe("room:a"));

    s.well_done();
    s.admit();
    s.well_done();
    s.well_done();
    s.well_done();
    s.admit();
    s.well_done();

    s.expects(&[
        "run enter room:a",
        "join room:a",
        "reply 2 subscribe",
        "run announce room:a",
        "leave room:a",
        "run depart room:a-presence-notice",
        "reply 3 unsubscribe",
        "run enter room:a",
        "join room:a",
        "reply 4 subscribe",
        "run announce room:a",
    ]);
    assert_eq!(s.session.subscription_count(), 1);
}

#[test]
fn unsubscribe_that_takes_four_seconds_is_answered() {
    let mut s = Driver::connected();
    s.send(2, subscribe("stay:a"));
    s.well_done();
    s.admit();
    s.send(3, unsubscribe("stay:a"));
    s.skips();

    s.pass(secs(4));

    s.expects(&["reply 3 unsubscribe"]);
}
