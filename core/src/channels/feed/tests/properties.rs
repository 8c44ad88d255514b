//! A broker that drops, doubles, forgets and begins anew, against one feed: what every member may count on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ports::channels::{BrokerError, Epoch, Event, HistoryQuery, Position, Publication, StreamView};
use ports::protocol::Recovery;
use proptest::prelude::*;

use super::driver::{Driver, LIMITS, publication, published};
use crate::channels::feed::{Admission, Effect, Input, Join, Seat};

#[derive(Clone, Debug)]
enum Happening {
    Publish,
    Deliver,
    Drop,
    Double,
    /// Everything on its way is dropped, and the feed is told.
    Behind,
    Join {
        seat: Seat,
        back: Option<u64>,
        positioned: bool,
    },
    Leave(Seat),
    /// The broker looks at the stream for the read under way; the answer travels.
    Look,
    Answer,
    FailRead,
    Forget,
    NewTimeline,
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => Just(Happening::Publish),
        12 => Just(Happening::Deliver),
        1 => Just(Happening::Drop),
        1 => Just(Happening::Double),
        1 => Just(Happening::Behind),
        4 => (0_u32..4, prop::option::of(0_u64..20), prop::bool::weighted(0.8))
            .prop_map(|(seat, back, positioned)| Happening::Join { seat, back, positioned }),
        2 => (0_u32..4).prop_map(Happening::Leave),
        4 => Just(Happening::Look),
        6 => Just(Happening::Answer),
        1 => Just(Happening::FailRead),
        1 => prop_oneof![4 => Just(Happening::Forget), 1 => Just(Happening::NewTimeline)],
        4 => (0_u64..3_000).prop_map(Happening::Pass),
    ]
}

/// Most publications in a recovery.
const ITEMS_MAX: u64 = LIMITS.recovery.items_max as u64;

/// What a member has seen.
#[derive(Debug)]
struct Member {
    join: u32,
    wish: Option<u64>,
    positioned: bool,
    /// Where it stands; unknown until it is admitted.
    seen: Option<Position>,
}

struct World {
    driver: Driver,
    /// How many items the stream remembers; `None` is all of them, for ever, in one timeline.
    keeps: Option<usize>,
    epochs: u32,
    top: Position,
    items: VecDeque<Arc<Publication>>,
    wire: VecDeque<(u64, Epoch)>,
    read: Option<(u32, HistoryQuery)>,
    looked: Option<StreamView>,
    members: BTreeMap<Seat, Member>,
    joins: u32,
}

