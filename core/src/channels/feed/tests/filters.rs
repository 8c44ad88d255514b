//! Members that want only what passes their filter (P section 14, P-REC-4, P 12.5).

use std::sync::Arc;

use ports::channels::{Publication, StreamView};
use ports::protocol::Recovery;

use super::driver::*;
use crate::channels::feed::Input;

/// Member 1 hears what is loud from offset 5 on.
fn live_at_5() -> Driver {
    let mut f = Driver::new();
    f.join_with(1, |join| join.filter = loud());
    f.attach();
    f.answers(view(5, []));
    f.pass(secs(1));
    f.skips();
    f
}

/// Member 1 comes back from offset 3, wants what is loud, and finds these items.
fn back_at_3(items: Vec<Arc<Publication>>) -> Driver {
    let mut f = Driver::new();
    f.join_with(1, |join| {
        join.recover = Some(Recovery { offset: 3, epoch: epoch() });
        join.filter = loud();
    });
    f.attach();
    f.skips();
    f.answers(StreamView { publications: items, ..view(7, []) });
    f
}

#[test]
fn what_does_not_pass_is_not_delivered_and_leaves_no_hole() {
    let mut f = live_at_5();

    f.arrive(6..=7);
    f.tell(arrival(&loud_one(8)));
    f.arrives(9);
    f.tell(arrival(&loud_one(10)));
    f.pass(secs(10));

    f.expects(&["1 gets 8", "1 gets 10"]);
}

#[test]
fn others_get_what_does_not_pass() {
    let mut f = live_at_5();
    f.join(2);
    f.answers(view(5, []));
    f.skips();

    f.arrives(6);
    f.tell(arrival(&loud_one(7)));

    f.expects(&["2 gets 6", "1 gets 7", "2 gets 7"]);
}

#[test]
fn publications_outside_of_the_stream_are_filtered_and_notices_are_not() {
    let mut f = Driver::new();
    f.join_with(1, |join| (join.filter, join.notices) = (loud(), true));
    f.attach();
    f.answers(view(5, []));
    f.skips();

    f.tell(Input::Arrived(unplaced()));
    f.tell(Input::Arrived(unplaced_as(&loud_one(0))));
    f.tell(Input::Arrived(notice()));

    f.expects(&["1 gets 0", "1 gets join"]);
}

#[test]
fn a_healed_hole_is_filtered() {
    let mut f = live_at_5();
    f.arrives(9);
    f.skips();

    f.answers(StreamView {
        publications: vec![publication(6), loud_one(7), publication(8), publication(9)],
        ..view(9, [])
    });
    f.tell(arrival(&loud_one(10)));

    f.expects(&["1 gets 7", "1 gets 10"]);
}

#[test]
fn a_hole_that_stays_is_one_even_if_nothing_in_it_might_have_passed() {
    let mut f = live_at_5();
    f.arrives(9);
    f.skips();

    f.answers(view(9, [9]));

    f.expects(&["1 insufficient"]);
}

#[test]
fn what_was_missed_and_does_not_pass_is_left_out_of_the_recovery() {
    let items = vec![publication(4), loud_one(5), publication(6), loud_one(7)];

    back_at_3(items).expects(&["1 in at 7 recovered [5 7]"]); // P-REC-4
}

#[test]
fn a_recovery_of_nothing_that_passes_is_one() {
    let mut f = back_at_3((4..=7).map(publication).collect());

    f.arrives(8);
    f.tell(arrival(&loud_one(9)));

    f.expects(&["1 in at 7 recovered []", "1 gets 9"]);
}

#[test]
fn what_is_trimmed_is_lost_even_if_the_rest_passes() {
    back_at_3((5..=7).map(loud_one).collect()).expects(&["1 in at 7"]);
}

#[test]
fn what_does_not_pass_weighs_nothing_in_a_recovery() {
    let items =
        vec![publication_of(4, 5_000), publication_of(5, 5_000), publication_of(6, 5_000), loud_one(7)];

    back_at_3(items).expects(&["1 in at 7 recovered [7]"]); // P-REC-5
}

#[test]
fn what_arrives_during_the_recovery_is_filtered_too() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| {
        join.recover = Some(Recovery { offset: 5, epoch: epoch() });
        join.filter = loud();
    });
    f.arrives(6);
    f.tell(arrival(&loud_one(7)));
    f.arrives(8);
    f.skips();

    f.answers(view(5, []));

    f.expects(&["2 in at 8 recovered [7]"]); // P-MRG-3
}

#[test]
fn whoever_filters_gets_no_differences() {
    let mut f = Driver::new();
    f.join_with(1, |join| (join.filter, join.delta) = (loud(), true));
    f.attach();
    f.answers(view(5, []));
    f.skips();

    for offset in 6..=7 {
        let loud_delta = Publication { delta: true, ..(*loud_one(offset)).clone() };
        f.tell(arrival(&Arc::new(loud_delta)));
    }

    f.expects(&["1 gets 6", "1 gets 7"]);
}
