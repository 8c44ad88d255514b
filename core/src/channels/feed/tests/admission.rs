//! How newcomers become members: one read for all who wait, and exactly what follows their position (P 12.4).

use ports::channels::BrokerError;

use super::driver::*;
use crate::channels::feed::Input;

#[test]
fn the_stream_is_read_once_the_broker_sends_and_then_the_newcomer_is_in() {
    let mut f = Driver::new();
    f.join(1);
    f.expects(&[]);

    f.attach();
    f.expects(&["read top"]);
    f.answers(view(7, []));

    f.expects(&["1 in at 7"]);
}

#[test]
fn a_feed_attached_before_anybody_joined_reads_with_the_first() {
    let mut f = Driver::new();
    f.attach();
    f.expects(&[]);

    f.join(1);

    f.expects(&["read top"]);
}

#[test]
fn newcomers_share_a_read() {
    let mut f = Driver::new();
    f.join(1);
    f.join(2);
    f.join_from(3, 5);
    f.attach();
    f.expects(&["read after 5"]);

    f.answers(view(7, 6..=7));

    f.expects(&["1 in at 7", "2 in at 7", "3 in at 7 recovered [6 7]"]);
}

#[test]
fn the_lowest_wish_decides_where_a_shared_read_begins() {
    let mut f = Driver::new();
    f.join_from(1, 6);
    f.join_from(2, 3);
    f.attach();
    f.expects(&["read after 3"]);

    f.answers(view(7, 4..=7));

    f.expects(&["1 in at 7 recovered [7]", "2 in at 7 recovered [4 5 6 7]"]);
}

#[test]
fn a_newcomer_during_a_read_waits_for_the_next() {
    let mut f = Driver::new();
    f.join(1);
    f.attach();
    f.join_from(2, 5);
    f.expects(&["read top"]);

    f.answers(view(7, []));
    f.expects(&["1 in at 7", "read after 5"]);
    f.answers(view(8, 6..=8));

    f.expects(&["2 in at 8 recovered [6 7 8]"]);
}

#[test]
fn who_leaves_and_comes_again_during_a_read_waits_for_the_next() {
    let mut f = Driver::new();
    f.join(1);
    f.attach();
    f.leave(1);
    f.join(1);
    f.expects(&["read top"]);

    f.answers(view(7, []));
    f.expects(&["read top"]);
    f.answers(view(8, []));

    f.expects(&["1 in at 8"]);
}

#[test]
fn what_arrives_before_the_first_read_is_covered_by_the_admission_or_delivered_after_it() {
    let mut f = Driver::new();
    f.join(1);
    f.arrives(6);
    f.attach();
    f.arrive(7..=8);
    f.skips();

    f.answers(view(7, []));

    f.expects(&["1 in at 7", "1 gets 8"]); // P-MRG-1, P-MRG-4
}

#[test]
fn nothing_is_delivered_twice_or_before_its_admission() {
    let mut f = Driver::live_at(5);
    f.join(2);
    f.arrives(6);
    f.expects(&["read top", "1 gets 6"]);

    f.answers(view(5, [])); // as old as it can be
    f.expects(&["2 in at 6"]);
    f.arrives(6);
    f.arrives(7);

    f.expects(&["1 gets 7", "2 gets 7"]);
}

#[test]
fn what_is_handed_out_during_a_read_completes_the_recovery() {
    let mut f = Driver::live_at(5);
    f.join_from(2, 3);
    f.arrive(6..=7);
    f.skips();

    f.answers(view(6, 4..=6)); // P-MRG-2

    f.expects(&["2 in at 7 recovered [4 5 6 7]"]);
}

#[test]
fn a_newcomer_ahead_of_the_feed_skips_what_its_admission_covers() {
    let mut f = Driver::live_at(5);
    f.join_from(2, 4);
    f.answers(view(7, 5..=7));
    f.expects(&["read after 4", "2 in at 7 recovered [5 6 7]"]);

    f.arrive(6..=8);

    f.expects(&["1 gets 6", "1 gets 7", "1 gets 8", "2 gets 8"]);
}

#[test]
fn a_newcomer_ahead_of_the_feed_is_not_sent_a_healed_hole() {
    let mut f = Driver::live_at(5);
    f.join(2);
    f.answers(view(7, []));
    f.skips();

    f.pass(secs(2)); // 6 and 7 never come
    f.expects(&["read after 5"]);
    f.answers(view(8, 6..=8));

    f.expects(&["1 gets 6", "1 gets 7", "1 gets 8", "2 gets 8"]);
}

