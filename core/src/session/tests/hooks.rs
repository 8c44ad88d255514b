//! What the application's back end decides (P section 19).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant};
use ports::channels::{Draft, Version};
use ports::hooks::{
    Admission, Asker, Consent, Event, HookError, Introduction, Question, Renewal, Revision, Verdict, Visitor,
    Welcome,
};
use ports::ids::UserId;
use ports::orders::{Action, Order, Target};
use ports::protocol::{Answer, ConnectRequest, Disconnect, ErrorReply, Request};
use ports::time::Timestamp;

use super::driver::{
    Driver, client, connect, grant, grant_with, granted, publish, refresh, resume, rpc, secs, sub_refresh,
    subscribe, unsubscribe,
};
use crate::channels::Namespaces;
use crate::session::{Input, Job, Outcome};
use crate::settings::Hooking;

fn asking() -> Driver {
    Driver::fresh_with(|settings| {
        let (headers, claimed_headers) = (vec!["x-real".into()], vec!["cookie".into(), "x-app".into()]);
        settings.hooks = Hooking { connect: true, refresh: true, rpc: true, headers, claimed_headers };
    })
}

fn welcome(grant: ConnectionGrant) -> Outcome {
    let welcome = Welcome { grant, data: Some("1".into()), meta: Some("2".into()) };
    agreed(Consent::Connect(Box::new(welcome)))
}

fn agreed(consent: Consent) -> Outcome {
    Outcome::Asked(Ok(Box::new(Verdict::Granted(consent))))
}

fn goes_on_until(expire_at: Option<Timestamp>) -> Outcome {
    agreed(Consent::Refresh(Box::new(Renewal { expire_at, ..Renewal::default() })))
}

fn keeps_until(expire_at: Option<Timestamp>) -> Outcome {
    agreed(Consent::SubRefresh(Box::new(Renewal { expire_at, ..Renewal::default() })))
}

fn expired() -> Renewal {
    Renewal { expired: true, ..Renewal::default() }
}

fn refused() -> Outcome {
    let error = ErrorReply { code: 1_001, message: "not you".into(), temporary: true };
    Outcome::Asked(Ok(Box::new(Verdict::Refused(error))))
}

fn dismissed() -> Outcome {
    let end = Disconnect { code: 4_501, reason: "banned".into() };
    Outcome::Asked(Ok(Box::new(Verdict::Dismissed(end))))
}

fn silent() -> Outcome {
    Outcome::Asked(Err(HookError::Unavailable("refused".into())))
}

/// Let in by the back end as `ann` until then.
fn let_in(expire_at: Option<Timestamp>) -> Driver {
    let mut s = asking();
    s.send(1, connect(""));
    s.done(welcome(ConnectionGrant { expire_at, ..grant("ann") }));
    s.expects(&["run ask connect", "came ann", "reply 1 connect"]);
    s
}

fn question(driver: &Driver) -> Question {
    match &driver.work {
        Some(Job::Ask(question)) => (**question).clone(),
        other => panic!("no question: {other:?}"),
    }
}

fn draft(driver: &Driver) -> Draft {
    match &driver.work {
        Some(Job::Publish { draft, .. }) => draft.clone(),
        other => panic!("no publication: {other:?}"),
    }
}

#[test]
fn client_without_a_token_is_let_in_by_the_back_end() {
    let mut s = asking();
    let request = ConnectRequest {
        data: "3".into(),
        name: "js".into(),
        version: "1.0".into(),
        subs: [("news:a".to_owned(), resume(3)), ("news:b".to_owned(), Default::default())].into(),
        ..ConnectRequest::default()
    };
    s.send(1, Request::Connect(Box::new(request)));

    let introduction = Introduction {
        data: "3".into(),
        name: "js".into(),
        version: "1.0".into(),
        channels: vec!["news:a".into()],
    };
    let asker = Asker { client: client(), user: None, meta: None, visitor: None };
    let event = Event::Connect(Box::new(introduction));
    assert_eq!(question(&s), Question { asker, event });
    s.done(welcome(grant_with("ann", &["news:a"])));
    s.admit();

    s.expects(&["run ask connect", "came ann", "join news:a", "reply 1 connect"]);
    let answer = s.connect_answer();
    assert_eq!((answer.data, answer.expiry, answer.subs.len()), (Some("1".into()), None, 1));
}

#[test]
fn token_is_believed_without_asking() {
    let mut s = asking();
    s.send(1, connect("t"));
    s.expects(&["run verify connection"]);
}

