//! Who wants the latest state instead of everything missed (P 12.6).

use ports::channels::{Epoch, StreamView};
use ports::protocol::Recovery;

use super::driver::*;
use crate::channels::feed::{Input, Join};

fn cached(offset: u64) -> impl FnOnce(&mut Join) {
    move |join| {
        join.recover = Some(Recovery { offset, epoch: epoch() });
        join.cache = true;
    }
}

fn cached_and_loud(offset: u64) -> impl FnOnce(&mut Join) {
    move |join| {
        cached(offset)(join);
        join.filter = loud();
    }
}

/// One newcomer that wants the latest state, and the end of the stream it finds.
#[track_caller]
fn check(change: impl FnOnce(&mut Join), view: StreamView, expected: &str) {
    let mut f = Driver::new();
    f.join_with(1, change);
    f.attach();
    f.skips();
    f.answers(view);
    f.expects(&[expected]);
}

#[test]
fn who_is_at_the_top_gets_nothing() {
    check(cached(7), view(7, [7]), "1 in at 7 recovered []"); // P-CACHE-1
    check(cached(7), view(7, []), "1 in at 7 recovered []");
}

#[test]
fn everybody_else_gets_the_newest_publication() {
    check(cached(0), view(7, [7]), "1 in at 7 recovered [7]"); // P-CACHE-2
    check(cached(3), view(7, [7]), "1 in at 7 recovered [7]");
    check(cached(9), view(7, [7]), "1 in at 7 recovered [7]");
}

#[test]
fn whatever_the_epoch() {
    for text in ["", "_", "other"] {
        let elsewhere = |join: &mut Join| {
            cached(7)(join);
            join.recover = Some(Recovery { offset: 7, epoch: Epoch::new(text) });
        };
        check(elsewhere, view(7, [7]), "1 in at 7 recovered [7]");
    }
}

#[test]
fn a_cache_that_is_empty_is_not_recovered() {
    check(cached(3), view(7, []), "1 in at 7"); // P-CACHE-4
    check(cached(0), view(0, []), "1 in at 0");
}

#[test]
fn an_empty_cache_is_never_refused() {
    let refusing = |join: &mut Join| {
        cached(3)(join);
        join.refuse_unrecoverable = true;
    };

    check(refusing, view(7, []), "1 in at 7");
}

#[test]
fn without_a_wish_to_recover_there_is_no_latest_state() {
    check(|join| join.cache = true, view(7, []), "1 in at 7");
}

#[test]
fn more_bytes_than_the_limit_are_not_recovered() {
    let heavy = |bytes| StreamView { publications: vec![publication_of(7, bytes)], ..view(7, []) };
    let poor = |join: &mut Join| {
        cached(0)(join);
        join.recovery_bytes_max = 499;
    };

    check(cached(0), heavy(1_000), "1 in at 7 recovered [7]");
    check(cached(0), heavy(1_001), "1 in at 7");
    check(poor, heavy(500), "1 in at 7");
}

#[test]
fn one_item_is_read_unless_a_filter_may_refuse_it() {
    let reads = |filtered: bool| {
        let mut f = Driver::new();
        f.join_with(1, cached(0));
        if filtered {
            f.join_with(2, cached_and_loud(0));
        }
        f.attach();
        f
    };

    reads(false).expects(&["read the newest 1"]);
    reads(true).expects(&["read the newest 10"]);
}

#[test]
fn the_newest_that_passes_the_filter_is_the_latest_state() {
    let items = vec![publication(7), loud_one(6), loud_one(5)];
    let view = StreamView { publications: items, ..view(7, []) };

    check(cached_and_loud(0), view, "1 in at 7 recovered [6]");
}

#[test]
fn if_nothing_passes_there_is_nothing_to_recover_unless_there_may_be_more() {
    let quiet = |offsets: std::ops::RangeInclusive<u64>| view(20, offsets.rev());

    check(cached_and_loud(0), quiet(12..=20), "1 in at 20 recovered []");
    check(cached_and_loud(0), quiet(11..=20), "1 in at 20");
}

#[test]
fn a_publication_that_arrives_meanwhile_supersedes() {
    let mut f = Driver::live_at(5);
    f.join_with(2, cached(3));
    f.arrive(6..=7);
    f.skips();

    f.answers(view(5, [5]));
    f.expects(&["2 in at 7 recovered [7]"]); // P-CACHE-3
    f.arrives(8);

    f.expects(&["1 gets 8", "2 gets 8"]);
}

