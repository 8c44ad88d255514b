//! A broker that drops, doubles, forgets and begins anew, against one feed: what every member may count on, whether it
//! wants everything, differences, what passes its filter, or the latest state.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::channels::{
    BrokerError, Epoch, Event, Form, HistoryQuery, Order, Position, Publication, Published, StreamView,
};
use ports::protocol::Recovery;
use proptest::prelude::*;

use super::client::{Client, Want};
use super::driver::{Driver, LIMITS, address, loud_one, publication, published_as, unplaced_as};
use crate::channels::feed::{Admission, Effect, Input, Join, Seat};

#[derive(Clone, Debug)]
enum Happening {
    Publish(Kind),
    /// Outside of the stream.
    PublishUnplaced(Kind),
    Deliver,
    Drop,
    Double,
    /// Everything on its way is dropped, and the feed is told.
    Behind,
    Join {
        seat: Seat,
        back: Option<u64>,
        positioned: bool,
        want: Want,
        cache: bool,
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

#[derive(Clone, Copy, Debug)]
struct Kind {
    delta: bool,
    loud: bool,
}

fn kind() -> impl Strategy<Value = Kind> {
    (prop::bool::weighted(0.7), prop::bool::weighted(0.3)).prop_map(|(delta, loud)| Kind { delta, loud })
}

fn want() -> impl Strategy<Value = Want> {
    prop::sample::select(vec![Want::Everything, Want::Deltas, Want::Loud])
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => kind().prop_map(Happening::Publish),
        1 => kind().prop_map(Happening::PublishUnplaced),
        12 => Just(Happening::Deliver),
        1 => Just(Happening::Drop),
        1 => Just(Happening::Double),
        1 => Just(Happening::Behind),
        4 => (0_u32..4, prop::option::of(0_u64..20), prop::bool::weighted(0.8), want(), prop::bool::weighted(0.3))
            .prop_map(|(seat, back, positioned, want, cache)| {
                Happening::Join { seat, back, positioned, want, cache }
            }),
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
    wish: Option<Recovery>,
    positioned: bool,
    cache: bool,
    client: Client,
    /// Where it stands; unknown until it is admitted.
    seen: Option<Position>,
}

struct World {
    driver: Driver,
    /// How many inputs there were.
    told: usize,
    /// Everything is handed out at once.
    calm: bool,
    /// How many items the stream remembers; `None` is all of them, for ever, in one timeline.
    keeps: Option<usize>,
    epochs: u32,
    top: Position,
    items: VecDeque<Arc<Publication>>,
    /// Everything that ever stood in a stream.
    log: Log,
    wire: VecDeque<(Arc<Publication>, Option<Epoch>)>,
    read: Option<(u32, HistoryQuery)>,
    looked: Option<StreamView>,
    members: BTreeMap<Seat, Member>,
    joins: u32,
    publications: u32,
}

type Log = BTreeMap<(Epoch, u64), Arc<Publication>>;

impl World {
    fn new(keeps: Option<usize>, attached: bool) -> Self {
        let mut world = Self {
            told: 0,
            calm: false,
            driver: Driver::new(),
            keeps,
            epochs: 0,
            top: Position { offset: 0, epoch: Epoch::new("e0") },
            items: VecDeque::new(),
            log: Log::new(),
            wire: VecDeque::new(),
            read: None,
            looked: None,
            members: BTreeMap::new(),
            joins: 0,
            publications: 0,
        };
        if attached {
            world.tell(Input::Attached(Ok(())));
        }
        world
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Publish(kind) => self.publish(kind),
            Happening::PublishUnplaced(kind) => {
                let publication = self.publication(0, kind);
                self.wire.push_back((publication, None));
            }
            Happening::Deliver => {
                if let Some(event) = self.wire.pop_front() {
                    self.arrives(&event);
                }
            }
            Happening::Drop => drop(self.wire.pop_front()),
            Happening::Double => {
                if let Some(event) = self.wire.front().cloned() {
                    self.arrives(&event);
                }
            }
            Happening::Behind => {
                self.wire.clear();
                self.tell(Input::Behind);
            }
            Happening::Join { seat, back, positioned, want, cache } => {
                let wish = back.map(|back| self.top.offset.saturating_sub(back));
                let wish = wish.map(|offset| Recovery { offset, epoch: self.top.epoch.clone() });
                self.join(
                    seat,
                    Member { join: 0, wish, positioned, cache, client: Client::new(want), seen: None },
                );
            }
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

    fn publish(&mut self, kind: Kind) {
        self.top.offset += 1;
        let publication = self.publication(self.top.offset, kind);
        self.log.insert((self.top.epoch.clone(), self.top.offset), Arc::clone(&publication));
        self.items.push_back(Arc::clone(&publication));
        while self.keeps.is_some_and(|keeps| self.items.len() > keeps) {
            self.items.pop_front();
        }
        self.wire.push_back((publication, Some(self.top.epoch.clone())));
    }

    /// No two have the same payload.
    fn publication(&mut self, offset: u64, kind: Kind) -> Arc<Publication> {
        self.publications += 1;
        let plain = if kind.loud { loud_one(offset) } else { publication(offset) };
        let data = Bytes::from(self.publications.to_string());
        Arc::new(Publication { data, delta: kind.delta, ..(*plain).clone() })
    }

    fn arrives(&mut self, (publication, epoch): &(Arc<Publication>, Option<Epoch>)) {
        let published = match epoch {
            Some(epoch) => published_as(publication, epoch),
            None => unplaced_as(publication),
        };
        self.tell(Input::Arrived(published));
    }

    fn join(&mut self, seat: Seat, member: Member) {
        self.joins += 1;
        let mut join = Join {
            address: address(),
            stream: None,
            join: self.joins,
            recover: member.wish.clone(),
            recovery_bytes_max: usize::MAX,
            refuse_unrecoverable: false,
            positioned: member.positioned,
            notices: false,
            cache: member.cache,
            delta: false,
            filter: None,
        };
        member.client.asks(&mut join);
        self.members.insert(seat, Member { join: self.joins, ..member });
        self.tell(Input::Join(seat, join));
    }

    fn look(&self, query: HistoryQuery) -> StreamView {
        let limit = query.limit.unwrap_or(usize::MAX);
        let publications = match query.order {
            Order::OldestFirst => {
                let after =
                    self.items.iter().filter(|item| query.since.is_none_or(|since| item.offset > since));
                after.take(limit).cloned().collect()
            }
            Order::NewestFirst => {
                assert_eq!(query.since, None);
                self.items.iter().rev().take(limit).cloned().collect()
            }
        };
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

    /// Handing out goes on at its own pace: nothing, a few members, or all of them before the next input.
    fn tell(&mut self, input: Input) {
        self.tell_only(input);
        self.told += 1;
        let turns = if self.calm { usize::MAX } else { self.told % 3 };
        for _ in 0..turns {
            if !self.driver.feed.has_run() {
                return;
            }
            self.tell_only(Input::HandOut(1 + self.told % 4));
        }
    }

    fn tell_only(&mut self, input: Input) {
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
                member.is_admitted(&admission, &self.log, self.keeps.is_none());
            }
            Effect::Deliver { batch, seats } => {
                for seat in seats {
                    batch.events().iter().for_each(|(published, form)| self.gets(seat, published, form));
                }
            }
            Effect::Insufficient { seat, join } => {
                assert!(self.keeps.is_some(), "history holds everything");
                let member = self.members.remove(&seat).expect("parted with a stranger");
                assert!(member.positioned && member.seen.is_some() && member.join == join);
            }
        }
    }

    fn gets(&mut self, seat: u32, published: &Published, form: &Form) {
        let Event::Publication(publication, _) = &published.event else { return };
        let member = self.members.get_mut(&seat).expect("delivered to a stranger");
        let as_delta = matches!(form, Form::Delta(Some(_)));
        assert!(self.keeps.is_some() || member.client.could_decode(publication) == as_delta);
        member.client.gets(publication, form);
        let seen = member.seen.as_ref().expect("delivered before the admission");
        let Some((offset, epoch)) = published.position() else { return };
        if member.positioned || self.keeps.is_none() {
            assert_eq!(epoch, &seen.epoch);
            assert_eq!(Some(offset), member.next(&self.log), "a hole or a double");
        } else if *epoch == seen.epoch {
            assert!(offset > seen.offset, "out of order");
        }
        member.seen = Some(Position { offset, epoch: epoch.clone() });
    }

    /// From here on nothing is lost, and nobody publishes any more.
    fn calms_down(&mut self) {
        self.calm = true;
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
            let is_done = seen.epoch == self.top.epoch && member.next(&self.log).is_none();
            assert!(may_lag || is_done, "{seat} stands at {seen:?} of {:?}", self.top);
        }
    }
}

impl Member {
    /// The offset after the seen ones that it wants next.
    fn next(&self, log: &Log) -> Option<u64> {
        let seen = self.seen.as_ref()?;
        self.wanted(log, seen.offset, &Position { offset: u64::MAX, epoch: seen.epoch.clone() })
            .first()
            .copied()
    }

