//! A feed with everything around it played by the test: each effect becomes a line, and a test compares lines.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::channels::{
    Address, BrokerError, ChannelName, ClientInfo, Epoch, Event, FilterNode, Form, HistoryQuery, Order,
    Position, Publication, Published, Retention, StreamView, Tags,
};
use ports::ids::{ClientId, TenantId, UserId};
use ports::protocol::Recovery;
use ports::time::Timestamp;

use crate::channels::ChannelFeed;
use crate::channels::feed::{Admission, Effect, Input, Join, Limits};
use crate::channels::filter::Filter;
use crate::channels::recovery::Bounds;

pub(super) struct Driver {
    pub(super) feed: ChannelFeed,
    pub(super) now: Timestamp,
    pub(super) read: Option<(u32, HistoryQuery)>,
    pub(super) admission: Option<Admission>,
    said: Vec<String>,
}

pub(super) const LIMITS: Limits = Limits {
    recovery: Bounds { items_max: 10, bytes_max: 1_000 },
    joining_bytes_max: 2_000,
    batch_bytes_max: 1_000,
    check_interval: Duration::from_secs(41),
};

impl Driver {
    /// A feed of a channel with a stream, nobody in it yet. Its first position check comes after a whole interval.
    pub(super) fn new() -> Self {
        Self::of(Some(Retention { size: 100, ttl: secs(300), meta_ttl: secs(3_000) }))
    }

    pub(super) fn without_stream() -> Self {
        Self::of(None)
    }

    fn of(stream: Option<Retention>) -> Self {
        let now = Timestamp::from_secs(1_000);
        let feed = ChannelFeed::new(address(), stream, Arc::new(LIMITS), now, u8::MAX);
        Self { feed, now, read: None, admission: None, said: Vec::new() }
    }

    /// Attached, with member 1 live at this offset and tracking its position; so long ago that a hole may be read at
    /// once, and forty seconds before the first position check.
    pub(super) fn live_at(offset: u64) -> Self {
        let mut feed = Self::new();
        feed.join(1);
        feed.attach();
        feed.answers(view(offset, []));
        feed.pass(secs(1));
        feed.skips();
        feed
    }

    pub(super) fn join(&mut self, seat: u32) {
        self.join_with(seat, |_| {});
    }

    /// Joins to continue from an offset in the usual timeline.
    pub(super) fn join_from(&mut self, seat: u32, offset: u64) {
        self.join_with(seat, |join| join.recover = Some(Recovery { offset, epoch: epoch() }));
    }

    pub(super) fn join_with(&mut self, seat: u32, change: impl FnOnce(&mut Join)) {
        let join = Self::wish(seat, change);
        self.tell(Input::Join(seat, join));
    }

    pub(super) fn join_without_handing_out(&mut self, seat: u32) {
        self.tell_without_handing_out(Input::Join(seat, Self::wish(seat, |_| {})));
    }

    fn wish(seat: u32, change: impl FnOnce(&mut Join)) -> Join {
        let mut join = Join {
            address: address(),
            stream: None,
            join: seat * 100,
            recover: None,
            recovery_bytes_max: usize::MAX,
            refuse_unrecoverable: false,
            positioned: true,
            notices: false,
            cache: false,
            delta: false,
            filter: None,
        };
        change(&mut join);
        join
    }

    pub(super) fn leave(&mut self, seat: u32) {
        self.tell(Input::Leave(seat));
    }

    pub(super) fn attach(&mut self) {
        self.tell(Input::Attached(Ok(())));
    }

    /// A publication with this offset arrives from the broker.
    pub(super) fn arrives(&mut self, offset: u64) {
        self.tell(Input::Arrived(published(offset, &epoch())));
    }

    pub(super) fn arrive(&mut self, offsets: RangeInclusive<u64>) {
        offsets.for_each(|offset| self.arrives(offset));
    }

    /// The broker answers the read under way.
    pub(super) fn answers(&mut self, view: StreamView) {
        let (read, _) = self.read.take().expect("no read is under way");
        self.tell(Input::Read { read, result: Ok(view) });
    }

    pub(super) fn answers_without_handing_out(&mut self, view: StreamView) {
        let (read, _) = self.read.take().expect("no read is under way");
        self.tell_without_handing_out(Input::Read { read, result: Ok(view) });
    }

    pub(super) fn fails(&mut self) {
        let (read, _) = self.read.take().expect("no read is under way");
        self.tell(Input::Read { read, result: Err(BrokerError::Unavailable("down".into())) });
    }

    /// Time passes; the feed is woken exactly when it wants.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.plus(time);
        for _ in 0..100 {
            let Some(at) = self.feed.wakeup().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.tell(Input::Wakeup);
        }
        assert!(self.feed.wakeup().is_none_or(|at| at > end), "woken for ever without getting anywhere");
        self.now = end;
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.tell_without_handing_out(input);
        let handed_out = self.said.len();
        while self.feed.has_run() {
            self.tell_without_handing_out(Input::HandOut(2));
        }
        // Who is served before whom does not matter.
        if let Some(said) = self.said.get_mut(handed_out..) {
            said.sort_by_key(|line| line.split(' ').next().and_then(|seat| seat.parse::<u32>().ok()));
        }
    }

    pub(super) fn tell_without_handing_out(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.feed.handle(self.now, input, &mut effects);
        for effect in effects {
            self.said.extend(lines(&effect));
            match effect {
                Effect::Read { read, query } => self.read = Some((read, query)),
                Effect::Admit { outcome: Ok(admission), .. } => self.admission = Some(admission),
                Effect::Admit { .. } | Effect::Deliver { .. } | Effect::Insufficient { .. } => {}
            }
        }
    }

    /// Everything the feed wanted since the last look.
    #[track_caller]
    pub(super) fn expects(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), lines);
    }

    pub(super) fn skips(&mut self) {
        self.said.clear();
    }
}

