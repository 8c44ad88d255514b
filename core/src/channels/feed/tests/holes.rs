//! Publications that were lost on the way (P 12.5).

use super::driver::*;
use crate::channels::feed::Input;

#[test]
fn in_order_publications_are_delivered_and_doubles_are_dropped() {
    let mut f = Driver::live_at(5);

    for offset in [6, 6, 5, 1, 7, 6] {
        f.arrives(offset);
    }

    f.expects(&["1 gets 6", "1 gets 7"]);
}

#[test]
fn a_gap_is_filled_from_history_and_delivered_in_order() {
    let mut f = Driver::live_at(5);

    f.arrives(8);
    f.expects(&["read after 5"]);
    f.arrives(9);
    f.answers(view(8, 6..=8));

    f.expects(&["1 gets 6", "1 gets 7", "1 gets 8", "1 gets 9"]);
}

#[test]
fn a_gap_behind_a_gap_is_filled_too() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.arrives(9);
    f.skips();

    f.answers(view(7, 6..=7));
    f.expects(&["1 gets 6", "1 gets 7"]);
    f.pass(secs(1));
    f.expects(&["read after 7"]);
    f.answers(view(9, 8..=9));

    f.expects(&["1 gets 8", "1 gets 9"]);
}

#[test]
fn gaps_are_filled_at_most_once_a_second() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.answers(view(7, 6..=7));
    f.skips();

    f.arrives(9);
    f.expects(&[]);
    f.pass(secs(1));

    f.expects(&["read after 7"]);
}

#[test]
fn a_long_gap_is_filled_read_by_read_without_a_pause() {
    let mut f = Driver::live_at(5);
    f.arrives(30);
    f.answers(view(30, 6..=16));
    f.answers(view(30, 17..=27));
    f.answers(view(30, 28..=30));

    assert_eq!(f.read, None);
    f.skips();
    f.arrives(31);
    f.expects(&["1 gets 31"]);
}

#[test]
fn a_gap_that_history_cannot_fill_ends_the_members_that_track_their_position() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.positioned = false);
    f.answers(view(5, []));
    f.skips();

    f.arrives(8);
    f.answers(view(8, [8])); // 6 and 7 are trimmed
    f.expects(&["read after 5", "1 insufficient", "2 gets 8"]);

    f.arrives(9);
    f.expects(&["2 gets 9"]);
    assert_eq!(f.feed.member_count(), 1);
}

#[test]
fn what_history_has_forgotten_but_arrived_reaches_the_others() {
    let mut f = Driver::live_at(5);
    f.join_with(2, |join| join.positioned = false);
    f.answers(view(5, []));
    f.arrive(8..=9);
    f.skips();

    f.answers(view(10, []));
    f.expects(&["1 insufficient", "2 gets 8", "2 gets 9"]);
    f.arrives(10);

    f.expects(&["2 gets 10"]);
}

#[test]
fn a_gap_that_history_fills_only_in_part_is_delivered_up_to_the_gap() {
    let mut f = Driver::live_at(5);
    f.arrives(9);
    f.skips();

    f.answers(view(9, [6, 9]));

    f.expects(&["1 gets 6", "1 insufficient"]);
    assert!(f.feed.is_empty());
}

#[test]
fn a_member_whose_admission_covers_the_gap_stays() {
    let mut f = Driver::live_at(5);
    f.join(2);
    f.answers(view(7, []));
    f.skips();

    f.pass(secs(2)); // 6 and 7 never came
    f.answers(view(7, []));
    f.expects(&["read after 5", "1 insufficient"]);
    f.arrives(8);

    f.expects(&["2 gets 8"]);
}

#[test]
fn a_failing_read_is_tried_again_a_second_later() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.skips();

    f.fails();
    f.expects(&[]);
    f.pass(secs(1));
    f.expects(&["read after 5"]);
    f.answers(view(7, 6..=7));

    f.expects(&["1 gets 6", "1 gets 7"]);
}

#[test]
fn a_newcomer_with_an_old_position_does_not_spoil_the_filling_of_a_gap() {
    let mut f = Driver::live_at(50);
    f.arrives(52);
    f.fails();
    f.join_from(2, 3);
    f.fails();
    f.join_from(2, 3);
    f.pass(secs(1));
    f.skips();

    let (_, query) = f.read.unwrap();
    assert_eq!(query.since, Some(3));
    f.answers(view(52, 4..=14)); // the limit cuts it long before the gap
    f.expects(&["2 in at 52", "read after 50"]);
    f.answers(view(52, 51..=52));

    f.expects(&["1 gets 51", "1 gets 52"]);
}

