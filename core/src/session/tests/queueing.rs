//! Commands in order, one after another, and reading that stops when too many wait (P-CONN-8).

use ports::protocol::Request;

use super::driver::*;
use crate::session::{Input, Outcome};

#[test]
fn a_frame_with_connect_and_subscribes_is_answered_in_order() {
    let mut s = Driver::fresh(); // P-FRM-2
    s.send(1, connect("t"));
    s.send(2, subscribe("news:a"));
    s.send(3, subscribe("closed:b"));
    s.send(4, subscribe("news:c"));
    s.expects(&["run verify connection"]);

    s.done(Outcome::Connection(granted(grant("ann"))));
    s.expects(&["came ann", "reply 1 connect", "join news:a"]);
    s.admit();
    s.expects(&["reply 2 subscribe", "error 3 103", "join news:c"]);
    s.admit();

    s.expects(&["reply 4 subscribe"]);
}

#[test]
fn a_quick_command_does_not_overtake_a_slow_one() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    s.send(3, rpc());
    s.send(4, publish("a", "{}"));
    s.send(5, rpc());

    s.expects(&["run publish a"]);
    s.well_done();
    s.expects(&["reply 2 publish", "error 3 108", "run publish a"]);
    s.well_done();

    s.expects(&["reply 4 publish", "error 5 108"]);
}

#[test]
fn a_bad_command_in_the_queue_closes_when_its_turn_comes() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    s.send(3, Request::Ping);
    s.send(4, rpc());

    s.expects(&["run publish a"]);
    s.well_done();

    s.expects(&["reply 2 publish", "close 3501", "ended"]);
}

#[test]
fn what_cannot_be_read_closes_after_the_commands_before_it_and_before_those_behind_it() {
    let mut s = Driver::connected(); // P-FRM-3
    s.send(2, publish("a", "{}"));
    s.send(3, rpc());
    s.tell(Input::Malformed);
    s.send(4, rpc());
    s.expects(&["run publish a"]);

    s.well_done();

    s.expects(&["reply 2 publish", "error 3 108", "close 3501", "ended"]);
}

#[test]
fn what_cannot_be_read_behind_connect_closes_after_its_reply_and_its_joins() {
    let mut s = Driver::fresh(); // P-FRM-3
    s.send(1, connect("t"));
    s.tell(Input::Malformed);
    s.done(Outcome::Connection(granted(grant_with("ann", &["room:a"]))));
    s.well_done();
    s.admit();
    let admitted = ["join room:a", "reply 1 connect", "run announce room:a"];
    s.expects(&[&["run verify connection", "came ann", "run enter room:a"], &admitted[..]].concat());

    s.well_done();

    s.expects(&["close 3501", "leave room:a", "run depart room:a-presence-notice"]);
}

#[test]
fn what_cannot_be_read_behind_a_refused_connect_is_of_no_interest() {
    let mut s = Driver::fresh(); // P-CONN-11
    s.send(1, connect("t"));
    s.tell(Input::Malformed);

    s.done(Outcome::Connection(Err(ports::access::TokenError::Expired)));

    s.expects(&["run verify connection", "error 1 109"]);
}

#[test]
fn nothing_is_queued_behind_what_cannot_be_read() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));

    for id in 3..100 {
        s.tell(Input::Malformed);
        s.send(id, rpc());
        s.send(0, Request::Pong);
    }

    assert_eq!(s.session.backlog.len(), 1);
    s.expects(&["run publish a"]);
}

#[test]
fn reading_stops_at_32_waiting_commands_and_goes_on_at_half_of_them() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    for id in 3..34 {
        s.send(id, publish("a", "{}"));
    }
    s.expects(&["run publish a"]);

    s.send(34, publish("a", "{}"));
    s.expects(&["pause"]);
    s.send(35, publish("a", "{}")); // decoded from the same frame
    s.expects(&[]);

    for id in 2..18 {
        s.well_done();
        s.expects(&[&format!("reply {id} publish"), "run publish a"]);
    }
    s.well_done();
    s.expects(&["reply 18 publish", "resume", "run publish a"]);
}

#[test]
fn reading_can_stop_again() {
    let mut s = Driver::connected_with(|settings| settings.commands_waiting_max = 2);
    for round in 0..3 {
        for id in 0..3 {
            s.send(2 + id, publish("a", ["1", "2", "3"][round]));
        }
        assert!(s.has_said("pause"));
        for _ in 0..3 {
            s.well_done();
        }
        assert!(s.has_said("resume"));
        s.skips();
    }
}

#[test]
fn the_pong_deadline_rests_while_reading_has_stopped() {
    let mut s = Driver::connected_with(|settings| {
        settings.commands_waiting_max = 1;
        settings.command_timeout = secs(60);
    });
    s.pass(secs(25));
    s.send(2, publish("a", "{}"));
    s.send(3, publish("a", "{}"));
    s.expects(&["ping", "run publish a", "pause"]);

    s.pass(secs(20));
    s.expects(&[]);
    s.well_done();
    s.expects(&["reply 2 publish", "resume", "run publish a"]);
    s.pass(secs(7));
    s.expects(&[]);
    s.send(0, Request::Pong);

    assert!(s.session.is_open());
}

#[test]
fn the_pong_deadline_begins_anew_when_reading_goes_on() {
    let mut s = Driver::connected_with(|settings| {
        settings.commands_waiting_max = 1;
        settings.command_timeout = secs(60);
    });
    s.pass(secs(25));
    s.send(2, publish("a", "{}"));
    s.send(3, publish("a", "{}"));
    s.pass(secs(20));
    s.well_done();
    s.skips();

    s.pass(secs(8));

    s.expects(&["close 3012"]);
}

#[test]
fn a_connect_that_is_refused_forgets_the_commands_behind_it() {
    let mut s = Driver::fresh();
    s.send(1, connect("t"));
    s.send(2, subscribe("news:a"));
    s.send(3, rpc());

    s.done(Outcome::Connection(Err(ports::access::TokenError::Expired)));

    s.expects(&["run verify connection", "error 1 109"]);
}

#[test]
fn a_refused_connection_is_read_from_again() {
    let mut s = Driver::fresh_with(|settings| settings.commands_waiting_max = 2);
    s.send(1, connect("t"));
    s.send(2, rpc());
    s.send(3, rpc());
    s.expects(&["run verify connection", "pause"]);

    s.done(Outcome::Connection(Err(ports::access::TokenError::Expired)));

    s.expects(&["resume", "error 1 109"]);
}