#[test]
fn back_end_may_let_the_anonymous_user_in_where_clients_may_be_anonymous() {
    let_in_with(|settings| settings.anonymous = true, grant(""), &["came ", "reply 1 connect"]);
    let_in_with(|settings| settings.insecure = true, grant(""), &["came ", "reply 1 connect"]);
    let_in_with(|settings| settings.anonymous_tokens = true, grant(""), &["close 3507", "ended"]);
}

#[test]
fn refused_client_gets_the_back_ends_own_words() {
    let mut s = asking();
    s.send(1, connect(""));
    s.send(2, subscribe("news:a"));
    s.done(refused());
    s.expects(&["run ask connect", "error 1 1001"]);

    let mut s = asking();
    s.send(1, connect(""));
    s.done(dismissed());
    s.expects(&["run ask connect", "close 4501", "ended"]);
}

#[test]
fn silent_back_end_costs_an_error_that_makes_clients_come_again() {
    for outcome in [silent(), agreed(Consent::Rpc("1".into())), Outcome::Overdue] {
        let mut s = asking();
        s.send(1, connect(""));
        s.done(outcome);
        s.expects(&["run ask connect", "error 1 100"]);
    }
    let mut s = asking();
    s.send(1, connect(""));
    s.pass(secs(4));
    s.expects(&["run ask connect", "error 1 100"]);
}

/// What the session wants when the back end lets it in like this.
#[track_caller]
fn let_in_with(change: impl FnOnce(&mut crate::settings::Settings), grant: ConnectionGrant, lines: &[&str]) {
    let mut s = Driver::fresh_with(|settings| {
        settings.hooks.connect = true;
        change(settings);
    });
    s.send(1, connect(""));
    s.skips();
    s.done(welcome(grant));
    s.expects(lines);
}

#[test]
fn what_the_back_end_grants_is_checked_like_a_token() {
    let past = ConnectionGrant { expire_at: Some(Timestamp::from_secs(1_000)), ..grant("ann") };
    let two = grant_with("ann", &["news:a", "news:b"]);

    let_in_with(|_| {}, past, &["came ann", "error 1 110"]);
    let_in_with(|_| {}, grant_with("ann", &["unknown:a"]), &["error 1 102"]);
    let_in_with(|_| {}, grant_with("ann", &["news:\u{e9}"]), &["error 1 107"]);
    let_in_with(|settings| settings.channels_max = 1, two, &["close 3505", "ended"]);
}

#[test]
fn connection_that_the_back_end_let_in_is_told_no_expiry_and_ends_with_it_if_nobody_renews() {
    let mut s = Driver::fresh_with(|settings| settings.hooks.connect = true);
    s.send(1, connect(""));
    s.done(welcome(ConnectionGrant { expire_at: Some(Timestamp::from_secs(1_001)), ..grant("ann") }));
    assert_eq!(s.connect_answer().expiry, None);
    s.skips();

    s.pass(Duration::from_millis(25_999));
    assert!(!s.has_said("close 3005"));
    s.pass(Duration::from_millis(1));

    assert!(s.has_said("close 3005") && !s.has_said("run ask refresh"));
}

#[test]
fn later_questions_tell_the_user_and_what_the_back_end_gave_for_itself() {
    let mut s = let_in(None);
    s.send(2, rpc());

    let asker =
        Asker { client: client(), user: Some(UserId::new("ann")), meta: Some("2".into()), visitor: None };
    let event = Event::Rpc { method: "m".into(), data: Bytes::new() };
    assert_eq!(question(&s), Question { asker, event });
}

#[test]
fn headers_that_a_client_claims_stand_behind_those_of_its_request() {
    let mut s = asking();
    let real = Visitor {
        transport: "websocket",
        protocol: "json",
        encoding: "json",
        headers: vec![("cookie".into(), "real".into())],
    };
    s.session = s.session.of(Arc::new(real.clone()));
    s.send(1, claiming("", &[("Cookie", "forged"), ("X-App", "7"), ("Host", "evil"), ("X-Real", "8")]));

    let told = question(&s).asker.visitor.unwrap();
    let headers = vec![("cookie".into(), "real".into()), ("x-app".into(), "7".into())];
    assert_eq!(*told, Visitor { headers, ..real });
}

/// What a client says that claims to have sent these headers.
fn claiming(token: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request::Connect(Box::new(ConnectRequest { token: token.into(), headers, ..ConnectRequest::default() }))
}