#[test]
fn a_gap_that_is_more_than_can_be_kept_is_filled_from_history() {
    let mut f = Driver::live_at(5);
    f.arrives(7);
    f.arrive(8..=24);
    f.skips();

    f.answers(view(7, 6..=7));
    f.skips();
    f.pass(secs(1));
    f.expects(&["read after 7"]);
    f.answers(view(24, 8..=18));
    f.answers(view(24, 19..=24));
    f.skips();
    f.arrives(25);

    f.expects(&["1 gets 25"]);
}

mod behind {
    use super::*;

    #[test]
    fn what_was_dropped_on_the_way_is_read() {
        let mut f = Driver::live_at(5);

        f.tell(Input::Behind);
        f.expects(&["read after 5"]);
        f.answers(view(7, 6..=7));

        f.expects(&["1 gets 6", "1 gets 7"]);
    }

    #[test]
    fn nothing_dropped_after_all_is_no_harm() {
        let mut f = Driver::live_at(5);
        f.tell(Input::Behind);
        f.answers(view(5, []));
        f.skips();

        f.arrives(6);

        f.expects(&["1 gets 6"]);
    }

    #[test]
    fn what_was_dropped_before_the_first_read_is_read_after_it() {
        let mut f = Driver::new();
        f.join(1);
        f.attach();
        f.tell(Input::Behind);
        f.skips();

        f.answers(view(5, []));
        f.expects(&["1 in at 5"]);
        f.pass(secs(1));
        f.expects(&["read after 5"]);
        f.answers(view(6, [6]));

        f.expects(&["1 gets 6"]);
    }

    #[test]
    fn what_was_dropped_during_a_read_is_read_after_it() {
        let mut f = Driver::live_at(5);
        f.tell(Input::Behind);
        f.tell(Input::Behind); // 6 was dropped after the stream had been looked at
        f.skips();

        f.answers(view(5, []));
        f.pass(secs(1));
        f.expects(&["read after 5"]);
        f.answers(view(6, [6]));

        f.expects(&["1 gets 6"]);
    }

    #[test]
    fn being_behind_is_healed_at_most_once_a_second() {
        let mut f = Driver::live_at(5);
        for _ in 0..10 {
            f.tell(Input::Behind);
            if f.read.is_some() {
                f.answers(view(5, []));
            }
        }

        f.expects(&["read after 5"]);
    }
}

mod checks {
    use super::*;

    #[test]
    fn a_check_that_finds_nothing_costs_one_read() {
        let mut f = Driver::live_at(5);

        f.pass(secs(39));
        f.expects(&[]);
        f.pass(secs(1));
        f.expects(&["read top"]);
        f.answers(view(5, []));
        f.pass(secs(39));

        f.expects(&[]);
    }

    #[test]
    fn the_last_message_lost_is_found_by_the_check_and_two_seconds_of_doubt() {
        let mut f = Driver::live_at(5);
        f.pass(secs(40));
        f.answers(view(6, []));
        f.skips();

        f.pass(secs(1));
        f.expects(&[]);
        f.pass(secs(1));
        f.expects(&["read after 5"]);
        f.answers(view(6, [6]));

        f.expects(&["1 gets 6"]);
    }

    #[test]
    fn a_message_that_was_only_on_its_way_is_not_read() {
        let mut f = Driver::live_at(5);
        f.pass(secs(40));
        f.answers(view(6, []));
        f.arrives(6);
        f.skips();

        f.pass(secs(20));

        f.expects(&[]);
    }

    #[test]
    fn a_failing_check_is_made_again_the_next_time() {
        let mut f = Driver::live_at(5);
        f.pass(secs(40));
        f.fails();
        f.skips();

        f.pass(secs(41));

        f.expects(&["read top"]);
    }

    #[test]
    fn a_feed_whose_members_have_left_wants_nothing() {
        let mut f = Driver::live_at(5);
        f.leave(1);

        assert!(f.feed.is_empty());
        assert_eq!(f.feed.wakeup(), None);
    }

    #[test]
    fn waking_early_or_twice_does_nothing() {
        let mut f = Driver::live_at(5);
        for _ in 0..3 {
            f.tell(Input::Wakeup);
        }
        f.pass(secs(40));
        for _ in 0..3 {
            f.tell(Input::Wakeup);
        }

        f.expects(&["read top"]);
    }
}
