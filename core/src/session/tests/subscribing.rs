//! `subscribe`: the checks in their order, the answer, and what happens on the way (P 7.1–7.4).

use bytes::Bytes;
use ports::access::{ChannelGrant, Overrides, SubscriptionGrant, TokenError};
use ports::channels::Position;
use ports::ids::UserId;
use ports::protocol::{ErrorCode, Recovery, SubscribeAnswer, SubscribeFlags};

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Input, Outcome};

mod answers;

fn with_token(s: &mut Driver, id: u32, channel: &str, grant: Result<SubscriptionGrant, TokenError>) {
    s.send(id, subscribe_with(channel, |request| request.token = "t".into()));
    s.expects(&["run verify subscription"]);
    s.done(Outcome::Subscription(grant.map(Box::new)));
}

#[test]
fn a_plain_channel_is_joined_and_answered_without_a_position() {
    let mut s = Driver::connected();

    s.send(2, subscribe("a"));
    s.expects(&["join a"]);
    assert_eq!(s.join.as_ref().unwrap().stream, None);
    s.admit_with(Admission { position: None, recovered: None });

    s.expects(&["reply 2 subscribe"]);
    assert_eq!(s.subscribe_answer(), SubscribeAnswer::default());
    assert_eq!(s.session.subscription_count(), 1);
}

mod checks {
    use super::*;

    #[track_caller]
    fn check(channel: &str, lines: &[&str]) {
        let mut s = Driver::connected();
        s.send(2, subscribe(channel));
        s.expects(lines);
    }

    #[test]
    fn an_empty_channel_closes_with_3501() {
        check("", &["close 3501", "ended"]);
    }

    #[test]
    fn a_bad_name_is_error_107() {
        check(&"x".repeat(256), &["error 2 107"]);
        check("grün", &["error 2 107"]);
        check("line\nbreak", &["error 2 107"]);
    }

    #[test]
    fn an_unknown_namespace_is_error_102() {
        check("nowhere:a", &["error 2 102"]);
        check("$nowhere:a", &["error 2 102"]);
    }

    #[test]
    fn no_permission_is_error_103() {
        check("closed:a", &["error 2 103"]);
        check("$news:a", &["error 2 103"]); // P-CH-3
    }

    #[test]
    fn an_anonymous_user_needs_the_anonymous_permission() {
        let mut s = Driver::anonymous();
        s.send(2, subscribe("news:a"));
        s.expects(&["error 2 103"]);
    }

    #[test]
    fn insecure_skips_permissions_even_of_private_channels() {
        let mut s = Driver::connected_with(|settings| settings.insecure = true);
        s.send(2, subscribe("closed:a"));
        s.expects(&["join closed:a"]);
        s.admit();
        s.skips();
        s.send(3, subscribe("$news:a"));
        s.expects(&["join $news:a"]);
    }

    #[test]
    fn a_second_subscribe_is_error_105() {
        let mut s = Driver::connected();
        s.subscribed(2, "a");
        s.send(3, subscribe("a"));
        s.expects(&["error 3 105"]);
    }

    #[test]
    fn a_second_subscribe_while_the_first_is_in_flight_is_error_105() {
        let mut s = Driver::connected();
        s.send(2, subscribe("a"));
        s.send(3, subscribe("a"));
        s.admit();
        s.expects(&["join a", "reply 2 subscribe", "error 3 105"]);
    }

    #[test]
    fn one_channel_too_many_is_error_106() {
        let mut s = Driver::connected_with(|settings| settings.channels_max = 2);
        s.subscribed(2, "a");
        s.subscribed(3, "b");
        s.send(4, subscribe("c"));
        s.expects(&["error 4 106"]);
    }

    #[test]
    fn a_channel_may_be_left_to_make_room_for_another() {
        let mut s = Driver::connected_with(|settings| settings.channels_max = 1);
        s.subscribed(2, "a");
        s.send(3, unsubscribe("a"));
        s.send(4, subscribe("b"));
        s.expects(&["leave a", "reply 3 unsubscribe", "join b"]);
    }

    #[test]
    fn an_unknown_delta_format_closes_with_3501_and_fossil_is_taken_silently() {
        let mut s = Driver::connected();
        s.send(2, subscribe_with("a", |request| request.delta = "fossil".into()));
        s.expects(&["join a"]);
        let mut s = Driver::connected();
        s.send(2, subscribe_with("a", |request| request.delta = "zip".into()));
        s.expects(&["close 3501", "ended"]);
    }

    #[test]
    fn another_kind_of_subscription_is_error_103_and_a_filter_error_107() {
        let mut s = Driver::connected();
        s.send(2, subscribe_with("a", |request| request.kind = 1));
        s.send(
            3,
            subscribe_with("a", |request| request.filter = Some(ports::channels::FilterNode::default())),
        );
        s.expects(&["error 2 103", "error 3 107"]);
    }

