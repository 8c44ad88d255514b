//! Pings and pongs (P 5.3, P-CONN-5), expiry (P-EXP-1, P-SUB-8), standstills, and waking early or twice.

use std::time::Duration;

use ports::access::{ConnectionGrant, SubscriptionGrant};
use ports::protocol::Request;

use super::driver::*;
use crate::session::{Input, Outcome};

fn pong(s: &mut Driver) {
    s.send(0, Request::Pong);
}

#[test]
fn the_first_ping_comes_within_the_interval_at_a_random_point() {
    let first = |luck| crate::session::timers::first_ping(secs(25), luck);

    assert!(first(0) > Duration::ZERO); // P-PING-1
    assert!(first(0) < secs(1));
    assert_eq!(first(u16::MAX), secs(25));
    assert!(first(10_000) < first(20_000));
}

#[test]
fn pings_come_every_interval_as_long_as_they_are_answered() {
    let mut s = Driver::connected(); // luck puts the first ping at the end of the interval

    for _ in 0..5 {
        s.pass(secs(25));
        s.expects(&["ping"]);
        pong(&mut s);
    }
    s.expects(&[]);
}

#[test]
fn commands_do_not_delay_pings() {
    let mut s = Driver::connected();

    for second in 2..=26 {
        s.send(second, rpc());
        s.skips();
        s.pass(secs(1));
    }

    s.expects(&["ping"]);
}

#[test]
fn no_pong_within_eight_seconds_closes_with_3012() {
    let mut s = Driver::connected();
    s.pass(secs(25));
    s.skips();

    s.pass(Duration::from_millis(7_999));
    s.expects(&[]);
    s.pass(Duration::from_millis(1));

    s.expects(&["close 3012", "ended"]); // P-PING-2
}

#[test]
fn other_traffic_is_no_pong() {
    let mut s = Driver::connected();
    s.pass(secs(25));
    s.send(2, rpc());
    s.skips();

    s.pass(secs(8));

    s.expects(&["close 3012", "ended"]);
}

#[test]
fn a_pong_without_a_ping_closes_with_3501() {
    let mut s = Driver::connected(); // P-CONN-5

    pong(&mut s);

    s.expects(&["close 3501", "ended"]);
}

#[test]
fn two_pongs_for_one_ping_close_with_3501() {
    let mut s = Driver::connected(); // P-CONN-5
    s.pass(secs(25));
    s.skips();

    pong(&mut s);
    s.expects(&[]);
    pong(&mut s);

    s.expects(&["close 3501", "ended"]);
}

#[test]
fn a_pong_overtakes_commands_that_wait() {
    let mut s = Driver::connected();
    s.pass(secs(25));
    s.send(2, publish("a", "{}"));
    s.send(3, publish("a", "{}"));
    s.skips();

    pong(&mut s);
    s.pass(secs(3));

    s.expects(&[]);
    assert!(s.session.is_open());
}

#[test]
fn an_expired_connection_is_closed_with_3005_after_the_grace() {
    let mut s = Driver::fresh();
    let expire_at = Some(s.now.plus(secs(5)));
    s.connect_as(ConnectionGrant { expire_at, ..grant("ann") });

    s.pass(secs(29));
    pong(&mut s);
    s.expects(&["ping"]);
    s.pass(secs(1));

    s.expects(&["close 3005", "ended"]); // P-EXP-1
}

#[test]
fn an_expired_subscription_is_ended_with_2501_after_the_grace() {
    let mut s = Driver::connected();
    let expire_at = Some(s.now.plus(secs(5)));
    s.send(2, subscribe_with("stay:a", |request| request.token = "t".into()));
    s.done(Outcome::Subscription(granted(SubscriptionGrant { expire_at, ..ticket("stay:a") })));
    s.well_done();
    s.admit();
    s.subscribed(3, "b");

    s.pass(secs(29));
    pong(&mut s);
    s.expects(&["ping"]);
    s.pass(secs(1));

    s.expects(&["leave stay:a", "unsubscribed stay:a 2501", "run depart stay:a-presence"]); // P-SUB-8
    assert_eq!(s.session.subscription_count(), 1);
}

#[test]
fn an_expired_subscription_that_is_refreshed_in_the_grace_lives_on() {
    let mut s = Driver::connected();
    let soon = SubscriptionGrant { expire_at: Some(s.now.plus(secs(5))), ..ticket("a") };
    s.send(2, subscribe_with("a", |request| request.token = "t".into()));
    s.done(Outcome::Subscription(granted(soon)));
    s.admit();
    s.pass(secs(10));

    let later = SubscriptionGrant { expire_at: Some(s.now.plus(secs(600))), ..ticket("a") };
    s.send(3, sub_refresh("a", "t"));
    s.done(Outcome::Subscription(granted(later)));
    s.skips();
    s.pass(secs(22));

    s.expects(&["ping"]);
    assert_eq!(s.session.subscription_count(), 1);
}

#[test]
fn a_standstill_moves_the_deadlines_of_the_client() {
    let mut s = Driver::connected();
    s.pass(secs(25));
    s.skips();

    s.now = s.now.plus(secs(60));
    s.tell(Input::Stalled(secs(60)));
    s.tell(Input::Wakeup);
    s.expects(&[]);
    pong(&mut s);

    assert!(s.session.is_open());
}

#[test]
fn a_standstill_moves_the_stale_deadline_and_that_of_a_command() {
    let mut s = Driver::fresh();
    s.tell(Input::Stalled(secs(60)));
    s.pass(secs(60));
    assert!(s.session.is_open());
    s.pass(secs(10));
    s.expects(&["close 3502", "ended"]);

    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    s.tell(Input::Stalled(secs(10)));
    s.pass(secs(13));
    s.expects(&["run publish a"]);
    s.pass(secs(1));
    s.expects(&["error 2 100"]);
}

#[test]
fn a_ping_that_fell_due_in_a_standstill_is_made_up_for_soon() {
    let mut s = Driver::connected();
    s.pass(secs(25));
    s.now = s.now.plus(secs(60));
    s.tell(Input::Stalled(secs(60)));
    s.tell(Input::Wakeup);
    pong(&mut s);
    s.expects(&["ping"]);

    s.pass(secs(8));

    s.expects(&["ping"]); // P-PING-3
}

#[test]
fn a_standstill_does_not_make_a_clean_up_overdue() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:a"));
    s.well_done();
    s.admit();
    s.well_done();
    s.tell(Input::Gone);
    s.skips();

    s.now = s.now.plus(secs(60));
    s.tell(Input::Stalled(secs(60)));
    s.tell(Input::Wakeup);
    s.expects(&[]);
    s.well_done();

    s.expects(&["ended"]);
}

#[test]
fn waking_early_or_twice_does_nothing() {
    let mut s = Driver::fresh();
    s.tell(Input::Wakeup);
    s.expects(&[]);

    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    s.skips();
    for _ in 0..3 {
        s.tell(Input::Wakeup);
    }
    s.expects(&[]);
    s.well_done();
    s.pass(secs(25));
    s.expects(&["reply 2 publish", "ping"]);
    for _ in 0..3 {
        s.tell(Input::Wakeup);
    }

    s.expects(&[]);
}

#[test]
fn after_the_end_nothing_is_wanted() {
    let mut s = Driver::connected();
    s.tell(Input::Gone);
    s.skips();

    assert_eq!(s.session.wakeup(), None);
    s.tell(Input::Wakeup);
    s.tell(Input::Gone);
    s.tell(Input::Malformed);
    s.send(2, rpc());
    pong(&mut s);

    s.expects(&[]);
}
