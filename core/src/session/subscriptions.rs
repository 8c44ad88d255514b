//! The subscriptions of a session, by channel.

use ports::channels::ChannelName;

use super::live::Subscription;

/// Subscriptions in the order of their channels' names. Most sessions have one, which takes no block on the heap.
#[derive(Debug)]
pub(super) enum Subscriptions {
    One(Option<Subscription>),
    /// At least two, sorted.
    Several(Vec<Subscription>),
}

/// Room is given back when no more than a quarter of it is used.
const SPARSE: usize = 4;

impl Default for Subscriptions {
    fn default() -> Self {
        Self::One(None)
    }
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.as_slice().iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Subscription> {
        self.as_mut_slice().iter_mut()
    }

    pub(super) fn contains(&self, channel: &ChannelName) -> bool {
        self.find(channel).is_ok()
    }

    pub(super) fn get(&self, channel: &ChannelName) -> Option<&Subscription> {
        self.as_slice().get(self.find(channel).ok()?)
    }

    pub(super) fn get_mut(&mut self, channel: &ChannelName) -> Option<&mut Subscription> {
        let place = self.find(channel).ok()?;
        self.as_mut_slice().get_mut(place)
    }

    /// Adds one; returns an earlier one to the same channel, in whose place it is.
    pub(super) fn insert(&mut self, subscription: Subscription) -> Option<Subscription> {
        let place = match self.find(subscription.channel()) {
            Ok(place) => {
                let earlier = self.as_mut_slice().get_mut(place);
                return earlier.map(|earlier| std::mem::replace(earlier, subscription));
            }
            Err(place) => place,
        };
        match self {
            Self::Several(all) => all.insert(place, subscription),
            Self::One(only @ None) => *only = Some(subscription),
            Self::One(only) => {
                let mut all: Vec<Subscription> = only.take().into_iter().collect();
                all.insert(place, subscription);
                *self = Self::Several(all);
            }
        }
        None
    }

    pub(super) fn remove(&mut self, channel: &ChannelName) -> Option<Subscription> {
        let place = self.find(channel).ok()?;
        match self {
            Self::One(only) => only.take(),
            Self::Several(all) => {
                let subscription = all.remove(place);
                if all.len() == 1 {
                    *self = Self::One(all.pop());
                } else if all.len() <= all.capacity() / SPARSE {
                    all.shrink_to(all.len() * 2);
                }
                Some(subscription)
            }
        }
    }

    fn find(&self, channel: &ChannelName) -> Result<usize, usize> {
        self.as_slice().binary_search_by(|subscription| subscription.channel().cmp(channel))
    }

    fn as_slice(&self) -> &[Subscription] {
        match self {
            Self::One(only) => only.as_slice(),
            Self::Several(all) => all,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Subscription] {
        match self {
            Self::One(only) => only.as_mut_slice(),
            Self::Several(all) => all,
        }
    }
}

impl IntoIterator for Subscriptions {
    type Item = Subscription;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Subscription>, std::vec::IntoIter<Subscription>>;

    fn into_iter(self) -> Self::IntoIter {
        let (only, all) = match self {
            Self::One(only) => (only, Vec::new()),
            Self::Several(all) => (None, all),
        };
        only.into_iter().chain(all)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use ports::channels::Address;
    use ports::ids::TenantId;
    use proptest::prelude::*;

    use super::*;

    fn subscription(number: u8, join: u32) -> Subscription {
        Subscription {
            join,
            address: Arc::new(Address::public(TenantId::default(), channel(number))),
            info: None,
            is_server_side: false,
            by_hook: false,
            presence: false,
            announced: false,
            expire_at: None,
        }
    }

    fn channel(number: u8) -> ChannelName {
        ChannelName::parse(&number.to_string()).unwrap()
    }

    proptest! {
        /// Against the obvious: a map from channel to the number of its subscription.
        #[test]
        fn subscriptions_agree_with_a_map(steps in proptest::collection::vec((0_u8..24, 0_u8..3), 1..120)) {
            let (mut subscriptions, mut map) = (Subscriptions::default(), BTreeMap::new());
            for (join, (number, kind)) in (0..).zip(steps) {
                let name = channel(number);
                if kind == 0 {
                    let removed = subscriptions.remove(&name).map(|one| one.join);
                    prop_assert_eq!(removed, map.remove(&name));
                } else {
                    let earlier = subscriptions.insert(subscription(number, join)).map(|one| one.join);
                    prop_assert_eq!(earlier, map.insert(name.clone(), join));
                }
                prop_assert_eq!(subscriptions.get(&name).map(|one| one.join), map.get(&name).copied());
                prop_assert_eq!(subscriptions.get_mut(&name).is_some(), subscriptions.contains(&name));
                prop_assert_eq!(subscriptions.len(), map.len());
                let in_order = subscriptions.iter().map(|one| one.channel().clone());
                prop_assert!(in_order.eq(map.keys().cloned()));
            }
            let joins: Vec<u32> = subscriptions.into_iter().map(|one| one.join).collect();
            prop_assert!(joins.into_iter().eq(map.into_values()));
        }
    }

    #[test]
    fn room_for_many_is_given_back_when_few_are_left() {
        let mut subscriptions = Subscriptions::default();
        for number in 0..=255 {
            subscriptions.insert(subscription(number, 0));
        }

        for number in 3..=255 {
            subscriptions.remove(&channel(number));
        }

        let Subscriptions::Several(all) = &subscriptions else { panic!("three are several") };
        assert!(all.capacity() <= 12, "room for {}", all.capacity());
    }
}
