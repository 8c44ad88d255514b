//! What has arrived in order and is still to be handed out: many events at once, member by member, in slices.

use std::collections::VecDeque;
use std::sync::Arc;

use ports::channels::{Event, Form, Publication, Published};

use super::member::{Member, Taste};
use super::{ChannelFeed, Effect, Seat};
use crate::channels::Batch;

/// Events that were taken in and not handed to everybody yet. They are numbered from the first that the feed ever took
/// in, so that a newcomer gets what is taken in after it, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Run {
    events: VecDeque<Arc<Published>>,
    /// The number of the first of them.
    begin: u64,
    handing: Option<Box<Handing>>,
    /// The publication handed out before the first of them: what most differences refer to.
    before: Option<Arc<Publication>>,
    /// Somebody gets differences, or did.
    pub(super) is_compared: bool,
}

/// The first events of a run on their way through the members.
#[derive(Debug)]
struct Handing {
    count: usize,
    /// Members before this one have got them.
    next: Seat,
    /// The lowest offset among them.
    offset: u64,
    /// There are joins or leaves among them.
    has_notices: bool,
    /// What members get who get all of it, by [`Share`].
    shared: [Option<Arc<Batch>>; SHARES],
    last: Option<Arc<Publication>>,
}

/// In which of four ways a member gets all of what is handed out.
#[derive(Clone, Copy, Debug)]
struct Share {
    notices: bool,
    delta: bool,
}

const SHARES: usize = 4;

/// Most events that go out together.
const EVENTS_MAX: usize = 64;

impl Run {
    /// Takes in the next event.
    pub(super) fn push(&mut self, published: Arc<Published>) {
        self.events.push_back(published);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The number of the next event that will be taken in.
    pub(super) fn end(&self) -> u64 {
        self.begin + self.events.len() as u64
    }

    fn begin_handing(&self, bytes_max: usize) -> Option<Box<Handing>> {
        let mut weight = 0;
        let fits = |published: &&Arc<Published>| {
            weight += published.weight();
            weight <= bytes_max
        };
        let count = self.events.iter().take(EVENTS_MAX).take_while(fits).count();
        let count = count.max(1).min(self.events.len());
        let events = || self.events.iter().take(count);
        let offsets = events().filter_map(|published| published.position()).map(|(offset, _)| offset);
        let mut publications = events().filter_map(publication);
        (count > 0).then(|| {
            Box::new(Handing {
                count,
                next: 0,
                offset: offsets.min().unwrap_or(u64::MAX),
                has_notices: publications.clone().count() < count,
                shared: Default::default(),
                last: publications.next_back().map(Arc::clone),
            })
        })
    }

    fn end_handing(&mut self, handing: Handing) {
        self.events.drain(..handing.count);
        self.begin += handing.count as u64;
        if self.is_compared && handing.last.is_some() {
            self.before = handing.last;
        }
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
    }
}

impl ChannelFeed {
    /// Whether anything is still to be handed out.
    pub fn has_run(&self) -> bool {
        !self.run.is_empty()
    }

    /// Hands what has arrived to so many members, or to as many as there are.
    pub(super) fn hand_out(&mut self, mut room: usize, effects: &mut Vec<Effect>) {
        while room > 0 {
            let begun = self.run.handing.take();
            let Some(mut handing) = begun.or_else(|| self.run.begin_handing(self.limits.batch_bytes_max))
            else {
                return;
            };
            let mut seats: [Vec<Seat>; SHARES] = Default::default();
            let mut members = self.members.iter_mut(handing.next);
            let is_done = loop {
                if room == 0 {
                    break false;
                }
                let Some((seat, member)) = members.next() else { break true };
                room -= 1;
                handing.next = seat.saturating_add(1);
                handing.give(&self.run, seat, member, &mut seats, effects);
            };
            handing.send(seats, effects);
            if is_done {
                self.run.end_handing(*handing);
            } else {
                self.run.handing = Some(handing);
            }
        }
    }
}

impl Handing {
    /// Gives one member what is new to it: the batch it shares with others, or one of its own.
    fn give(
        &mut self,
        run: &Run,
        seat: Seat,
        member: &mut Member,
        seats: &mut [Vec<Seat>; SHARES],
        effects: &mut Vec<Effect>,
    ) {
        let Member { covered, since, .. } = *member;
        if covered < self.offset
            && since <= run.begin
            && let Some(share) = self.share(run, member)
            && let Some(seats) = seats.get_mut(share.index())
        {
            seats.push(seat);
        } else {
            self.give_own(run, seat, member, effects);
        }
    }

    /// Few members get something else than others do: kept out of the loop over all of them.
    #[inline(never)]
    fn give_own(&self, run: &Run, seat: Seat, member: &mut Member, effects: &mut Vec<Effect>) {
        let Member { covered, since, .. } = *member;
        let numbered = run.events.iter().take(self.count).zip(run.begin..);
        let new = numbered.filter(|(published, number)| {
            let offset = published.position().map_or(u64::MAX, |(offset, _)| offset);
            *number >= since && offset > covered
        });
        let events =
            new.filter_map(|(published, _)| Some((Arc::clone(published), member.form(&published.event)?)));
        let batch = Batch::new(events.collect());
        if !batch.is_empty() {
            effects.push(Effect::Deliver { batch: Arc::new(batch), seats: vec![seat] });
        }
    }

    /// In which way a member that gets everything does so; `None` if no other member does so alike.
    fn share(&mut self, run: &Run, member: &mut Member) -> Option<Share> {
        let delta = match (&mut member.taste, &self.last) {
            (Taste::Passing(_), _) => return None,
            (Taste::Plain, _) | (Taste::Delta { .. }, None) => false,
            (Taste::Delta { base }, Some(last)) => {
                let is_usual = base.as_ref().zip(run.before.as_ref()).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
                if !is_usual {
                    return None;
                }
                *base = Some(Arc::clone(last));
                true
            }
        };
        let share = Share { notices: member.notices && self.has_notices, delta };
        if let Some(place) = self.shared.get_mut(share.index()) {
            place.get_or_insert_with(|| Arc::new(share.batch(run, self.count)));
        }
        Some(share)
    }

    fn send(&self, seats: [Vec<Seat>; SHARES], effects: &mut Vec<Effect>) {
        for (batch, seats) in self.shared.iter().zip(seats) {
            if let Some(batch) = batch.as_ref().filter(|batch| !batch.is_empty())
                && !seats.is_empty()
            {
                effects.push(Effect::Deliver { batch: Arc::clone(batch), seats });
            }
        }
    }
}

impl Share {
    fn index(self) -> usize {
        usize::from(self.notices) * 2 + usize::from(self.delta)
    }

    /// The first events of a run for all who get them in this way.
    fn batch(self, run: &Run, count: usize) -> Batch {
        let mut base = run.before.as_ref();
        let events = run.events.iter().take(count).filter_map(|published| {
            let form = match publication(published) {
                None => self.notices.then_some(Form::Plain)?,
                Some(_) if !self.delta => Form::Plain,
                Some(publication) => {
                    Form::Delta(base.replace(publication).filter(|_| publication.delta).map(Arc::clone))
                }
            };
            Some((Arc::clone(published), form))
        });
        Batch::new(events.collect())
    }
}

fn publication(published: &Arc<Published>) -> Option<&Arc<Publication>> {
    match &published.event {
        Event::Publication(publication, _) => Some(publication),
        Event::Join(_) | Event::Leave(_) => None,
    }
}
