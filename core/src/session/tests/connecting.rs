//! `connect` and what may come before it (P 5.1, 5.2).

use ports::access::TokenError;
use ports::ids::UserId;
use ports::protocol::{Disconnect, Request};

use super::driver::*;
use crate::session::{Input, Outcome};

#[test]
fn connect_is_answered_with_id_version_and_ping_interval() {
    let mut s = Driver::fresh();

    s.connect_as(grant("ann"));

    let answer = s.connect_answer();
    assert_eq!(answer.client, client());
    assert_eq!(answer.version, env!("CARGO_PKG_VERSION"));
    assert_eq!((answer.ping_secs, answer.pong), (25, true));
    assert_eq!(answer.expiry, None);
    assert!(answer.subs.is_empty());
    assert_eq!(s.session.user(), Some(&UserId::new("ann")));
}

#[test]
fn connect_answer_says_when_the_token_expires() {
    let mut s = Driver::fresh();
    let expire_at = Some(s.now.plus(secs(600)));

    s.connect_as(ports::access::ConnectionGrant { expire_at, ..grant("ann") });

    assert_eq!(s.connect_answer().expiry, Some(600));
}

#[test]
fn every_command_before_connect_closes_with_3501() {
    let early = [
        subscribe("news:a"),
        unsubscribe("news:a"),
        publish("news:a", "{}"),
        presence("room:a"),
        Request::PresenceStats { channel: "room:a".into() },
        history("news:a"),
        refresh("t"),
        sub_refresh("news:a", "t"),
        rpc(),
        Request::Send { data: bytes::Bytes::new() },
        Request::Ping,
        Request::Unknown,
        Request::Pong,
    ];

    for request in early {
        let mut s = Driver::fresh(); // P-CONN-1
        s.send(1, request);
        s.expects(&["close 3501", "ended"]);
    }
}

#[test]
fn a_second_connect_closes_with_3501() {
    let mut s = Driver::connected(); // P-CONN-2

    s.send(2, connect("t"));

    s.expects(&["close 3501", "ended"]);
}

#[test]
fn a_second_connect_behind_the_first_closes_with_3501_after_its_reply() {
    let mut s = Driver::fresh();

    s.send(1, connect("t"));
    s.send(2, connect("t"));
    s.done(Outcome::Connection(granted(grant("ann"))));

    s.expects(&["run verify connection", "came ann", "reply 1 connect", "close 3501", "ended"]);
}

#[test]
fn a_silent_socket_is_closed_with_3502_after_ten_seconds() {
    let mut s = Driver::fresh(); // P-CONN-3

    s.pass(secs(9));
    s.expects(&[]);
    s.pass(secs(1));

    s.expects(&["close 3502", "ended"]);
}

#[test]
fn a_token_check_under_way_at_ten_seconds_may_still_succeed() {
    let mut s = Driver::fresh();
    s.pass(secs(9));
    s.send(1, connect("t"));

    s.pass(secs(2));
    s.done(Outcome::Connection(granted(grant("ann"))));

    s.expects(&["run verify connection", "came ann", "reply 1 connect"]);
}

#[test]
fn a_request_without_an_id_closes_with_3501() {
    for request in [rpc(), subscribe("news:a"), history("news:a")] {
        let mut s = Driver::connected(); // P-CONN-4
        s.send(0, request);
        s.expects(&["close 3501", "ended"]);
    }
    let mut s = Driver::fresh();
    s.send(0, connect("t"));
    s.expects(&["close 3501", "ended"]);
}

#[test]
fn a_malformed_frame_closes_with_3501() {
    let mut s = Driver::connected();

    s.tell(Input::Malformed);

    s.expects(&["close 3501", "ended"]);
}

#[test]
fn an_invalid_token_closes_with_3500() {
    let mut s = Driver::fresh();

    s.send(1, connect("t"));
    s.done(Outcome::Connection(Err(invalid())));

    s.expects(&["run verify connection", "close 3500", "ended"]);
}

#[test]
fn an_expired_token_is_error_109() {
    let mut s = Driver::fresh();

    s.send(1, connect("t"));
    s.done(Outcome::Connection(Err(TokenError::Expired)));

    s.expects(&["run verify connection", "error 1 109"]);
}

#[test]
fn unavailable_keys_are_error_100() {
    let mut s = Driver::fresh();

    s.send(1, connect("t"));
    s.done(Outcome::Connection(Err(unavailable())));

    s.expects(&["run verify connection", "error 1 100"]);
}

#[test]
fn a_token_for_a_channel_of_an_unknown_namespace_is_error_102_and_one_for_a_bad_name_107() {
    let long = "x".repeat(256);
    for (channel, error) in [("nowhere:a", 102), ("", 107), ("grün", 107), (&long, 107)] {
        let mut s = Driver::fresh();
        s.send(1, connect("t"));
        s.done(Outcome::Connection(granted(grant_with("ann", &[channel]))));
        s.expects(&["run verify connection", &format!("error 1 {error}")]);
    }
}

