//! Subscriptions that the connection token makes (P 9.2).

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant, Overrides};
use ports::channels::Position;
use ports::protocol::{ConnectRequest, ErrorCode, Request};

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Input, Outcome};

fn connecting(grant: ConnectionGrant) -> Driver {
    let mut s = Driver::fresh();
    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant)));
    s
}

#[test]
fn server_side_channels_are_joined_one_after_another_before_the_reply() {
    let mut s = connecting(grant_with("ann", &["a", "news:b"]));
    s.expects(&["run verify connection", "came ann", "join a"]);
    assert!(s.session.is_corked()); // P-CONN-12

    s.admit_with(Admission { position: None, recovered: None });
    s.expects(&["join news:b"]);
    s.admit();

    s.expects(&["reply 1 connect"]);
    assert!(!s.session.is_corked());
    assert_eq!(s.session.subscription_count(), 2);
    let subs = s.connect_answer().subs;
    assert_eq!(subs[&name("a")].position, None);
    assert_eq!(subs[&name("news:b")].position, Some(at(0)));
    assert!(subs[&name("news:b")].recoverable && subs[&name("news:b")].positioned);
}

#[test]
fn commands_wait_until_the_connect_reply_is_out() {
    let mut s = connecting(grant_with("ann", &["a"]));

    s.send(2, rpc());
    s.expects(&["run verify connection", "came ann", "join a"]);
    s.admit();

    s.expects(&["reply 1 connect", "error 2 108"]);
}

#[test]
fn no_pings_are_sent_before_the_connect_reply() {
    let mut s = connecting(grant_with("ann", &["stay:a"]));
    s.skips();

    s.pass(secs(3));

    s.expects(&[]);
}

#[test]
fn server_side_presence_is_entered_before_the_join() {
    let mut s = connecting(grant_with("ann", &["room:a"]));
    s.expects(&["run verify connection", "came ann", "run enter room:a"]);

    s.well_done();
    s.expects(&["join room:a"]);
    s.admit();

    s.expects(&["reply 1 connect", "run announce room:a"]); // P-SUB-2
}

#[test]
fn positions_in_the_connect_request_are_recovered() {
    let mut s = Driver::fresh();
    let subs = [("news:a".to_owned(), resume(3))].into();
    let request = ConnectRequest { token: "t".into(), subs, ..ConnectRequest::default() };
    s.send(1, Request::Connect(Box::new(request)));
    s.done(Outcome::Connection(granted(grant_with("ann", &["news:a"]))));
    assert_eq!(s.join.as_ref().unwrap().recover, from(3));

    s.admit_with(Admission { position: Some(at(4)), recovered: Some(vec![publication(4)]) });

    let answer = &s.connect_answer().subs[&name("news:a")];
    assert_eq!(answer.position, Some(at(3)));
    assert!(answer.recovered && answer.was_recovering);
    assert_eq!(publications(answer), [publication(4)]);
}

#[test]
fn a_position_of_a_channel_that_the_token_does_not_grant_is_ignored() {
    let mut s = Driver::fresh();
    let subs = [("news:z".to_owned(), resume(3))].into();
    let request = ConnectRequest { token: "t".into(), subs, ..ConnectRequest::default() };
    s.send(1, Request::Connect(Box::new(request)));

    s.done(Outcome::Connection(granted(grant("ann"))));

    assert!(s.connect_answer().subs.is_empty()); // P-SS-3
}

#[test]
fn overrides_and_data_of_the_token_hold_and_no_expiry_is_told() {
    let mut connection = grant_with("ann", &[]);
    let overrides = Overrides { presence: Some(false), join_leave: Some(false), ..Overrides::default() };
    let details = ChannelGrant { info: None, data: Some(Bytes::from_static(b"7")), overrides };
    connection.channels.insert("room:a".into(), details);
    let mut s = connecting(connection);
    s.expects(&["run verify connection", "came ann", "join room:a"]);

    s.admit_with(Admission { position: None, recovered: None });

    s.expects(&["reply 1 connect"]);
    let answer = &s.connect_answer().subs[&name("room:a")];
    assert_eq!(answer.data, Some(Bytes::from_static(b"7")));
    assert_eq!(answer.expiry, None); // P-SS-7
}

