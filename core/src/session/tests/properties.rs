//! What holds whatever happens, in whatever order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ports::access::{ChannelGrant, TokenError};
use ports::hooks::{Consent, Event, HookError, Verdict, Welcome};
use ports::ids::{TenantId, UserId};
use ports::orders::{Action, Order, Subscribe, Target};
use ports::protocol::{Disconnect, ErrorCode, Request};
use proptest::prelude::*;

use super::driver::*;
use crate::channels::feed::Admission;
use crate::session::{Effect, Farewell, Input, Job, Join, Outcome};
use crate::settings::Settings;

#[derive(Clone, Debug)]
enum Happening {
    Command(u8),
    Order(u8),
    Pong,
    Malformed,
    JobDone { ok: bool, late: bool },
    Joined { ok: bool, late: bool },
    Insufficient { back: usize },
    Continue,
    Close,
    Gone,
    Stalled,
    Pass(u64),
    Wakeup,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0_u8..16).prop_map(Happening::Command),
        3 => (0_u8..8).prop_map(Happening::Order),
        8 => (prop::bool::weighted(0.8), prop::bool::weighted(0.1))
            .prop_map(|(ok, late)| Happening::JobDone { ok, late }),
        6 => (prop::bool::weighted(0.8), prop::bool::weighted(0.1))
            .prop_map(|(ok, late)| Happening::Joined { ok, late }),
        4 => Just(Happening::Continue),
        2 => (0_usize..4).prop_map(|back| Happening::Insufficient { back }),
        2 => (0_u64..6_000).prop_map(Happening::Pass),
        2 => Just(Happening::Wakeup),
        1 => Just(Happening::Pong),
        1 => Just(Happening::Stalled),
        1 => prop_oneof![Just(Happening::Malformed), Just(Happening::Close), Just(Happening::Gone)],
    ]
}

/// Keeps the books about one session.
struct Books {
    driver: Driver,
    next_id: u32,
    unanswered: VecDeque<u32>,
    jobs: Vec<(u32, Job)>,
    joins: Vec<Join>,
    continues: usize,
    paused: bool,
    closed: bool,
    ended: bool,
}

impl Books {
    fn new(connected: bool) -> Self {
        let asking = |settings: &mut Settings| {
            (settings.hooks.connect, settings.hooks.refresh, settings.hooks.rpc) = (true, true, true);
        };
        let driver = if connected { Driver::connected_with(asking) } else { Driver::fresh_with(asking) };
        Self {
            driver,
            next_id: 2,
            unanswered: VecDeque::new(),
            jobs: Vec::new(),
            joins: Vec::new(),
            continues: 0,
            paused: false,
            closed: false,
            ended: false,
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Command(which) => {
                let id = self.next_id;
                self.next_id += 1;
                self.unanswered.push_back(id);
                let request = request(which);
                self.tell(Input::Command(ports::protocol::Command { id, request }));
            }
            Happening::Order(which) => self.tell(Input::Order(order(which))),
            Happening::Pong => {
                self.tell(Input::Command(ports::protocol::Command { id: 0, request: Request::Pong }));
            }
            Happening::Malformed => self.tell(Input::Malformed),
            Happening::JobDone { ok, late } => {
                let Some((job, work)) = self.jobs.pop() else { return };
                let job = if late { job.wrapping_sub(1) } else { job };
                self.tell(Input::Done { job, outcome: outcome(&work, ok) });
            }
            Happening::Joined { ok, late } => {
                let Some(join) = self.joins.last().cloned() else { return };
                let address = join.address;
                let join = if late { join.join.wrapping_sub(1) } else { join.join };
                let admission = Admission { position: Some(at(3)), recovered: None };
                let outcome = if ok { Ok(admission) } else { Err(ErrorCode::Internal) };
                self.tell(Input::Joined { address, join, outcome });
            }
            Happening::Insufficient { back } => {
                let Some(join) = self.joins.iter().rev().nth(back).cloned() else { return };
                self.tell(Input::Insufficient { address: join.address, join: join.join });
            }
            Happening::Continue => {
                if self.continues > 0 {
                    self.continues -= 1;
                    self.tell(Input::Continue);
                }
            }
            Happening::Close => self.tell(Input::Close(Disconnect::SHUTDOWN)),
            Happening::Gone => self.tell(Input::Gone),
            Happening::Stalled => self.tell(Input::Stalled(secs(3))),
            Happening::Pass(millis) => {
                self.driver.now = self.driver.now.plus(Duration::from_millis(millis));
            }
            Happening::Wakeup => self.tell(Input::Wakeup),
        }
    }

    fn tell(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.driver.session.handle(self.driver.now, input, &mut effects);
        for effect in effects {
            self.check(effect);
        }
    }

