//! What one client hears of one channel, over all its subscriptions, and whether it may be so.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::channels::{Epoch, Event, Form, Patch, Position, Publication, Published};
use ports::protocol::{Recovered, Recovery, SubscribeAnswer};
use wigwag_core::channels::delta;

use crate::fossil;
use crate::sim::taste::Taste;

#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Where the subscription stands, if the server tracks it.
    place: Option<Position>,
    is_positioned: bool,
    is_recoverable: bool,
    /// What the subscription was asked for with.
    taste: Taste,
    decoder: Option<Decoder>,
    /// The newest offset heard, by epoch. Nothing up to it may ever come again.
    heard: BTreeMap<Epoch, u64>,
    last: Option<Bytes>,
    /// The application made the latest subscription, so that a wish under way may be older than what was heard.
    is_behind: bool,
}

/// What a client that gets differences keeps: the payload it was sent last.
#[derive(Debug, Default)]
struct Decoder {
    held: Option<Bytes>,
}

/// How a subscription was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) wish: Option<&'a Recovery>,
    pub(super) taste: &'a Taste,
    /// Only the newest state is recovered, whatever the client has.
    pub(super) is_current: bool,
}

impl Ear {
    /// Where the next subscription is to continue.
    pub(super) fn wish(&self) -> Option<Recovery> {
        let place = self.place.as_ref().filter(|_| self.is_recoverable)?;
        Some(Recovery { offset: place.offset, epoch: place.epoch.clone() })
    }

    pub(super) fn place(&self) -> Option<&Position> {
        self.place.as_ref().filter(|_| self.is_positioned)
    }

    pub(super) fn taste(&self) -> &Taste {
        &self.taste
    }

    pub(super) fn last(&self) -> Option<&Bytes> {
        self.last.as_ref()
    }

    /// The next subscription will be a fresh one.
    pub(super) fn forget_place(&mut self) {
        self.place = None;
        self.is_recoverable = false;
    }

    /// A subscription begins that was asked for.
    pub(super) fn begin(&mut self, terms: Terms<'_>, answer: &SubscribeAnswer) -> Result<(), String> {
        let is_behind = std::mem::take(&mut self.is_behind);
        self.open(terms.taste.clone(), answer);
        if !answer.recovered {
            if !answer.publications.is_empty() {
                return Err("is given publications without being recovered".into());
            }
            return self.begins_after_all(answer);
        }
        let (Some(wish), Some(place)) = (terms.wish, &answer.position) else {
            return Err("is recovered without having wished it".into());
        };
        let is_same = wish.epoch.is_unknown() || place.epoch == wish.epoch;
        // Of a state that nothing was handed out of, an offset of another timeline would be a place it never had.
        let moves = terms.is_current && !is_same && answer.publications.is_empty();
        if (place.offset != wish.offset && !moves) || !(is_same || terms.is_current) {
            return Err(format!(
                "wished {}#{} and got {}#{}",
                wish.epoch, wish.offset, place.epoch, place.offset
            ));
        }
        let epoch = place.epoch.clone();
        if is_behind && !terms.is_current {
            self.heard.insert(epoch.clone(), place.offset);
        }
        for Recovered { publication, patch } in &answer.publications {
            if terms.is_current {
                self.leap(&epoch, publication.offset);
            } else {
                self.advance(&epoch, publication.offset)?;
            }
            self.decode_listed(publication, patch.as_ref())?;
            self.last = Some(publication.data.clone());
        }
        Ok(())
    }

    /// A subscription begins that the application made; what it recovers follows event by event.
    pub(super) fn begin_by_order(&mut self, answer: &SubscribeAnswer) -> Result<(), String> {
        self.is_behind = true;
        self.open(Taste::Plain, answer);
        if !answer.publications.is_empty() || answer.delta {
            return Err("is told of a subscription with more than is its due".into());
        }
        if let Some(place) = answer.position.as_ref().filter(|_| answer.recovered) {
            self.heard.insert(place.epoch.clone(), place.offset); // the application may go back
        }
        self.begins_after_all(answer)
    }

