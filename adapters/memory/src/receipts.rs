//! Receipts of publications that carried an idempotency key (P-ST-6).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, Receipt};
use ports::time::Timestamp;

/// The newest receipts of a tenant by address and key, whether or not the channel has a stream.
#[derive(Default)]
pub(crate) struct Receipts {
    remembered: HashMap<Key, Remembered>,
    /// What was remembered when. A key whose receipt was renewed stands here twice.
    order: VecDeque<(Timestamp, Key)>,
}

/// Names a publication among all of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Where it is published.
    pub(crate) address: Arc<Address>,
    /// The publisher's name for it.
    pub(crate) key: Arc<str>,
}

struct Remembered {
    receipt: Receipt,
    at: Timestamp,
}

impl Receipts {
    /// The first receipt of a key, if it is not too old.
    pub(crate) fn find(&self, key: &Key, now: Timestamp) -> Option<&Receipt> {
        let remembered = self.remembered.get(key)?;
        (now < remembered.at.plus(WINDOW)).then_some(&remembered.receipt)
    }

    /// Remembers a key's receipt, and forgets a few that are too old or too many.
    pub(crate) fn remember(&mut self, key: Key, receipt: Receipt, now: Timestamp) {
        self.order.push_back((now, key.clone()));
        self.remembered.insert(key, Remembered { receipt, at: now });
        for _ in 0..FORGOTTEN_PER_CALL {
            let too_many = self.order.len() > KEYS_MAX;
            if !too_many && self.order.front().is_none_or(|(at, _)| now < at.plus(WINDOW)) {
                return;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((at, key)) = self.order.pop_front()
            && self.remembered.get(&key).is_some_and(|remembered| remembered.at == at)
        {
            self.remembered.remove(&key);
        }
    }
}

/// How long a repeated key publishes nothing.
const WINDOW: Duration = Duration::from_secs(300);
/// Most keys remembered for a tenant; beyond it the oldest is forgotten, and its repetition publishes again.
const KEYS_MAX: usize = 10_000;
/// More than the one that a call adds, so that the old ones run out.
const FORGOTTEN_PER_CALL: usize = 2;

#[cfg(test)]
mod tests {
    use ports::channels::ChannelName;
    use ports::ids::TenantId;

    use super::*;

    const RECEIPT: Receipt = Receipt { position: None, skipped: false };

    #[test]
    fn oldest_key_is_forgotten_beyond_the_bound() {
        let mut receipts = Receipts::default();
        let now = Timestamp::from_secs(1);

        for n in 0..=KEYS_MAX {
            receipts.remember(key(&n.to_string()), RECEIPT, now);
        }

        assert_eq!(receipts.find(&key("0"), now), None);
        assert_eq!(receipts.find(&key("1"), now), Some(&RECEIPT));
        assert_eq!((receipts.order.len(), receipts.remembered.len()), (KEYS_MAX, KEYS_MAX));
    }

    #[test]
    fn renewed_key_survives_the_end_of_its_first_life() {
        let mut receipts = Receipts::default();
        let start = Timestamp::from_secs(1);
        let later = start.plus(WINDOW);

        receipts.remember(key("a"), RECEIPT, start);
        receipts.remember(key("b"), RECEIPT, start);
        assert_eq!(receipts.find(&key("a"), later), None);
        receipts.remember(key("a"), Receipt { skipped: true, ..RECEIPT }, later);

        assert_eq!(receipts.find(&key("a"), later), Some(&Receipt { skipped: true, ..RECEIPT }));
        assert_eq!((receipts.order.len(), receipts.remembered.len()), (1, 1));
    }

    fn key(text: &str) -> Key {
        let address = Address::public(TenantId::default(), ChannelName::parse("room").unwrap());
        Key { address: Arc::new(address), key: text.into() }
    }
}
