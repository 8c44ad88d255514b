//! Bounds per user and per connection, and what is refused for the sake of deltas and filters.

use std::sync::Arc;

use ports::channels::FilterNode;
use ports::protocol::{Recovery, SubscribeRequest};

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Input, Outcome};

#[test]
fn a_user_with_too_many_connections_gets_no_more() {
    let connect_with = |others, user: &str| {
        let mut s = Driver::fresh_with(|settings| settings.user_connections_max = 2);
        s.others = others;
        s.send(1, connect("t"));
        s.done(Outcome::Connection(granted(grant(user))));
        s
    };

    assert!(connect_with(1, "ann").has_said("reply 1 connect"));
    assert!(connect_with(2, "ann").has_said("close 3504"));
    assert!(connect_with(2, "").has_said("reply 1 connect"));
}

#[test]
fn a_client_that_leaves_while_it_is_counted_ends_at_once() {
    let mut s = Driver::fresh();
    s.others = 0;
    s.send(1, connect("t"));
    let mut effects = Vec::new();
    let granted = Input::Done { job: s.job, outcome: Outcome::Connection(granted(grant("ann"))) };
    s.session.handle(s.now, granted, &mut effects);
    effects.clear();

    s.session.handle(s.now, Input::Gone, &mut effects);

    let lines: Vec<_> = effects.iter().map(line).collect();
    assert_eq!(lines, ["close 3000", "ended"]);
}

#[test]
fn too_many_errors_between_two_pings_close_with_3509() {
    let mut s = Driver::connected_with(|settings| settings.errors_max = 2);
    s.send(2, rpc());
    s.send(3, rpc());
    s.pass(secs(26));
    s.tell(Input::Command(ports::protocol::Command { id: 0, request: ports::protocol::Request::Pong }));
    s.skips();

    s.send(4, rpc());
    s.send(5, rpc());
    s.expects(&["error 4 108", "error 5 108"]);
    s.send(6, rpc());

    s.expects(&["error 6 108", "close 3509", "ended"]); // P-CONN-10
}

fn leaf() -> FilterNode {
    FilterNode { key: "k".into(), cmp: "eq".into(), val: "v".into(), ..FilterNode::default() }
}

#[track_caller]
fn refused(channel: &str, change: impl FnOnce(&mut SubscribeRequest), line: &str) {
    let mut s = Driver::connected();
    s.send(2, subscribe_with(channel, change));
    s.expects(&[line]);
}

#[test]
fn filters_are_refused_where_they_are_not_allowed_make_no_sense_or_meet_deltas() {
    refused("news:a", |request| request.filter = Some(leaf()), "error 2 107");
    refused("tags:a", |request| request.filter = Some(FilterNode::default()), "error 2 107");
    let both = |request: &mut SubscribeRequest| {
        request.filter = Some(leaf());
        request.delta = "fossil".into();
    };
    refused("tags:a", both, "error 2 107");
}

#[test]
fn filter_delta_and_cache_reach_the_feed_as_the_namespace_allows() {
    let mut s = Driver::connected();
    s.send(2, subscribe_with("tags:a", |request| request.filter = Some(leaf())));
    let join = s.join.clone().unwrap();
    assert!(join.filter.is_some() && !join.delta && !join.cache);
    s.admit();

    s.send(3, subscribe_with("diff:a", |request| request.delta = "fossil".into()));
    assert!(s.join.clone().unwrap().delta);
    s.admit();
    assert!(s.subscribe_answer().delta); // P-DL-1

    s.send(4, subscribe_with("news:a", |request| request.delta = "fossil".into()));
    assert!(!s.join.clone().unwrap().delta);
    s.admit();
    assert!(!s.subscribe_answer().delta);
}

#[test]
fn what_was_missed_is_told_as_differences_after_the_first() {
    let mut s = Driver::connected();
    let request = subscribe_with("diff:a", |request| {
        request.delta = "fossil".into();
        request.recover = from(3);
    });
    let text = "a payload that is long enough to be worth a difference, number ";
    let item = |offset: u64| {
        let mut item = (*publication(offset)).clone();
        item.data = format!("\"{text}{offset}\"").into();
        Arc::new(item)
    };
    s.send(2, request);

    s.admit_with(Admission { position: Some(at(5)), recovered: Some(vec![item(4), item(5)]) });

    let [first, second] = &s.subscribe_answer().publications[..] else { panic!("not two") };
    assert!(first.patch.is_none() && second.patch.as_ref().is_some_and(|patch| patch.is_text)); // P-DL-5
}

#[test]
fn a_cached_state_can_come_with_every_subscribe() {
    let mut s = Driver::connected();
    s.send(2, subscribe("state:a"));

    let join = s.join.clone().unwrap();
    assert_eq!(join.recover, Some(Recovery { offset: 0, epoch: ports::channels::Epoch::new("") }));
    assert!(join.cache);
    s.admit_with(Admission { position: Some(at(5)), recovered: Some(vec![publication(5)]) });
    let answer = s.subscribe_answer();
    assert!(answer.was_recovering && answer.recovered); // P-CACHE-5
    assert_eq!(publications(&answer), [publication(5)]);

    s.send(3, subscribe("last:a"));
    assert!(s.join.clone().unwrap().recover.is_none());
}

#[test]
fn a_state_that_must_not_be_refused_is_not_refused() {
    let mut s = Driver::connected();
    let request = |channel| {
        subscribe_with(channel, |request| {
            request.recover = from(3);
            request.flags = ports::protocol::SubscribeFlags(2);
        })
    };

    s.send(2, request("last:a"));
    assert!(!s.join.clone().unwrap().refuse_unrecoverable);
    s.admit();
    s.send(3, request("news:a"));

    assert!(s.join.clone().unwrap().refuse_unrecoverable);
}

#[test]
fn user_limited_channels_admit_those_they_name() {
    let mut s = Driver::connected();

    s.send(2, subscribe("mine:a#bob,eve"));
    s.expects(&["error 2 103"]);
    s.send(3, subscribe("mine:a#bob,ann"));

    s.expects(&["join mine:a#bob,ann"]); // P-CH-4
}