#[test]
fn a_newcomer_and_a_hole_share_a_read() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.fails(); // the read for the hole alone
    f.now = f.now.plus(secs(1));
    f.skips();

    f.join_from(2, 6);
    f.expects(&["read after 5"]);
    f.answers(view(7, 6..=7));

    f.expects(&["2 in at 7 recovered [7]", "1 gets 6", "1 gets 7"]);
}

#[test]
fn a_newcomer_does_not_wait_for_a_hole_whose_time_has_not_come() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.fails();
    f.skips();

    f.join_from(2, 6);
    f.expects(&["read after 6"]);
    f.answers(view(7, [7]));
    f.expects(&["2 in at 7 recovered [7]"]);
    f.pass(secs(1));
    f.answers(view(7, 6..=7));

    f.expects(&["read after 5", "1 gets 6", "1 gets 7"]);
}

#[test]
fn the_broker_failing_to_attach_refuses_all_who_wait() {
    let mut f = Driver::new();
    f.join(1);

    f.tell(Input::Attached(Err(BrokerError::Unavailable("down".into()))));

    f.expects(&["1 refused 100"]);
    assert!(f.feed.is_empty());
    assert_eq!(f.feed.wakeup(), None);
}

#[test]
fn a_failing_read_refuses_all_who_wait_and_nobody_else() {
    let mut f = Driver::live_at(5);
    f.join(2);
    f.join(3);
    f.skips();

    f.fails();

    f.expects(&["2 refused 100", "3 refused 100"]);
    f.arrives(6);
    f.expects(&["1 gets 6"]);
}

#[test]
fn a_late_answer_to_an_old_read_is_ignored() {
    let mut f = Driver::new();
    f.join(1);
    f.attach();
    f.skips();

    f.tell(Input::Read { read: 77, result: Ok(view(7, [])) });

    f.expects(&[]);
}

#[test]
fn publications_outside_of_the_stream_are_new_to_everybody() {
    let mut f = Driver::live_at(5);
    f.join(2);
    f.answers(view(9, []));
    f.skips();

    f.tell(Input::Arrived(unplaced()));

    f.expects(&["1 gets 0", "2 gets 0"]);
}

#[test]
fn notices_go_to_those_who_want_them() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.notices = true);
    f.answers(view(5, []));
    f.skips();

    f.tell(Input::Arrived(notice()));

    f.expects(&["2 gets join"]);
}

#[test]
fn a_notice_that_comes_before_the_admission_follows_it() {
    let mut f = Driver::new();
    f.join_with(1, |join| join.notices = true);
    f.attach();
    f.tell(Input::Arrived(notice()));
    f.skips();

    f.answers(view(0, []));

    f.expects(&["1 in at 0", "1 gets join"]);
}

mod too_much {
    use super::*;

    /// More than may be put aside: 16 publications of 130 bytes each.
    const FLOOD: std::ops::RangeInclusive<u64> = 6..=21;

    #[test]
    fn more_than_can_be_kept_before_the_first_read_is_read_again() {
        let mut f = Driver::new();
        f.join(1);
        f.attach();
        f.arrive(FLOOD);
        f.skips();

        f.answers(view(5, []));
        f.expects(&["1 in at 5"]);
        f.pass(secs(1));
        f.expects(&["read after 5"]);
        f.answers(view(21, 6..=16));
        f.skips();
        f.answers(view(21, 17..=21));

        f.expects(&["1 gets 17", "1 gets 18", "1 gets 19", "1 gets 20", "1 gets 21"]);
    }

    #[test]
    fn more_than_can_be_kept_for_a_newcomer_makes_it_wait_for_another_read() {
        let mut f = Driver::live_at(5);
        f.join(2);
        f.arrive(FLOOD);
        f.skips();

        f.answers(view(5, []));
        f.expects(&["read top"]);
        f.answers(view(21, []));

        f.expects(&["2 in at 21"]);
    }

    #[test]
    fn a_newcomer_that_can_never_be_served_is_refused_at_last() {
        let mut f = Driver::live_at(0);
        f.join(2);
        let mut top = 0;
        for _ in 0..4 {
            f.arrive(top + 1..=top + 16);
            f.answers(view(top, []));
            top += 16;
        }

        assert_eq!(f.feed.member_count(), 1);
        f.skips();
        f.arrives(top + 1);
        f.expects(&[&format!("1 gets {}", top + 1)]);
    }

    #[test]
    fn a_view_that_is_new_enough_does_not_need_what_was_lost() {
        let mut f = Driver::live_at(5);
        f.join(2);
        f.arrive(FLOOD);
        f.skips();

        f.answers(view(21, []));

        f.expects(&["2 in at 21"]);
    }
}
