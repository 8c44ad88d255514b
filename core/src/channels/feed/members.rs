//! The live members of a feed in the order of their seats: a short list while they are few, a tree when they are many.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::slice;

use super::Seat;
use super::member::Member;

/// Live members by seat. Most channels have one or two, and some have a hundred thousand.
#[derive(Debug)]
pub(super) enum Members {
    /// In order.
    Few(Vec<(Seat, Member)>),
    Many(BTreeMap<Seat, Member>),
}

/// Beyond so many the list becomes a tree.
const FEW_MAX: usize = 16;

impl Default for Members {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Members {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a member at its seat, in place of whoever was there.
    pub(super) fn insert(&mut self, seat: Seat, member: Member) {
        match self {
            Self::Many(many) => {
                many.insert(seat, member);
            }
            Self::Few(few) => match few.binary_search_by_key(&seat, |(seat, _)| *seat) {
                Ok(place) => {
                    if let Some(place) = few.get_mut(place) {
                        place.1 = member;
                    }
                }
                Err(_) if few.len() == FEW_MAX => {
                    let mut many: BTreeMap<Seat, Member> = few.drain(..).collect();
                    many.insert(seat, member);
                    *self = Self::Many(many);
                }
                Err(place) => {
                    // Doubling from four would waste more than there is.
                    few.reserve_exact(1);
                    few.insert(place, (seat, member));
                }
            },
        }
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        match self {
            Self::Many(many) => {
                many.remove(&seat);
                if many.is_empty() {
                    *self = Self::default();
                }
            }
            Self::Few(few) => {
                if let Ok(place) = few.binary_search_by_key(&seat, |(seat, _)| *seat) {
                    few.remove(place);
                }
            }
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(Seat, &mut Member) -> bool) {
        match self {
            Self::Few(few) => few.retain_mut(|(seat, member)| keep(*seat, member)),
            Self::Many(many) => many.retain(|seat, member| keep(*seat, member)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Member)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few.iter()), None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        let few = few.into_iter().flatten().map(|(seat, member)| (*seat, member));
        few.chain(many.into_iter().flatten().map(|(seat, member)| (*seat, member)))
    }

    /// All members, from a seat on.
    pub(super) fn iter_mut(&mut self, from: Seat) -> IterMut<'_> {
        match self {
            Self::Few(few) => {
                let begin = few.partition_point(|(seat, _)| *seat < from);
                IterMut::Few(few.get_mut(begin..).unwrap_or_default().iter_mut())
            }
            Self::Many(many) => IterMut::Many(many.range_mut(from..)),
        }
    }
}

/// Members in the order of their seats.
pub(super) enum IterMut<'m> {
    Few(slice::IterMut<'m, (Seat, Member)>),
    Many(btree_map::RangeMut<'m, Seat, Member>),
}

impl<'m> Iterator for IterMut<'m> {
    type Item = (Seat, &'m mut Member);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(few) => few.next().map(|(seat, member)| (*seat, member)),
            Self::Many(many) => many.next().map(|(seat, member)| (*seat, member)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::member::Taste;
    use super::*;

    fn member(join: u32) -> Member {
        Member { join, positioned: false, notices: false, covered: 0, since: 0, taste: Taste::Plain }
    }

    proptest! {
        #[test]
        fn members_agree_with_a_tree(steps in proptest::collection::vec((0_u32..40, 0_u8..3), 1..200)) {
            let (mut members, mut tree) = (Members::default(), BTreeMap::new());
            for (join, (seat, kind)) in steps.into_iter().enumerate() {
                let join = u32::try_from(join).unwrap();
                if kind == 0 {
                    members.remove(seat);
                    tree.remove(&seat);
                } else {
                    members.insert(seat, member(join));
                    tree.insert(seat, join);
                }
                prop_assert!(members.iter().map(|(seat, member)| (seat, member.join)).eq(tree.clone()));
                let from = members.iter_mut(seat).map(|(seat, member)| (seat, member.join));
                prop_assert!(from.eq(tree.range(seat..).map(|(seat, join)| (*seat, *join))));
                prop_assert_eq!((members.len(), members.is_empty()), (tree.len(), tree.is_empty()));
            }
            members.retain(|seat, _| seat % 2 == 0);
            tree.retain(|seat, _| seat % 2 == 0);
            prop_assert!(members.iter().map(|(seat, _)| seat).eq(tree.into_keys()));
        }
    }
}
