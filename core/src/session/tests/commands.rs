//! Publish, history, presence, presence_stats, rpc, send (P section 8).

use std::sync::Arc;

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant};
use ports::channels::{ClientInfo, Draft, Headcount, StreamView};
use ports::ids::UserId;
use ports::protocol::{Answer, ErrorCode, HistoryRequest, Request, StreamAnswer};

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Job, Outcome};

#[track_caller]
fn check(request: Request, lines: &[&str]) {
    let mut s = Driver::connected();
    s.send(2, request);
    s.expects(lines);
}

fn presence_stats(channel: &str) -> Request {
    Request::PresenceStats { channel: channel.into() }
}

#[test]
fn rpc_is_error_108_where_none_is_configured() {
    check(rpc(), &["error 2 108"]);
}

#[test]
fn send_closes_with_3508() {
    let mut s = Driver::connected();
    s.send(0, Request::Send { data: Bytes::new() });
    s.expects(&["close 3508", "ended"]);
}

#[test]
fn a_ping_command_or_an_unknown_one_closes_with_3501() {
    check(Request::Ping, &["close 3501", "ended"]); // P-CONN-6
    check(Request::Unknown, &["close 3501", "ended"]); // P-CONN-7
}

#[test]
fn no_command_works_on_an_empty_channel() {
    for request in [publish("", "{}"), history(""), presence(""), presence_stats("")] {
        check(request, &["close 3501", "ended"]);
    }
}

#[test]
fn a_bad_name_is_error_107_for_every_command() {
    for request in [publish("grün", "{}"), history("grün"), presence("grün"), presence_stats("grün")] {
        check(request, &["error 2 107"]);
    }
}

#[test]
fn an_unknown_namespace_is_error_102_for_every_command() {
    for request in [publish("no:a", "{}"), history("no:a"), presence("no:a"), presence_stats("no:a")] {
        check(request, &["error 2 102"]);
    }
}

#[test]
fn a_failing_service_is_error_100() {
    let requests = [publish("a", "{}"), history("read:a")]; // P-CONN-9
    let outcomes = [Outcome::Done(Err(ErrorCode::Internal)), Outcome::History(Err(ErrorCode::Internal))];
    for (request, outcome) in requests.into_iter().zip(outcomes) {
        let mut s = Driver::connected();
        s.send(2, request);
        s.skips();
        s.done(outcome);
        s.expects(&["error 2 100"]);
    }
}

#[test]
fn a_service_that_takes_four_seconds_is_error_100_and_its_late_result_is_ignored() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "{}"));
    s.send(3, rpc());

    s.pass(secs(3));
    s.expects(&["run publish a"]);
    s.pass(secs(1));
    s.expects(&["error 2 100", "error 3 108"]);
    s.well_done();

    s.expects(&[]);
}

#[test]
fn a_late_result_does_not_answer_the_next_command() {
    let mut s = Driver::connected();
    s.send(2, publish("a", "1"));
    let late = s.job;
    s.send(3, publish("a", "2"));
    s.pass(secs(4));
    s.expects(&["run publish a", "error 2 100", "run publish a"]);

    s.tell(crate::session::Input::Done { job: late, outcome: Outcome::Done(Err(ErrorCode::Internal)) });
    s.expects(&[]);
    s.well_done();

    s.expects(&["reply 3 publish"]);
}

mod publishing {
    use super::*;

    fn draft(s: &Driver) -> Draft {
        match &s.work {
            Some(Job::Publish { draft, .. }) => draft.clone(),
            other => panic!("not a publish: {other:?}"),
        }
    }

    #[test]
    fn publish_is_answered_when_the_broker_has_it() {
        let mut s = Driver::connected();
        s.send(2, publish("a", "{\"n\":1}"));
        s.expects(&["run publish a"]);
        assert_eq!(draft(&s).data, "{\"n\":1}");
        assert_eq!(draft(&s).keep, None);

        s.well_done();

        s.expects(&["reply 2 publish"]);
    }

    #[test]
    fn a_channel_with_history_keeps_the_publication() {
        let mut s = Driver::connected();
        s.send(2, publish("news:a", "{}"));
        assert_eq!(draft(&s).keep.map(|keep| keep.size), Some(100));
    }

    #[test]
    fn no_data_is_error_107_before_an_unknown_channel_is_102() {
        check(publish("a", ""), &["error 2 107"]);
        check(publish("no:a", ""), &["error 2 107"]);
    }

    #[test]
    fn no_permission_is_error_103() {
        check(publish("closed:a", "{}"), &["error 2 103"]);
        let mut s = Driver::anonymous();
        s.send(2, publish("a", "{}"));
        s.expects(&["error 2 103"]);
    }

    #[test]
    fn the_publication_carries_the_publisher() {
        let mut s = Driver::fresh();
        s.connect_as(ConnectionGrant { info: Some(Bytes::from_static(b"1")), ..grant("ann") });
        s.send(2, publish("a", "{}"));

        let expected = ClientInfo {
            user: UserId::new("ann"),
            client: client(),
            conn_info: Some(Bytes::from_static(b"1")),
            chan_info: None,
        };
        assert_eq!(draft(&s).info.as_deref(), Some(&expected));
    }

