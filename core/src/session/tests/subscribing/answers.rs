//! What the reply says.

use super::*;

#[test]
fn recovery_is_offered_where_it_is_forced() {
    let mut s = Driver::connected();
    s.send(2, subscribe("news:a"));
    s.admit_with(Admission { position: Some(at(7)), recovered: None });

    let answer = s.subscribe_answer();
    assert!(answer.recoverable && answer.positioned);
    assert!(!answer.was_recovering && !answer.recovered);
    assert_eq!(answer.position, Some(at(7)));
}

#[test]
fn a_positioned_channel_tells_the_position_and_does_not_recover() {
    let mut s = Driver::connected();
    s.send(2, subscribe_with("place:a", |request| request.recover = from(3)));
    assert_eq!(s.join.as_ref().unwrap().recover, None);
    s.admit_with(Admission { position: Some(at(7)), recovered: None });

    let answer = s.subscribe_answer();
    assert!(!answer.recoverable && answer.positioned && answer.was_recovering && !answer.recovered);
    assert_eq!(answer.position, Some(at(7)));
}

#[test]
fn features_on_request_are_given_to_those_who_ask() {
    for (recoverable, positioned) in [(false, false), (false, true), (true, false)] {
        let mut s = Driver::connected();
        s.send(
            2,
            subscribe_with("ask:a", |request| {
                request.recoverable = recoverable;
                request.positioned = positioned;
            }),
        );
        s.admit();

        let answer = s.subscribe_answer();
        assert_eq!(answer.recoverable, recoverable);
        assert_eq!(answer.positioned, recoverable || positioned);
        assert_eq!(answer.position.is_some(), recoverable || positioned);
    }
}

#[test]
fn who_may_read_the_history_may_ask_for_recovery_where_it_is_off() {
    let ask = |channel: &str| {
        let mut s = Driver::connected();
        s.send(2, subscribe_with(channel, |request| request.recoverable = true));
        s.admit();
        s.subscribe_answer().recoverable
    };

    assert!(ask("read:a"));
    assert!(!ask("quiet:a"));
}

#[test]
fn a_recovery_is_answered_with_the_offset_that_was_asked_for() {
    let mut s = Driver::connected();
    let unknown = Recovery { offset: 5, epoch: ports::channels::Epoch::new("") };
    s.send(2, subscribe_with("news:a", |request| request.recover = Some(unknown)));

    let missed = vec![publication(6), publication(7)];
    s.admit_with(Admission { position: Some(at(7)), recovered: Some(missed.clone()) });

    let answer = s.subscribe_answer(); // table 12.2
    assert_eq!(answer.position, Some(Position { offset: 5, epoch: epoch() }));
    assert!(answer.was_recovering && answer.recovered && answer.recoverable);
    assert_eq!(publications(&answer), missed);
}

#[test]
fn a_failed_recovery_is_answered_with_the_current_position_and_nothing_else() {
    let mut s = Driver::connected();
    s.send(2, subscribe_with("news:a", |request| request.recover = from(3)));
    s.admit_with(Admission { position: Some(at(9)), recovered: None });

    let answer = s.subscribe_answer(); // P-REC-2
    assert_eq!(answer.position, Some(at(9)));
    assert!(answer.was_recovering && !answer.recovered && answer.publications.is_empty());
}

#[test]
fn a_channel_without_a_stream_ignores_recovery() {
    let mut s = Driver::connected();
    s.send(
        2,
        subscribe_with("a", |request| {
            request.recover = from(3);
            request.recoverable = true;
        }),
    );
    s.admit_with(Admission { position: None, recovered: None });

    let answer = s.subscribe_answer(); // P-ST-9
    assert_eq!(answer, SubscribeAnswer { was_recovering: true, ..SubscribeAnswer::default() });
}

#[test]
fn flag_two_asks_the_feed_to_refuse_and_its_refusal_is_error_112() {
    let mut s = Driver::connected();
    s.send(
        2,
        subscribe_with("news:a", |request| {
            request.recover = from(3);
            request.flags = SubscribeFlags(3);
        }),
    );
    assert!(s.join.as_ref().unwrap().refuse_unrecoverable);

    s.reject(ErrorCode::UnrecoverablePosition);

    s.expects(&["join news:a", "error 2 112"]);
    assert_eq!(s.session.subscription_count(), 0);
}

#[test]
fn joins_and_leaves_come_if_forced_or_asked_for_by_one_who_may_read_presence() {
    let notices = |channel: &str, asked: bool| {
        let mut s = Driver::connected();
        s.send(2, subscribe_with(channel, |request| request.join_leave = asked));
        s.well_done();
        s.join.unwrap().notices
    };

    assert!(notices("room:a", true) && !notices("room:a", false));
    assert!(notices("hall:a", false));
    assert!(!notices("stay:a", true) && !notices("news:a", true));
}