#[test]
fn who_is_at_the_top_that_was_read_gets_what_arrived_meanwhile() {
    let mut f = Driver::live_at(5);
    f.join_with(2, cached(5));
    f.arrives(6);
    f.skips();

    f.answers(view(5, [5]));

    f.expects(&["2 in at 6 recovered [6]"]);
}

#[test]
fn a_publication_that_arrives_meanwhile_fills_an_empty_cache() {
    let mut f = Driver::live_at(5);
    f.join_with(2, cached(3));
    f.arrives(6);
    f.skips();

    f.answers(view(5, []));

    f.expects(&["2 in at 6 recovered [6]"]);
}

#[test]
fn a_publication_that_arrives_meanwhile_and_does_not_pass_supersedes_nothing() {
    let mut f = Driver::live_at(5);
    f.join_with(2, cached_and_loud(3));
    f.arrives(6);
    f.skips();

    f.answers(StreamView { publications: vec![loud_one(5)], ..view(5, []) });
    f.expects(&["2 in at 6 recovered [5]"]);
    f.tell(arrival(&loud_one(7)));

    f.expects(&["1 gets 7", "2 gets 7"]);
}

#[test]
fn later_gaps_are_filled_as_ever() {
    let mut f = Driver::new();
    f.join_with(1, cached(0));
    f.attach();
    f.answers(view(5, [5]));
    f.pass(secs(1));
    f.skips();

    f.arrives(8);
    f.expects(&["read after 5"]); // P-CACHE-6
    f.answers(view(8, 6..=8));

    f.expects(&["1 gets 6", "1 gets 7", "1 gets 8"]);
}

mod turns {
    use super::*;

    #[test]
    fn who_recovers_and_who_wants_the_latest_state_each_get_a_read() {
        let mut f = Driver::new();
        f.join_from(1, 5);
        f.join_with(2, cached(5));
        f.join(3);
        f.attach();
        f.expects(&["read the newest 1"]);

        f.answers(view(7, [7]));
        f.expects(&["2 in at 7 recovered [7]", "3 in at 7", "read after 5"]);
        f.answers(view(7, 6..=7));

        f.expects(&["1 in at 7 recovered [6 7]"]);
    }

    #[test]
    fn newcomers_of_one_kind_cannot_keep_those_of_the_other_waiting() {
        let mut f = Driver::new();
        f.attach();
        f.join_with(2, cached(0));
        f.join_from(1, 5);
        f.join_with(3, cached(0));
        f.expects(&["read the newest 1"]);

        f.answers(view(7, [7]));
        f.expects(&["2 in at 7 recovered [7]", "read after 5"]);
        f.join_from(4, 6);
        f.answers(view(7, 6..=7));
        f.expects(&["1 in at 7 recovered [6 7]", "read the newest 1"]);
        f.answers(view(7, [7]));

        f.expects(&["3 in at 7 recovered [7]", "read after 6"]);
    }

    #[test]
    fn a_hole_waits_for_one_newcomer_at_most() {
        let mut f = Driver::live_at(5);
        f.join_with(2, cached(0));
        f.arrives(8);
        f.join_with(3, cached(0));
        f.expects(&["read the newest 1"]);

        f.answers(view(8, [8]));
        f.expects(&["2 in at 8 recovered [8]", "read after 5"]);
        f.answers(view(8, 6..=8));
        f.expects(&["read the newest 1", "1 gets 6", "1 gets 7", "1 gets 8"]);
        f.answers(view(8, [8]));

        f.expects(&["3 in at 8 recovered [8]"]);
    }

    #[test]
    fn a_newcomer_does_not_use_up_the_time_of_a_hole() {
        let mut f = Driver::live_at(5);
        f.arrives(8);
        f.fails();
        f.now = f.now.plus(secs(1));
        f.skips();

        f.join_with(2, cached(0));
        f.expects(&["read the newest 1"]);
        f.answers(view(8, [8]));

        f.expects(&["2 in at 8 recovered [8]", "read after 5"]);
    }

    #[test]
    fn a_read_of_the_newest_fills_no_hole_and_finds_none() {
        let mut f = Driver::live_at(5);
        f.join_with(2, cached(0));
        f.tell(Input::Behind);
        f.skips();

        f.answers(view(7, [7]));
        f.expects(&["2 in at 7 recovered [7]", "read after 5"]);
        f.answers(view(7, 6..=7));

        f.expects(&["1 gets 6", "1 gets 7"]);
    }

    #[test]
    fn a_failing_read_refuses_all_who_wait() {
        let mut f = Driver::live_at(5);
        f.join_with(2, cached(0));
        f.join_from(3, 4);
        f.skips();

        f.fails();

        f.expects(&["2 refused 100", "3 refused 100"]);
    }
}
