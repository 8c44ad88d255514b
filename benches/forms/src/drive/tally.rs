//! Exact accounting of deliveries: every message once and in order, and how late.

use serde_json::{Map, Value, json};

use super::latency::Latency;

/// The numbered messages of one publisher, as one subscriber gets them.
#[derive(Clone, Default)]
pub struct Stream {
    next: u32,
    /// Numbers that were skipped.
    missing: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    InOrder,
    OutOfOrder,
    Twice,
}

impl Stream {
    fn see(&mut self, number: u32) -> Seen {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
            return Seen::InOrder;
        }
        match self.missing.iter().position(|missing| *missing == number) {
            Some(at) => {
                self.missing.swap_remove(at);
                Seen::OutOfOrder
            }
            None => Seen::Twice,
        }
    }

    /// Messages that did not come when so many were sent.
    pub fn lost(&self, sent: u32) -> u64 {
        self.missing.len() as u64 + u64::from(sent.saturating_sub(self.next))
    }
}

/// All deliveries of a run.
#[derive(Clone, Default)]
pub struct Tally {
    /// Messages delivered, the first time each.
    pub delivered: u64,
    /// Deliveries of messages that had been delivered.
    pub duplicates: u64,
    /// Deliveries behind later messages of the same publisher.
    pub out_of_order: u64,
    /// How late.
    pub latency: Latency,
}

impl Tally {
    /// Counts a delivery.
    pub fn count(&mut self, stream: &mut Stream, number: u32, late_ns: u64) {
        match stream.see(number) {
            Seen::InOrder => {}
            Seen::OutOfOrder => self.out_of_order += 1,
            Seen::Twice => {
                self.duplicates += 1;
                return;
            }
        }
        self.delivered += 1;
        self.latency.record(late_ns);
    }

    /// Writes the counts down.
    pub fn report(&self, lost: u64, into: &mut Map<String, Value>) {
        into.insert("delivered".into(), json!(self.delivered));
        into.insert("lost".into(), json!(lost));
        into.insert("duplicates".into(), json!(self.duplicates));
        into.insert("out_of_order".into(), json!(self.out_of_order));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_latecomers_and_repetitions_are_told_apart() {
        let mut stream = Stream::default();

        assert_eq!([0, 4].map(|number| stream.see(number)), [Seen::InOrder; 2]);
        assert_eq!((stream.lost(5), stream.lost(7)), (3, 5));
        assert_eq!([2, 2, 4].map(|number| stream.see(number)), [Seen::OutOfOrder, Seen::Twice, Seen::Twice]);
        assert_eq!(
            [1, 3, 5].map(|number| stream.see(number)),
            [Seen::OutOfOrder, Seen::OutOfOrder, Seen::InOrder]
        );
        assert_eq!(stream.lost(6), 0);
    }

    #[test]
    fn a_repetition_is_no_delivery() {
        let (mut tally, mut stream) = (Tally::default(), Stream::default());

        for number in [0, 0, 2, 1] {
            tally.count(&mut stream, number, 1_000);
        }

        assert_eq!((tally.delivered, tally.duplicates, tally.out_of_order), (3, 1, 1));
        assert_eq!(stream.lost(3), 0);
    }
}
