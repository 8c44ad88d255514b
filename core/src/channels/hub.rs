//! Which shards of this node are interested in which channel, and whether the broker sends it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ports::channels::{Address, BrokerError};
use ports::time::Timestamp;
use rustc_hash::FxHashMap;

use self::interest::Interest;

mod interest;
#[cfg(test)]
mod tests;

/// One part of the node's interest table; the node keeps several, chosen by the address's hash.
///
/// ```text
///   Want ─► attaching ──ok──► attached ──last Release──► lingering ──a second──► detaching ─► gone
///              │ failed: all who wait are told      ▲──────── Want ───────┘          │ Want: attach
///              └────► detaching                                                      └──► attaching
/// ```
///
/// **Invariant:** *a shard is told "attached" only while the broker sends the channel's events to this node*, and only
/// with the number it gave with its latest `Want`.
#[derive(Debug, Default)]
pub struct Hub {
    entries: FxHashMap<Arc<Address>, Entry>,
    lingering: BTreeSet<(Timestamp, Arc<Address>)>,
    generations: u64,
}

/// A shard's place on the node.
pub type ShardIndex = u16;

/// What a hub is told.
#[derive(Debug)]
pub enum Input {
    /// A shard has a feed for the channel.
    Want {
        /// The channel.
        address: Arc<Address>,
        /// Which shard.
        shard: ShardIndex,
        /// The shard's number of the feed, echoed with the answer.
        feed: u32,
    },
    /// The shard's feed is gone.
    Release {
        /// The channel.
        address: Arc<Address>,
        /// Which shard.
        shard: ShardIndex,
        /// The number it gave.
        feed: u32,
    },
    /// The answer to [`Effect::Attach`].
    Attached {
        /// The channel.
        address: Arc<Address>,
        /// The number of the attempt.
        generation: u64,
        /// What the broker said.
        result: Result<(), BrokerError>,
    },
    /// The answer to [`Effect::Detach`], whatever it was.
    Detached {
        /// The channel.
        address: Arc<Address>,
        /// The number of the attempt.
        generation: u64,
    },
    /// [`Hub::wakeup`] is due. Early calls are harmless.
    Wakeup,
}

/// What a hub wants.
#[derive(Debug)]
pub enum Effect {
    /// Attach at the broker and answer with [`Input::Attached`].
    Attach {
        /// The channel.
        address: Arc<Address>,
        /// Echo this.
        generation: u64,
    },
    /// Detach at the broker and answer with [`Input::Detached`].
    Detach {
        /// The channel.
        address: Arc<Address>,
        /// Echo this.
        generation: u64,
    },
    /// Tell a shard whether its feed is attached.
    Tell {
        /// Which shard.
        shard: ShardIndex,
        /// Its number of the feed.
        feed: u32,
        /// The channel.
        address: Arc<Address>,
        /// Whether the broker sends.
        result: Result<(), BrokerError>,
    },
}

#[derive(Debug)]
struct Entry {
    link: Link,
    interest: Interest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Attaching { generation: u64 },
    Attached,
    Lingering { until: Timestamp },
    Detaching { generation: u64 },
}

/// How long a channel without interest stays attached, for page reloads (P-SUB-7).
const LINGER: Duration = Duration::from_secs(1);

impl Hub {
    /// The shards that want the channel's events.
    pub fn route(&self, address: &Address) -> impl Iterator<Item = ShardIndex> {
        self.entries.get(address).into_iter().flat_map(|entry| entry.interest.iter()).map(|(shard, _)| shard)
    }

    /// How many channels somebody wants.
    pub fn channel_count(&self) -> usize {
        self.entries.values().filter(|entry| !entry.interest.is_empty()).count()
    }

    /// How many channels are known at all, lingering ones included.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// When [`Input::Wakeup`] is wanted.
    pub fn wakeup(&self) -> Option<Timestamp> {
        self.lingering.first().map(|(until, _)| *until)
    }

    /// Takes in what happened and appends what is wanted.
    pub fn handle(&mut self, now: Timestamp, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Want { address, shard, feed } => self.want(address, shard, feed, effects),
            Input::Release { address, shard, feed } => self.release(now, &address, shard, feed),
            Input::Attached { address, generation, result } => {
                self.attached(now, address, generation, result, effects);
            }
            Input::Detached { address, generation } => self.detached(address, generation, effects),
            Input::Wakeup => self.detach_lingering(now, effects),
        }
    }

    fn want(&mut self, address: Arc<Address>, shard: ShardIndex, feed: u32, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(&address) else {
            self.generations += 1;
            let generation = self.generations;
            let link = Link::Attaching { generation };
            self.entries.insert(Arc::clone(&address), Entry { link, interest: Interest::of(shard, feed) });
            effects.push(Effect::Attach { address, generation });
            return;
        };
        entry.interest.set(shard, feed);
        if let Link::Lingering { until } = entry.link {
            self.lingering.remove(&(until, Arc::clone(&address)));
            entry.link = Link::Attached;
        }
        if entry.link == Link::Attached {
            effects.push(Effect::Tell { shard, feed, address, result: Ok(()) });
        }
    }

    fn release(&mut self, now: Timestamp, address: &Arc<Address>, shard: ShardIndex, feed: u32) {
        let Some(entry) = self.entries.get_mut(address) else { return };
        entry.interest.remove(shard, feed);
        if entry.interest.is_empty() && entry.link == Link::Attached {
            let until = now.plus(LINGER);
            entry.link = Link::Lingering { until };
            self.lingering.insert((until, Arc::clone(address)));
        }
    }

    fn attached(
        &mut self,
        now: Timestamp,
        address: Arc<Address>,
        generation: u64,
        result: Result<(), BrokerError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.entries.get_mut(&address) else { return };
        if entry.link != (Link::Attaching { generation }) {
            return;
        }
        for (shard, feed) in entry.interest.iter() {
            let address = Arc::clone(&address);
            effects.push(Effect::Tell { shard, feed, address, result: result.clone() });
        }
        if result.is_err() {
            // Perhaps only the answer was lost, and the broker sends.
            self.generations += 1;
            let generation = self.generations;
            *entry = Entry { link: Link::Detaching { generation }, interest: Interest::default() };
            effects.push(Effect::Detach { address, generation });
        } else if entry.interest.is_empty() {
            let until = now.plus(LINGER);
            entry.link = Link::Lingering { until };
            self.lingering.insert((until, address));
        } else {
            entry.link = Link::Attached;
        }
    }

    fn detached(&mut self, address: Arc<Address>, generation: u64, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(&address) else { return };
        if entry.link != (Link::Detaching { generation }) {
            return;
        }
        if entry.interest.is_empty() {
            self.entries.remove(&address);
        } else {
            self.generations += 1;
            let generation = self.generations;
            entry.link = Link::Attaching { generation };
            effects.push(Effect::Attach { address, generation });
        }
    }

    fn detach_lingering(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while let Some((until, address)) = self.lingering.pop_first() {
            if until > now {
                self.lingering.insert((until, address));
                return;
            }
            if let Some(entry) = self.entries.get_mut(&address) {
                self.generations += 1;
                let generation = self.generations;
                entry.link = Link::Detaching { generation };
                effects.push(Effect::Detach { address, generation });
            }
        }
    }
}