#[test]
fn one_failing_server_side_channel_undoes_all_others() {
    let mut s = connecting(grant_with("ann", &["room:a", "room:b"]));
    s.well_done();
    s.admit();
    s.well_done();
    s.skips();

    s.reject(ErrorCode::Internal);

    // Nobody was told of the join, so nobody is told of a leave.
    s.expects(&["leave room:a", "error 1 100", "run depart room:b-presence, room:a-presence"]);
    s.well_done();
    s.expects(&[]);
    s.pass(secs(5));
    s.expects(&["close 3000", "ended"]);
}

#[test]
fn a_roll_back_that_fails_is_tried_again_at_the_end() {
    let mut s = connecting(grant_with("ann", &["room:a"]));
    s.failed();
    s.expects(&[
        "run verify connection",
        "came ann",
        "run enter room:a",
        "error 1 100",
        "run depart room:a-presence",
    ]);

    s.failed();
    s.expects(&[]);
    s.tell(Input::Gone);

    s.expects(&["close 3000", "run depart room:a-presence"]);
    s.well_done();
    s.expects(&["ended"]);
}

#[test]
fn a_hole_in_a_server_side_channel_closes_with_3010() {
    let mut s = connecting(grant_with("ann", &["news:a"]));
    s.admit();
    s.skips();

    s.insufficient(); // P-SS-4

    s.expects(&["close 3010", "ended"]);
}

#[test]
fn a_hole_before_the_connect_reply_closes_with_3010() {
    let mut s = connecting(grant_with("ann", &["news:a", "news:b"]));
    s.admit();
    let first = s.join.clone().unwrap();
    s.skips();

    let join = first.join - 1;
    s.tell(Input::Insufficient { address: address("news:a"), join });

    s.expects(&["close 3010", "leave news:b", "ended"]);
}

#[test]
fn a_client_that_refreshes_a_server_side_channel_is_closed_with_3501() {
    for token in ["t", ""] {
        let mut s = connecting(grant_with("ann", &["a"]));
        s.admit();
        s.skips();

        s.send(2, sub_refresh("a", token));

        s.expects(&["close 3501", "leave a", "ended"]);
    }
}

#[test]
fn a_client_may_not_subscribe_to_a_server_side_channel() {
    let mut s = connecting(grant_with("ann", &["a"]));
    s.admit();
    s.skips();

    s.send(2, subscribe("a"));

    s.expects(&["error 2 105"]); // P-SS-6
}

#[test]
fn a_join_is_announced_before_a_pipelined_unsubscribe_announces_the_leave() {
    let mut s = connecting(grant_with("ann", &["room:a"]));
    s.send(2, unsubscribe("room:a"));
    s.well_done();
    s.skips();

    s.admit();
    s.expects(&["reply 1 connect", "run announce room:a"]); // P-SUB-2
    s.well_done();

    s.expects(&["leave room:a", "run depart room:a-presence-notice"]);
    s.well_done();
    s.expects(&["reply 2 unsubscribe"]);
}

#[test]
fn an_end_before_the_join_was_announced_announces_no_leave() {
    let mut s = connecting(grant_with("ann", &["room:a", "room:b"]));
    s.well_done();
    s.admit();
    s.well_done();
    s.admit();
    s.skips();

    s.tell(Input::Gone);
    s.expects(&["close 3000", "leave room:a", "leave room:b"]);
    s.well_done();

    s.expects(&["run depart room:a-presence, room:b-presence-notice"]);
}

#[test]
fn an_admission_to_a_stream_without_positioning_tells_no_position() {
    let mut s = connecting(grant_with("ann", &["quiet:a"]));

    s.admit_with(Admission { position: Some(Position { offset: 9, epoch: epoch() }), recovered: None });

    let answer = &s.connect_answer().subs[&name("quiet:a")];
    assert_eq!(answer.position, None);
    assert!(!answer.positioned && !answer.recoverable);
}
