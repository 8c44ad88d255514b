//! Panics: what each costs, and that nothing else is touched.

use super::driver::*;

#[test]
fn a_shard_that_held_nothing_has_nothing_to_part_with() {
    let mut s = Driver::new();
    let a = s.connected(&[]);
    s.subscribed(a, 2, "news:a");

    let mut effects = Vec::new();
    let loss = s.shard.mourn(s.now, &mut effects);

    assert_eq!(loss, crate::shard::Loss::Elsewhere);
    assert!(effects.is_empty());
    s.publishes("news:a");
    s.expects(&["0 news:a 1"]);
}

#[test]
fn starting_over_closes_everybody_with_3011() {
    let mut s = Driver::new();
    for _ in 0..3 {
        let seat = s.connected(&[]);
        s.subscribed(seat, 2, "room:a");
    }

    let mut effects = Vec::new();
    s.shard.start_over(s.now, &mut effects);
    let answers = s.perform(effects);
    answers.into_iter().for_each(|answer| s.tell(answer));

    assert_eq!(s.count("close 3011"), 3);
    assert_eq!((s.shard.session_count(), s.shard.feed_count()), (0, 0));
}

#[test]
fn a_successor_is_empty_and_mistakes_nobody_for_its_own() {
    let mut s = Driver::new();
    let old = s.connected(&[]);
    s.subscribed(old, 2, "a");

    let mut effects = Vec::new();
    s.shard = s.shard.successor(s.now, &mut effects);
    s.perform(effects);
    s.expects(&["went ann", "release a"]);
    let new = s.connected(&[]);
    s.send(old, 3, subscribe("a"));

    s.expects(&[]);
    assert_ne!(old, new);
    assert_eq!((old.index, s.shard.session_count()), (new.index, 1));
}

#[cfg(feature = "chaos")]
mod panics {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::chaos::{POISON_CHANNEL, POISON_SESSION, POISON_SHARD, POISON_TIMER};
    use crate::shard::{Input, Loss};

    /// Passes the input on; after a panic the shard mourns, as whoever runs it does.
    fn survives(s: &mut Driver, happening: impl FnOnce(&mut Driver)) -> Loss {
        let panicked = catch_unwind(AssertUnwindSafe(|| happening(s)));
        assert!(panicked.is_err(), "it should have panicked");
        let mut effects = Vec::new();
        let loss = s.shard.mourn(s.now, &mut effects);
        let answers = s.perform(effects);
        answers.into_iter().for_each(|answer| s.tell(answer));
        loss
    }

    /// Two connections in `news:a`, the first in `room:a` as well.
    fn two() -> (Driver, crate::shard::SeatId, crate::shard::SeatId) {
        let mut s = Driver::new();
        let (a, b) = (s.connected(&[]), s.connected(&[]));
        s.subscribed(a, 2, "news:a");
        s.subscribed(b, 2, "news:a");
        s.subscribed(a, 3, "room:a");
        (s, a, b)
    }

    #[test]
    fn a_session_that_panics_costs_its_connection_only() {
        let (mut s, a, _) = two();

        let loss = survives(&mut s, |s| s.send(a, 4, publish("a", POISON_SESSION)));

        assert_eq!(loss, Loss::Session);
        s.expects(&["0 close 3004", "release room:a", "depart 1", "went ann"]);
        s.publishes("news:a");
        s.expects(&["1 news:a 1"]);
        assert_eq!(s.shard.session_count(), 1);
    }

    #[test]
    fn a_session_that_panics_at_a_wakeup_costs_its_connection_only() {
        let (mut s, a, b) = two();
        s.send(a, 4, publish("a", POISON_TIMER));
        s.skips();

        let loss = survives(&mut s, |s| s.ticks(secs(30)));

        assert_eq!(loss, Loss::Session);
        assert_eq!(s.count("0 close 3004"), 1);
        assert_eq!(s.shard.session_count(), 1);
        s.ticks(secs(1));
        s.send(b, 0, ports::protocol::Request::Pong);
        s.publishes("news:a");
        assert_eq!(s.count("1 news:a 1"), 1);
    }

    #[test]
    fn the_deadlines_of_the_others_survive_a_panic_at_a_wakeup() {
        let (mut s, a, _) = two();
        s.send(a, 4, publish("a", POISON_TIMER));
        survives(&mut s, |s| s.ticks(secs(30)));

        s.ticks(secs(1));

        assert_eq!(s.count("1 ping"), 1);
    }

    #[test]
    fn a_feed_that_panics_makes_its_members_insufficient() {
        let (mut s, _, b) = two();
        let poison = s.appends("news:a", POISON_CHANNEL);

        let loss = survives(&mut s, |s| s.tell(Input::Arrived(poison)));

        assert_eq!(loss, Loss::Feed);
        s.expects(&["release news:a", "0 unsubscribed news:a 2500", "1 unsubscribed news:a 2500"]);
        s.send(b, 9, recover("news:a", 1));
        s.publishes("news:a");
        s.expects(&["want news:a", "1 reply 9", "1 news:a 2"]);
    }

    #[test]
    fn a_feed_that_panics_refuses_those_who_wait() {
        let mut s = Driver::new();
        let a = s.connected(&[]);
        s.prompt = false;
        s.send(a, 2, subscribe("news:a"));
        s.skips();
        let poison = s.appends("news:a", POISON_CHANNEL);

        let loss = survives(&mut s, |s| s.tell(Input::Arrived(poison)));

        assert_eq!(loss, Loss::Feed);
        s.expects(&["release news:a", "0 error 2 100"]);
    }

    #[test]
    fn a_panic_elsewhere_costs_nothing() {
        let (mut s, a, b) = two();

        let loss = survives(&mut s, |s| s.send(a, 4, publish("a", POISON_SHARD)));

        assert_eq!(loss, Loss::Elsewhere);
        s.publishes("news:a");
        s.expects(&["0 news:a 1", "1 news:a 1"]);
        s.send(b, 5, publish("a", b"{}"));
        s.expects(&["1 reply 5"]);
        s.ticks(secs(4)); // the command that was lost is given up
        s.expects(&["0 error 4 100"]);
    }
}
