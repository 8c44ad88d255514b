//! Channels that remember nothing (P-ST-9).

use ports::channels::BrokerError;

use super::driver::*;
use crate::channels::feed::Input;

#[test]
fn a_newcomer_is_in_as_soon_as_the_broker_sends() {
    let mut f = Driver::without_stream();
    f.join(1);
    f.join(2);
    f.expects(&[]);

    f.attach();
    f.expects(&["1 in", "2 in"]);
    f.join(3);

    f.expects(&["3 in"]);
    assert_eq!(f.feed.wakeup(), None);
}

#[test]
fn what_arrives_before_the_admission_is_dropped() {
    let mut f = Driver::without_stream(); // P-SUB-1
    f.join(1);
    f.tell(Input::Arrived(unplaced()));
    f.attach();
    f.tell(Input::Arrived(unplaced()));

    f.expects(&["1 in", "1 gets 0"]);
}

#[test]
fn a_wish_to_recover_is_ignored() {
    let mut f = Driver::without_stream();
    f.join_from(1, 7);
    f.attach();

    f.expects(&["1 in"]);
}

#[test]
fn a_broker_that_cannot_send_refuses_all_who_wait() {
    let mut f = Driver::without_stream();
    f.join(1);
    f.join(2);

    f.tell(Input::Attached(Err(BrokerError::Unavailable("down".into()))));

    f.expects(&["1 refused 100", "2 refused 100"]);
    assert!(f.feed.is_empty());
}

#[test]
fn notices_go_to_those_who_want_them() {
    let mut f = Driver::without_stream();
    f.join(1);
    f.join_with(2, |join| join.notices = true);
    f.attach();
    f.skips();

    f.tell(Input::Arrived(notice()));

    f.expects(&["2 gets join"]);
}

#[test]
fn who_left_gets_nothing() {
    let mut f = Driver::without_stream();
    f.attach();
    f.join(1);
    f.join(2);
    f.skips();

    f.leave(1);
    f.leave(9);
    f.tell(Input::Arrived(unplaced()));

    f.expects(&["2 gets 0"]);
    assert_eq!(f.feed.members().collect::<Vec<_>>(), [(2, 200)]);
}

#[test]
fn being_behind_is_nothing_to_heal() {
    let mut f = Driver::without_stream();
    f.attach();
    f.join(1);
    f.skips();

    f.tell(Input::Behind);
    f.tell(Input::Arrived(unplaced()));

    f.expects(&["1 gets 0"]);
}
