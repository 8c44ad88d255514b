//! What one subscription has been sent, and what may be sent to it next.

use std::sync::Arc;

use ports::channels::{Address, Epoch, Publication};

use super::recovery::Covered;
use crate::sim::broker::Streams;
use crate::sim::taste::Taste;

#[derive(Debug)]
pub(super) struct Membership {
    taste: Taste,
    /// Everything wanted up to here has been sent, if the server tracks it.
    covered: Option<Covered>,
    /// The order of the last publication without a place.
    order: Option<usize>,
    /// The step with which it began.
    pub(super) since: u64,
}

impl Membership {
    pub(super) fn new(taste: Taste, covered: Option<Covered>, since: u64) -> Self {
        Self { taste, covered, order: None, since }
    }

    /// A publication of the stream is sent: a wanted one, and the first of these.
    pub(super) fn placed(
        &mut self,
        address: &Arc<Address>,
        epoch: &Epoch,
        publication: &Publication,
        streams: &Streams,
    ) -> Result<(), String> {
        let offset = publication.offset;
        self.is_wanted(publication)?;
        let Some(Covered { place, gone }) = &mut self.covered else { return Ok(()) };
        if place.epoch != *epoch || offset <= place.offset {
            return Err(format!("has {}#{} and is sent {epoch}#{offset}", place.epoch, place.offset));
        }
        let owed = place.offset.max(*gone) + 1..=offset - 1;
        if let Some(withheld) = streams.first_wanted(address, epoch, owed, &self.taste) {
            return Err(format!("is not sent {epoch}#{withheld}, but {epoch}#{offset}"));
        }
        place.offset = offset;
        Ok(())
    }

    /// A publication without a place is sent: a wanted one, in the broker's order.
    pub(super) fn unplaced(
        &mut self,
        address: &Arc<Address>,
        publication: &Publication,
        streams: &Streams,
    ) -> Result<(), String> {
        let order = streams.order_of(address, &publication.data);
        if order.is_none() || self.order > order {
            return Err(format!("hears unplaced publication {order:?} after {:?}", self.order));
        }
        self.order = order;
        self.is_wanted(publication)
    }

    /// Whether its end because of a hole is honest.
    pub(super) fn may_be_insufficient(&self, address: &Arc<Address>, streams: &Streams) -> bool {
        self.covered
            .as_ref()
            .is_some_and(|Covered { place, .. }| streams.has_hole(address, &place.epoch, place.offset))
    }

    /// Whether it has everything there is.
    pub(super) fn lacks(&self, address: &Arc<Address>, streams: &Streams) -> Result<(), String> {
        let (Some(covered), Some(top)) = (&self.covered, streams.top(address)) else { return Ok(()) };
        let Covered { place, gone } = covered;
        if place.epoch != top.epoch {
            return Err(format!("is left behind in epoch {}", place.epoch));
        }
        let owed = place.offset.max(*gone) + 1..=top.offset;
        match streams.first_wanted(address, &top.epoch, owed, &self.taste) {
            None => Ok(()),
            Some(offset) => Err(format!("was never sent {}#{offset}", top.epoch)),
        }
    }

    fn is_wanted(&self, publication: &Publication) -> Result<(), String> {
        if self.taste.wants(publication) {
            return Ok(());
        }
        Err(format!("is sent what does not pass its filter: {:?}", publication.tags))
    }
}
