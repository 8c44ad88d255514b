//! A bounded run of publications put aside.

use std::collections::VecDeque;
use std::sync::Arc;

use ports::channels::Published;

/// Publications kept for later, up to a weight. When one does not fit, all are dropped and the loss is remembered:
/// whoever needed them reads the stream.
#[derive(Debug)]
pub(super) struct Held {
    items: VecDeque<Arc<Published>>,
    bytes: usize,
    bytes_max: usize,
    lost: bool,
}

impl Held {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { items: VecDeque::new(), bytes: 0, bytes_max, lost: false }
    }

    pub(super) fn push(&mut self, published: Arc<Published>) {
        let bytes = self.bytes + published.weight();
        if bytes > self.bytes_max {
            self.lose();
        } else {
            self.bytes = bytes;
            self.items.push_back(published);
        }
    }

    /// Drops everything, and remembers that.
    pub(super) fn lose(&mut self) {
        self.reset();
        self.lost = true;
    }

    pub(super) fn pop(&mut self) -> Option<Arc<Published>> {
        let first = self.items.pop_front()?;
        self.bytes -= first.weight();
        Some(first)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.items.iter()
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Empties it and forgets that anything was lost.
    pub(super) fn reset(&mut self) {
        self.items = VecDeque::new();
        self.bytes = 0;
        self.lost = false;
    }

    /// Whether anything was lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }
}
