//! Whether a subscription is honest about where it begins and what it recovered (P 12.2, 12.3, 12.6).

use std::sync::Arc;

use ports::channels::{Address, Position};
use ports::protocol::{Recovered, Recovery, SubscribeAnswer};

use crate::sim::broker::Streams;
use crate::sim::house;
use crate::sim::taste::Taste;

/// A request for a subscription, with what was true when it came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) address: &'a Arc<Address>,
    pub(super) wish: Option<&'a Recovery>,
    pub(super) taste: &'a Taste,
    /// Where the stream stood then.
    pub(super) top: Option<&'a Position>,
    pub(super) received_at: u64,
    pub(super) appetite: &'a Appetite,
}

impl Claim<'_> {
    fn is_current(&self) -> bool {
        self.address.place.channel().as_str() == house::CURRENT
    }

    /// What was acknowledged in this timeline when the request came in.
    fn known(&self, place: &Position) -> u64 {
        self.top.filter(|top| top.epoch == place.epoch).map_or(0, |top| top.offset)
    }
}

/// What a subscription has to begin with.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) place: Position,
    /// What was gone up to here when its state was looked for is not owed either.
    pub(super) gone: u64,
}

/// How much a connection may still recover (P-REC-5): at least and at most, as what an ordered subscription recovers
/// cannot be told from what follows it.
#[derive(Debug, Default)]
pub(super) struct Appetite {
    least: Meter,
    most: Meter,
    /// The most that this has been since the command under way was taken up: its feed may have been asked then.
    most_since_command: usize,
}

#[derive(Debug, Default)]
struct Meter {
    /// Bytes recovered that no pong has vouched for.
    swallowed: usize,
    /// Those of them that were sent after the latest ping, which its pong says nothing about.
    since_ping: usize,
}

impl Appetite {
    pub(super) fn pinged(&mut self) {
        self.least.since_ping = 0;
        self.most.since_ping = 0;
    }

    pub(super) fn returns(&mut self) {
        self.least.swallowed = self.least.since_ping;
        self.most.swallowed = self.most.since_ping;
    }

    pub(super) fn swallow(&mut self, least: usize, most: usize) {
        for (meter, bytes) in [(&mut self.least, least), (&mut self.most, most)] {
            meter.swallowed += bytes;
            meter.since_ping += bytes;
        }
        self.most_since_command = self.most_since_command.max(self.most.swallowed);
    }

    pub(super) fn next_command(&mut self) {
        self.most_since_command = self.most.swallowed;
    }

    fn has_no_room_for(&self, bytes: usize) -> bool {
        self.most_since_command + bytes > house::RECOVERY_BYTES_MAX
    }
}

pub(super) fn bytes(recovered: &[Recovered]) -> usize {
    recovered.iter().map(|item| item.publication.payload_bytes()).sum()
}

/// Up to where the answer covers everything, if it is honest.
pub(super) fn judge(
    claim: &Claim<'_>,
    answer: &SubscribeAnswer,
    streams: &Streams,
) -> Result<Option<Covered>, String> {
    let Some(place) = begins_somewhere(claim, answer, streams)? else { return Ok(None) };
    let (covered, gone) = match (answer.recovered, claim.is_current()) {
        (true, true) => current(claim, answer, place, streams)?,
        (true, false) => (recovered(claim, answer, place, streams)?, 0),
        (false, _) => (place.offset, 0),
    };
    let known = claim.known(place);
    if covered < known {
        return Err(format!("is covered up to {covered}, but {known} was acknowledged before"));
    }
    if streams.top(claim.address).is_some_and(|top| top.epoch == place.epoch && covered > top.offset) {
        return Err(format!("is covered up to {covered}, beyond the top"));
    }
    if !answer.recovered && answer.recoverable {
        refused(claim, place, streams)?;
    }
    Ok(Some(Covered { place: Position { offset: covered, epoch: place.epoch.clone() }, gone }))
}

/// The same for a subscription that was ordered: what it recovers follows, beginning after the wish.
pub(super) fn judge_ordered(
    claim: &Claim<'_>,
    answer: &SubscribeAnswer,
    streams: &Streams,
) -> Result<Option<Covered>, String> {
    if !answer.recovered {
        return judge(claim, answer, streams);
    }
    let place = begins_somewhere(claim, answer, streams)?;
    match (claim.wish, place) {
        (Some(wish), Some(place)) if place.offset == wish.offset => {
            Ok(Some(Covered { place: place.clone(), gone: 0 }))
        }
        (wish, place) => Err(format!("is recovered from {place:?}, not {wish:?}")),
    }
}

fn begins_somewhere<'a>(
    claim: &Claim<'_>,
    answer: &'a SubscribeAnswer,
    streams: &Streams,
) -> Result<Option<&'a Position>, String> {
    if answer.was_recovering != claim.wish.is_some() {
        return Err("is told wrongly whether it wished to recover".into());
    }
    let Some(place) = &answer.position else {
        return if answer.positioned { Err("is positioned nowhere".into()) } else { Ok(None) };
    };
    if !streams.was_in_force(claim.address, &place.epoch, claim.received_at) {
        return Err(format!("is given epoch {}, which ended before the request", place.epoch));
    }
    Ok(Some(place))
}

