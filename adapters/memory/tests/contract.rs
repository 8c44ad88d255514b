//! The promises of the broker and of presence, kept in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::time::Entropy;

ports::broker_contract!(fresh_broker);
ports::presence_contract!(fresh_presence);

fn fresh_broker() -> Arc<MemoryBroker> {
    Arc::new(MemoryBroker::new(Arc::new(Counter::default()), Limits::default()))
}

fn fresh_presence() -> Arc<MemoryPresence> {
    Arc::new(MemoryPresence::new())
}

/// Entropy that never repeats itself.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            chunk.iter_mut().zip(number).for_each(|(byte, part)| *byte = part);
        }
    }
}
