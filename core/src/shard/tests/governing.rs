//! Settings that change while connections stay.

use std::sync::Arc;

use super::driver::*;
use crate::channels::{Allowed, Namespace, Namespaces};
use crate::settings::Settings;
use crate::shard::Input;

/// From now on there is one kind of channel, `late:`, and each connection may have so many.
fn only_late(channels_max: usize) -> Input {
    let clients = Allowed { client: true, ..Allowed::NOBODY };
    let late = Namespace { subscribe: clients, publish: clients, ..Namespace::default() };
    let namespaces = Namespaces { nameless: None, named: [("late".to_owned(), late)].into() };
    Input::Govern(Arc::new(Settings { namespaces, channels_max, ..Settings::default() }))
}

#[test]
fn new_namespaces_are_seen_by_those_who_are_connected() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.send(a, 2, subscribe("late:a"));
    s.expects(&["0 error 2 102"]);

    s.tell(only_late(2));
    s.expects(&[]);
    s.send(a, 3, subscribe("late:a"));
    s.send(a, 4, subscribe("news:a"));

    s.expects(&["want late:a", "0 reply 3", "0 error 4 102"]);
}

#[test]
fn what_was_granted_stays_granted() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");

    s.tell(only_late(1));
    s.publishes("news:a");

    s.expects(&["0 news:a 1"]);
    s.send(a, 3, subscribe("late:a"));
    s.expects(&["0 error 3 106"]);
}

#[test]
fn newcomers_find_the_new_settings() {
    let mut s = Driver::new();
    s.tell(only_late(9));

    let a = s.connected(&[]);
    s.send(a, 2, subscribe("late:a"));

    s.expects(&["want late:a", "0 reply 2"]);
}

#[test]
fn namespace_that_goes_while_somebody_subscribes_is_unknown() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.prompt = false;
    s.send(a, 2, subscribe("news:a"));

    s.tell(only_late(9));
    s.broker_answers();
    s.broker_answers();

    assert_eq!(s.count("reply 2"), 1);
}
