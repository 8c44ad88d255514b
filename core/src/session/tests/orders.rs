//! What the application does with living connections.

use std::sync::Arc;

use bytes::Bytes;
use ports::access::ChannelGrant;
use ports::channels::ClientInfo;
use ports::ids::{ClientId, SessionKey, TenantId, UserId};
use ports::orders::{Action, Order, Subscribe, Target};
use ports::protocol::Disconnect;
use ports::time::Timestamp;

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Input, Job, Outcome};
use crate::settings::PersonalChannel;

fn order(action: Action) -> Arc<Order> {
    let target = Target { user: UserId::new("ann"), client: None, session: None };
    Arc::new(Order { tenant: TenantId::default(), target, action })
}

fn wish(channel: &str) -> Subscribe {
    Subscribe { channel: name(channel), details: ChannelGrant::default(), recover: None, expire_at: None }
}

fn subscription(wish: Subscribe) -> Arc<Order> {
    order(Action::Subscribe(Box::new(wish)))
}

fn end_of(channel: Option<&str>) -> Arc<Order> {
    order(Action::Unsubscribe { channel: channel.map(name) })
}

fn disconnect(spare: Vec<ClientId>) -> Arc<Order> {
    order(Action::Disconnect { disconnect: Disconnect::FORCE_DISCONNECT, spare })
}

#[test]
fn a_subscription_by_order_is_told_by_a_push_after_presence_and_feed() {
    let mut s = Driver::connected();

    s.tell(Input::Order(subscription(wish("hall:a"))));
    s.expects(&["run enter hall:a"]);
    s.well_done();
    s.expects(&["join hall:a"]);
    assert!(s.join.as_ref().unwrap().notices);
    s.admit();

    s.expects(&["push subscribe hall:a", "run announce hall:a"]);
    assert_eq!(s.session.subscription_count(), 1);
}

#[test]
fn what_an_ordered_subscription_recovers_follows_its_push() {
    let mut s = Driver::connected();
    s.tell(Input::Order(subscription(Subscribe { recover: from(3), ..wish("news:a") })));

    s.admit_with(Admission { position: Some(at(5)), recovered: Some(vec![publication(4), publication(5)]) });

    s.expects(&["join news:a", "push subscribe news:a", "deliver 4", "deliver 5"]);
}

#[test]
fn an_order_waits_for_the_commands_before_it() {
    let mut s = Driver::connected();
    s.send(2, subscribe("news:a"));

    s.tell(Input::Order(end_of(Some("news:a"))));
    s.expects(&["join news:a"]);
    s.admit();

    s.expects(&["reply 2 subscribe", "leave news:a", "unsubscribed news:a 2000"]);
    assert_eq!(s.session.subscription_count(), 0);
}

#[test]
fn a_channel_that_is_subscribed_already_stays_as_it_is() {
    let mut s = Driver::connected();
    s.subscribed(2, "news:a");

    s.tell(Input::Order(subscription(wish("news:a"))));

    s.expects(&[]);
    assert_eq!(s.session.subscription_count(), 1);
}

#[test]
fn unknown_channels_past_expiries_and_full_connections_are_left_alone() {
    let mut s = Driver::connected_with(|settings| settings.channels_max = 1);
    let past = Some(s.now);

    s.tell(Input::Order(subscription(wish("nowhere:a"))));
    s.tell(Input::Order(subscription(Subscribe { expire_at: past, ..wish("news:a") })));
    s.expects(&[]);
    s.subscribed(2, "news:a");
    s.tell(Input::Order(subscription(wish("news:b"))));

    s.expects(&[]);
}

#[test]
fn a_feed_that_refuses_an_ordered_subscription_leaves_nothing_behind() {
    let mut s = Driver::connected();
    s.tell(Input::Order(subscription(wish("room:a"))));
    s.well_done();
    s.skips();

    s.reject(ports::protocol::ErrorCode::Internal);

    s.expects(&["run depart room:a-presence"]);
}

#[test]
fn an_ordered_subscription_that_expires_costs_the_connection() {
    let mut s = Driver::connected_with(|settings| settings.expiry_grace = secs(1));
    let expire_at = Some(s.now.plus(secs(10)));
    s.tell(Input::Order(subscription(Subscribe { expire_at, ..wish("news:a") })));
    s.admit();
    s.skips();

    s.pass(secs(12));

    assert!(s.has_said("close 3006")); // P-SUB-8, P-SS-4
}

#[test]
fn an_unsubscription_without_a_channel_ends_all_with_their_farewells() {
    let mut s = Driver::connected();
    s.subscribed(2, "news:a");
    s.send(3, subscribe("room:b"));
    s.well_done();
    s.admit();
    s.well_done();
    s.skips();

    s.tell(Input::Order(end_of(None)));

    s.expects(&[
        "leave news:a",
        "unsubscribed news:a 2000",
        "leave room:b",
        "unsubscribed room:b 2000",
        "run depart room:b-presence-notice",
    ]);
}

#[test]
fn a_disconnection_closes_at_once_but_for_those_who_are_spared() {
    let mut s = Driver::connected();
    s.send(2, subscribe("news:a"));
    s.skips();

    s.tell(Input::Order(disconnect(vec![client()])));
    s.expects(&[]);
    s.tell(Input::Order(disconnect(Vec::new())));

    assert!(s.has_said("close 3503"));
}

#[test]
fn a_refresh_is_told_with_the_new_expiry() {
    let mut s = Driver::connected();
    let in_a_minute = Some(s.now.plus(secs(60)));

    s.tell(Input::Order(order(Action::Refresh { expire_at: in_a_minute, info: None })));
    s.expects(&["push refresh Some(60)"]); // P-EXP-7
    s.tell(Input::Order(order(Action::Refresh { expire_at: None, info: None })));
    s.expects(&["push refresh None"]);
    s.tell(Input::Order(order(Action::Refresh { expire_at: Some(s.now), info: None })));

    assert!(s.has_said("close 3005"));
}

