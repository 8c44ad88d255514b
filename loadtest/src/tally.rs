//! Whether a subscriber got every message of its channel, once and in order.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::wire::Position;

/// What one subscriber of one channel got, over all of its connections.
#[derive(Default)]
pub(crate) struct Tally {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The first that has not been heard, with all before it heard or missing.
    next: u64,
    missing: BTreeSet<u64>,
    position: Position,
}

/// What is wrong with a message that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    /// It arrived before.
    Doubled,
    /// A later one arrived before it.
    Reordered,
}

/// A subscriber that misses more than this is beyond repair; further ones are not remembered one by one.
const MISSING_MAX: usize = 10_000;

impl Tally {
    /// A message arrived.
    pub(crate) fn note(&self, seq: u64, offset: u64) -> Option<Flaw> {
        let mut state = self.state.lock();
        if offset > state.position.offset {
            state.position.offset = offset;
        }
        if seq >= state.next {
            let skipped = state.next..seq;
            state.missing.extend(skipped.take(MISSING_MAX));
            state.next = seq + 1;
            return None;
        }
        Some(if state.missing.remove(&seq) { Flaw::Reordered } else { Flaw::Doubled })
    }

    /// Everything up to and without this one was said before the subscriber came.
    pub(crate) fn begin(&self, first: u64) {
        let mut state = self.state.lock();
        state.missing.clear();
        state.next = first;
    }

    /// The subscription is at this place.
    pub(crate) fn place(&self, position: Position) {
        self.state.lock().position = position;
    }

    /// From where to recover.
    pub(crate) fn position(&self) -> Position {
        self.state.lock().position.clone()
    }

    /// Whether this message, or a later one, has arrived.
    pub(crate) fn has_reached(&self, seq: u64) -> bool {
        self.state.lock().next > seq
    }

    /// How many of the messages that were surely said up to this one did not arrive. Each is told once.
    pub(crate) fn lost(&self, up_to: u64, unsure: &BTreeSet<u64>) -> u64 {
        let mut state = self.state.lock();
        let missing = std::mem::take(&mut state.missing).into_iter().chain(state.next..=up_to);
        let lost = missing.filter(|seq| !unsure.contains(seq)).count() as u64;
        state.next = state.next.max(up_to + 1);
        lost
    }
}

/// What is said in one channel, and how much of it has been heard.
pub(crate) struct Course {
    /// The channel.
    pub(crate) channel: String,
    next: AtomicU64,
    unsure: Mutex<BTreeSet<u64>>,
    heard: AtomicU64,
    news: Notify,
}

impl Course {
    /// Nothing has been said.
    pub(crate) fn new(channel: String) -> Self {
        Self {
            channel,
            next: AtomicU64::new(0),
            unsure: Mutex::default(),
            heard: AtomicU64::new(0),
            news: Notify::new(),
        }
    }

    /// The number of a message that is about to be said. It counts only once it is [`Course::sure`].
    pub(crate) fn begin(&self) -> u64 {
        let seq = self.next.fetch_add(1, Ordering::Relaxed);
        self.unsure.lock().insert(seq);
        seq
    }

    /// The server took the message.
    pub(crate) fn sure(&self, seq: u64) {
        self.unsure.lock().remove(&seq);
    }

    /// The number that the next message will have.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// The last message that the server took, and those before it of which nobody knows.
    pub(crate) fn said(&self) -> (Option<u64>, BTreeSet<u64>) {
        let unsure = self.unsure.lock().clone();
        let last = (0..self.next()).rev().find(|seq| !unsure.contains(seq));
        (last, unsure)
    }

    /// A subscriber got a message.
    pub(crate) fn hear(&self) {
        self.heard.fetch_add(1, Ordering::Release);
        self.news.notify_waiters();
    }

    /// Waits until so many messages have been got by all subscribers together.
    pub(crate) async fn heard(&self, count: u64) {
        loop {
            let news = self.news.notified();
            if self.heard_so_far() >= count {
                return;
            }
            news.await;
        }
    }

    /// Messages got by all subscribers together.
    pub(crate) fn heard_so_far(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(arrivals: &[u64]) -> (Tally, Vec<Flaw>) {
        let tally = Tally::default();
        tally.begin(0);
        let flaws = arrivals.iter().filter_map(|seq| tally.note(*seq, 0)).collect();
        (tally, flaws)
    }

    #[test]
    fn all_in_order_is_without_flaw() {
        let (tally, flaws) = tally(&[0, 1, 2, 3]);

        assert!(flaws.is_empty());
        assert_eq!(tally.lost(3, &BTreeSet::new()), 0);
    }

    #[test]
    fn holes_and_a_missing_end_are_lost() {
        let (tally, flaws) = tally(&[0, 1, 4]);

        assert!(flaws.is_empty());
        assert_eq!(tally.lost(6, &BTreeSet::new()), 4);
        assert_eq!(tally.lost(6, &BTreeSet::new()), 0);
    }

    #[test]
    fn a_missing_beginning_is_lost_and_so_is_everything_to_one_who_hears_nothing() {
        assert_eq!(tally(&[2]).0.lost(2, &BTreeSet::new()), 2);
        assert_eq!(tally(&[]).0.lost(2, &BTreeSet::new()), 3);
    }

    #[test]
    fn what_the_server_never_took_is_not_lost() {
        let (tally, _) = tally(&[0, 3]);

        assert_eq!(tally.lost(4, &BTreeSet::from([1, 4])), 1);
    }

    #[test]
    fn twice_and_late_are_told_apart() {
        assert_eq!(tally(&[0, 1, 1]).1, [Flaw::Doubled]);
        assert_eq!(tally(&[0, 2, 1]).1, [Flaw::Reordered]);
        assert_eq!(tally(&[0, 2, 1]).0.lost(2, &BTreeSet::new()), 0);
        assert_eq!(tally(&[0, 2, 0]).1, [Flaw::Doubled]);
    }

    #[test]
    fn one_who_comes_late_misses_only_what_is_said_after_that() {
        let late = Tally::default();
        late.begin(5);

        assert_eq!(late.lost(4, &BTreeSet::new()), 0);
        assert_eq!(late.note(6, 0), None);
        assert_eq!(late.lost(6, &BTreeSet::new()), 1);
    }

    #[tokio::test]
    async fn a_course_knows_what_was_said_and_heard() {
        let course = Course::new("a".to_owned());
        let [first, second] = [course.begin(), course.begin()];

        course.sure(first);
        assert_eq!(course.said(), (Some(0), BTreeSet::from([second])));

        course.hear();
        course.heard(1).await;
    }
}
