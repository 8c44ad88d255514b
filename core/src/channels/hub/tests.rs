//! Interest in channels, and whether the broker sends.

use std::collections::{BTreeMap, BTreeSet};

use ports::channels::ChannelName;
use ports::ids::TenantId;
use proptest::prelude::*;

use super::*;

/// A hub with broker and shards played by the test: each effect becomes a line.
struct Driver {
    hub: Hub,
    now: Timestamp,
    generation: u64,
    said: Vec<String>,
}

impl Driver {
    fn new() -> Self {
        Self { hub: Hub::default(), now: Timestamp::from_secs(1_000), generation: 0, said: Vec::new() }
    }

    /// Attached for feed 1 of shard 0.
    fn attached() -> Self {
        let mut hub = Self::new();
        hub.want(0, 1);
        hub.answers(Ok(()));
        hub.said.clear();
        hub
    }

    fn want(&mut self, shard: ShardIndex, feed: u32) {
        self.tell(Input::Want { address: address("a"), shard, feed });
    }

    fn release(&mut self, shard: ShardIndex, feed: u32) {
        self.tell(Input::Release { address: address("a"), shard, feed });
    }

    fn answers(&mut self, result: Result<(), BrokerError>) {
        self.answers_attempt(self.generation, result);
    }

    fn answers_attempt(&mut self, generation: u64, result: Result<(), BrokerError>) {
        self.tell(Input::Attached { address: address("a"), generation, result });
    }

    fn detached(&mut self) {
        self.tell(Input::Detached { address: address("a"), generation: self.generation });
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.plus(Duration::from_millis(millis));
        self.tell(Input::Wakeup);
    }

    fn tell(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.hub.handle(self.now, input, &mut effects);
        for effect in effects {
            self.said.push(match effect {
                Effect::Attach { generation, .. } => {
                    self.generation = generation;
                    "attach".into()
                }
                Effect::Detach { generation, .. } => {
                    self.generation = generation;
                    "detach".into()
                }
                Effect::Tell { shard, feed, result: Ok(()), .. } => format!("tell {shard}/{feed}"),
                Effect::Tell { shard, feed, result: Err(_), .. } => format!("tell {shard}/{feed} failed"),
            });
        }
    }

    #[track_caller]
    fn expects(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), lines);
    }

    fn route(&self) -> Vec<ShardIndex> {
        self.hub.route(&address("a")).collect()
    }
}

fn address(raw: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), ChannelName::parse(raw).unwrap()))
}

fn down() -> Result<(), BrokerError> {
    Err(BrokerError::Unavailable("down".into()))
}

#[test]
fn the_first_interest_attaches_and_all_who_wait_are_told() {
    let mut h = Driver::new();
    h.want(0, 1);
    h.want(1, 7);
    h.expects(&["attach"]);
    assert_eq!(h.route(), [0, 1], "events are routed from the first interest on");

    h.answers(Ok(()));

    h.expects(&["tell 0/1", "tell 1/7"]);
    assert_eq!((h.hub.channel_count(), h.hub.entry_count()), (1, 1));
}

#[test]
fn later_interest_is_told_at_once() {
    let mut h = Driver::attached();

    h.want(1, 7);

    h.expects(&["tell 1/7"]);
}

#[test]
fn a_failing_attach_is_told_to_all_who_wait_and_tried_again_with_the_next_interest() {
    let mut h = Driver::new();
    h.want(0, 1);
    h.want(1, 7);
    h.answers(down());
    h.expects(&["attach", "tell 0/1 failed", "tell 1/7 failed", "detach"]);

    h.want(0, 2);
    h.detached();

    h.expects(&["attach"]);
}

#[test]
fn a_channel_without_interest_is_detached_after_a_second() {
    let mut h = Driver::attached(); // P-SUB-7
    h.release(0, 1);
    assert_eq!((h.hub.channel_count(), h.hub.entry_count()), (0, 1));
    assert_eq!(h.hub.wakeup(), Some(h.now.plus(LINGER)));

    h.pass(999);
    h.expects(&[]);
    h.pass(1);
    h.expects(&["detach"]);
    assert_eq!(h.hub.wakeup(), None);
    h.detached();

    assert_eq!(h.hub.entry_count(), 0);
}

