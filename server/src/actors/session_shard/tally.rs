//! What a shard counts of what it sends.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use ports::protocol::{Answer, Reply, SubscribeAnswer};
use ports::time::Timestamp;
use wigwag_core::channels::Batch;
use wigwag_core::shard::Outgoing;

use crate::telemetry::metrics::{self as names, recorder};
use crate::telemetry::traces::{Delivery, Traces};
use crate::transport::link::Link;

/// Counters made beforehand, and the deliveries under way that are recorded.
pub(super) struct Tally {
    shard: u16,
    traces: Arc<Traces>,
    /// Handed to links and not written yet, of publications whose publisher is recorded.
    deliveries: Vec<Delivery>,
    /// Not told to the counter yet, which all shards share.
    unsaid: Cell<u64>,
    sent: metrics::Counter,
    delivery_time: metrics::Histogram,
    connect_time: metrics::Histogram,
}

impl Tally {
    pub(super) fn new(shard: u16, traces: Arc<Traces>) -> Self {
        // The counters would count for nobody if they were made before their recorder.
        let _ = recorder();
        Self {
            shard,
            traces,
            deliveries: Vec::new(),
            unsaid: Cell::new(0),
            sent: metrics::counter!(names::FRAMES_SENT),
            delivery_time: metrics::histogram!(names::DELIVERY_TIME),
            connect_time: metrics::histogram!(names::CONNECT_TIME),
        }
    }

    /// Something for one connection is on its way.
    pub(super) fn sent(&self, link: &Link, outgoing: &Outgoing, now: impl FnOnce() -> Timestamp) {
        self.count(1);
        if let Outgoing::Reply(reply) = outgoing {
            self.replied(link, reply, now);
        }
    }

    fn replied(&self, link: &Link, reply: &Reply, now: impl FnOnce() -> Timestamp) {
        match &reply.outcome {
            Ok(Answer::Connect(connected)) => {
                self.connect_time.record(link.age(now()).as_secs_f64());
                connected.subs.values().for_each(|answer| recovered(link, answer));
            }
            Ok(Answer::Subscribe(answer)) => recovered(link, answer),
            Ok(_) | Err(_) => {}
        }
    }

    /// The events of a batch are on their way to so many connections.
    pub(super) fn handed_out(&mut self, batch: &Batch, sessions: usize) {
        let events = batch.events();
        self.count((events.len() * sessions) as u64);
        if let Some(trace) = events.iter().find_map(|(published, _)| published.trace.as_ref()) {
            self.deliveries.push(Delivery::new(trace, sessions, events.len()));
        }
    }

    fn count(&self, messages: u64) {
        self.unsaid.set(self.unsaid.get() + messages);
    }

    /// Everything that was handed out has been written, as far as it was taken.
    pub(super) fn flushed(&mut self) {
        let unsaid = self.unsaid.take();
        if unsaid > 0 {
            self.sent.increment(unsaid);
        }
        for delivery in self.deliveries.drain(..) {
            self.traces.delivered(self.shard, &delivery);
        }
    }

    /// A batch has been written to all who get it.
    pub(super) fn delivered(&self, time: Duration) {
        self.delivery_time.record(time.as_secs_f64());
    }
}

fn recovered(link: &Link, answer: &SubscribeAnswer) {
    if !answer.was_recovering {
        return;
    }
    let recovered = if answer.recovered { "true" } else { "false" };
    metrics::counter!(names::RECOVERIES, "recovered" => recovered).increment(1);
    if link.comes_back() {
        metrics::counter!(names::RECONNECTS).increment(1);
    }
}