impl World {
    fn new(keeps: Option<usize>, attached: bool) -> Self {
        let mut world = Self {
            driver: Driver::new(),
            keeps,
            epochs: 0,
            top: Position { offset: 0, epoch: Epoch::new("e0") },
            items: VecDeque::new(),
            wire: VecDeque::new(),
            read: None,
            looked: None,
            members: BTreeMap::new(),
            joins: 0,
        };
        if attached {
            world.tell(Input::Attached(Ok(())));
        }
        world
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Publish => {
                self.top.offset += 1;
                self.items.push_back(publication(self.top.offset));
                while self.keeps.is_some_and(|keeps| self.items.len() > keeps) {
                    self.items.pop_front();
                }
                self.wire.push_back((self.top.offset, self.top.epoch.clone()));
            }
            Happening::Deliver => {
                if let Some((offset, epoch)) = self.wire.pop_front() {
                    self.tell(Input::Arrived(published(offset, &epoch)));
                }
            }
            Happening::Drop => drop(self.wire.pop_front()),
            Happening::Double => {
                if let Some((offset, epoch)) = self.wire.front().cloned() {
                    self.tell(Input::Arrived(published(offset, &epoch)));
                }
            }
            Happening::Behind => {
                self.wire.clear();
                self.tell(Input::Behind);
            }
            Happening::Join { seat, back, positioned } => self.join(seat, back, positioned),
            Happening::Leave(seat) => {
                self.members.remove(&seat);
                self.tell(Input::Leave(seat));
            }
            Happening::Look => {
                if let (Some((_, query)), None) = (self.read, &self.looked) {
                    self.looked = Some(self.look(query));
                }
            }
            Happening::Answer => self.answer(),
            Happening::FailRead => {
                self.looked = None;
                if let Some((read, _)) = self.read.take() {
                    self.tell(Input::Read { read, result: Err(BrokerError::Unavailable("x".into())) });
                }
            }
            Happening::Forget | Happening::NewTimeline if self.keeps.is_none() => {}
            Happening::Forget => self.items.clear(),
            Happening::NewTimeline => {
                self.epochs += 1;
                self.top = Position { offset: 0, epoch: Epoch::new(&format!("e{}", self.epochs)) };
                self.items.clear();
            }
            Happening::Pass(millis) => self.pass(millis),
        }
    }

    fn join(&mut self, seat: Seat, back: Option<u64>, positioned: bool) {
        self.joins += 1;
        let wish = back.map(|back| self.top.offset.saturating_sub(back));
        let recover = wish.map(|offset| Recovery { offset, epoch: self.top.epoch.clone() });
        self.members.insert(seat, Member { join: self.joins, wish, positioned, seen: None });
        self.tell(Input::Join(Join {
            seat,
            join: self.joins,
            recover,
            recovery_bytes_max: usize::MAX,
            refuse_unrecoverable: false,
            positioned,
            notices: false,
        }));
    }

    fn look(&self, query: HistoryQuery) -> StreamView {
        let after = self.items.iter().filter(|item| query.since.is_none_or(|since| item.offset > since));
        let publications = after.take(query.limit.unwrap_or(usize::MAX)).cloned().collect();
        StreamView { publications, top: self.top.clone() }
    }

    fn answer(&mut self) {
        let Some((read, query)) = self.read.take() else { return };
        let view = self.looked.take().unwrap_or_else(|| self.look(query));
        self.tell(Input::Read { read, result: Ok(view) });
    }

    fn pass(&mut self, millis: u64) {
        self.driver.now = self.driver.now.plus(Duration::from_millis(millis));
        if self.driver.feed.wakeup().is_some_and(|at| at <= self.driver.now) {
            self.tell(Input::Wakeup);
        }
    }

    fn tell(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.driver.feed.handle(self.driver.now, input, &mut effects);
        for effect in effects {
            self.check(effect);
        }
    }

    fn check(&mut self, effect: Effect) {
        match effect {
            Effect::Read { read, query } => {
                assert!(self.read.replace((read, query)).is_none(), "two reads at once");
            }
            Effect::Admit { seat, join, outcome: Err(_) } => {
                let member = self.members.remove(&seat).expect("refused a stranger");
                assert!(member.join == join && member.seen.is_none());
            }
            Effect::Admit { seat, join, outcome: Ok(admission) } => {
                let member = self.members.get_mut(&seat).expect("admitted a stranger");
                assert!(member.join == join && member.seen.is_none(), "admitted twice");
                let Admission { position, recovered } = admission;
                let position = position.expect("a stream has a position");
                let within =
                    member.wish.is_some_and(|wish| position.offset <= wish.saturating_add(ITEMS_MAX));
                assert!(self.keeps.is_some() || recovered.is_some() == within, "recovery was possible");
                if let Some(missed) = recovered {
                    let wish = member.wish.expect("recovered without a wish");
                    let offsets: Vec<u64> = missed.iter().map(|item| item.offset).collect();
                    assert_eq!(offsets, (wish + 1..=position.offset).collect::<Vec<_>>());
                }
                member.seen = Some(position);
            }
            Effect::Deliver { seat, published } => {
                let Event::Publication(_, _) = &published.event else { return };
                let (offset, epoch) = published.position().expect("no position");
                let member = self.members.get_mut(&seat).expect("delivered to a stranger");
                let seen = member.seen.as_mut().expect("delivered before the admission");
                if member.positioned || self.keeps.is_none() {
                    assert_eq!((offset, epoch), (seen.offset + 1, &seen.epoch), "a hole or a double");
                } else if *epoch == seen.epoch {
                    assert!(offset > seen.offset, "out of order");
                }
                *seen = Position { offset, epoch: epoch.clone() };
            }
            Effect::Insufficient { seat, join } => {
                assert!(self.keeps.is_some(), "history holds everything");
                let member = self.members.remove(&seat).expect("parted with a stranger");
                assert!(member.positioned && member.seen.is_some() && member.join == join);
            }
        }
    }

    /// From here on nothing is lost, and nobody publishes any more.
    fn calms_down(&mut self) {
        self.tell(Input::Attached(Ok(())));
        while !self.wire.is_empty() {
            self.happens(Happening::Deliver);
            self.answer();
        }
        for _ in 0..100 {
            self.answer();
            self.pass(2_000);
        }
        self.answer();
        assert_eq!(self.driver.feed.member_count(), self.members.len());
        for (seat, member) in &self.members {
            let seen = member.seen.as_ref().expect("never answered");
            let may_lag = !member.positioned && self.keeps.is_some();
            assert!(may_lag || *seen == self.top, "{seat} stands at {seen:?} of {:?}", self.top);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Every live member that tracks its position sees a rising run without holes or doubles that begins right after
    /// its admission, and in the end stands at the top, or was told that it does not. Where history holds everything,
    /// nobody is told so, and everybody who missed little enough recovers.
    #[test]
    fn members_see_a_gapless_run_from_their_admission_on(
        keeps in prop::option::of(1_usize..30),
        attached in prop::bool::weighted(0.8),
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        let mut world = World::new(keeps, attached);
        for happening in happenings {
            world.happens(happening);
        }
        world.calms_down();
    }
}
