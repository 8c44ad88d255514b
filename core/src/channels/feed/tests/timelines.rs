//! Streams that begin anew: another epoch (P-ST-10, P 12.5).

use super::driver::*;
use crate::channels::feed::Input;

#[test]
fn a_publication_of_another_timeline_ends_the_members_that_track_their_position() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.positioned = false);
    f.answers(view(5, []));
    f.skips();

    f.tell(Input::Arrived(published(1, &other_epoch())));

    f.expects(&["1 insufficient", "read top"]);
    assert_eq!(f.feed.member_count(), 1);
}

#[test]
fn the_others_go_on_in_the_new_timeline() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.positioned = false);
    f.answers(view(5, []));
    f.tell(Input::Arrived(published(1, &other_epoch())));
    f.skips();

    f.answers(other_view(2));
    f.tell(Input::Arrived(published(2, &other_epoch())));

    f.expects(&["2 gets 1", "2 gets 2"]);
}

#[test]
fn a_read_begun_in_the_old_timeline_serves_nobody() {
    let mut f = Driver::live_at(5);
    f.join_from(2, 4);
    f.tell(Input::Arrived(published(1, &other_epoch())));
    f.expects(&["read after 4", "1 insufficient"]);

    f.answers(view(6, 5..=6));
    f.expects(&["read after 4"]);
    f.answers(other_view(1));

    f.expects(&["2 in at 1"]);
}

#[test]
fn a_check_that_finds_another_timeline_ends_the_members_that_track_their_position() {
    let mut f = Driver::live_at(5);
    f.pass(secs(40));
    f.skips();

    f.answers(other_view(0));

    f.expects(&["1 insufficient"]);
    assert!(f.feed.is_empty());
}

#[test]
fn publications_of_an_old_timeline_that_come_late_are_dropped_and_looked_after() {
    let mut f = Driver::new();
    f.join(1);
    f.attach();
    f.tell(Input::Arrived(published(9, &other_epoch())));
    f.skips();

    f.answers(view(5, []));
    f.expects(&["1 in at 5"]);
    f.pass(secs(2));
    f.expects(&["read top"]);
    f.answers(view(5, []));

    f.expects(&[]);
    assert_eq!(f.feed.member_count(), 1);
}

#[test]
fn a_late_event_of_an_old_timeline_costs_the_others_nothing() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.positioned = false);
    f.answers(view(7, [])); // covers 6 and 7
    f.tell(Input::Arrived(published(3, &other_epoch())));
    f.arrive(6..=8);
    f.expects(&["read top", "2 in at 7", "1 insufficient", "read top"]);

    f.answers(view(8, []));

    f.expects(&["2 gets 8"]);
}
