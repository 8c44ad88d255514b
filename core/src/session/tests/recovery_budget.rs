//! How much one connection may recover before it has shown that it reads (P-REC-5).

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{ClientInfo, Publication, Tags};
use ports::ids::UserId;
use ports::protocol::{ConnectRequest, Request};

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::Outcome;

const BUDGET: usize = 100;

fn connected() -> Driver {
    Driver::connected_with(|settings| settings.queue_bytes_max = 2 * BUDGET)
}

/// Asks to recover a channel; returns how many bytes the feed is allowed to hand out.
fn asks(s: &mut Driver, id: u32, channel: &str) -> usize {
    s.send(id, subscribe_with(channel, |request| request.recover = from(3)));
    s.join.as_ref().unwrap().recovery_bytes_max
}

/// The feed hands out one publication of this size.
fn recovers(s: &mut Driver, bytes: usize) {
    let data = Bytes::from(vec![b'7'; bytes]);
    let publication = Publication { data, ..(*publication(4)).clone() };
    s.admit_with(Admission { position: Some(at(4)), recovered: Some(vec![Arc::new(publication)]) });
}

#[test]
fn a_second_recovery_gets_what_the_first_has_left() {
    let mut s = connected();

    assert_eq!(asks(&mut s, 2, "news:a"), BUDGET);
    recovers(&mut s, 60);
    assert_eq!(asks(&mut s, 3, "news:b"), 40);
    recovers(&mut s, 40);

    assert_eq!(asks(&mut s, 4, "news:c"), 0);
}

#[test]
fn a_pong_restores_what_was_spent_before_its_ping() {
    let mut s = connected();
    asks(&mut s, 2, "news:a");
    recovers(&mut s, 60);

    s.pass(secs(25));
    assert!(s.has_said("ping"));
    assert_eq!(asks(&mut s, 3, "news:b"), 40);
    recovers(&mut s, 1);
    s.send(0, Request::Pong);

    assert_eq!(asks(&mut s, 4, "news:c"), BUDGET - 1);
}

#[test]
fn what_connect_recovers_counts() {
    let mut s = Driver::fresh_with(|settings| settings.queue_bytes_max = 2 * BUDGET);
    let subs = ["news:a", "news:b"].map(|channel| (channel.to_owned(), resume(3))).into();
    let request = ConnectRequest { token: "t".into(), subs, ..ConnectRequest::default() };
    s.send(1, Request::Connect(Box::new(request)));
    s.done(Outcome::Connection(granted(grant_with("ann", &["news:a", "news:b"]))));

    recovers(&mut s, 30);
    assert_eq!(s.join.as_ref().unwrap().recovery_bytes_max, 70);
    recovers(&mut s, 30);

    assert_eq!(asks(&mut s, 2, "news:c"), 40);
}

#[test]
fn publisher_and_tags_count_like_data() {
    let mut s = connected();
    let info = ClientInfo {
        user: UserId::new("ann"),
        client: client(),
        conn_info: Some("[1,2]".into()),
        chan_info: Some("{}".into()),
    };
    let tags = Tags::from([("key".to_owned(), "value".to_owned())]);
    let full =
        Publication { info: Some(Arc::new(info)), tags: Some(Arc::new(tags)), ..(*publication(4)).clone() };
    asks(&mut s, 2, "news:a");

    s.admit_with(Admission { position: Some(at(4)), recovered: Some(vec![Arc::new(full)]) });

    let all = "{}".len() + "ann[1,2]{}".len() + "keyvalue".len();
    assert_eq!(asks(&mut s, 3, "news:b"), BUDGET - all);
}

#[test]
fn without_a_recovery_nothing_is_spent() {
    let mut s = connected();
    s.subscribed(2, "news:a");

    assert_eq!(asks(&mut s, 3, "news:b"), BUDGET);
}
