//! `refresh` (P-EXP-2…5) and `sub_refresh` (P 7.6).

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError};
use ports::ids::UserId;
use ports::protocol::Answer;
use ports::time::Timestamp;

use super::driver::*;
use crate::session::timers::ttl;
use crate::session::{Job, Outcome};

fn refreshed(result: Result<ConnectionGrant, TokenError>) -> Driver {
    let mut s = Driver::connected();
    s.send(2, refresh("t"));
    s.expects(&["run verify connection"]);
    s.done(Outcome::Connection(result.map(Box::new)));
    s
}

#[test]
fn a_good_token_is_answered_with_the_new_expiry() {
    let mut s = Driver::connected();
    let expire_at = Some(s.now.plus(secs(300)));

    s.send(2, refresh("t"));
    s.done(Outcome::Connection(granted(ConnectionGrant { expire_at, ..grant("ann") })));

    s.expects(&["run verify connection", "reply 2 refresh"]); // P-EXP-4
    assert_eq!(s.answer(), Answer::Refresh { client: client(), expiry: Some(300) });
}

#[test]
fn a_token_without_expiry_ends_the_expiry() {
    let mut s = Driver::fresh();
    let expire_at = Some(s.now.plus(secs(5)));
    s.connect_as(ConnectionGrant { expire_at, ..grant("ann") });

    s.send(2, refresh("t"));
    s.done(Outcome::Connection(granted(grant("ann"))));
    assert_eq!(s.answer(), Answer::Refresh { client: client(), expiry: None });
    s.skips();
    s.pass(secs(30));

    s.expects(&["ping"]);
}

#[test]
fn no_token_closes_with_3501() {
    let mut s = Driver::connected();
    s.send(2, refresh(""));
    s.expects(&["close 3501", "ended"]); // P-EXP-3
}

#[test]
fn an_expired_token_closes_with_3005() {
    refreshed(Err(TokenError::Expired)).expects(&["close 3005", "ended"]);
}

#[test]
fn a_bad_token_or_another_users_closes_with_3500() {
    refreshed(Err(invalid())).expects(&["close 3500", "ended"]);
    refreshed(Ok(grant("bob"))).expects(&["close 3500", "ended"]);
}

#[test]
fn an_expiry_in_the_past_closes_with_3005() {
    let past = ConnectionGrant { expire_at: Some(Timestamp::from_secs(999)), ..grant("ann") };
    refreshed(Ok(past)).expects(&["close 3005", "ended"]);
}

#[test]
fn unavailable_keys_are_error_100_and_the_connection_lives_on() {
    let mut s = refreshed(Err(unavailable()));
    s.expects(&["error 2 100"]);
    assert!(s.session.is_open());
}

#[test]
fn another_list_of_channels_closes_with_3010() {
    refreshed(Ok(grant_with("ann", &["a"]))).expects(&["close 3010", "ended"]); // P-EXP-5
}

#[test]
fn the_same_list_of_channels_is_good() {
    let mut s = Driver::fresh();
    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant_with("ann", &["a"]))));
    s.admit();
    s.skips();

    s.send(2, refresh("t"));
    s.done(Outcome::Connection(granted(grant_with("ann", &["a"]))));

    s.expects(&["run verify connection", "reply 2 refresh"]);
}

#[test]
fn seconds_until_expiry_are_at_least_one_and_at_most_a_year() {
    let now = Timestamp::from_secs(1_000);
    let told = |millis| ttl(now, Some(Timestamp::from_millis(1_000_000 + millis)));

    assert_eq!(ttl(now, None), None); // P-EXP-2
    assert_eq!(told(0), Some(1));
    assert_eq!(told(1), Some(1));
    assert_eq!(told(1_001), Some(2));
    assert_eq!(told(60_000), Some(60));
    assert_eq!(told(u64::MAX / 2), Some(365 * 24 * 3_600));
}

/// P-CONN-13.
mod of_what_the_connection_says_of_itself {
    use super::*;

    const OLD: &[u8] = b"\"old\"";
    const NEW: &[u8] = b"\"new\"";

