//! What one client hears of one channel, over all its subscriptions, and whether it may be so.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::channels::{Epoch, Event, Position, Published};
use ports::protocol::{Recovery, SubscribeAnswer};

#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Where the subscription stands, if the server tracks it.
    place: Option<Position>,
    is_positioned: bool,
    is_recoverable: bool,
    /// The newest offset heard, by epoch. Nothing up to it may ever come again.
    heard: BTreeMap<Epoch, u64>,
    last: Option<Bytes>,
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

    pub(super) fn last(&self) -> Option<&Bytes> {
        self.last.as_ref()
    }

    /// The next subscription will be a fresh one.
    pub(super) fn forget_place(&mut self) {
        self.place = None;
        self.is_recoverable = false;
    }

    /// A subscription begins.
    pub(super) fn begin(&mut self, wish: Option<&Recovery>, answer: &SubscribeAnswer) -> Result<(), String> {
        self.is_positioned = answer.positioned;
        self.is_recoverable = answer.recoverable;
        self.place.clone_from(&answer.position);
        if !answer.recovered {
            if !answer.publications.is_empty() {
                return Err("is given publications without being recovered".into());
            }
            return match &answer.position {
                Some(place) if self.newest(&place.epoch) > place.offset => {
                    Err(format!("begins at {} but heard {}", place.offset, self.newest(&place.epoch)))
                }
                Some(_) | None => Ok(()),
            };
        }
        let (Some(wish), Some(place)) = (wish, &answer.position) else {
            return Err("is recovered without having wished it".into());
        };
        if place.offset != wish.offset || (!wish.epoch.is_unknown() && place.epoch != wish.epoch) {
            return Err(format!(
                "wished {}#{} and got {}#{}",
                wish.epoch, wish.offset, place.epoch, place.offset
            ));
        }
        let epoch = place.epoch.clone();
        for publication in &answer.publications {
            self.advance(&epoch, publication.offset)?;
            self.last = Some(publication.data.clone());
        }
        Ok(())
    }

    /// An event comes.
    pub(super) fn hear(&mut self, published: &Published) -> Result<(), String> {
        if let Some((offset, epoch)) = published.position() {
            self.advance(epoch, offset)?;
        }
        if let Event::Publication(publication, _) = &published.event {
            self.last = Some(publication.data.clone());
        }
        Ok(())
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
        match &mut self.place {
            Some(place) if place.epoch == *epoch && place.offset + 1 == offset => {
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
}
