//! An event on its way to subscribers, and the encodings that all of them share.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::name::Address;
use super::publication::{ClientInfo, Epoch, Event, Publication};
use crate::trace::TraceContext;

/// How many different encodings of one event in one form a node may keep (protocols × framings).
pub const SLOTS: usize = 5;

/// An event on its way to subscribers, shared by all of them together with its encodings.
#[derive(Debug)]
pub struct Published {
    /// Where.
    pub address: Arc<Address>,
    /// What.
    pub event: Event,
    /// The trace of its publisher, if that is recorded.
    pub trace: Option<Arc<TraceContext>>,
    plain: Encodings,
    whole: OnceLock<Box<Encodings>>,
    difference: OnceLock<Arc<Difference>>,
}

/// In which form one subscriber gets an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it was published.
    Plain,
    /// For a subscriber of deltas: the difference to what it was sent last, or all of it if nothing is named.
    Delta(Option<Arc<Publication>>),
}

/// The difference between two payloads, in the fossil format (P section 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What leads from the older payload to the newer one.
    pub bytes: Bytes,
    /// It is UTF-8, cut between characters only (P-DL-7).
    pub is_text: bool,
}

/// How a protocol is to write the payload of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// As it was published.
    Plain,
    /// Whole, for a subscriber of deltas (P-DL-4).
    Whole,
    /// As a patch where the protocol can carry it, else whole.
    Patch(&'a Patch),
}

/// The finished bytes of one event in one form, by encoding; each is made by the first who asks.
#[derive(Debug, Default)]
pub struct Encodings([OnceLock<Option<Bytes>>; SLOTS]);

impl Encodings {
    /// The bytes of one encoding; `None` if the event cannot be said in it.
    pub fn get(&self, slot: usize, make: impl FnOnce() -> Option<Bytes>) -> Option<Bytes> {
        match self.0.get(slot) {
            Some(cell) => cell.get_or_init(make).clone(),
            None => make(),
        }
    }
}

/// A publication as the difference to an earlier one.
#[derive(Debug)]
pub struct Difference {
    base: Arc<Publication>,
    /// `None` if it is not worth it.
    pub patch: Option<Patch>,
    /// Its encodings.
    pub encodings: Encodings,
}

impl Published {
    /// An event that nobody has encoded yet.
    pub fn new(address: Arc<Address>, event: Event) -> Self {
        let (whole, difference) = (OnceLock::new(), OnceLock::new());
        Self { address, event, trace: None, plain: Encodings::default(), whole, difference }
    }

    /// The same as part of a trace.
    pub fn traced(mut self, trace: Option<Arc<TraceContext>>) -> Self {
        self.trace = trace;
        self
    }

    /// Its encodings as it was published.
    pub fn plain(&self) -> &Encodings {
        &self.plain
    }

    /// Its encodings for subscribers of deltas, whole.
    pub fn whole(&self) -> &Encodings {
        self.whole.get_or_init(Box::default)
    }

    /// It as the difference to what a subscriber was sent before, made once for the first base that is asked for:
    /// nearly all subscribers have the same.
    pub fn difference(
        &self,
        base: &Arc<Publication>,
        make: impl FnOnce() -> Option<Patch>,
    ) -> Arc<Difference> {
        if let Some(known) = self.difference.get() {
            if is_same(&known.base, base) {
                return Arc::clone(known);
            }
            return Arc::new(Difference::new(base, make()));
        }
        let fresh = Arc::new(Difference::new(base, make()));
        match self.difference.set(Arc::clone(&fresh)) {
            Ok(()) => fresh,
            Err(mine) => mine,
        }
    }

    /// Its place in the stream, if it has one.
    pub fn position(&self) -> Option<(u64, &Epoch)> {
        match &self.event {
            Event::Publication(publication, Some(epoch)) if publication.offset > 0 => {
                Some((publication.offset, epoch))
            }
            Event::Publication(..) | Event::Join(_) | Event::Leave(_) => None,
        }
    }

    /// What it weighs in a queue, in bytes: what is sent of it and a flat part for everything around it.
    pub fn weight(&self) -> usize {
        const FLAT: usize = 128;
        match &self.event {
            Event::Publication(publication, _) => FLAT + publication.payload_bytes(),
            Event::Join(info) | Event::Leave(info) => FLAT + ClientInfo::payload_bytes(info),
        }
    }
}

impl Difference {
    fn new(base: &Arc<Publication>, patch: Option<Patch>) -> Self {
        Self { base: Arc::clone(base), patch, encodings: Encodings::default() }
    }
}

/// The same object, or the same payload.
fn is_same(one: &Arc<Publication>, other: &Arc<Publication>) -> bool {
    Arc::ptr_eq(one, other) || (one.offset == other.offset && one.data == other.data)
}