#[test]
fn claimed_headers_of_a_client_with_a_token_are_told_with_later_questions() {
    let mut s = asking();
    s.send(1, claiming("t", &[("x-app", "7")]));
    s.done(Outcome::Connection(granted(grant("ann"))));
    s.send(2, rpc());

    let told = question(&s).asker.visitor.unwrap();
    assert_eq!(told.headers, [("x-app".to_owned(), "7".to_owned())]);
}

#[test]
fn of_a_claimed_header_in_many_spellings_one_is_kept() {
    let mut s = asking();
    s.send(1, claiming("", &[("COOKIE", "1"), ("Cookie", "2"), ("cookie", "3"), ("X-App", "4")]));

    let told = question(&s).asker.visitor.unwrap();
    assert_eq!(told.headers, [("cookie".to_owned(), "1".to_owned()), ("x-app".to_owned(), "4".to_owned())]);
}

#[test]
fn endless_claims_are_refused() {
    let fits = "x".repeat(8 * 1_024 - "cookie".len() - "x-app".len());
    for token in ["", "t"] {
        let mut s = asking();
        s.send(1, claiming(token, &[("cookie", &fits), ("x-app", ""), ("x-other", &fits)]));
        assert!(!s.has_said("error 1 107"), "{token}");

        let mut s = asking();
        s.send(1, claiming(token, &[("cookie", &fits), ("x-app", "7")]));
        s.expects(&["error 1 107"]);
    }
}

#[test]
fn claims_are_not_kept_where_nobody_is_asked() {
    let mut s = Driver::fresh_with(|settings| {
        settings.hooks.claimed_headers = vec!["x-app".into()];
        settings.namespaces = Namespaces::default();
    });
    s.send(1, claiming("t", &[("x-app", "7")]));
    assert!(s.session.rare.is_none());
}

#[test]
fn call_is_answered_by_the_back_end() {
    let mut s = let_in(None);

    s.send(2, rpc());
    s.done(agreed(Consent::Rpc("7".into())));
    assert_eq!(s.answer(), Answer::Rpc { data: "7".into() });
    s.send(3, rpc());
    s.done(refused());
    s.send(4, rpc());
    s.done(silent());
    s.send(5, rpc());
    s.done(agreed(Consent::Refresh(Box::default())));
    s.send(6, rpc());
    s.done(dismissed());

    s.expects(&[
        "run ask rpc m",
        "reply 2 rpc",
        "run ask rpc m",
        "error 3 1001",
        "run ask rpc m",
        "error 4 100",
        "run ask rpc m",
        "error 5 100",
        "run ask rpc m",
        "close 4501",
        "ended",
    ]);
}

#[test]
fn commands_after_a_question_wait_for_its_answer() {
    let mut s = let_in(None);

    s.send(2, rpc());
    s.send(3, publish("a", "1"));
    s.expects(&["run ask rpc m"]);
    s.done(agreed(Consent::Rpc("7".into())));

    s.expects(&["reply 2 rpc", "run publish a"]);
}

#[test]
fn connection_that_ends_does_not_wait_for_the_back_end() {
    let mut s = let_in(None);
    s.send(2, rpc());
    s.tell(Input::Gone);
    s.expects(&["run ask rpc m", "close 3000", "ended"]);
}

#[test]
fn verdict_for_a_session_that_has_ended_changes_nothing() {
    for outcome in [welcome(grant_with("ann", &["news:a"])), refused(), dismissed(), silent()] {
        let mut s = asking();
        s.send(1, connect(""));
        s.tell(Input::Gone);
        s.expects(&["run ask connect", "close 3000", "ended"]);
        assert!(s.session.task.is_none() && s.session.backlog.is_empty());

        s.done(outcome);
        s.expects(&[]);
        assert_eq!(s.session.wakeup(), None);
    }
}

#[test]
fn verdict_that_comes_after_its_time_answers_no_other_question() {
    let mut s = let_in(None);
    s.send(2, rpc());
    let late = s.job;
    s.pass(secs(4));
    s.send(3, rpc());
    s.expects(&["run ask rpc m", "error 2 100", "run ask rpc m"]);

    s.tell(Input::Done { job: late, outcome: agreed(Consent::Rpc("7".into())) });
    s.expects(&[]);
    s.done(agreed(Consent::Rpc("8".into())));
    assert_eq!(s.answer(), Answer::Rpc { data: "8".into() });
}

