//! What is handed out together, to whom, and in how many turns.

use ports::channels::Form;

use super::driver::*;
use crate::channels::feed::{Effect, Input};

/// Attached, with live members 1 to `count` at offset 5.
fn crowd(count: u32) -> Driver {
    let mut f = Driver::new();
    (1..=count).for_each(|seat| f.join(seat));
    f.attach();
    f.answers(view(5, []));
    f.skips();
    f
}

/// Takes in without handing out.
fn arrive(f: &mut Driver, offsets: std::ops::RangeInclusive<u64>) {
    for offset in offsets {
        f.tell_without_handing_out(arrival(&publication(offset)));
    }
}

/// One turn of handing out: for each batch its offsets and its seats. A read that comes of it is noted.
fn hand_out(f: &mut Driver, members: usize) -> Vec<(Vec<u64>, Vec<u32>)> {
    let mut effects = Vec::new();
    f.feed.handle(f.now, Input::HandOut(members), &mut effects);
    let batches = effects.into_iter().filter_map(|effect| match effect {
        Effect::Deliver { batch, seats } => {
            let offsets = batch.events().iter().filter_map(|(published, form)| {
                assert_eq!(*form, Form::Plain);
                published.position().map(|(offset, _)| offset)
            });
            Some((offsets.collect(), seats))
        }
        Effect::Read { read, query } => {
            f.read = Some((read, query));
            None
        }
        Effect::Admit { .. } | Effect::Insufficient { .. } => None,
    });
    batches.collect()
}

#[test]
fn everybody_gets_the_same_batch_of_all_that_has_arrived() {
    let mut f = crowd(3);
    arrive(&mut f, 6..=8);

    assert_eq!(hand_out(&mut f, 10), [(vec![6, 7, 8], vec![1, 2, 3])]);
    assert!(!f.feed.has_run());
}

#[test]
fn handing_out_goes_on_where_it_stopped_and_what_comes_meanwhile_follows() {
    let mut f = crowd(40);
    arrive(&mut f, 6..=6);
    assert_eq!(hand_out(&mut f, 30), [(vec![6], (1..=30).collect())]);
    arrive(&mut f, 7..=8);

    assert_eq!(hand_out(&mut f, 15), [(vec![6], (31..=40).collect()), (vec![7, 8], (1..=5).collect())]);
    assert_eq!(hand_out(&mut f, usize::MAX), [(vec![7, 8], (6..=40).collect())]);
    assert!(!f.feed.has_run());
}

#[test]
fn newcomer_in_the_middle_gets_what_is_taken_in_after_its_admission() {
    let mut f = crowd(2);
    arrive(&mut f, 6..=6);
    assert_eq!(hand_out(&mut f, 1), [(vec![6], vec![1])]);

    f.tell_without_handing_out(Input::Leave(1));
    f.join_without_handing_out(1);
    f.answers_without_handing_out(view(6, []));
    arrive(&mut f, 7..=7);

    assert_eq!(hand_out(&mut f, 10), [(vec![6], vec![2]), (vec![7], vec![1, 2])]);
}

#[test]
fn leaver_in_the_middle_gets_nothing_more() {
    let mut f = crowd(3);
    arrive(&mut f, 6..=6);
    assert_eq!(hand_out(&mut f, 1), [(vec![6], vec![1])]);

    f.tell_without_handing_out(Input::Leave(2));

    assert_eq!(hand_out(&mut f, 10), [(vec![6], vec![3])]);
}

#[test]
fn batch_has_its_bounds() {
    let mut f = crowd(1);
    arrive(&mut f, 6..=75);
    let of_130_bytes_each = 1_000 / 130;
    let first = hand_out(&mut f, 1).pop().unwrap().0;
    assert_eq!(first.len(), of_130_bytes_each);

    let long = publication_of(76, 5_000);
    while f.feed.has_run() {
        hand_out(&mut f, 1);
    }
    f.tell_without_handing_out(arrival(&long));
    arrive(&mut f, 77..=77);

    assert_eq!(hand_out(&mut f, 10), [(vec![76], vec![1]), (vec![77], vec![1])]);
}

#[test]
fn long_hole_is_read_page_by_page_as_it_is_handed_out() {
    let mut f = Driver::live_at(5);
    f.tell(Input::Behind);
    f.expects(&["read after 5"]);

    f.answers_without_handing_out(view(40, 6..=16));
    f.expects(&[]);
    assert_eq!(hand_out(&mut f, 10).len(), 2);

    assert_eq!(f.read.map(|(_, query)| query.since), Some(Some(16)));
}