#[test]
fn interest_within_the_second_finds_the_channel_attached() {
    let mut h = Driver::attached();
    h.release(0, 1);
    h.pass(500);

    h.want(0, 2);
    h.expects(&["tell 0/2"]);
    h.pass(5_000);

    h.expects(&[]);
}

#[test]
fn interest_while_detaching_attaches_again_and_is_told_only_then() {
    let mut h = Driver::attached();
    h.release(0, 1);
    h.pass(1_000);
    h.want(0, 2);
    h.expects(&["detach"]);

    h.detached();
    h.expects(&["attach"]);
    h.answers(Ok(()));

    h.expects(&["tell 0/2"]);
}

#[test]
fn interest_that_goes_again_while_detaching_leaves_nothing() {
    let mut h = Driver::attached();
    h.release(0, 1);
    h.pass(1_000);
    h.want(0, 2);
    h.release(0, 2);
    h.detached();

    h.expects(&["detach"]);
    assert_eq!(h.hub.entry_count(), 0);
}

#[test]
fn interest_that_goes_while_attaching_lingers_from_the_answer_on() {
    let mut h = Driver::new();
    h.want(0, 1);
    h.release(0, 1);
    h.pass(5_000);
    h.expects(&["attach"]);

    h.answers(Ok(()));
    h.expects(&[]);
    h.pass(1_000);

    h.expects(&["detach"]);
}

#[test]
fn a_failed_attach_is_undone_in_case_only_its_answer_was_lost() {
    let mut h = Driver::new();
    h.want(0, 1);
    h.release(0, 1);
    h.answers(down());
    h.expects(&["attach", "detach"]);

    h.detached();

    h.expects(&[]);
    assert_eq!(h.hub.entry_count(), 0);
}

#[test]
fn a_stale_answer_is_ignored() {
    let mut h = Driver::attached();
    let stale = h.generation;
    h.release(0, 1);
    h.pass(1_000);
    h.want(0, 2);
    h.detached();
    h.expects(&["detach", "attach"]);

    h.answers_attempt(stale, Ok(()));
    h.answers_attempt(stale, down());
    h.expects(&[]);
    h.answers(Ok(()));

    h.expects(&["tell 0/2"]);
}

#[test]
fn a_stale_detached_is_ignored() {
    let mut h = Driver::attached();
    h.release(0, 1);
    h.pass(1_000);
    let stale = h.generation;
    h.want(0, 2);
    h.detached();
    h.answers(Ok(()));
    h.expects(&["detach", "attach", "tell 0/2"]);

    h.tell(Input::Detached { address: address("a"), generation: stale });

    h.expects(&[]);
    assert_eq!(h.route(), [0]);
}

#[test]
fn a_release_of_an_earlier_feed_does_not_touch_the_newer_one() {
    let mut h = Driver::attached();
    h.want(0, 2);
    h.release(0, 1);

    h.expects(&["tell 0/2"]);
    assert_eq!(h.route(), [0]);
    assert_eq!(h.hub.wakeup(), None);
}

#[test]
fn one_shard_leaving_does_not_detach_the_others() {
    let mut h = Driver::attached();
    h.want(1, 7);
    h.release(0, 1);
    h.pass(5_000);

    h.expects(&["tell 1/7"]);
    assert_eq!(h.route(), [1]);
}

#[test]
fn answers_and_releases_of_unknown_channels_are_ignored() {
    let mut h = Driver::new();
    h.release(0, 1);
    h.answers(Ok(()));
    h.detached();
    h.pass(5_000);

    h.expects(&[]);
    assert_eq!(h.hub.entry_count(), 0);
}

#[test]
fn waking_early_or_twice_does_nothing() {
    let mut h = Driver::attached();
    h.release(0, 1);
    h.tell(Input::Wakeup);
    h.tell(Input::Wakeup);
    h.pass(1_000);
    h.tell(Input::Wakeup);

    h.expects(&["detach"]);
}

#[test]
fn channels_are_dealt_with_one_by_one() {
    let mut h = Driver::new();
    for name in ["a", "b", "c"] {
        h.tell(Input::Want { address: address(name), shard: 0, feed: 1 });
    }

    assert_eq!(h.hub.channel_count(), 3);
    assert_eq!(h.hub.route(&address("b")).count(), 1);
    assert_eq!(h.hub.route(&address("d")).count(), 0);
}

