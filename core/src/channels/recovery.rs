//! Recovery: whether a client that comes back can be given everything it missed (P 12.3).

use std::sync::Arc;

use ports::channels::{Position, Publication};
use ports::protocol::Recovery;

/// How much a recovery may hand out.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most publications.
    pub items_max: usize,
    /// Most payload bytes (P-REC-5).
    pub bytes_max: usize,
}

/// What a recovery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything missed, in order; perhaps nothing.
    Recovered(Vec<Arc<Publication>>),
    /// The client must load its state anew.
    Lost,
    /// The items given have a gap before the top although the stream may hold the rest: read again from this client's
    /// offset.
    Unread,
}

/// Decides from `items`, an ascending run that begins at or before the first missed one, and the top at the same
/// moment. `complete` says that the run was not cut by a limit. What does not pass counts as missed and is left out
/// (P-REC-4).
pub fn recover(
    wish: &Recovery,
    items: &[Arc<Publication>],
    top: &Position,
    complete: bool,
    bounds: Bounds,
    passes: impl Fn(&Publication) -> bool,
) -> Verdict {
    if !wish.epoch.is_unknown() && wish.epoch != top.epoch {
        return Verdict::Lost;
    }
    let Some(missed_count) = top.offset.checked_sub(wish.offset) else {
        return Verdict::Lost;
    };
    if missed_count > bounds.items_max as u64 {
        return Verdict::Lost;
    }

    let begin = items.partition_point(|item| item.offset <= wish.offset);
    let missed = items.get(begin..).unwrap_or_default();
    let reaches_top = missed.last().map_or(wish.offset, |last| last.offset) == top.offset;
    let gapless = missed.iter().zip(wish.offset + 1..).all(|(item, offset)| item.offset == offset);
    if !reaches_top || !gapless {
        return if complete { Verdict::Lost } else { Verdict::Unread };
    }
    within(missed.iter().filter(|item| passes(item)).cloned().collect(), bounds)
}

/// Decides for a client that wants the newest state and nothing else (P 12.6), from `items`, an ascending run of the
/// newest ones, and the top at the same moment. `complete` says that there are no older ones: if none of a cut run
/// passes, one that was cut off might, and the client is not told that there is nothing.
pub fn latest(
    wish: &Recovery,
    items: &[Arc<Publication>],
    top: &Position,
    complete: bool,
    bounds: Bounds,
    passes: impl Fn(&Publication) -> bool,
) -> Verdict {
    let has_it = top.offset > 0 && wish.offset == top.offset && wish.epoch == top.epoch;
    if has_it {
        return Verdict::Recovered(Vec::new());
    }
    if items.last().is_none_or(|newest| newest.offset != top.offset) {
        return Verdict::Lost;
    }
    match items.iter().rev().find(|item| passes(item)) {
        Some(newest) => within(vec![Arc::clone(newest)], bounds),
        None if complete => Verdict::Recovered(Vec::new()),
        None => Verdict::Lost,
    }
}