#[test]
fn what_waits_behind_a_question_is_gone_with_the_connection() {
    let mut s = let_in(Some(Timestamp::from_secs(1_010)));
    s.send(2, rpc());
    for id in 3..20 {
        s.send(id, subscribe("hook:a"));
    }
    s.tell(Input::Gone);
    s.expects(&["run ask rpc m", "close 3000", "ended"]);

    assert!(s.session.task.is_none() && s.session.backlog.is_empty());
    s.pass(secs(60));
    s.expects(&[]);
}

#[test]
fn expired_connection_goes_on_if_the_back_end_says_so() {
    let mut s = let_in(Some(Timestamp::from_secs(1_010)));
    s.pass(secs(10));
    s.expects(&["run ask refresh"]);

    s.done(goes_on_until(Some(s.now.plus(secs(2)))));
    s.pass(secs(2));
    s.expects(&["run ask refresh"]);
    s.done(goes_on_until(None));
    assert_eq!(s.session.seen().unwrap().expire_at, None);
}

#[test]
fn expired_connection_ends_if_the_back_end_says_so() {
    for renewal in [expired(), Renewal { expire_at: Some(Timestamp::from_secs(1)), ..Renewal::default() }] {
        let mut s = let_in(Some(Timestamp::from_secs(1_001)));
        s.pass(secs(1));
        s.done(agreed(Consent::Refresh(Box::new(renewal))));
        s.expects(&["run ask refresh", "close 3005", "ended"]);
    }
}

#[test]
fn renewal_brings_what_later_questions_and_others_are_told() {
    let mut s = let_in(Some(Timestamp::from_secs(1_001)));
    s.send(2, subscribe("room:a"));
    s.well_done();
    s.admit();
    s.well_done();
    s.skips();
    s.pass(secs(1));
    let told = Renewal { info: Some("5".into()), meta: Some("6".into()), ..Renewal::default() };
    s.done(agreed(Consent::Refresh(Box::new(told))));
    s.expects(&["run ask refresh", "run enter room:a"]);
    s.well_done();

    s.send(3, rpc());
    assert_eq!(question(&s).asker.meta, Some("6".into()));
}

#[test]
fn short_outage_of_the_back_end_drops_nobody() {
    let mut s = let_in(Some(Timestamp::from_secs(1_001)));
    s.pass(secs(1));
    for outcome in [silent(), refused(), silent()] {
        s.expects(&["run ask refresh"]);
        s.done(outcome);
        s.pass(Duration::from_millis(6_300));
    }
    s.expects(&["run ask refresh"]);
    s.done(goes_on_until(None));
    s.expects(&[]);
}

#[test]
fn long_outage_of_the_back_end_ends_the_connection_when_the_grace_is_over() {
    let mut s = let_in(Some(Timestamp::from_secs(1_001)));
    s.pass(secs(1));
    s.done(silent());
    for _ in 0..26 {
        s.pass(secs(1));
        if s.has_said("run ask refresh") {
            s.skips();
            s.done(silent());
        }
        if s.has_said("close 3005") {
            assert_eq!(s.now, Timestamp::from_secs(1_026));
            return;
        }
    }
    panic!("still there");
}

#[test]
fn client_that_the_back_end_let_in_has_nothing_to_refresh() {
    let mut s = let_in(None);
    s.send(2, refresh("t"));
    s.expects(&["close 3501", "ended"]); // P-EXP-3
}

#[test]
fn ordered_expiry_is_no_business_of_a_client_that_the_back_end_let_in() {
    let mut s = let_in(None);
    let action = Action::Refresh { expire_at: Some(s.now.plus(secs(1))), info: None };
    let target = Target { user: UserId::new("ann"), client: None, session: None };
    s.tell(Input::Order(Arc::new(Order { tenant: Default::default(), target, action })));
    s.pass(secs(1));
    s.expects(&["push refresh None", "run ask refresh"]);
}

#[test]
fn back_end_allows_a_subscription() {
    let mut s = let_in(None);
    s.send(2, subscribe("hook:a"));
    let details = ChannelGrant { data: Some("5".into()), ..ChannelGrant::default() };
    let expire_at = Some(s.now.plus(secs(60)));
    s.done(agreed(Consent::Subscribe(Box::new(Admission { expire_at, details }))));
    s.admit();

    s.expects(&["run ask subscribe hook:a", "join hook:a", "reply 2 subscribe"]);
    let answer = s.subscribe_answer();
    assert_eq!((answer.data, answer.expiry), (Some("5".into()), None));
    s.send(3, sub_refresh("hook:a", "t"));
    s.expects(&["close 3501", "leave hook:a", "ended"]);
}