    /// Each request fails every later check as well.
    #[test]
    fn subscribe_checks_have_their_order() {
        let mut s = Driver::connected_with(|settings| settings.channels_max = 1);
        s.subscribed(2, "a");

        s.send(3, subscribe("a")); // subscribed already, and full
        s.send(4, subscribe("nowhere:a")); // full, and unknown
        s.expects(&["error 3 105", "error 4 106"]);

        let mut s = Driver::connected();
        let odd = |channel| {
            subscribe_with(channel, |request| {
                request.kind = 1;
                request.filter = Some(ports::channels::FilterNode::default());
            })
        };
        s.send(2, odd("nowhere:a"));
        s.send(3, odd("closed:a"));
        s.send(4, odd("a"));
        s.expects(&["error 2 102", "error 3 103", "error 4 103"]);
    }
}

mod tokens {
    use super::*;

    #[test]
    fn a_token_opens_what_permissions_close() {
        let mut s = Driver::connected();
        with_token(&mut s, 2, "closed:a", Ok(ticket("closed:a")));
        s.expects(&["join closed:a"]);
        s.admit();
        s.skips();
        with_token(&mut s, 3, "$a", Ok(ticket("$a")));
        s.expects(&["join $a"]);
    }

    #[test]
    fn an_expired_token_is_error_109() {
        let mut s = Driver::connected();
        with_token(&mut s, 2, "a", Err(TokenError::Expired));
        s.expects(&["error 2 109"]);
    }

    #[test]
    fn an_invalid_token_is_error_103_even_where_none_is_needed() {
        let mut s = Driver::connected();
        with_token(&mut s, 2, "a", Err(invalid()));
        s.expects(&["error 2 103"]);
    }

    #[test]
    fn unavailable_keys_are_error_100() {
        let mut s = Driver::connected();
        with_token(&mut s, 2, "a", Err(unavailable()));
        s.expects(&["error 2 100"]);
    }

    #[test]
    fn a_token_for_another_channel_user_or_client_closes_with_3500() {
        let other_client = ports::ids::ClientId::from_random([8; 16]).to_string();
        let others = [
            ticket("b"),
            SubscriptionGrant { user: UserId::new("bob"), ..ticket("a") },
            SubscriptionGrant { client: Some(other_client), ..ticket("a") },
        ];
        for other in others {
            let mut s = Driver::connected();
            with_token(&mut s, 2, "a", Ok(other));
            s.expects(&["close 3500", "ended"]);
        }
    }

    #[test]
    fn a_token_for_this_very_client_is_good() {
        let mut s = Driver::connected();
        let mine = SubscriptionGrant { client: Some(client().to_string()), ..ticket("a") };
        with_token(&mut s, 2, "a", Ok(mine));
        s.expects(&["join a"]);
    }

    #[test]
    fn an_expiry_in_the_past_is_error_110() {
        let mut s = Driver::connected();
        let expire_at = Some(s.now);
        with_token(&mut s, 2, "a", Ok(SubscriptionGrant { expire_at, ..ticket("a") }));
        s.expects(&["error 2 110"]);
    }

    #[test]
    fn expiry_data_and_info_of_the_token_reach_answer_and_presence() {
        let mut s = Driver::connected();
        let expire_at = Some(s.now.plus(secs(60)));
        let details = ChannelGrant {
            info: Some(Bytes::from_static(b"\"seat 4\"")),
            data: Some(Bytes::from_static(b"[1]")),
            overrides: Overrides::default(),
        };
        with_token(&mut s, 2, "stay:a", Ok(SubscriptionGrant { expire_at, details, ..ticket("stay:a") }));
        s.expects(&["run enter stay:a"]);
        let Some(crate::session::Job::Enter { info, .. }) = s.work.clone() else { panic!("not an enter") };
        assert_eq!(info.chan_info.as_deref(), Some(&b"\"seat 4\""[..]));
        assert_eq!(info.user, UserId::new("ann"));

        s.well_done();
        s.admit_with(Admission { position: None, recovered: None });

        assert_eq!(s.subscribe_answer().expiry, Some(60));
        assert_eq!(s.subscribe_answer().data.as_deref(), Some(&b"[1]"[..]));
    }

    #[test]
    fn overrides_of_the_token_replace_options_of_the_namespace() {
        let mut s = Driver::connected();
        let overrides = Overrides {
            presence: Some(true),
            force_recovery: Some(true),
            force_positioning: None,
            join_leave: Some(true),
            force_push_join_leave: Some(true),
        };
        let details = ChannelGrant { overrides, ..ChannelGrant::default() };
        with_token(&mut s, 2, "quiet:a", Ok(SubscriptionGrant { details, ..ticket("quiet:a") }));
        s.expects(&["run enter quiet:a"]);
        s.well_done();

        let join = s.join.clone().unwrap();
        assert!(join.positioned && join.notices);
    }

    #[test]
    fn a_token_check_of_four_seconds_is_error_100_and_its_late_result_is_ignored() {
        let mut s = Driver::connected();
        s.send(2, subscribe_with("a", |request| request.token = "t".into()));
        s.pass(secs(4));
        s.expects(&["run verify subscription", "error 2 100"]);

        s.done(Outcome::Subscription(granted(ticket("a"))));

        s.expects(&[]);
        assert_eq!(s.session.subscription_count(), 0);
    }
}

