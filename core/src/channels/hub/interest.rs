//! The shards that want one channel.

use super::ShardIndex;

/// Shards with their numbers of the feed. Most channels are wanted by one shard, which takes no block on the heap.
#[derive(Debug)]
pub(super) enum Interest {
    One((ShardIndex, u32)),
    /// Nobody, or at least two, in order.
    Several(Box<[(ShardIndex, u32)]>),
}

impl Default for Interest {
    fn default() -> Self {
        Self::Several(Box::default())
    }
}

impl Interest {
    /// The interest of one shard.
    pub(super) fn of(shard: ShardIndex, feed: u32) -> Self {
        Self::One((shard, feed))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Shards and their numbers of the feed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ShardIndex, u32)> {
        self.as_slice().iter().copied()
    }

    /// A shard wants the channel, for the feed of this number and no other.
    pub(super) fn set(&mut self, shard: ShardIndex, feed: u32) {
        let others = self.iter().filter(|(other, _)| *other != shard);
        let mut all: Vec<_> = others.chain([(shard, feed)]).collect();
        all.sort_unstable();
        *self = Self::from(all);
    }

    /// A shard does not want the channel for the feed of this number any more.
    pub(super) fn remove(&mut self, shard: ShardIndex, feed: u32) {
        let others = self.iter().filter(|one| *one != (shard, feed));
        *self = Self::from(others.collect::<Vec<_>>());
    }

    fn as_slice(&self) -> &[(ShardIndex, u32)] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Several(all) => all,
        }
    }
}

impl From<Vec<(ShardIndex, u32)>> for Interest {
    fn from(all: Vec<(ShardIndex, u32)>) -> Self {
        match *all {
            [only] => Self::One(only),
            _ => Self::Several(all.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the obvious: a map from shard to number.
        #[test]
        fn interest_agrees_with_a_map(steps in proptest::collection::vec((0_u16..5, 0_u32..3, any::<bool>()), 1..60)) {
            let (mut interest, mut map) = (Interest::default(), BTreeMap::new());
            for (shard, feed, wants) in steps {
                if wants {
                    interest.set(shard, feed);
                    map.insert(shard, feed);
                } else {
                    interest.remove(shard, feed);
                    map = map.into_iter().filter(|one| *one != (shard, feed)).collect();
                }
                prop_assert!(interest.iter().eq(map.clone()));
                prop_assert_eq!(interest.is_empty(), map.is_empty());
            }
        }
    }

    #[test]
    fn the_interest_of_one_shard_needs_no_block() {
        let mut interest = Interest::of(3, 1);
        interest.set(4, 1);

        interest.remove(3, 1);

        assert!(matches!(interest, Interest::One((4, 1))), "{interest:?}");
        assert_eq!(size_of::<Interest>(), 16);
    }
}
