//! Connections whose halves are different requests, and those that are pinged by frames.

use ports::access::TokenError;
use ports::ids::{NodeId, SessionKey};

use super::driver::*;
use crate::session::{Input, Opening, Outcome, Pings, Session};

#[test]
fn the_connect_reply_names_the_secret_and_the_node() {
    let mut s = Driver::emulated(0);

    s.connect_as(grant("ann"));

    let expected = (SessionKey::from_random([5; 16]), NodeId::from_random([9; 16]));
    assert_eq!(s.connect_answer().emulation, Some(expected)); // P-EM-1
    assert_eq!(Driver::connected().connect_answer().emulation, None);
}

#[track_caller]
fn answered_after(luck: u16, millis: u64) {
    let mut s = Driver::emulated(luck);
    s.send(1, connect("t"));
    s.done(Outcome::Connection(Err(TokenError::Expired)));
    s.skips();

    s.pass(std::time::Duration::from_millis(millis - 1));
    s.expects(&[]);
    s.pass(std::time::Duration::from_millis(1));

    s.expects(&["error 1 109"]);
    s.pass(secs(5));
    s.expects(&["close 3000", "ended"]);
}

#[test]
fn a_refused_connect_is_answered_after_half_a_second_to_a_whole_one() {
    answered_after(u16::MAX, 1_000);
    answered_after(u16::MAX / 2, 750);
}

#[test]
fn a_client_that_leaves_before_its_refusal_is_not_answered() {
    let mut s = Driver::emulated(0);
    s.send(1, connect("t"));
    s.done(Outcome::Connection(Err(TokenError::Expired)));
    s.skips();

    s.tell(Input::Gone);

    s.expects(&["close 3000", "ended"]);
}

fn framed() -> Driver {
    let mut s = Driver::fresh();
    let realm = std::sync::Arc::clone(&s.session.realm);
    s.session = Session::new(realm, Opening { pings: Pings::Frames, ..opening() }, s.now);
    s.connect_as(grant("ann"));
    s
}

#[test]
fn who_is_pinged_by_frames_is_promised_no_messages() {
    let answer = framed().connect_answer();

    assert_eq!((answer.ping_secs, answer.pong), (0, false)); // P-NEG-4
}

#[test]
fn frame_pongs_are_minded_when_due_and_forgiven_when_not() {
    let mut s = framed();
    s.tell(Input::FramePong);
    s.pass(secs(25));
    s.expects(&["ping"]);

    s.tell(Input::FramePong);
    s.tell(Input::FramePong);
    s.pass(secs(20));
    s.expects(&[]);
    s.pass(secs(14));

    s.expects(&["ping", "close 3012", "ended"]);
}