    fn with_info(info: &'static [u8]) -> ConnectionGrant {
        ConnectionGrant { info: Some(Bytes::from_static(info)), ..grant("ann") }
    }

    /// Connected with the old info and subscribed with presence.
    fn present_in(channels: &[&str]) -> Driver {
        let mut s = Driver::fresh();
        s.connect_as(with_info(OLD));
        for (channel, id) in channels.iter().zip(2..) {
            s.send(id, subscribe(channel));
            s.well_done();
            s.admit();
        }
        s.skips();
        s
    }

    fn refreshes(s: &mut Driver, info: &'static [u8]) {
        s.send(9, refresh("t"));
        s.done(Outcome::Connection(granted(with_info(info))));
    }

    /// The infos in the latest job, of the connection and of the subscription.
    #[track_caller]
    fn told(s: &Driver) -> (Option<&[u8]>, Option<&[u8]>) {
        let info = match &s.work {
            Some(Job::Enter { info, .. }) => info,
            Some(Job::Depart(farewells)) => &farewells[0].info,
            Some(Job::Publish { draft, .. }) => draft.info.as_ref().unwrap(),
            other => panic!("tells nobody: {other:?}"),
        };
        (info.conn_info.as_deref(), info.chan_info.as_deref())
    }

    #[test]
    fn new_info_is_entered_into_presence_without_a_join_or_a_leave() {
        let mut s = present_in(&["stay:a", "stay:b"]);
        s.subscribed(4, "a");

        refreshes(&mut s, NEW);
        s.expects(&["run verify connection", "reply 9 refresh", "run enter stay:b"]);
        assert_eq!(told(&s), (Some(NEW), None));
        s.well_done();
        s.expects(&["run enter stay:a"]);
        assert_eq!(told(&s), (Some(NEW), None));
        s.well_done();

        s.expects(&[]);
    }

    #[test]
    fn the_same_info_is_not_entered_again() {
        let mut s = present_in(&["stay:a"]);

        refreshes(&mut s, OLD);

        s.expects(&["run verify connection", "reply 9 refresh"]);
    }

    #[test]
    fn new_info_is_entered_before_the_next_command() {
        let mut s = present_in(&["stay:a"]);
        s.send(9, refresh("t"));
        s.send(10, presence("stay:a"));
        s.done(Outcome::Connection(granted(with_info(NEW))));
        s.expects(&["run verify connection", "reply 9 refresh", "run enter stay:a"]);

        s.well_done();

        s.expects(&["run members stay:a"]);
    }

    #[test]
    fn later_publications_and_leaves_tell_the_new_info() {
        let mut s = Driver::fresh();
        s.connect_as(with_info(OLD));
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.admit();
        s.well_done();
        refreshes(&mut s, NEW);
        s.well_done();

        s.send(10, publish("room:a", "{}"));
        assert_eq!(told(&s), (Some(NEW), None));
        s.well_done();
        s.send(11, unsubscribe("room:a"));

        assert_eq!(told(&s), (Some(NEW), None));
    }

    #[test]
    fn a_subscription_that_ended_before_its_turn_is_not_entered_again() {
        let mut s = present_in(&["stay:b", "stay:a"]);
        refreshes(&mut s, NEW);
        s.expects(&["run verify connection", "reply 9 refresh", "run enter stay:b"]);

        s.insufficient();
        s.expects(&["unsubscribed stay:a 2500"]);
        s.well_done();
        s.expects(&["run depart stay:a-presence"]);
        s.well_done();

        s.expects(&[]);
    }

    #[test]
    fn the_end_undoes_an_entry_under_way() {
        let mut s = present_in(&["stay:a"]);
        refreshes(&mut s, NEW);
        s.skips();

        s.tell(crate::session::Input::Gone);
        s.expects(&["close 3000", "leave stay:a"]);
        s.well_done();

        s.expects(&["run depart stay:a-presence"]);
    }