#[test]
fn back_end_forbids_a_subscription() {
    let mut s = let_in(None);
    for (id, outcome) in [(2, refused()), (3, silent()), (4, dismissed())] {
        s.send(id, subscribe("hook:a"));
        s.done(outcome);
    }
    let asked = "run ask subscribe hook:a";
    s.expects(&[asked, "error 2 1001", asked, "error 3 100", asked, "close 4501", "ended"]);
}

#[test]
fn back_end_is_not_asked_about_names_that_something_else_opens() {
    let mut s = let_in(None);
    s.send(2, subscribe("$hook:a")); // P-CH-3
    s.send(3, subscribe("hook:a#bob")); // P-CH-4
    s.send(4, subscribe("hook:a#ann"));
    s.expects(&["error 2 103", "error 3 103", "join hook:a#ann"]);
}

#[test]
fn subscription_that_is_over_when_it_is_allowed_is_refused() {
    let mut s = let_in(None);
    s.send(2, subscribe("hook:a"));
    let late = Admission { expire_at: Some(s.now), ..Admission::default() };
    s.done(agreed(Consent::Subscribe(Box::new(late))));
    s.expects(&["run ask subscribe hook:a", "error 2 110"]);
}

/// Subscribed to `hook:a` for ten seconds.
fn allowed() -> Driver {
    let mut s = let_in(None);
    s.send(2, subscribe("hook:a"));
    let admission = Admission { expire_at: Some(s.now.plus(secs(10))), ..Admission::default() };
    s.done(agreed(Consent::Subscribe(Box::new(admission))));
    s.admit();
    s.skips();
    s
}

#[test]
fn expired_subscription_goes_on_if_the_back_end_says_so() {
    let mut s = allowed();
    s.pass(secs(10));
    s.expects(&["run ask sub_refresh hook:a"]);
    s.done(silent());
    s.pass(Duration::from_millis(6_300));
    s.expects(&["run ask sub_refresh hook:a"]);
    s.done(keeps_until(Some(s.now.plus(secs(2)))));
    s.pass(secs(2));
    s.expects(&["run ask sub_refresh hook:a"]);
    s.done(keeps_until(None));
    s.expects(&[]);
}

#[test]
fn expired_subscription_ends_if_the_back_end_says_so() {
    let mut s = allowed();
    s.pass(secs(10));
    s.done(agreed(Consent::SubRefresh(Box::new(expired()))));
    s.expects(&["run ask sub_refresh hook:a", "leave hook:a", "unsubscribed hook:a 2501"]);

    let mut s = allowed();
    s.pass(secs(10));
    s.done(dismissed());
    s.expects(&["run ask sub_refresh hook:a", "close 4501", "leave hook:a", "ended"]);
}

#[test]
fn subscription_that_was_left_is_not_asked_about() {
    let mut s = allowed();
    s.send(3, unsubscribe("hook:a"));
    s.skips();
    s.pass(secs(10));
    s.expects(&[]);

    let mut s = allowed();
    s.pass(secs(10));
    s.skips();
    s.send(3, unsubscribe("hook:a"));
    s.done(agreed(Consent::SubRefresh(Box::new(expired()))));
    s.expects(&["leave hook:a", "unsubscribed hook:a 2501", "reply 3 unsubscribe"]);
}

#[test]
fn subscribing_again_and_again_leaves_one_renewal() {
    let mut s = allowed();
    for id in 0..50 {
        s.send(3 + 2 * id, unsubscribe("hook:a"));
        s.send(4 + 2 * id, subscribe("hook:a"));
        let admission = Admission { expire_at: Some(s.now.plus(secs(10))), ..Admission::default() };
        s.done(agreed(Consent::Subscribe(Box::new(admission))));
        s.admit();
    }
    s.skips();
    s.pass(secs(10));
    s.expects(&["run ask sub_refresh hook:a"]);
}

#[test]
fn back_end_revises_a_publication() {
    let mut s = let_in(None);
    s.send(2, publish("hook:a", "1"));
    let event = Event::Publish { channel: "hook:a".into(), data: "1".into() };
    assert_eq!(question(&s).event, event);
    let version = Some(Version { number: 3, epoch: "e".into() });
    let revision = Revision {
        data: Some("2".into()),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        skip_history: true,
        idempotency_key: Some("k".into()),
        delta: true,
        version: version.clone(),
    };
    s.done(agreed(Consent::Publish(Box::new(revision))));

    let draft = draft(&s);
    assert_eq!((&*draft.data, draft.tags.unwrap().len(), draft.keep), (&b"2"[..], 1, None));
    assert_eq!((draft.idempotency_key.as_deref(), draft.delta, draft.version), (Some("k"), true, version));
    assert_eq!(draft.info.unwrap().user, UserId::new("ann"));
    s.well_done();
    s.expects(&["run ask publish hook:a", "run publish hook:a", "reply 2 publish"]);
}