    fn check(&mut self, effect: Effect) {
        assert!(!self.ended, "{effect:?} after the end");
        match effect {
            Effect::Reply(reply) => {
                assert!(!self.closed, "a reply after the close");
                assert_eq!(self.unanswered.pop_front(), Some(reply.id), "a reply out of order or twice");
            }
            Effect::Push(push) => assert!(!self.closed, "{push:?} after the close"),
            Effect::Run { job, work } => {
                if let Job::Depart(farewells) = &work {
                    assert!(!farewells.is_empty(), "a farewell to nobody");
                }
                self.jobs.push((job, work));
            }
            Effect::Join(join) => self.joins.push(join),
            Effect::Continue => self.continues += 1,
            Effect::Pause => assert!(!std::mem::replace(&mut self.paused, true), "paused twice"),
            Effect::Resume => assert!(std::mem::replace(&mut self.paused, false), "was not paused"),
            Effect::Close(_) => assert!(!std::mem::replace(&mut self.closed, true), "closed twice"),
            Effect::Ended => self.ended = true,
            Effect::Came(_) => self.tell(Input::Counted(1)),
            Effect::Deliver(_) => assert!(!self.closed, "a publication after the close"),
            Effect::Leave(_) => {}
        }
    }

    /// Whatever state it is in, time alone ends it once the socket is gone.
    fn runs_out(&mut self) {
        self.tell(Input::Gone);
        for _ in 0..30 {
            let Some(at) = self.driver.session.wakeup() else { break };
            assert!(at != ports::time::Timestamp::NEVER);
            self.driver.now = self.driver.now.max(at);
            self.tell(Input::Wakeup);
        }
        assert!(self.ended, "it never ended: {:?}", self.driver.session);
    }
}

fn request(which: u8) -> Request {
    match which {
        0 => connect("t"),
        1 | 2 => subscribe("room:a"),
        3 => subscribe("news:b"),
        4 => unsubscribe("room:a"),
        12 => unsubscribe("room:z"),
        5 => unsubscribe("news:b"),
        6 => publish("a", "{}"),
        7 => history("read:a"),
        8 => presence("room:a"),
        9 => refresh("t"),
        10 => subscribe_with("$c", |request| request.token = "t".into()),
        13 => subscribe("hook:a"),
        14 => publish("hook:a", "{}"),
        15 => connect(""),
        _ => rpc(),
    }
}

/// The rarest ends the connection.
fn order(which: u8) -> Arc<Order> {
    let channel = name(["room:a", "hall:b", "news:c"][usize::from(which) % 3]);
    let action = match which {
        0..3 => {
            let details = ChannelGrant::default();
            Action::Subscribe(Box::new(Subscribe { channel, details, recover: None, expire_at: None }))
        }
        3..6 => Action::Unsubscribe { channel: Some(channel) },
        6 => Action::Refresh { expire_at: None, info: Some("{}".into()) },
        _ => Action::Unsubscribe { channel: None },
    };
    let target = Target { user: UserId::new("ann"), client: None, session: None };
    Arc::new(Order { tenant: TenantId::default(), target, action })
}