fn lines(effect: &Effect) -> Vec<String> {
    match effect {
        Effect::Deliver { batch, seats } => {
            let said = |seat: &u32| {
                let seat = *seat;
                let text = |(published, form): &(Arc<Published>, Form)| {
                    format!("{seat} gets {}{}", event_text(&published.event), form_text(form))
                };
                batch.events().iter().map(text).collect::<Vec<_>>()
            };
            seats.iter().flat_map(said).collect()
        }
        Effect::Read { .. } | Effect::Admit { .. } | Effect::Insufficient { .. } => vec![line(effect)],
    }
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Read { query, .. } if *query == HistoryQuery::TOP => "read top".into(),
        Effect::Read { query: HistoryQuery { since, limit, order: Order::OldestFirst }, .. } => {
            assert_eq!(*limit, Some(11));
            format!("read after {}", since.expect("no start"))
        }
        Effect::Read { query: HistoryQuery { since, limit, order: Order::NewestFirst }, .. } => {
            assert_eq!(*since, None);
            format!("read the newest {}", limit.expect("no limit"))
        }
        Effect::Admit { seat, outcome: Err(error), .. } => format!("{seat} refused {}", error.number()),
        Effect::Admit { seat, join, outcome: Ok(admission) } => {
            assert_eq!(*join, seat * 100);
            format!("{seat} in{}", admission_text(admission))
        }
        Effect::Deliver { .. } => unreachable!("has lines of its own"),
        Effect::Insufficient { seat, join } => {
            assert_eq!(*join, seat * 100);
            format!("{seat} insufficient")
        }
    }
}

fn admission_text(admission: &Admission) -> String {
    let at = admission.position.as_ref().map_or(String::new(), |position| format!(" at {}", position.offset));
    match &admission.recovered {
        None => at,
        Some(missed) => {
            let offsets: Vec<String> = missed.iter().map(|item| item.offset.to_string()).collect();
            format!("{at} recovered [{}]", offsets.join(" "))
        }
    }
}

fn form_text(form: &Form) -> String {
    match form {
        Form::Plain => String::new(),
        Form::Delta(None) => " whole".into(),
        Form::Delta(Some(base)) => format!(" on {}", base.offset),
    }
}

fn event_text(event: &Event) -> String {
    match event {
        Event::Publication(publication, _) => publication.offset.to_string(),
        Event::Join(_) => "join".into(),
        Event::Leave(_) => "leave".into(),
    }
}

pub(super) fn address() -> Arc<Address> {
    Arc::new(Address::public(TenantId::default(), ChannelName::parse("news:a").unwrap()))
}

pub(super) fn epoch() -> Epoch {
    Epoch::new("kQzWbnLd")
}

pub(super) fn other_epoch() -> Epoch {
    Epoch::new("xxxxxxxx")
}

pub(super) fn publication(offset: u64) -> Arc<Publication> {
    publication_of(offset, 2)
}

pub(super) fn publication_of(offset: u64, bytes: usize) -> Arc<Publication> {
    Arc::new(Publication {
        offset,
        data: Bytes::from(vec![b'x'; bytes]),
        info: None,
        tags: None,
        delta: false,
    })
}

pub(super) fn published(offset: u64, epoch: &Epoch) -> Arc<Published> {
    published_as(&publication(offset), epoch)
}

pub(super) fn published_as(publication: &Arc<Publication>, epoch: &Epoch) -> Arc<Published> {
    Arc::new(Published::new(address(), Event::Publication(Arc::clone(publication), Some(epoch.clone()))))
}

/// The event that brings a publication of the usual timeline.
pub(super) fn arrival(publication: &Arc<Publication>) -> Input {
    Input::Arrived(published_as(publication, &epoch()))
}

/// A publication whose publisher asks for deltas.
pub(super) fn delta(offset: u64) -> Arc<Publication> {
    Arc::new(Publication { delta: true, ..(*publication(offset)).clone() })
}

/// A publication that [`loud`] lets pass.
pub(super) fn loud_one(offset: u64) -> Arc<Publication> {
    let tags = Some(Arc::new(Tags::from([("volume".to_owned(), "loud".to_owned())])));
    Arc::new(Publication { tags, ..(*publication(offset)).clone() })
}

/// A filter that only [`loud_one`]s pass.
pub(super) fn loud() -> Option<Arc<Filter>> {
    let (key, cmp, val) = ("volume".into(), "eq".into(), "loud".into());
    Some(Arc::new(Filter::new(FilterNode { key, cmp, val, ..FilterNode::default() }).unwrap()))
}

/// A publication outside of the stream.
pub(super) fn unplaced() -> Arc<Published> {
    unplaced_as(&publication(0))
}

pub(super) fn unplaced_as(publication: &Arc<Publication>) -> Arc<Published> {
    Arc::new(Published::new(address(), Event::Publication(Arc::clone(publication), None)))
}

pub(super) fn notice() -> Arc<Published> {
    let info = ClientInfo {
        user: UserId::new("ann"),
        client: ClientId::from_random([7; 16]),
        conn_info: None,
        chan_info: None,
    };
    Arc::new(Published::new(address(), Event::Join(Arc::new(info))))
}

/// A stream that stands at `top`, and the items of it that were read.
pub(super) fn view(top: u64, items: impl IntoIterator<Item = u64>) -> StreamView {
    let publications = items.into_iter().map(publication).collect();
    StreamView { publications, top: Position { offset: top, epoch: epoch() } }
}

/// The same in another timeline.
pub(super) fn other_view(top: u64) -> StreamView {
    StreamView { publications: Vec::new(), top: Position { offset: top, epoch: other_epoch() } }
}

pub(super) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
