//! The live members of a feed in the order of their seats: in place if there is one, in a short list while they are few,
//! in a tree when they are many.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::slice;

use super::Seat;
use super::member::Member;

/// Live members by seat. Most channels have one or two, and some have a hundred thousand.
#[derive(Debug)]
pub(super) enum Members {
    /// No block on the heap.
    One(Option<(Seat, Member)>),
    /// At least two, in order.
    Few(Vec<(Seat, Member)>),
    /// At least one.
    Many(BTreeMap<Seat, Member>),
}

/// Beyond so many the list becomes a tree.
const FEW_MAX: usize = 16;

impl Default for Members {
    fn default() -> Self {
        Self::One(None)
    }
}

impl Members {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) | Self::Few(_) => self.as_slice().len(),
            Self::Many(many) => many.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::One(None))
    }

    /// Puts a member at its seat, in place of whoever was there.
    pub(super) fn insert(&mut self, seat: Seat, member: Member) {
        if let Self::Many(many) = self {
            many.insert(seat, member);
            return;
        }
        let place = self.find(seat);
        if let Some(taken) = place.ok().and_then(|place| self.as_mut_slice().get_mut(place)) {
            taken.1 = member;
            return;
        }
        let place = place.unwrap_or_else(|place| place);
        match self {
            Self::Many(_) => {}
            Self::One(only @ None) => *only = Some((seat, member)),
            Self::One(only) => {
                let mut few = Vec::with_capacity(2);
                few.extend(only.take());
                few.insert(place, (seat, member));
                *self = Self::Few(few);
            }
            Self::Few(few) if few.len() == FEW_MAX => {
                let mut many: BTreeMap<Seat, Member> = few.drain(..).collect();
                many.insert(seat, member);
                *self = Self::Many(many);
            }
            Self::Few(few) => {
                // Doubling from four would waste more than there is.
                few.reserve_exact(1);
                few.insert(place, (seat, member));
            }
        }
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        match self {
            Self::Many(many) => {
                many.remove(&seat);
            }
            Self::Few(few) => {
                if let Ok(place) = few.binary_search_by_key(&seat, |(seat, _)| *seat) {
                    few.remove(place);
                }
            }
            Self::One(only) => {
                only.take_if(|(taken, _)| *taken == seat);
            }
        }
        self.give_back();
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(Seat, &mut Member) -> bool) {
        match self {
            Self::One(only) => {
                only.take_if(|(seat, member)| !keep(*seat, member));
            }
            Self::Few(few) => few.retain_mut(|(seat, member)| keep(*seat, member)),
            Self::Many(many) => many.retain(|seat, member| keep(*seat, member)),
        }
        self.give_back();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Member)> {
        let many = match self {
            Self::One(_) | Self::Few(_) => None,
            Self::Many(many) => Some(many.iter()),
        };
        let few = self.as_slice().iter().map(|(seat, member)| (*seat, member));
        few.chain(many.into_iter().flatten().map(|(seat, member)| (*seat, member)))
    }

    /// All members, from a seat on.
    pub(super) fn iter_mut(&mut self, from: Seat) -> IterMut<'_> {
        if let Self::Many(many) = self {
            return IterMut::Many(many.range_mut(from..));
        }
        let few = self.as_mut_slice();
        let begin = few.partition_point(|(seat, _)| *seat < from);
        IterMut::Few(few.get_mut(begin..).unwrap_or_default().iter_mut())
    }

    /// A list of one, and a tree of nobody, take room for nothing.
    fn give_back(&mut self) {
        match self {
            Self::Few(few) if few.len() <= 1 => *self = Self::One(few.pop()),
            Self::Many(many) if many.is_empty() => *self = Self::default(),
            Self::One(_) | Self::Few(_) | Self::Many(_) => {}
        }
    }

    /// The place of a seat in the list, or the place that it would have.
    fn find(&self, seat: Seat) -> Result<usize, usize> {
        self.as_slice().binary_search_by_key(&seat, |(seat, _)| *seat)
    }

    /// The list; nothing of a tree.
    fn as_slice(&self) -> &[(Seat, Member)] {
        match self {
            Self::One(only) => only.as_slice(),
            Self::Few(few) => few,
            Self::Many(_) => &[],
        }
    }

    fn as_mut_slice(&mut self) -> &mut [(Seat, Member)] {
        match self {
            Self::One(only) => only.as_mut_slice(),
            Self::Few(few) => few,
            Self::Many(_) => &mut [],
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
