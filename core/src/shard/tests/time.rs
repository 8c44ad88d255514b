//! Deadlines of many sessions, and a process that stood still.

use ports::protocol::Request;

use super::driver::*;
use crate::shard::Input;

#[test]
fn a_silent_socket_is_closed_after_ten_seconds() {
    let mut s = Driver::new(); // P-CONN-3
    s.open();

    s.ticks(secs(9));
    s.expects(&[]);
    s.ticks(secs(2));

    s.expects(&["0 close 3502"]);
}

#[test]
fn everybody_is_pinged_and_the_silent_one_is_closed() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.connected(&[]);

    s.ticks(secs(26));
    assert_eq!(s.count("ping"), 2);
    s.send(a, 0, Request::Pong);
    s.ticks(secs(9));

    s.expects(&["1 close 3012", "went ann"]);
}

#[test]
fn a_standstill_costs_nobody_its_connection() {
    let mut s = Driver::new();
    let (a, b) = (s.connected(&[]), s.connected(&[]));
    s.ticks(secs(26));
    s.skips();
    let late = s.open();

    s.now = s.now.plus(secs(600));
    s.tell(Input::Tick);
    s.send(a, 0, Request::Pong);
    s.send(b, 0, Request::Pong);
    s.connect(late, &[]);

    s.expects(&["came ann", "2 reply 1"]);
    assert_eq!(s.shard.session_count(), 3);
}

#[test]
fn a_tick_that_is_a_little_late_is_no_standstill() {
    let mut s = Driver::new();
    s.connected(&[]);
    s.ticks(secs(26));
    s.skips();

    for _ in 0..6 {
        s.now = s.now.plus(secs(2));
        s.tell(Input::Tick);
    }

    assert_eq!(s.count("close 3012"), 1);
}

#[test]
fn a_command_that_nobody_answers_is_given_up_after_four_seconds() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("news:a"));

    s.ticks(secs(3));
    s.expects(&["want news:a"]);
    s.ticks(secs(2));

    s.expects(&["release news:a", "0 error 2 100"]);
}
