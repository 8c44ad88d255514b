//! Differences, and to what they are relative (P section 13).

use ports::channels::StreamView;
use ports::protocol::Recovery;

use super::driver::*;
use crate::channels::feed::Input;

/// Member 1 gets deltas from offset 5 on.
fn live_at_5() -> Driver {
    let mut f = Driver::new();
    f.join_with(1, |join| join.delta = true);
    f.attach();
    f.answers(view(5, []));
    f.pass(secs(1));
    f.skips();
    f
}

#[test]
fn the_first_publication_is_whole_and_each_later_one_relative_to_the_one_before() {
    let mut f = live_at_5();

    for offset in 6..=8 {
        f.tell(arrival(&delta(offset)));
    }

    f.expects(&["1 gets 6 whole", "1 gets 7 on 6", "1 gets 8 on 7"]); // P-DL-5
}

#[test]
fn a_publication_is_whole_unless_its_publisher_asks_for_the_difference() {
    let mut f = live_at_5();

    f.tell(arrival(&delta(6)));
    f.tell(arrival(&publication(7)));
    f.tell(arrival(&delta(8)));

    f.expects(&["1 gets 6 whole", "1 gets 7 whole", "1 gets 8 on 7"]); // P-DL-2
}

#[test]
fn who_did_not_ask_for_deltas_gets_publications_as_they_are() {
    let mut f = Driver::live_at(5);

    f.tell(arrival(&delta(6)));
    f.tell(arrival(&delta(7)));

    f.expects(&["1 gets 6", "1 gets 7"]);
}

#[test]
fn each_subscriber_has_a_base_of_its_own() {
    let mut f = live_at_5();
    f.tell(arrival(&delta(6)));
    f.join_with(2, |join| join.delta = true);
    f.answers(view(6, []));
    f.skips();

    f.tell(arrival(&delta(7)));
    f.tell(arrival(&delta(8)));

    f.expects(&["1 gets 7 on 6", "2 gets 7 whole", "1 gets 8 on 7", "2 gets 8 on 7"]);
}

#[test]
fn notices_stay_as_they_are_and_change_no_base() {
    let mut f = Driver::new();
    f.join_with(1, |join| (join.delta, join.notices) = (true, true));
    f.attach();
    f.answers(view(5, []));
    f.skips();

    f.tell(arrival(&delta(6)));
    f.tell(Input::Arrived(notice()));
    f.tell(arrival(&delta(7)));

    f.expects(&["1 gets 6 whole", "1 gets join", "1 gets 7 on 6"]);
}

#[test]
fn publications_outside_of_the_stream_are_bases_too() {
    let mut f = live_at_5();

    f.tell(arrival(&delta(6)));
    f.tell(Input::Arrived(unplaced()));
    f.tell(arrival(&delta(7)));

    f.expects(&["1 gets 6 whole", "1 gets 0 whole", "1 gets 7 on 0"]);
}

#[test]
fn channels_without_a_stream_have_differences_as_well() {
    let mut f = Driver::without_stream();
    f.join_with(1, |join| join.delta = true);
    f.attach();
    f.skips();

    f.tell(Input::Arrived(unplaced_as(&delta(0))));
    f.tell(Input::Arrived(unplaced_as(&delta(0))));

    f.expects(&["1 gets 0 whole", "1 gets 0 on 0"]);
}

mod recovered {
    use super::*;

    /// A subscriber of deltas that comes back with a position and finds the stream at 7.
    fn back_at(offset: u64) -> Driver {
        let mut f = Driver::new();
        f.join_with(1, |join| {
            join.recover = Some(Recovery { offset, epoch: epoch() });
            join.delta = true;
        });
        f.attach();
        f.skips();
        f.answers(StreamView { publications: (6..=7).map(delta).collect(), ..view(7, []) });
        f
    }

    #[test]
    fn the_next_is_relative_to_the_last_recovered_one() {
        let mut f = back_at(5);

        f.tell(arrival(&delta(8)));

        f.expects(&["1 in at 7 recovered [6 7]", "1 gets 8 on 7"]); // P-DL-5
    }

    #[test]
    fn after_an_empty_recovery_the_next_is_whole() {
        let mut f = back_at(7);

        f.tell(arrival(&delta(8)));

        f.expects(&["1 in at 7 recovered []", "1 gets 8 whole"]); // P-DL-6
    }

    #[test]
    fn after_a_failed_recovery_the_next_is_whole() {
        let mut f = back_at(3);

        f.tell(arrival(&delta(8)));

        f.expects(&["1 in at 7", "1 gets 8 whole"]);
    }

    #[test]
    fn the_latest_state_is_a_base() {
        let mut f = Driver::new();
        f.join_with(1, |join| {
            join.recover = Some(Recovery { offset: 0, epoch: epoch() });
            (join.cache, join.delta) = (true, true);
        });
        f.attach();
        f.answers(view(7, [7]));
        f.skips();

        f.tell(arrival(&delta(8)));

        f.expects(&["1 gets 8 on 7"]);
    }
}

#[test]
fn a_subscription_that_begins_anew_has_no_base() {
    let mut f = live_at_5();
    f.tell(arrival(&delta(6)));
    f.leave(1);
    f.join_with(1, |join| join.delta = true);
    f.answers(view(6, []));
    f.skips();

    f.tell(arrival(&delta(7)));

    f.expects(&["1 gets 7 whole"]); // P-DL-10
}

#[test]
fn a_healed_hole_is_a_chain_of_differences() {
    let mut f = live_at_5();
    f.tell(arrival(&delta(6)));
    f.tell(arrival(&delta(9)));
    f.skips();

    f.answers(StreamView { publications: (7..=9).map(delta).collect(), ..view(9, []) });

    f.expects(&["1 gets 7 on 6", "1 gets 8 on 7", "1 gets 9 on 8"]);
}

#[test]
fn behind_a_hole_that_stays_the_base_is_still_what_was_sent_last() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| (join.delta, join.positioned) = (true, false));
    f.answers(view(5, []));
    f.tell(arrival(&delta(6)));
    f.tell(arrival(&delta(9)));
    f.skips();

    f.answers(StreamView { publications: vec![delta(9)], ..view(9, []) });

    f.expects(&["1 insufficient", "2 gets 9 on 6"]);
}

#[test]
fn what_an_admission_covers_is_no_base() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.delta = true);
    f.answers(view(7, [])); // covers 6 and 7, which are still on their way
    f.skips();

    for offset in 6..=8 {
        f.tell(arrival(&delta(offset)));
    }

    f.expects(&["1 gets 6", "1 gets 7", "1 gets 8", "2 gets 8 whole"]);
}

#[test]
fn a_new_timeline_begins_without_a_base() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| (join.delta, join.positioned) = (true, false));
    f.answers(view(5, []));
    f.tell(arrival(&delta(6)));
    f.tell(Input::Arrived(published_as(&delta(1), &other_epoch())));
    f.skips();

    f.answers(other_view(1));
    f.tell(Input::Arrived(published_as(&delta(2), &other_epoch())));

    f.expects(&["2 gets 1 whole", "2 gets 2 on 1"]);
}