    /// What it wants beyond an offset and up to a position.
    fn wanted(&self, log: &Log, after: u64, end: &Position) -> Vec<u64> {
        let all = log.iter().filter(|((epoch, offset), _)| *epoch == end.epoch && *offset <= end.offset);
        let wanted = all.filter(|(_, publication)| self.client.wants(publication));
        wanted.map(|((_, offset), _)| *offset).filter(|offset| *offset > after).collect()
    }

    /// `is_kept`: history holds everything.
    fn is_admitted(&mut self, admission: &Admission, log: &Log, is_kept: bool) {
        let Admission { position, recovered } = admission;
        let position = position.clone().expect("a stream has a position");
        let offsets: Option<Vec<u64>> =
            recovered.as_ref().map(|items| items.iter().map(|item| item.offset).collect());
        match &self.wish {
            None => assert_eq!(offsets, None, "recovered without a wish"),
            Some(wish) if self.cache => self.has_latest(wish, offsets, &position, log, is_kept),
            Some(wish) => {
                let within = position.offset <= wish.offset.saturating_add(ITEMS_MAX);
                assert!(!is_kept || offsets.is_some() == within, "recovery was possible");
                if let Some(offsets) = offsets {
                    assert_eq!(offsets, self.wanted(log, wish.offset, &position));
                }
            }
        }
        self.client.recovers(recovered.as_deref().unwrap_or_default());
        self.seen = Some(position);
    }

    fn has_latest(
        &self,
        wish: &Recovery,
        offsets: Option<Vec<u64>>,
        position: &Position,
        log: &Log,
        is_kept: bool,
    ) {
        let newest = self.wanted(log, 0, position).last().copied();
        let is_within_reach = newest.is_some_and(|newest| newest + ITEMS_MAX > position.offset);
        if wish.offset > 0 && (wish.offset, &wish.epoch) == (position.offset, &position.epoch) {
            assert_eq!(offsets, Some(vec![]));
        } else if is_kept && is_within_reach {
            assert_eq!(offsets, Some(Vec::from_iter(newest)));
        } else if let Some(offsets) = offsets {
            let is_trimmed = !is_kept && offsets.is_empty();
            assert!(is_trimmed || offsets == Vec::from_iter(newest), "not the newest");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Every live member that tracks its position sees a rising run without holes or doubles that begins right after
    /// its admission, and in the end stands at the top, or was told that it does not. Where history holds everything,
    /// nobody is told so, and everybody who missed little enough recovers. Who filters sees the same run without what
    /// does not pass; who wants deltas can decode each.
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