    #[test]
    fn each_kind_of_info_is_kept_when_the_other_one_changes() {
        let seat = |info: &'static [u8]| {
            let details = ChannelGrant { info: Some(Bytes::from_static(info)), ..ChannelGrant::default() };
            Outcome::Subscription(granted(SubscriptionGrant { details, ..ticket("stay:a") }))
        };
        let mut s = Driver::fresh();
        s.connect_as(with_info(OLD));
        s.send(2, subscribe_with("stay:a", |request| request.token = "t".into()));
        s.done(seat(b"1"));
        s.well_done();
        s.admit();

        refreshes(&mut s, NEW);
        assert_eq!(told(&s), (Some(NEW), Some(&b"1"[..])));
        s.well_done();
        s.skips();
        s.send(10, sub_refresh("stay:a", "t"));
        s.done(seat(b"2"));
        s.expects(&["run verify subscription", "reply 10 sub_refresh", "run enter stay:a"]);
        assert_eq!(told(&s), (Some(NEW), Some(&b"2"[..])));
        s.well_done();

        s.send(11, sub_refresh("stay:a", "t"));
        s.done(seat(b"2"));
        s.expects(&["run verify subscription", "reply 11 sub_refresh"]);
    }
}

mod of_a_subscription {
    use super::*;

    fn refreshed(result: Result<SubscriptionGrant, TokenError>) -> Driver {
        let mut s = Driver::connected();
        s.subscribed(2, "a");
        s.send(3, sub_refresh("a", "t"));
        s.expects(&["run verify subscription"]);
        s.done(Outcome::Subscription(result.map(Box::new)));
        s
    }

    #[test]
    fn a_good_token_is_answered_with_the_new_expiry() {
        let expire_at = Some(Timestamp::from_secs(1_090));
        let mut s = refreshed(Ok(SubscriptionGrant { expire_at, ..ticket("a") }));
        s.expects(&["reply 3 sub_refresh"]);
        assert_eq!(s.answer(), Answer::SubRefresh(Some(90)));
    }

    #[test]
    fn an_empty_channel_closes_with_3501() {
        let mut s = Driver::connected();
        s.send(2, sub_refresh("", "t"));
        s.expects(&["close 3501", "ended"]);
    }

    #[test]
    fn without_a_subscription_it_is_error_103_even_without_a_token() {
        let mut s = Driver::connected();
        s.send(2, sub_refresh("a", "t"));
        s.send(3, sub_refresh("a", ""));
        s.send(4, sub_refresh("grün", "t"));
        s.expects(&["error 2 103", "error 3 103", "error 4 103"]);
    }

    #[test]
    fn no_token_is_error_107() {
        let mut s = Driver::connected();
        s.subscribed(2, "a");
        s.send(3, sub_refresh("a", ""));
        s.expects(&["error 3 107"]);
    }

    #[test]
    fn an_expired_token_closes_with_3006() {
        refreshed(Err(TokenError::Expired)).expects(&["close 3006", "leave a", "ended"]);
    }

    #[test]
    fn a_bad_token_or_one_for_others_closes_with_3500() {
        let lines = ["close 3500", "leave a", "ended"];
        refreshed(Err(invalid())).expects(&lines);
        refreshed(Ok(ticket("b"))).expects(&lines);
        refreshed(Ok(SubscriptionGrant { user: UserId::new("bob"), ..ticket("a") })).expects(&lines);
        refreshed(Ok(SubscriptionGrant { client: Some("x".into()), ..ticket("a") })).expects(&lines);
    }

    #[test]
    fn an_expiry_in_the_past_is_error_110() {
        let expire_at = Some(Timestamp::from_secs(999));
        refreshed(Ok(SubscriptionGrant { expire_at, ..ticket("a") })).expects(&["error 3 110"]);
    }

    #[test]
    fn unavailable_keys_are_error_100() {
        refreshed(Err(unavailable())).expects(&["error 3 100"]);
    }

    #[test]
    fn a_subscription_that_ended_meanwhile_is_error_103() {
        let mut s = Driver::connected();
        s.subscribed(2, "news:a");
        s.send(3, sub_refresh("news:a", "t"));
        s.insufficient();
        s.skips();

        s.done(Outcome::Subscription(granted(ticket("news:a"))));

        s.expects(&["error 3 103"]);
    }
}