mod order {
    use super::*;

    #[test]
    fn presence_comes_before_the_reply_and_the_join_after_it() {
        let mut s = Driver::connected(); // P-SUB-2, P-SUB-3
        s.send(2, subscribe("room:a"));
        s.expects(&["run enter room:a"]);
        s.well_done();
        s.expects(&["join room:a"]);
        s.admit();
        s.expects(&["reply 2 subscribe", "run announce room:a"]);
        s.well_done();
        s.expects(&[]);
    }

    #[test]
    fn a_later_command_waits_for_the_join_to_be_announced() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.admit();
        s.skips();

        s.send(3, unsubscribe("room:a"));
        s.expects(&[]);
        s.well_done();

        s.expects(&["leave room:a", "run depart room:a-presence-notice"]);
    }

    #[test]
    fn a_failing_announcement_leaves_the_subscription_alone() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.admit();
        s.failed();

        assert_eq!(s.session.subscription_count(), 1);
    }

    #[test]
    fn failing_presence_is_error_100_and_rolled_back() {
        let mut s = Driver::connected(); // P-SUB-3
        s.send(2, subscribe("room:a"));
        s.failed();
        s.expects(&["run enter room:a", "error 2 100", "run depart room:a-presence"]);
        s.well_done();

        s.send(3, subscribe("room:a"));
        s.expects(&["run enter room:a"]);
    }

    #[test]
    fn a_failing_feed_is_error_100_and_rolled_back() {
        let mut s = Driver::connected(); // P-SUB-3
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.reject(ErrorCode::Internal);
        s.expects(&["run enter room:a", "join room:a", "error 2 100", "run depart room:a-presence"]);
    }

    #[test]
    fn the_roll_back_precedes_a_repeated_subscribe() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.send(3, subscribe("room:a"));
        s.failed();
        s.expects(&["run enter room:a", "error 2 100", "run depart room:a-presence"]);
        s.well_done();
        s.expects(&["run enter room:a"]);
    }

    #[test]
    fn a_feed_that_takes_four_seconds_is_left_and_answered_with_error_100() {
        let mut s = Driver::connected();
        s.send(2, subscribe("news:a"));
        s.pass(secs(4));
        s.expects(&["join news:a", "leave news:a", "error 2 100"]);

        s.admit();

        s.expects(&[]);
        assert_eq!(s.session.subscription_count(), 0);
    }

    #[test]
    fn presence_that_takes_four_seconds_is_error_100_and_rolled_back() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.pass(secs(4));
        s.expects(&["run enter room:a", "error 2 100", "run depart room:a-presence"]);
    }

    #[test]
    fn a_late_admission_does_not_touch_a_newer_subscription() {
        let mut s = Driver::connected(); // P-SUB-5
        s.send(2, subscribe("news:a"));
        let first = s.join.clone().unwrap();
        s.pass(secs(4));
        s.send(3, subscribe("news:a"));
        s.skips();

        let late = Admission { position: Some(at(1)), recovered: None };
        s.tell(Input::Joined { address: first.address, join: first.join, outcome: Ok(late) });
        s.expects(&[]);
        s.admit();

        s.expects(&["reply 3 subscribe"]);
    }
}

mod holes {
    use super::*;

    #[test]
    fn a_hole_ends_a_client_side_subscription_with_2500() {
        let mut s = Driver::connected();
        s.subscribed(2, "news:a");

        s.insufficient(); // P-SUB-9

        s.expects(&["unsubscribed news:a 2500"]);
        assert_eq!(s.session.subscription_count(), 0);
    }

    #[test]
    fn a_late_hole_does_not_touch_a_newer_subscription() {
        let mut s = Driver::connected(); // P-SUB-5
        s.subscribed(2, "news:a");
        let old = s.join.clone().unwrap();
        s.send(3, unsubscribe("news:a"));
        s.subscribed(4, "news:a");

        s.tell(Input::Insufficient { address: old.address, join: old.join });

        s.expects(&[]);
        assert_eq!(s.session.subscription_count(), 1);
    }

    #[test]
    fn presence_and_leave_come_before_the_resubscribe() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.admit();
        s.well_done();
        s.skips();

        s.insufficient();
        s.send(3, subscribe("room:a"));
        s.expects(&["unsubscribed room:a 2500", "run depart room:a-presence-notice"]);
        s.well_done();

        s.expects(&["run enter room:a"]);
    }

    #[test]
    fn a_hole_found_while_the_join_is_announced_waits_with_the_leave() {
        let mut s = Driver::connected();
        s.send(2, subscribe("room:a"));
        s.well_done();
        s.admit();
        s.skips();

        s.insufficient();
        s.expects(&["unsubscribed room:a 2500"]);
        s.well_done();

        s.expects(&["run depart room:a-presence-notice"]);
    }
}
