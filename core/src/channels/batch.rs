//! Events that several subscribers get alike, and the bytes that all of them share.

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Encodings, Form, Published};

/// A run of one channel's events, in order, as a number of subscribers get it. Whoever sends it makes its bytes once for
/// each encoding and hands all subscribers the same.
#[derive(Debug)]
pub struct Batch {
    events: Vec<(Arc<Published>, Form)>,
    encodings: Encodings,
}

impl Batch {
    /// A batch that nobody has encoded yet.
    pub fn new(events: Vec<(Arc<Published>, Form)>) -> Self {
        Self { events, encodings: Encodings::default() }
    }

    /// The events, each in its form.
    pub fn events(&self) -> &[(Arc<Published>, Form)] {
        &self.events
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// What it weighs in a queue, in bytes.
    pub fn weight(&self) -> usize {
        self.events.iter().map(|(published, _)| published.weight()).sum()
    }

    /// The bytes of all events together in one encoding, made by the first who asks.
    pub fn bytes(&self, slot: usize, make: impl FnOnce() -> Option<Bytes>) -> Option<Bytes> {
        self.encodings.get(slot, make)
    }
}
