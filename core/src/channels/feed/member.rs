//! One session's place in a feed: what it waits for, and in which form it gets what.

use std::sync::Arc;

use ports::channels::{Event, Form, Publication};
use ports::protocol::Recovery;

use super::Join;
use crate::channels::filter::Filter;

/// A session that gets what arrives.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) join: u32,
    pub(super) positioned: bool,
    pub(super) notices: bool,
    /// It gets everything beyond this offset…
    pub(super) covered: u64,
    /// … that was taken in under this number or a later one.
    pub(super) since: u64,
    pub(super) taste: Taste,
}

/// A session that waits for a read which began after its ticket was drawn.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) ticket: u64,
    pub(super) wish: Wish,
    /// What it will be.
    pub(super) member: Member,
}

/// What a newcomer wants of the past.
#[derive(Debug)]
pub(super) enum Wish {
    /// Nothing.
    Onwards,
    /// Everything after its position (P 12.3).
    Missed { from: Recovery, bytes_max: usize, or_refuse: bool },
    /// The newest publication, unless its position is there already (P 12.6).
    Latest { from: Recovery, bytes_max: usize },
}

/// Which publications a member gets, and in which form.
///
/// **Invariant:** *a difference is relative to the publication that this very subscription was sent last* (P-DL-5,
/// P-DL-6, P-DL-10), whatever was lost or recovered before. Whoever filters gets no differences: they would tell of
/// what is hidden.
#[derive(Debug)]
pub(super) enum Taste {
    /// All, as they were published.
    Plain,
    /// All; differences where the publisher allows it. `base` is what was sent last.
    Delta { base: Option<Arc<Publication>> },
    /// Those that pass, as they were published.
    Passing(Arc<Filter>),
}

impl Newcomer {
    /// A newcomer; the ticket says when it came.
    pub(super) fn new(join: Join, ticket: u64) -> Self {
        let taste = match join.filter {
            Some(filter) => Taste::Passing(filter),
            None if join.delta => Taste::Delta { base: None },
            None => Taste::Plain,
        };
        let bytes_max = join.recovery_bytes_max;
        let wish = match join.recover {
            None => Wish::Onwards,
            Some(from) if join.cache => Wish::Latest { from, bytes_max },
            Some(from) => Wish::Missed { from, bytes_max, or_refuse: join.refuse_unrecoverable },
        };
        let Join { join, positioned, notices, .. } = join;
        let member = Member { join, positioned, notices, covered: 0, since: 0, taste };
        Self { ticket, wish, member }
    }
}

impl Member {
    /// The form in which it is to be sent an event, if it wants it at all. It must be sent then.
    pub(super) fn form(&mut self, event: &Event) -> Option<Form> {
        match event {
            Event::Join(_) | Event::Leave(_) => self.notices.then_some(Form::Plain),
            Event::Publication(publication, _) => self.taste.form(publication),
        }
    }
}

impl Taste {
    fn form(&mut self, publication: &Arc<Publication>) -> Option<Form> {
        if !self.wants(publication) {
            return None;
        }
        match self {
            Self::Plain | Self::Passing(_) => Some(Form::Plain),
            Self::Delta { base } => {
                let sent_last = base.replace(Arc::clone(publication));
                Some(Form::Delta(sent_last.filter(|_| publication.delta)))
            }
        }
    }

    /// Whether it wants a publication.
    pub(super) fn wants(&self, publication: &Publication) -> bool {
        match self {
            Self::Plain | Self::Delta { .. } => true,
            Self::Passing(filter) => filter.passes(publication.tags.as_deref()),
        }
    }

    /// What it was sent last, if anything is known to have been sent.
    pub(super) fn rebase(&mut self, sent_last: Option<&Arc<Publication>>) {
        match self {
            Self::Plain | Self::Passing(_) => {}
            Self::Delta { base } => *base = sent_last.cloned(),
        }
    }

    /// Whether it may refuse publications.
    pub(super) fn is_picky(&self) -> bool {
        match self {
            Self::Plain | Self::Delta { .. } => false,
            Self::Passing(_) => true,
        }
    }
}
