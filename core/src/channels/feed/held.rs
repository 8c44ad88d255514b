//! A bounded run of publications put aside.

use std::collections::VecDeque;
use std::sync::Arc;

use ports::channels::Published;

/// Publications kept for later, up to a weight. When one does not fit, all are dropped and the loss is remembered:
/// whoever needed them reads the stream.
#[derive(Debug, Default)]
pub(super) struct Held {
    kept: Option<Box<Kept>>,
    lost: bool,
}

#[derive(Debug, Default)]
struct Kept {
    items: VecDeque<Arc<Published>>,
    bytes: usize,
}

impl Held {
    pub(super) fn push(&mut self, published: Arc<Published>, bytes_max: usize) {
        let kept = self.kept.get_or_insert_default();
        kept.bytes += published.weight();
        kept.items.push_back(published);
        if kept.bytes > bytes_max {
            self.lose();
        }
    }

    /// Drops everything, and remembers that.
    pub(super) fn lose(&mut self) {
        self.reset();
        self.lost = true;
    }

    pub(super) fn pop(&mut self) -> Option<Arc<Published>> {
        let kept = self.kept.as_mut()?;
        let first = kept.items.pop_front()?;
        kept.bytes -= first.weight();
        if kept.items.is_empty() {
            self.kept = None;
        }
        Some(first)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.kept.iter().flat_map(|kept| kept.items.iter())
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Empties it and forgets that anything was lost.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether anything was lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }
}