#[test]
fn a_refresh_with_new_info_brings_presence_up_to_date() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:b"));
    s.well_done();
    s.admit();
    s.well_done();
    s.skips();

    let info = Some(Bytes::from_static(b"{\"name\":\"Ann\"}"));
    s.tell(Input::Order(order(Action::Refresh { expire_at: None, info: info.clone() })));

    s.expects(&["push refresh None", "run enter room:b"]);
    let Some(Job::Enter { info: entered, .. }) = &s.work else { panic!("no entry") };
    let ClientInfo { conn_info, .. } = &**entered;
    assert_eq!(*conn_info, info);
}

#[test]
fn orders_name_connections_by_id_or_secret() {
    let s = Driver::connected();
    let all = Target { user: UserId::new("ann"), client: None, session: None };
    let other = ClientId::from_random([77; 16]);

    assert!(s.session.is_meant_by(&all));
    assert!(s.session.is_meant_by(&Target { client: Some(client()), ..all.clone() }));
    assert!(!s.session.is_meant_by(&Target { client: Some(other), ..all.clone() }));
    let key = SessionKey::from_random([5; 16]);
    assert!(!s.session.is_meant_by(&Target { session: Some(key), ..all.clone() }));
    assert!(Driver::emulated(0).session.is_meant_by(&Target { session: Some(key), ..all }));
}

#[test]
fn nobody_holds_an_order_that_is_done() {
    let mut s = Driver::connected();
    let order = subscription(wish("room:a"));

    s.tell(Input::Order(Arc::clone(&order)));
    assert!(Arc::strong_count(&order) > 1);
    s.well_done();
    assert!(Arc::strong_count(&order) > 1);
    s.admit();

    assert_eq!(Arc::strong_count(&order), 1);
}

#[test]
fn a_connection_with_too_many_orders_waiting_is_asked_to_come_again() {
    let mut s = Driver::connected();
    s.send(2, subscribe("news:a"));
    s.skips();

    for _ in 0..257 {
        s.tell(Input::Order(end_of(Some("news:a"))));
    }

    assert!(s.has_said("close 3011"));
}

fn single() -> Driver {
    let personal = PersonalChannel { namespace: String::new(), single_connection: true };
    let mut s = Driver::fresh_with(|settings| settings.personal_channel = Some(personal));
    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant("ann"))));
    s.expects(&["run verify connection", "came ann", "join #ann"]);
    s.admit_with(Admission { position: None, recovered: None });
    s
}

#[test]
fn a_known_user_has_a_channel_of_his_own_and_the_anonymous_one_has_none() {
    let mut s = single();
    assert!(s.connect_answer().subs.contains_key(&name("#ann"))); // P-CH-6
    s.expects(&["reply 1 connect", "run order for ann"]);

    let personal = PersonalChannel { namespace: "room".into(), single_connection: false };
    assert_eq!(personal.name_for(&UserId::new("ann")), Some("room:#ann".into()));
    assert_eq!(personal.name_for(&UserId::new("")), None);
}

#[test]
fn of_two_connections_only_the_older_one_goes() {
    let newest = |since: Timestamp, client| order(Action::KeepNewest { since, client });
    let (low, high) = (ClientId::from_random([0; 16]), ClientId::from_random([0xff; 16]));

    let mut s = single();
    s.well_done();
    s.skips();
    let now = s.now;
    s.tell(Input::Order(newest(now, client()))); // its own
    s.tell(Input::Order(newest(now, low)));
    s.expects(&["run order for ann"]); // the other may not have heard of it
    s.well_done();
    s.tell(Input::Order(newest(Timestamp::from_secs(1), high)));
    s.expects(&["run order for ann"]);
    s.well_done();
    s.tell(Input::Order(newest(now, high)));

    assert!(s.has_said("close 3504"));
}

#[test]
fn a_cached_state_follows_an_ordered_subscription() {
    let mut s = Driver::connected();

    s.tell(Input::Order(subscription(wish("state:a"))));
    assert!(s.join.as_ref().unwrap().recover.is_some());
    s.admit_with(Admission { position: Some(at(5)), recovered: Some(vec![publication(5)]) });

    s.expects(&["join state:a", "push subscribe state:a", "deliver 5"]); // P-CACHE-5
}

#[test]
fn a_refresh_while_a_subscription_is_made_shows_in_it() {
    let mut s = Driver::connected();
    s.send(2, subscribe("room:b"));
    let info = Some(Bytes::from_static(b"{}"));
    s.tell(Input::Order(order(Action::Refresh { expire_at: None, info: info.clone() })));
    s.well_done();
    s.skips();

    s.admit();

    s.expects(&["reply 2 subscribe", "run announce room:b"]);
    let Some(Job::Announce { info: told, .. }) = &s.work else { panic!("no join") };
    assert_eq!(told.conn_info, info); // P-CONN-13
    s.well_done();
    s.expects(&["run enter room:b"]);
}

#[test]
fn a_user_whose_name_reads_as_a_list_gets_no_user_limited_channel() {
    let personal = PersonalChannel { namespace: "mine".into(), single_connection: false };
    let mut s = Driver::fresh_with(|settings| settings.personal_channel = Some(personal));

    s.send(1, connect("t"));
    s.done(Outcome::Connection(granted(grant("ann,bob"))));

    s.expects(&["run verify connection", "error 1 107"]);
}
