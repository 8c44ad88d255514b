//! The end of a connection: the socket first, then one farewell for every subscription (P-CLOSE-4, P-CLOSE-5).

use std::time::Duration;

use ports::protocol::Disconnect;

use super::driver::*;
use crate::session::Input;

/// Subscribed to `room:a` and `room:b`, and to a channel that needs no farewell.
fn in_two_rooms() -> Driver {
    let mut s = Driver::connected();
    for (id, room) in [(2, "room:a"), (3, "room:b")] {
        s.send(id, subscribe(room));
        s.well_done();
        s.admit();
        s.well_done();
    }
    s.subscribed(4, "news:a");
    s
}

const BOTH: &str = "run depart room:a-presence-notice, room:b-presence-notice";

#[test]
fn every_subscription_gets_one_farewell_after_the_close() {
    let mut s = in_two_rooms();

    s.tell(Input::Close(Disconnect::SHUTDOWN));
    s.expects(&["close 3001", "leave news:a", "leave room:a", "leave room:b", BOTH]);
    s.well_done();

    s.expects(&["ended"]);
    assert!(!s.session.is_open());
}

#[test]
fn a_session_without_farewells_ends_at_once() {
    let mut s = Driver::connected();
    s.subscribed(2, "news:a");

    s.tell(Input::Gone);

    s.expects(&["close 3000", "leave news:a", "ended"]);
}

#[test]
fn the_first_reason_to_close_counts() {
    let mut s = in_two_rooms();
    s.tell(Input::Close(Disconnect::SLOW));
    s.skips();

    s.tell(Input::Close(Disconnect::SHUTDOWN));
    s.tell(Input::Gone);

    s.expects(&[]);
}

#[test]
fn a_subscribe_that_is_entering_presence_is_taken_back_after_the_entry() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.skips();

    s.tell(Input::Gone);
    s.expects(&["close 3000"]);
    s.well_done();
    s.expects(&["run depart room:a-presence"]);
    s.well_done();

    s.expects(&["ended"]);
}

#[test]
fn a_subscribe_whose_entry_never_comes_back_is_taken_back_in_the_end() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.tell(Input::Gone);
    s.skips();

    s.pass(secs(4));

    s.expects(&["run depart room:a-presence"]);
}

#[test]
fn a_subscribe_that_is_joining_is_taken_back_at_once() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.well_done();
    s.skips();

    s.tell(Input::Gone);

    s.expects(&["close 3000", "leave room:a", "run depart room:a-presence"]);
    s.admit();
    s.well_done();
    s.expects(&["ended"]);
}

#[test]
fn a_join_that_is_being_announced_is_followed_by_its_leave() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.well_done();
    s.admit();
    s.skips();

    s.tell(Input::Gone);
    s.expects(&["close 3000", "leave room:a"]);
    s.well_done();

    s.expects(&["run depart room:a-presence-notice"]);
}

#[test]
fn a_farewell_under_way_is_not_said_twice() {
    let mut s = in_two_rooms();
    s.send(5, unsubscribe("room:a"));
    s.skips();

    s.tell(Input::Gone);
    s.expects(&["close 3000", "leave news:a", "leave room:b"]);
    s.well_done();

    s.expects(&["run depart room:b-presence-notice"]);
}

#[test]
fn a_farewell_under_way_that_fails_is_said_again() {
    let mut s = in_two_rooms();
    s.send(5, unsubscribe("room:a"));
    s.tell(Input::Gone);
    s.skips();

    s.failed();

    s.expects(&["run depart room:b-presence-notice, room:a-presence-notice"]);
}

#[test]
fn a_farewell_under_way_that_never_comes_back_is_said_again() {
    let mut s = in_two_rooms();
    s.send(5, unsubscribe("room:a"));
    s.tell(Input::Gone);
    s.skips();

    s.pass(secs(4));

    s.expects(&["run depart room:b-presence-notice, room:a-presence-notice"]);
}

#[test]
fn a_farewell_that_waited_for_its_turn_is_said_at_the_end() {
    let mut s = in_two_rooms();
    s.send(5, publish("a", "{}"));
    let join = crate::session::Join { join: 2, address: address("room:b"), ..s.join.clone().unwrap() };
    s.tell(Input::Insufficient { address: join.address, join: join.join });
    s.skips();

    s.tell(Input::Gone);
    s.well_done();

    s.expects(&[
        "close 3000",
        "leave news:a",
        "leave room:a",
        "run depart room:b-presence-notice, room:a-presence-notice",
    ]);
}

#[test]
fn another_command_under_way_is_waited_for() {
    let mut s = in_two_rooms();
    s.send(5, publish("a", "{}"));
    s.skips();

    s.tell(Input::Gone);
    s.expects(&["close 3000", "leave news:a", "leave room:a", "leave room:b"]);
    s.failed();

    s.expects(&[BOTH]);
}

#[test]
fn a_failing_clean_up_is_tried_five_times_with_back_off_and_then_given_up() {
    let mut s = in_two_rooms();
    s.tell(Input::Gone);
    s.skips();

    for pause in [1, 2, 4, 8] {
        s.failed();
        s.expects(&[]);
        s.pass(Duration::from_millis(pause * 1_000 - 1));
        s.expects(&[]);
        s.pass(Duration::from_millis(1));
        s.expects(&[BOTH]);
    }
    s.failed();
    s.pass(secs(60));

    s.expects(&["ended"]);
    assert_eq!(s.session.wakeup(), None);
}

#[test]
fn a_clean_up_that_never_comes_back_ends_in_bounded_time() {
    let mut s = in_two_rooms();
    s.tell(Input::Gone);
    s.skips();

    s.pass(secs(60));

    s.expects(&[BOTH, BOTH, BOTH, BOTH, "ended"]);
}

#[test]
fn a_session_that_failed_leaves_everything_to_be_cleaned_up() {
    let mut s = in_two_rooms();
    s.send(5, unsubscribe("room:a"));

    let effects = s.session.abandon();

    let lines: Vec<String> = effects.iter().map(line).collect();
    assert_eq!(lines, ["close 3004", "leave news:a", "leave room:b"]);
    s.skips();
    s.tell(Input::Wakeup);
    s.expects(&["run depart room:b-presence-notice, room:a-presence-notice"]);
    s.well_done();
    s.expects(&["ended"]);
}

#[test]
fn a_session_that_failed_while_ending_still_says_its_farewells() {
    let mut s = in_two_rooms();
    s.tell(Input::Gone);

    let effects = s.session.abandon();

    assert!(effects.is_empty(), "its socket is closed already");
    s.skips();
    s.tell(Input::Wakeup);
    s.expects(&[BOTH]);
}