/// Exactly what it missed and wants.
fn recovered(
    claim: &Claim<'_>,
    answer: &SubscribeAnswer,
    place: &Position,
    streams: &Streams,
) -> Result<u64, String> {
    let Some(wish) = claim.wish else { return Err("is recovered without a wish".into()) };
    let items: Vec<u64> = answer.publications.iter().map(|item| item.publication.offset).collect();
    let mut covered = items.last().copied().unwrap_or(wish.offset);
    if claim.taste.is_picky() {
        covered = covered.max(claim.known(place));
    }
    let mut from = wish.offset + 1;
    for offset in items.iter().copied().chain([covered + 1]) {
        let skipped = streams.first_wanted(claim.address, &place.epoch, from..=offset - 1, claim.taste);
        if offset < from || skipped.is_some() {
            return Err(format!("is recovered from {} with a hole: {items:?}", wish.offset));
        }
        from = offset + 1;
    }
    is_filtered(claim, answer)?;
    let bytes = claim.appetite.least.swallowed + bytes(&answer.publications);
    if items.len() > house::RECOVERY_ITEMS_MAX || bytes > house::RECOVERY_BYTES_MAX {
        return Err("is recovered beyond the bounds".into());
    }
    Ok(covered)
}

/// The newest that it wants and nothing else, unless it has that or none is left.
fn current(
    claim: &Claim<'_>,
    answer: &SubscribeAnswer,
    place: &Position,
    streams: &Streams,
) -> Result<(u64, u64), String> {
    let known = claim.known(place);
    let top = streams.top(claim.address).filter(|top| top.epoch == place.epoch);
    let top = top.map_or(u64::MAX, |top| top.offset);
    let has_it = |wish: &Recovery| wish.epoch == place.epoch && (known..=top).contains(&wish.offset);
    let (newest, covered, gone) = match answer.publications.as_slice() {
        [] if claim.wish.is_some_and(has_it) => return Ok((place.offset, 0)),
        [] if !claim.taste.is_picky() => return Err("is given no state".into()),
        [] => {
            let left = streams.remains(claim.address, &place.epoch, 0, claim.taste);
            let gone = left.map_or(known, |left| left.oldest - 1);
            (gone, known, gone)
        }
        [newest] => (newest.publication.offset, newest.publication.offset.max(known), 0),
        _ => return Err("is given more than the newest state".into()),
    };
    is_filtered(claim, answer)?;
    match streams.first_wanted(claim.address, &place.epoch, newest + 1..=known, claim.taste) {
        None => Ok((covered, gone)),
        Some(newer) => Err(format!("is given {newest} as the newest state, not {newer}")),
    }
}

fn is_filtered(claim: &Claim<'_>, answer: &SubscribeAnswer) -> Result<(), String> {
    let is_wanted = |item: &Recovered| claim.taste.wants(&item.publication);
    if answer.publications.iter().all(is_wanted) {
        Ok(())
    } else {
        Err("recovers what it filters out".into())
    }
}

/// Whether there was a reason not to recover. Within an epoch the top and the oldest item only rise, so that a reason
/// which does not hold when the reply is made never held before.
pub(super) fn refused(claim: &Claim<'_>, place: &Position, streams: &Streams) -> Result<(), String> {
    let Some(wish) = claim.wish else { return Ok(()) };
    if claim.is_current() {
        return stateless(claim, place, streams);
    }
    if wish.epoch != place.epoch {
        return Ok(());
    }
    let remains = streams.remains(claim.address, &wish.epoch, wish.offset, claim.taste);
    let Some(remains) = remains else { return Ok(()) };
    let missed = remains.top.saturating_sub(wish.offset);
    let is_justified = wish.offset > remains.top
        || remains.oldest > wish.offset + 1
        || missed > house::RECOVERY_ITEMS_MAX as u64
        || claim.appetite.has_no_room_for(remains.bytes);
    if is_justified { Ok(()) } else { Err(format!("is not recovered from {wish:?} although {remains:?}")) }
}

/// Whether there was no newest state to give, or none among the newest ones that passes.
fn stateless(claim: &Claim<'_>, place: &Position, streams: &Streams) -> Result<(), String> {
    /// The largest payload with its publisher and its labels.
    const ITEM_BYTES_MAX: usize = 1_100;
    let top = streams.top(claim.address).filter(|top| top.epoch == place.epoch);
    let was_bare = streams.was_bare(claim.address, claim.received_at);
    let Some(top) = top.filter(|_| !was_bare && !claim.appetite.has_no_room_for(ITEM_BYTES_MAX)) else {
        return Ok(());
    };
    let may_be_newest = claim.known(place)..=top.offset;
    let is_without = |newest: u64| {
        let first = newest.saturating_sub(house::RECOVERY_ITEMS_MAX as u64 - 1).max(1);
        streams.first_wanted(claim.address, &place.epoch, first..=newest, claim.taste).is_none()
    };
    if may_be_newest.into_iter().any(is_without) {
        Ok(())
    } else {
        Err("is given no state although there is one".into())
    }
}
