//! Who comes back with a position (P 12.2, 12.3).

use std::sync::Arc;

use ports::channels::{Epoch, Publication, StreamView, Tags};
use ports::protocol::Recovery;

use super::driver::*;

/// One newcomer that wants to continue from `offset`, and the stream it finds.
#[track_caller]
fn check(offset: u64, view: StreamView, expected: &str) {
    check_epoch(offset, epoch(), view, expected);
}

#[track_caller]
fn check_epoch(offset: u64, epoch: Epoch, view: StreamView, expected: &str) {
    let mut f = Driver::new();
    f.join_with(1, |join| join.recover = Some(Recovery { offset, epoch }));
    f.attach();
    f.skips();
    f.answers(view);
    f.expects(&[expected]);
}

#[test]
fn at_the_top_nothing_was_missed() {
    check(7, view(7, []), "1 in at 7 recovered []");
}

#[test]
fn one_below_the_top_one_was_missed() {
    check(6, view(7, [7]), "1 in at 7 recovered [7]");
}

#[test]
fn from_zero_everything_was_missed() {
    check(0, view(3, 1..=3), "1 in at 3 recovered [1 2 3]");
}

#[test]
fn from_zero_of_an_empty_stream_nothing_was_missed() {
    check(0, view(0, []), "1 in at 0 recovered []");
}

#[test]
fn past_the_top_is_not_recovered() {
    check(8, view(7, []), "1 in at 7");
    check(u64::MAX, view(7, []), "1 in at 7");
}

#[test]
fn another_epoch_is_not_recovered() {
    check_epoch(6, other_epoch(), view(7, [7]), "1 in at 7");
    check_epoch(0, Epoch::new("_"), view(7, 1..=7), "1 in at 7"); // P-REC-3
}

#[test]
fn an_unknown_epoch_is_not_compared() {
    check_epoch(6, Epoch::new(""), view(7, [7]), "1 in at 7 recovered [7]");
}

#[test]
fn a_trimmed_stream_is_not_recovered() {
    check(3, view(7, 5..=7), "1 in at 7");
    check(3, view(7, []), "1 in at 7");
}

#[test]
fn a_forgotten_stream_is_recovered_at_the_top_only() {
    check(7, view(7, []), "1 in at 7 recovered []");
    check(6, view(7, []), "1 in at 7");
}

#[test]
fn as_many_as_the_limit_are_recovered_and_one_more_is_not() {
    check(0, view(10, 1..=10), "1 in at 10 recovered [1 2 3 4 5 6 7 8 9 10]");
    check(0, view(11, 1..=11), "1 in at 11");
    check(0, view(500, 1..=11), "1 in at 500");
}

#[test]
fn more_bytes_than_the_limit_are_not_recovered() {
    let heavy = |bytes| StreamView { publications: vec![publication_of(7, bytes)], ..view(7, []) };

    check(6, heavy(1_000), "1 in at 7 recovered [7]"); // P-REC-5
    check(6, heavy(1_001), "1 in at 7");
}

#[test]
fn tags_weigh_in_a_recovery() {
    let tagged = |value: &str| {
        let tags = Some(Arc::new(Tags::from([("key".to_owned(), value.to_owned())])));
        let publication = Publication { tags, ..(*publication_of(7, 990)).clone() };
        StreamView { publications: vec![Arc::new(publication)], ..view(7, []) }
    };

    check(6, tagged("7 bytes"), "1 in at 7 recovered [7]"); // P-REC-5
    check(6, tagged("8 bytes."), "1 in at 7");
}

#[test]
fn each_newcomer_recovers_within_its_own_budget() {
    let heavy = |bytes| StreamView { publications: vec![publication_of(7, bytes)], ..view(7, []) };
    let among = |bytes| {
        let mut f = Driver::new();
        for (seat, budget) in [(1, 500), (2, 499), (3, 9_999)] {
            f.join_with(seat, |join| {
                join.recover = Some(Recovery { offset: 6, epoch: epoch() });
                join.recovery_bytes_max = budget;
            });
        }
        f.attach();
        f.skips();
        f.answers(heavy(bytes));
        f
    };

    among(500).expects(&["1 in at 7 recovered [7]", "2 in at 7", "3 in at 7 recovered [7]"]); // P-REC-5
    among(1_001).expects(&["1 in at 7", "2 in at 7", "3 in at 7"]);
}

#[test]
fn who_missed_nothing_recovers_without_any_budget() {
    let mut f = Driver::new();
    f.join_with(1, |join| {
        join.recover = Some(Recovery { offset: 7, epoch: epoch() });
        join.recovery_bytes_max = 0;
    });
    f.attach();
    f.skips();

    f.answers(view(7, []));

    f.expects(&["1 in at 7 recovered []"]);
}

#[test]
fn what_cannot_be_recovered_may_be_refused_instead() {
    let refuse = |offset| {
        let mut f = Driver::new();
        f.join_with(1, |join| {
            join.recover = Some(Recovery { offset, epoch: epoch() });
            join.refuse_unrecoverable = true;
        });
        f.attach();
        f.skips();
        f.answers(view(7, [7]));
        f
    };

    refuse(6).expects(&["1 in at 7 recovered [7]"]);
    let mut f = refuse(2);
    f.expects(&["1 refused 112"]);
    assert!(f.feed.is_empty());
}

#[test]
fn who_is_cut_off_by_the_limit_of_a_shared_read_gets_a_read_of_its_own() {
    let mut f = Driver::new();
    f.join_from(1, 0);
    f.join_from(2, 15);
    f.attach();
    f.expects(&["read after 0"]);

    f.answers(view(20, 1..=11));
    f.expects(&["1 in at 20", "read after 15"]);
    f.answers(view(20, 16..=20));

    f.expects(&["2 in at 20 recovered [16 17 18 19 20]"]);
}

#[test]
fn a_gap_between_a_cut_read_and_what_was_handed_out_since_is_read_again() {
    let mut f = Driver::live_at(14);
    f.join(4);
    f.join_from(2, 0);
    f.join_from(3, 9);
    f.answers(view(14, []));
    f.arrive(15..=16);
    f.expects(&[
        "read top",
        "4 in at 14",
        "read after 0",
        "1 gets 15",
        "4 gets 15",
        "1 gets 16",
        "4 gets 16",
    ]);

    f.answers(view(14, 1..=11)); // 12 to 14 are missing between this and 15
    f.expects(&["2 in at 16", "read after 9"]);
    f.answers(view(16, 10..=16));

    f.expects(&["3 in at 16 recovered [10 11 12 13 14 15 16]"]);
}

#[test]
fn nobody_is_served_out_of_another_timeline() {
    let mut f = Driver::live_at(5);
    f.join_from(2, 4);
    f.arrives(6);
    f.skips();

    f.answers(other_view(2));

    f.expects(&["1 insufficient", "2 in at 2"]);
}