#[derive(Clone, Debug)]
enum Happening {
    Want { channel: usize, shard: ShardIndex },
    Release { channel: usize, shard: ShardIndex },
    Answer { which: usize, ok: bool },
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0_usize..3, 0_u16..3).prop_map(|(channel, shard)| Happening::Want { channel, shard }),
        3 => (0_usize..3, 0_u16..3).prop_map(|(channel, shard)| Happening::Release { channel, shard }),
        4 => (0_usize..4, prop::bool::weighted(0.8)).prop_map(|(which, ok)| Happening::Answer { which, ok }),
        2 => (0_u64..1_500).prop_map(Happening::Pass),
    ]
}

/// A broker whose answers take their time and may overtake those for other channels.
#[derive(Default)]
struct World {
    hub: Hub,
    now: Timestamp,
    feeds: u32,
    interest: BTreeMap<(Arc<Address>, ShardIndex), u32>,
    told: BTreeSet<(Arc<Address>, ShardIndex, u32)>,
    open: Vec<Effect>,
    sending: BTreeSet<Arc<Address>>,
}

impl World {
    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Want { channel, shard } => {
                self.feeds += 1;
                let (address, feed) = (self.address(channel), self.feeds);
                self.interest.insert((Arc::clone(&address), shard), feed);
                self.tell(Input::Want { address, shard, feed });
            }
            Happening::Release { channel, shard } => {
                let address = self.address(channel);
                let Some(feed) = self.interest.remove(&(Arc::clone(&address), shard)) else { return };
                self.tell(Input::Release { address, shard, feed });
            }
            Happening::Answer { which, ok } => {
                if which < self.open.len() {
                    let effect = self.open.remove(which);
                    self.answer(effect, ok);
                }
            }
            Happening::Pass(millis) => {
                self.now = self.now.plus(Duration::from_millis(millis));
                self.tell(Input::Wakeup);
            }
        }
    }

    fn answer(&mut self, effect: Effect, ok: bool) {
        match effect {
            Effect::Attach { address, generation } if ok => {
                self.sending.insert(Arc::clone(&address));
                self.tell(Input::Attached { address, generation, result: Ok(()) });
            }
            Effect::Attach { address, generation } => {
                self.tell(Input::Attached { address, generation, result: down() });
            }
            Effect::Detach { address, generation } => {
                self.sending.remove(&address);
                self.tell(Input::Detached { address, generation });
            }
            Effect::Tell { .. } => unreachable!("nobody answers this"),
        }
    }

    fn tell(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.hub.handle(self.now, input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Tell { shard, feed, address, result } => {
                    let wanted = self.interest.get(&(Arc::clone(&address), shard));
                    assert_eq!(wanted, Some(&feed), "told with an old number");
                    if result.is_ok() {
                        assert!(self.sending.contains(&address), "told attached while nothing is sent");
                        assert!(
                            !self.open.iter().any(|open| is_detach(open, &address)),
                            "told while detaching"
                        );
                        assert!(self.told.insert((address, shard, feed)), "told twice");
                    } else {
                        self.interest.remove(&(address, shard)); // the feed is gone with its members
                    }
                }
                Effect::Attach { .. } | Effect::Detach { .. } => self.open.push(effect),
            }
        }
    }

    fn address(&self, channel: usize) -> Arc<Address> {
        address(["a", "b", "c"][channel])
    }
}

fn is_detach(effect: &Effect, of: &Arc<Address>) -> bool {
    matches!(effect, Effect::Detach { address, .. } if address == of)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// **Invariant:** a shard is told "attached" only while the broker sends, with the number it gave last; and when
    /// everything has been answered, exactly those who want something have been told.
    #[test]
    fn shards_are_told_attached_only_while_the_broker_sends(
        happenings in prop::collection::vec(happening(), 1..100),
    ) {
        let mut world = World::default();
        for happening in happenings {
            world.happens(happening);
        }
        while !world.open.is_empty() {
            let effect = world.open.remove(0);
            world.answer(effect, true);
        }

        for ((address, shard), feed) in &world.interest {
            prop_assert!(world.told.contains(&(Arc::clone(address), *shard, *feed)), "never told");
            prop_assert!(world.hub.route(address).any(|routed| routed == *shard));
        }
        prop_assert_eq!(world.hub.channel_count(), {
            let wanted: BTreeSet<_> = world.interest.keys().map(|(address, _)| address).collect();
            wanted.len()
        });
    }
}