#[test]
fn publication_stays_as_it_is_if_the_back_end_only_agrees() {
    let mut s = let_in(None);
    s.send(2, publish("hook:a", "1"));
    s.done(agreed(Consent::Publish(Box::default())));
    assert_eq!(draft(&s).data, "1");
}

#[test]
fn publication_that_the_back_end_forbids_is_none() {
    let mut s = let_in(None);
    for (id, outcome) in [(2, refused()), (3, silent()), (4, dismissed())] {
        s.send(id, publish("hook:a", "1"));
        s.done(outcome);
    }
    let asked = "run ask publish hook:a";
    s.expects(&[asked, "error 2 1001", asked, "error 3 100", asked, "close 4501", "ended"]);
}

#[test]
fn empty_publication_is_refused_without_asking() {
    let mut s = let_in(None);
    s.send(2, publish("hook:a", ""));
    s.expects(&["error 2 107"]);
}

/// Subscribed to `hook:0`, `hook:1` … until the same moment.
fn allowed_many(count: u32) -> Driver {
    let mut s = Driver::fresh_with(|settings| {
        settings.hooks = Hooking { connect: true, refresh: true, rpc: true, ..Hooking::default() };
        settings.channels_max = 1_000;
    });
    s.send(1, connect(""));
    s.done(welcome(grant("ann")));
    let expire_at = Some(s.now.plus(secs(10)));
    for number in 0..count {
        s.send(2 + number, subscribe(&format!("hook:{number}")));
        s.done(agreed(Consent::Subscribe(Box::new(Admission { expire_at, ..Admission::default() }))));
        s.admit();
    }
    s.skips();
    s
}

#[test]
fn commands_have_their_turn_between_renewals() {
    let mut s = allowed_many(3);
    s.pass(secs(10));
    s.send(90, rpc());
    s.send(91, rpc());

    s.expects(&["run ask sub_refresh hook:0"]);
    s.done(keeps_until(None));
    s.expects(&["run ask rpc m"]);
    s.done(agreed(Consent::Rpc("7".into())));
    s.expects(&["reply 90 rpc", "run ask rpc m"]);
    s.done(agreed(Consent::Rpc("7".into())));
    s.expects(&["reply 91 rpc", "run ask sub_refresh hook:2"]);
    s.done(silent());
    s.expects(&["run ask sub_refresh hook:1"]);
    s.done(keeps_until(None));
    s.expects(&[]);
}

#[test]
fn connection_with_hundreds_of_subscriptions_to_renew_stays() {
    let mut s = allowed_many(600);
    s.pass(secs(10));
    for _ in 0..600 {
        s.done(keeps_until(None));
    }
    assert!(!s.has_said("close 3011"));
    let asked = (0..600).all(|number| s.has_said(&format!("run ask sub_refresh hook:{number}")));
    assert!(asked && s.session.task.is_none() && s.session.wakeup().is_some());
}

#[test]
fn subscriptions_that_were_left_meanwhile_stop_no_renewal() {
    let mut s = allowed_many(4);
    s.pass(secs(10));
    s.expects(&["run ask sub_refresh hook:0"]);
    for number in [1, 2, 3] {
        s.send(90 + number, unsubscribe(&format!("hook:{number}")));
    }
    s.done(keeps_until(Some(s.now.plus(secs(5)))));
    s.skips();
    s.pass(secs(5));
    s.expects(&["run ask sub_refresh hook:0"]);
}

#[test]
fn outage_of_the_back_end_counts_as_no_fault_of_the_client() {
    let mut s = Driver::fresh_with(|settings| {
        settings.hooks = Hooking { connect: true, rpc: true, ..Hooking::default() };
        settings.errors_max = 2;
    });
    s.send(1, connect(""));
    s.done(welcome(grant("ann")));
    s.skips();
    for id in 2..9 {
        s.send(id, rpc());
        s.done(silent());
    }
    assert!(s.has_said("error 8 100") && !s.has_said("close 3509"));

    for id in 9..12 {
        s.send(id, publish("hook:a", ""));
    }
    assert!(s.has_said("close 3509"));
}