fn outcome(work: &Job, ok: bool) -> Outcome {
    match work {
        Job::VerifyConnection { .. } if ok => Outcome::Connection(granted(grant_with("ann", &["room:z"]))),
        Job::VerifyConnection { .. } => Outcome::Connection(Err(TokenError::Unavailable("x".into()))),
        Job::VerifySubscription { .. } if ok => Outcome::Subscription(granted(ticket("$c"))),
        Job::VerifySubscription { .. } => Outcome::Subscription(Err(TokenError::Expired)),
        Job::Enter { .. } | Job::Announce { .. } | Job::Depart(_) | Job::Publish { .. } | Job::Order(_)
            if ok =>
        {
            Outcome::Done(Ok(()))
        }
        Job::Ask(question) if ok => Outcome::Asked(Ok(Box::new(Verdict::Granted(consent(&question.event))))),
        Job::Ask(_) => Outcome::Asked(Err(HookError::Unavailable("x".into()))),
        Job::Enter { .. }
        | Job::Announce { .. }
        | Job::Depart(_)
        | Job::Order(_)
        | Job::Publish { .. }
        | Job::History { .. }
        | Job::Members { .. }
        | Job::Count { .. } => Outcome::Overdue,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Never a panic, nothing after the end, one close, every reply at most once and in the order of the commands.
    #[test]
    fn replies_come_once_and_in_order_and_nothing_comes_after_the_end(
        connected in any::<bool>(),
        happenings in prop::collection::vec(happening(), 1..80),
    ) {
        let mut books = Books::new(connected);
        for happening in happenings {
            books.happens(happening);
        }
        books.runs_out();
    }

    /// Everything entered into presence is taken out again, if services and feeds do what they are asked.
    #[test]
    fn nobody_stays_in_presence_after_the_end(
        commands in prop::collection::vec((1_u8..13, 0_u8..3, prop::option::of(0_u8..8)), 1..40),
    ) {
        let mut driver = Driver::fresh();
        let mut room = Room::default();
        let requests = commands.iter().map(|(which, steps, order)| (request(*which), *steps, *order));
        for ((request, steps, ordered), id) in std::iter::once((connect("t"), 1, None)).chain(requests).zip(1..) {
            room.tell(&mut driver, Input::Command(ports::protocol::Command { id, request }));
            if let Some(which) = ordered {
                room.tell(&mut driver, Input::Order(order(which)));
            }
            for _ in 0..steps {
                room.step(&mut driver);
            }
        }
        room.tell(&mut driver, Input::Gone);
        while room.step(&mut driver) {}

        prop_assert!(room.present.is_empty(), "still present: {:?}", room.present);
        prop_assert!(room.announced.is_empty(), "joined for ever: {:?}", room.announced);
    }

    /// A wake-up moves the next one: whoever jumps from wake-up to wake-up gets somewhere.
    #[test]
    fn being_woken_when_it_is_due_moves_the_wakeup(
        connected in any::<bool>(),
        happenings in prop::collection::vec(happening(), 1..40),
    ) {
        let mut books = Books::new(connected);
        for happening in happenings {
            books.happens(happening);
            let Some(at) = books.driver.session.wakeup() else { continue };
            books.driver.now = books.driver.now.max(at);
            // One call may close the connection, the next clean up, and one more end it.
            for _ in 0..3 {
                books.tell(Input::Wakeup);
            }
            let next = books.driver.session.wakeup();
            prop_assert!(next.is_none_or(|next| next > books.driver.now), "{:?}", books.driver.session);
        }
    }
}

/// Services that do everything they are asked, one thing at a time.
#[derive(Default)]
struct Room {
    present: std::collections::BTreeSet<String>,
    announced: std::collections::BTreeSet<String>,
    open: VecDeque<Effect>,
}

impl Room {
    fn tell(&mut self, driver: &mut Driver, input: Input) {
        let mut effects = Vec::new();
        driver.session.handle(driver.now, input, &mut effects);
        self.open.extend(effects);
    }

    /// Performs the next effect; false if there was none.
    fn step(&mut self, driver: &mut Driver) -> bool {
        let Some(effect) = self.open.pop_front() else { return false };
        match effect {
            Effect::Run { job, work } => {
                self.perform(&work);
                let outcome = outcome(&work, true);
                self.tell(driver, Input::Done { job, outcome });
            }
            Effect::Join(join) => {
                let admission = Admission { position: Some(at(3)), recovered: None };
                let (address, join) = (join.address, join.join);
                self.tell(driver, Input::Joined { address, join, outcome: Ok(admission) });
            }
            Effect::Continue => self.tell(driver, Input::Continue),
            Effect::Came(_) => self.tell(driver, Input::Counted(1)),
            Effect::Reply(_)
            | Effect::Push(_)
            | Effect::Deliver(_)
            | Effect::Leave(_)
            | Effect::Pause
            | Effect::Resume
            | Effect::Close(_)
            | Effect::Ended => {}
        }
        true
    }

    fn perform(&mut self, work: &Job) {
        if let Job::Enter { address, .. } = work {
            self.present.insert(address.place.channel().to_string());
        } else if let Job::Announce { address, .. } = work {
            assert!(self.announced.insert(address.place.channel().to_string()), "joined twice");
        } else if let Job::Depart(farewells) = work {
            farewells.iter().for_each(|farewell| self.part(farewell));
        }
    }

    fn part(&mut self, farewell: &Farewell) {
        let channel = farewell.address.place.channel().as_str();
        assert!(!farewell.presence || self.present.remove(channel), "left without being there");
        assert!(!farewell.notice || self.announced.remove(channel), "a leave without a join");
    }
}

/// What a back end agrees to that has nothing to add.
fn consent(event: &Event) -> Consent {
    match event {
        Event::Connect(_) => {
            Consent::Connect(Box::new(Welcome { grant: grant("ann"), data: None, meta: None }))
        }
        Event::Refresh => Consent::Refresh(Box::default()),
        Event::Subscribe { .. } => Consent::Subscribe(Box::default()),
        Event::SubRefresh { .. } => Consent::SubRefresh(Box::default()),
        Event::Publish { .. } => Consent::Publish(Box::default()),
        Event::Rpc { .. } => Consent::Rpc("1".into()),
    }
}
