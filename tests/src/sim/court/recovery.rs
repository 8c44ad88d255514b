//! Whether a subscribe reply is honest about where it begins and what it recovered (P 12.2, 12.3).

use std::sync::Arc;

use ports::channels::{Position, Publication};
use ports::protocol::SubscribeAnswer;

use super::Claim;
use crate::sim::broker::Streams;
use crate::sim::house;

/// How much a connection may still recover (P-REC-5).
#[derive(Debug, Default)]
pub(super) struct Appetite {
    /// Bytes recovered that no pong has vouched for.
    swallowed: usize,
    /// Those of them that were sent after the latest ping, which its pong says nothing about.
    since_ping: usize,
    /// The most that this has been since the command under way was taken up: its feed may have been asked then.
    swallowed_most: usize,
}

impl Appetite {
    pub(super) fn pinged(&mut self) {
        self.since_ping = 0;
    }

    pub(super) fn returns(&mut self) {
        self.swallowed = self.since_ping;
    }

    pub(super) fn swallow(&mut self, recovered: &[Arc<Publication>]) {
        self.swallowed += bytes(recovered);
        self.since_ping += bytes(recovered);
        self.swallowed_most = self.swallowed_most.max(self.swallowed);
    }

    pub(super) fn next_command(&mut self) {
        self.swallowed_most = self.swallowed;
    }
}

fn bytes(recovered: &[Arc<Publication>]) -> usize {
    recovered.iter().map(|publication| publication.payload_bytes()).sum()
}

pub(super) fn judge(claim: &Claim<'_>, answer: &SubscribeAnswer, streams: &Streams) -> Result<(), String> {
    let Some(place) = &answer.position else {
        return if answer.positioned { Err("is positioned nowhere".into()) } else { Ok(()) };
    };
    if !streams.was_in_force(claim.address, &place.epoch, claim.received_at) {
        return Err(format!("is given epoch {}, which ended before the request", place.epoch));
    }
    if answer.was_recovering != claim.wish.is_some() {
        return Err("is told wrongly whether it wished to recover".into());
    }
    let covered = answer.publications.last().map_or(place.offset, |last| last.offset);
    if let Some(top) = claim.top
        && top.epoch == place.epoch
        && covered < top.offset
    {
        return Err(format!("is covered up to {covered}, but {} was acknowledged before", top.offset));
    }
    if streams.top(claim.address).is_some_and(|top| top.epoch == place.epoch && covered > top.offset) {
        return Err(format!("is covered up to {covered}, beyond the top"));
    }
    if answer.recovered { recovered(claim, answer) } else { not_recovered(claim, answer, streams) }
}

fn recovered(claim: &Claim<'_>, answer: &SubscribeAnswer) -> Result<(), String> {
    let Some(wish) = claim.wish else { return Err("is recovered without a wish".into()) };
    let offsets = answer.publications.iter().map(|publication| publication.offset);
    if !offsets.zip(wish.offset + 1..).all(|(offset, next)| offset == next) {
        return Err(format!("is recovered from {} with a hole", wish.offset));
    }
    let bytes = claim.appetite.swallowed + bytes(&answer.publications);
    if answer.publications.len() > house::RECOVERY_ITEMS_MAX || bytes > house::RECOVERY_BYTES_MAX {
        return Err("is recovered beyond the bounds".into());
    }
    Ok(())
}

fn not_recovered(claim: &Claim<'_>, answer: &SubscribeAnswer, streams: &Streams) -> Result<(), String> {
    match &answer.position {
        Some(place) if answer.recoverable => refused(claim, place, streams),
        Some(_) | None => Ok(()),
    }
}

/// Whether there was a reason not to recover. Within an epoch the top and the oldest item only rise, so that a reason
/// which does not hold when the reply is made never held before.
pub(super) fn refused(claim: &Claim<'_>, place: &Position, streams: &Streams) -> Result<(), String> {
    let Some(wish) = claim.wish.filter(|wish| wish.epoch == place.epoch) else { return Ok(()) };
    let Some(remains) = streams.remains(claim.address, &wish.epoch, wish.offset) else { return Ok(()) };
    let missed = remains.top.saturating_sub(wish.offset);
    let is_justified = wish.offset > remains.top
        || remains.oldest > wish.offset + 1
        || missed > house::RECOVERY_ITEMS_MAX as u64
        || claim.appetite.swallowed_most + remains.bytes > house::RECOVERY_BYTES_MAX;
    if is_justified { Ok(()) } else { Err(format!("is not recovered from {wish:?} although {remains:?}")) }
}