    /// An event comes.
    pub(super) fn hear(&mut self, published: &Published, form: &Form) -> Result<(), String> {
        if let Some((offset, epoch)) = published.position() {
            self.advance(epoch, offset)?;
        }
        match &published.event {
            Event::Publication(publication, _) => {
                self.decode(published, publication, form)?;
                self.last = Some(publication.data.clone());
            }
            Event::Join(_) | Event::Leave(_) if *form != Form::Plain => {
                return Err("hears a notice as a difference".into());
            }
            Event::Join(_) | Event::Leave(_) => {}
        }
        Ok(())
    }

    fn open(&mut self, taste: Taste, answer: &SubscribeAnswer) {
        self.is_positioned = answer.positioned;
        self.is_recoverable = answer.recoverable;
        self.place.clone_from(&answer.position);
        self.taste = taste;
        self.decoder = answer.delta.then(Decoder::default);
    }

    fn begins_after_all(&self, answer: &SubscribeAnswer) -> Result<(), String> {
        match &answer.position {
            Some(place) if self.newest(&place.epoch) > place.offset => {
                Err(format!("begins at {} but heard {}", place.offset, self.newest(&place.epoch)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A place is taken without everything before it.
    fn leap(&mut self, epoch: &Epoch, offset: u64) {
        let newest = self.newest(epoch).max(offset);
        self.heard.insert(epoch.clone(), newest);
        self.place = Some(Position { offset, epoch: epoch.clone() });
    }

    fn advance(&mut self, epoch: &Epoch, offset: u64) -> Result<(), String> {
        let newest = self.newest(epoch);
        if offset <= newest {
            return Err(format!("hears {epoch}#{offset} after {epoch}#{newest}"));
        }
        self.heard.insert(epoch.clone(), offset);
        if !self.is_positioned {
            return Ok(());
        }
        let is_picky = self.taste.is_picky();
        match &mut self.place {
            Some(place) if place.epoch == *epoch && (place.offset + 1 == offset || is_picky) => {
                place.offset = offset;
                Ok(())
            }
            Some(place) => {
                Err(format!("stands at {}#{} and hears {epoch}#{offset}", place.epoch, place.offset))
            }
            None => Err(format!("has no place and hears {epoch}#{offset}")),
        }
    }

    fn newest(&self, epoch: &Epoch) -> u64 {
        self.heard.get(epoch).copied().unwrap_or(0)
    }

    fn decode_listed(&mut self, publication: &Publication, patch: Option<&Patch>) -> Result<(), String> {
        match &mut self.decoder {
            Some(decoder) => decoder.take(publication, patch),
            None if patch.is_some() => Err("recovers a difference without having asked for any".into()),
            None => Ok(()),
        }
    }

    /// Differences are made as the protocols make them, and lead from what is held to what was published.
    fn decode(&mut self, published: &Published, item: &Publication, form: &Form) -> Result<(), String> {
        let Some(decoder) = &mut self.decoder else {
            return if *form == Form::Plain { Ok(()) } else { Err("hears an unasked difference".into()) };
        };
        let due = decoder.held.as_ref().filter(|_| item.delta);
        match form {
            Form::Delta(None) if due.is_none() => decoder.take(item, None),
            Form::Delta(Some(base)) if due == Some(&base.data) => {
                let difference = published.difference(base, || delta::patch(&base.data, &item.data));
                decoder.take(item, difference.patch.as_ref())
            }
            Form::Plain | Form::Delta(_) => {
                Err(format!("holds {due:?} and is sent #{} as {form:?}", item.offset))
            }
        }
    }
}

impl Decoder {
    fn take(&mut self, publication: &Publication, patch: Option<&Patch>) -> Result<(), String> {
        if let Some(patch) = patch {
            let base = self.held.as_ref().ok_or("is given a difference to nothing")?;
            let made = fossil::apply(base, &patch.bytes)?;
            if made != publication.data {
                return Err(format!("makes {:?} of a difference", String::from_utf8_lossy(&made)));
            }
        }
        self.held = Some(publication.data.clone());
        Ok(())
    }
}