/// Only what is handed out has a weight (P-REC-5).
fn within(items: Vec<Arc<Publication>>, bounds: Bounds) -> Verdict {
    let bytes: usize = items.iter().map(|item| item.payload_bytes()).sum();
    if bytes > bounds.bytes_max { Verdict::Lost } else { Verdict::Recovered(items) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::channels::Epoch;
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { items_max: 300, bytes_max: 10_000 };

    fn item(offset: u64, bytes: usize) -> Arc<Publication> {
        Arc::new(Publication {
            offset,
            data: Bytes::from(vec![b'x'; bytes]),
            info: None,
            tags: None,
            delta: false,
        })
    }

    fn items(offsets: impl IntoIterator<Item = u64>) -> Vec<Arc<Publication>> {
        offsets.into_iter().map(|offset| item(offset, 2)).collect()
    }

    fn at(offset: u64) -> Position {
        Position { offset, epoch: Epoch::new("e") }
    }

    fn from(offset: u64) -> Recovery {
        Recovery { offset, epoch: Epoch::new("e") }
    }

    /// With the whole stream at hand.
    fn whole(wish: &Recovery, items: &[Arc<Publication>], top: u64) -> Verdict {
        recover(wish, items, &at(top), true, BOUNDS, |_| true)
    }

    #[test]
    fn missed_publications_are_those_after_the_wish() {
        assert_eq!(whole(&from(5), &items(3..=7), 7), Verdict::Recovered(items(6..=7)));
        assert_eq!(whole(&from(7), &items(3..=7), 7), Verdict::Recovered(Vec::new()));
        assert_eq!(whole(&from(7), &[], 7), Verdict::Recovered(Vec::new()));
        assert_eq!(whole(&from(0), &[], 0), Verdict::Recovered(Vec::new()));
    }

    #[test]
    fn a_position_past_the_top_is_lost() {
        assert_eq!(whole(&from(8), &items(1..=7), 7), Verdict::Lost);
        assert_eq!(whole(&from(u64::MAX), &[], 7), Verdict::Lost);
    }

    #[test]
    fn epochs_are_compared_unless_the_client_knows_none() {
        let wish = |epoch: &str| Recovery { offset: 7, epoch: Epoch::new(epoch) };

        assert_eq!(whole(&wish("other"), &[], 7), Verdict::Lost);
        assert_eq!(whole(&wish("_"), &[], 7), Verdict::Lost);
        assert_eq!(whole(&wish(""), &[], 7), Verdict::Recovered(Vec::new()));
    }

    #[test]
    fn what_the_stream_does_not_hold_any_more_is_lost() {
        assert_eq!(whole(&from(3), &items(5..=7), 7), Verdict::Lost);
        assert_eq!(whole(&from(3), &items(4..=6), 7), Verdict::Lost);
        assert_eq!(whole(&from(3), &items([4, 5, 7]), 7), Verdict::Lost);
        assert_eq!(whole(&from(3), &[], 7), Verdict::Lost);
    }

    #[test]
    fn too_many_or_too_heavy_is_lost() {
        assert_eq!(whole(&from(0), &items(1..=300), 300), Verdict::Recovered(items(1..=300)));
        assert_eq!(whole(&from(0), &items(1..=301), 301), Verdict::Lost);
        assert_eq!(whole(&from(6), &[item(7, 10_000)], 7), Verdict::Recovered(vec![item(7, 10_000)]));
        assert_eq!(whole(&from(6), &[item(7, 10_001)], 7), Verdict::Lost);
    }

    #[test]
    fn weight_of_what_was_not_missed_does_not_count() {
        let heavy = [item(6, 50_000), item(7, 2)];

        assert_eq!(whole(&from(6), &heavy, 7), Verdict::Recovered(items([7])));
    }

    #[test]
    fn a_cut_run_that_has_a_gap_before_the_top_is_read_again() {
        let cut = |items: &[_]| recover(&from(3), items, &at(9), false, BOUNDS, |_| true);

        assert_eq!(cut(&items(4..=7)), Verdict::Unread);
        assert_eq!(cut(&items([4, 5, 8, 9])), Verdict::Unread);
        assert_eq!(cut(&[]), Verdict::Unread);
        assert_eq!(cut(&items(4..=9)), Verdict::Recovered(items(4..=9)));
    }

    #[test]
    fn what_cannot_be_recovered_anyway_is_not_read_again() {
        let cut = |wish: &Recovery, items: &[_], top| recover(wish, items, &at(top), false, BOUNDS, |_| true);

        assert_eq!(cut(&from(0), &items(1..=300), 900), Verdict::Lost);
        assert_eq!(cut(&from(10), &items(1..=5), 9), Verdict::Lost);
    }

    #[test]
    fn what_does_not_pass_is_counted_and_left_out() {
        let even = |items: &[_]| recover(&from(3), items, &at(7), true, BOUNDS, |item| item.offset % 2 == 0);

        assert_eq!(even(&items(4..=7)), Verdict::Recovered(items([4, 6]))); // P-REC-4
        assert_eq!(even(&items([4, 6])), Verdict::Lost);
    }

    #[test]
    fn too_many_are_lost_even_if_few_of_them_pass() {
        let none = recover(&from(0), &items(1..=301), &at(301), true, BOUNDS, |_| false);

        assert_eq!(none, Verdict::Lost);
    }

    #[test]
    fn what_does_not_pass_has_no_weight() {
        let heavy = [item(6, 50_000), item(7, 2)];

        let light = recover(&from(5), &heavy, &at(7), true, BOUNDS, |item| item.offset == 7);

        assert_eq!(light, Verdict::Recovered(items([7])));
    }

    mod newest {
        use super::*;

        fn wish(offset: u64, epoch: &str) -> Recovery {
            Recovery { offset, epoch: Epoch::new(epoch) }
        }

        fn any(wish: &Recovery, items: &[Arc<Publication>], top: u64) -> Verdict {
            latest(wish, items, &at(top), false, BOUNDS, |_| true)
        }

        #[test]
        fn who_has_the_newest_gets_nothing() {
            assert_eq!(any(&wish(7, "e"), &items([7]), 7), Verdict::Recovered(Vec::new())); // P-CACHE-1
            assert_eq!(any(&wish(7, "e"), &[], 7), Verdict::Recovered(Vec::new()));
        }

        #[test]
        fn everybody_else_gets_it_whatever_position_they_name() {
            for wish in [wish(0, ""), wish(3, "e"), wish(7, ""), wish(7, "other"), wish(9, "e"), wish(0, "_")]
            {
                assert_eq!(any(&wish, &items([7]), 7), Verdict::Recovered(items([7]))); // P-CACHE-2
            }
        }

        #[test]
        fn a_newest_that_is_gone_or_never_was_is_lost() {
            assert_eq!(any(&wish(3, "e"), &[], 7), Verdict::Lost); // P-CACHE-4
            assert_eq!(any(&wish(3, "e"), &items([6]), 7), Verdict::Lost);
            assert_eq!(any(&wish(0, "e"), &[], 0), Verdict::Lost);
        }

        #[test]
        fn the_newest_that_passes_is_enough() {
            let passing = |complete, passes: fn(&Publication) -> bool| {
                latest(&wish(0, ""), &items(5..=7), &at(7), complete, BOUNDS, passes)
            };

            assert_eq!(passing(false, |item| item.offset < 7), Verdict::Recovered(items([6])));
            assert_eq!(passing(true, |_| false), Verdict::Recovered(Vec::new()));
            assert_eq!(passing(false, |_| false), Verdict::Lost);
        }

        #[test]
        fn too_heavy_a_newest_is_lost() {
            assert_eq!(
                any(&wish(0, ""), &[item(6, 9), item(7, 10_000)], 7),
                Verdict::Recovered(vec![item(7, 10_000)])
            );
            assert_eq!(any(&wish(0, ""), &[item(6, 9), item(7, 10_001)], 7), Verdict::Lost);
        }
    }

    proptest! {
        /// Against the definition in P 12.3, taken literally: read at most the limit after the offset, and look.
        #[test]
        fn verdict_agrees_with_the_protocol(
            first in 1_u64..20,
            count in 0_u64..30,
            beyond in prop::bool::weighted(0.2),
            offset in 0_u64..50,
            epoch in prop::sample::select(vec!["e", "", "other"]),
            items_max in 1_usize..20,
        ) {
            let stream = items(first..first + count);
            let top = at(first + count - 1 + u64::from(beyond)); // the newest may be forgotten
            let wish = Recovery { offset, epoch: Epoch::new(epoch) };
            let bounds = Bounds { items_max, ..BOUNDS };

            let list: Vec<_> = stream.iter().filter(|item| item.offset > offset).take(items_max).cloned().collect();
            let epoch_fits = epoch.is_empty() || epoch == "e";
            let complete = match (list.first(), list.last()) {
                (Some(first), Some(last)) => first.offset == offset + 1 && last.offset == top.offset,
                _ => top.offset == offset,
            };
            let expected = if epoch_fits && complete { Verdict::Recovered(list) } else { Verdict::Lost };

            prop_assert_eq!(recover(&wish, &stream, &top, true, bounds, |_| true), expected);
        }

        /// A run that was cut leads to the same verdict as the whole one, or to none.
        #[test]
        fn a_cut_run_never_leads_to_another_verdict(
            top in 0_u64..60,
            since in 0_u64..60,
            limit in 1_usize..40,
            offset in 0_u64..60,
        ) {
            prop_assume!(since <= offset);
            let stream = items(since + 1..=top);
            let cut: Vec<_> = stream.iter().take(limit).cloned().collect();
            let complete = cut.len() < limit;

            let verdict = recover(&from(offset), &cut, &at(top), complete, BOUNDS, |_| true);

            prop_assert!(verdict == Verdict::Unread || verdict == whole(&from(offset), &stream, top));
            prop_assert!(!complete || verdict != Verdict::Unread);
        }
    }
}