#[test]
fn a_token_without_a_user_is_good_unless_that_is_switched_off() {
    Driver::fresh().connect_as(grant(""));

    let mut s = Driver::fresh_with(|settings| settings.anonymous_tokens = false);
    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant(""))));
    s.expects(&["run verify connection", "close 3507", "ended"]);
}

#[test]
fn who_may_come_without_a_token_may_come_with_one_that_names_nobody() {
    for (anonymous, insecure) in [(true, false), (false, true)] {
        let mut s = Driver::fresh_with(|settings| {
            settings.anonymous_tokens = false;
            (settings.anonymous, settings.insecure) = (anonymous, insecure);
        });
        s.connect_as(grant(""));
    }
}

#[test]
fn too_many_server_side_channels_close_with_3505() {
    let mut s = Driver::fresh_with(|settings| settings.channels_max = 1);

    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant_with("ann", &["a", "b"]))));

    s.expects(&["run verify connection", "close 3505", "ended"]);
}

#[test]
fn an_expiry_in_the_past_is_error_110() {
    let mut s = Driver::fresh();
    let expire_at = Some(s.now);

    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(ports::access::ConnectionGrant { expire_at, ..grant("ann") })));

    s.expects(&["run verify connection", "came ann", "error 1 110"]);
}

#[test]
fn no_token_closes_with_3501_unless_anonymous_or_insecure() {
    let mut s = Driver::fresh();
    s.send(1, connect(""));
    s.expects(&["close 3501", "ended"]);

    Driver::anonymous();

    let mut s = Driver::fresh_with(|settings| settings.insecure = true);
    s.send(1, connect(""));
    s.expects(&["came ", "reply 1 connect"]);
}

/// Table 5.2: a grant that fails several checks gets the outcome of the first.
#[test]
fn connect_checks_have_their_order() {
    let refused = |user: &str, channels: &[&str]| {
        let mut s = Driver::fresh_with(|settings| {
            settings.channels_max = 1;
            settings.anonymous_tokens = false;
        });
        let past = ports::access::ConnectionGrant { expire_at: Some(s.now), ..grant_with(user, channels) };
        s.send(1, connect("t"));
        s.skips();
        s.done(Outcome::Connection(granted(past)));
        s
    };

    refused("", &["a", "b", "nowhere:c"]).expects(&["error 1 102"]);
    refused("", &["a", "b"]).expects(&["close 3507", "ended"]);
    refused("ann", &["a", "b"]).expects(&["close 3505", "ended"]);
    refused("ann", &["a"]).expects(&["came ann", "error 1 110"]);
}

#[test]
fn a_token_check_that_takes_four_seconds_is_error_100() {
    let mut s = Driver::fresh();
    s.send(1, connect("t"));

    s.pass(secs(4));
    s.expects(&["run verify connection", "error 1 100"]);

    s.done(Outcome::Connection(granted(grant("ann"))));
    s.expects(&[]);
    assert_eq!(s.session.user(), None);
}

mod refused {
    use super::*;

    fn refused() -> Driver {
        let mut s = Driver::fresh();
        s.send(1, connect("t"));
        s.send(2, subscribe("news:a"));
        s.done(Outcome::Connection(Err(TokenError::Expired)));
        s.expects(&["run verify connection", "error 1 109"]);
        s
    }

    #[test]
    fn everything_after_an_error_reply_to_connect_is_ignored() {
        let mut s = refused(); // P-CONN-11

        s.send(3, connect("t"));
        s.send(4, publish("news:a", "{}"));
        s.send(0, Request::Pong);
        s.tell(Input::Malformed);
        s.tell(Input::Continue);

        s.expects(&[]);
    }

    #[test]
    fn a_client_that_does_not_leave_is_dropped_after_five_seconds() {
        let mut s = refused(); // P-CONN-11

        s.pass(secs(4));
        s.expects(&[]);
        s.pass(secs(1));

        s.expects(&["close 3000", "ended"]);
    }

    #[test]
    fn a_client_that_leaves_is_gone_at_once() {
        let mut s = refused();

        s.tell(Input::Gone);

        s.expects(&["close 3000", "ended"]);
    }

    #[test]
    fn a_refused_session_counts_as_no_user() {
        let s = refused();

        assert_eq!(s.session.user(), None);
        assert_eq!(s.session.subscription_count(), 0);
        assert!(s.session.is_open() && !s.session.is_corked());
    }

    #[test]
    fn a_shutdown_closes_a_refused_session_too() {
        let mut s = refused();

        s.tell(Input::Close(Disconnect::SHUTDOWN));

        s.expects(&["close 3001", "ended"]);
    }
}
