//! What a client makes of what it hears.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::micros_at;
use crate::ledger::Journal;
use crate::line::Answer;
use crate::refusal::Refusal;
use crate::row::Row;
use crate::tally::{Course, Flaw, Tally};
use crate::wire::{Message, Position, Publication, Push, Stamp};

/// One subscriber's place in a channel, kept over reconnections.
#[derive(Clone)]
pub(crate) struct Ear {
    journal: Journal,
    seat: Option<Arc<Seat>>,
    habit: Habit,
}

/// Where a subscriber sits: its channel, and what it got of it.
pub(crate) struct Seat {
    /// What is said there.
    pub(crate) course: Arc<Course>,
    /// What this subscriber got.
    pub(crate) tally: Tally,
}

impl Seat {
    /// In the channel of this course.
    pub(crate) fn new(course: &Arc<Course>) -> Arc<Self> {
        Arc::new(Self { course: Arc::clone(course), tally: Tally::default() })
    }
}

/// Whose times count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Reads as fast as it can; what it gets is booked, and an end is an error.
    Attentive,
    /// Slow on purpose: its times mean nothing, and that it is cut off is as it should be.
    Slow,
}

impl Ear {
    /// For a client without a subscription.
    pub(crate) fn deaf(journal: &Journal) -> Self {
        Self { journal: journal.clone(), seat: None, habit: Habit::Attentive }
    }

    /// For a subscriber.
    pub(crate) fn at(journal: &Journal, seat: &Arc<Seat>) -> Self {
        Self { journal: journal.clone(), seat: Some(Arc::clone(seat)), habit: Habit::Attentive }
    }

    /// For a subscriber that is slow on purpose.
    pub(crate) fn slow(journal: &Journal, seat: &Arc<Seat>) -> Self {
        Self { habit: Habit::Slow, ..Self::at(journal, seat) }
    }

    /// Whether it is slow on purpose.
    pub(crate) fn is_slow(&self) -> bool {
        self.habit == Habit::Slow
    }

    /// Something came unasked.
    pub(crate) fn push(&self, push: &Push<'_>, arrived: Instant) -> Result<(), Refusal> {
        if let Some(publication) = &push.publication
            && let Some(stamp) = self.note(publication)
            && !self.is_slow()
        {
            let took = micros_at(arrived).saturating_sub(stamp.due);
            self.journal.book(Row::Delivery, Duration::from_micros(took));
        }
        match &push.unsubscribe {
            Some(ended) => {
                Err(Refusal::Error { code: ended.code, message: format!("unsubscribed: {}", ended.message) })
            }
            None => Ok(()),
        }
    }

    /// A command was answered.
    pub(crate) fn reply(&self, message: Message<'_>) -> Result<Answer, Refusal> {
        if let Some(error) = message.error {
            return Err(Refusal::Error { code: error.code, message: error.message.into_owned() });
        }
        let mut answer = Answer::default();
        if let Some(presence) = message.presence {
            answer.present = presence.presence.len();
        }
        if let (Some(subscribed), Some(seat)) = (message.subscribe, &self.seat) {
            answer.recovered = subscribed.recovered;
            answer.recoverable = subscribed.recoverable;
            for publication in &subscribed.publications {
                self.note(publication);
            }
            seat.tally.place(Position { epoch: subscribed.epoch, offset: subscribed.offset });
        }
        Ok(answer)
    }

    /// The server, or the network, ended the connection.
    pub(crate) fn ended(&self, refusal: &Refusal) {
        if !self.is_slow() && self.seat.is_some() {
            self.journal.book_error(Row::Delivery, Duration::ZERO, &refusal.to_string());
        }
    }

    fn note(&self, publication: &Publication<'_>) -> Option<Stamp> {
        let seat = self.seat.as_ref()?;
        // Somebody else's message in our channel says nothing about us.
        let stamp: Stamp = serde_json::from_str(publication.data.get()).ok()?;
        let flaw = seat.tally.note(stamp.seq, publication.offset);
        match flaw {
            _ if self.is_slow() => {}
            Some(Flaw::Doubled) => self.journal.fault("a message was delivered twice"),
            Some(Flaw::Reordered) => self.journal.fault("a message was delivered after a later one"),
            None => {}
        }
        if flaw != Some(Flaw::Doubled) && !self.is_slow() {
            seat.course.hear();
        }
        Some(stamp)
    }
}