    #[test]
    fn a_subscriber_publishes_with_its_channel_info_and_its_refreshed_connection_info() {
        let mut s = Driver::connected();
        s.send(2, subscribe_with("a", |request| request.token = "t".into()));
        let details = ChannelGrant { info: Some(Bytes::from_static(b"2")), ..ChannelGrant::default() };
        s.done(Outcome::Subscription(granted(SubscriptionGrant { details, ..ticket("a") })));
        s.admit_with(Admission { position: None, recovered: None });
        s.send(3, refresh("t"));
        let renewed = ConnectionGrant { info: Some(Bytes::from_static(b"1")), ..grant("ann") };
        s.done(Outcome::Connection(granted(renewed)));

        s.send(4, publish("a", "{}"));

        let info = draft(&s).info.unwrap(); // P-CONN-13
        assert_eq!(info.conn_info.as_deref(), Some(&b"1"[..]));
        assert_eq!(info.chan_info.as_deref(), Some(&b"2"[..]));
    }
}

mod reading {
    use super::*;

    fn history_with(channel: &str, change: impl FnOnce(&mut HistoryRequest)) -> Request {
        let mut request = HistoryRequest { channel: channel.into(), ..HistoryRequest::default() };
        change(&mut request);
        Request::History(request)
    }

    #[test]
    fn history_is_answered_with_items_and_top() {
        let mut s = Driver::connected();
        s.send(2, history("read:a"));
        s.expects(&["run history read:a"]);

        s.done(Outcome::History(Ok(StreamView { publications: vec![publication(4)], top: at(4) })));

        s.expects(&["reply 2 history"]);
        let expected = StreamAnswer { publications: vec![publication(4)], top: at(4) };
        assert_eq!(s.answer(), Answer::History(Box::new(expected)));
    }

    #[test]
    fn no_history_is_error_108_before_no_permission_is_103() {
        check(history("closed:a"), &["error 2 108"]);
        check(history("quiet:a"), &["error 2 103"]);
        check(history("news:a"), &["error 2 103"]);
    }

    #[test]
    fn a_subscriber_may_read_what_subscribers_may() {
        let mut s = Driver::connected();
        s.subscribed(2, "news:a");
        s.send(3, history("news:a"));
        s.expects(&["run history news:a"]);
    }

    #[test]
    fn insecure_may_read_everything_that_is_there() {
        let mut s = Driver::connected_with(|settings| settings.insecure = true);
        s.send(2, history("quiet:a"));
        s.send(3, history("a"));
        s.done(Outcome::History(Ok(StreamView { publications: Vec::new(), top: at(0) })));
        s.expects(&["run history quiet:a", "reply 2 history", "error 3 108"]);
    }

    #[test]
    fn reversed_from_zero_is_error_107() {
        check(
            history_with("read:a", |request| {
                request.reverse = true;
                request.since = from(0);
            }),
            &["error 2 107"],
        );
        check(history_with("read:a", |request| request.reverse = true), &["run history read:a"]);
        check(
            history_with("quiet:a", |request| {
                request.reverse = true;
                request.since = from(0);
            }),
            &["error 2 103"],
        );
    }

    #[test]
    fn another_epoch_is_error_112() {
        let mut s = Driver::connected();
        s.send(2, history_with("read:a", |request| request.since = from(1)));
        s.done(Outcome::History(Err(ErrorCode::UnrecoverablePosition)));
        s.expects(&["run history read:a", "error 2 112"]);
    }
}

mod present {
    use super::*;

    #[test]
    fn presence_is_error_108_where_it_is_off_even_without_permission() {
        check(presence("closed:a"), &["error 2 108"]);
        check(presence_stats("closed:a"), &["error 2 108"]);
        check(presence("room:a"), &["error 2 103"]);
        check(presence_stats("room:a"), &["error 2 103"]);
    }

    #[test]
    fn presence_and_its_numbers_are_answered_to_a_subscriber() {
        let mut s = Driver::connected();
        s.send(2, subscribe("stay:a"));
        s.well_done();
        s.admit();
        s.skips();
        let ann = Arc::new(ClientInfo {
            user: UserId::new("ann"),
            client: client(),
            conn_info: None,
            chan_info: None,
        });

        s.send(3, presence("stay:a"));
        s.done(Outcome::Members(Ok(vec![Arc::clone(&ann)])));
        s.expects(&["run members stay:a", "reply 3 presence"]);
        assert_eq!(s.answer(), Answer::Presence(vec![ann]));

        s.send(4, presence_stats("stay:a"));
        s.done(Outcome::Count(Ok(Headcount { clients: 3, users: 2 })));
        s.expects(&["run count stay:a", "reply 4 presence_stats"]);
        assert_eq!(s.answer(), Answer::PresenceStats(Headcount { clients: 3, users: 2 }));
    }

    #[test]
    fn failing_presence_is_error_100() {
        let mut s = Driver::connected_with(|settings| settings.insecure = true);
        s.send(2, presence("room:a"));
        s.done(Outcome::Members(Err(ErrorCode::Internal)));
        s.send(3, presence_stats("room:a"));
        s.done(Outcome::Overdue);
        s.expects(&["run members room:a", "error 2 100", "run count room:a", "error 3 100"]);
    }
}
