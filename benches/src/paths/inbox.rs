//! Publications are handed from the broker's side to a shard.

use std::hint::black_box;
use std::sync::Arc;

use wigwag::actors::inbox::Inbox;

use crate::channel::{address, published};
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 2] = [
    Path { name: "inbox-1", turns: 2_000, prepare: one },
    Path { name: "inbox-64", turns: 100, prepare: many },
];

fn one() -> Turn {
    hand_over(1)
}

fn many() -> Turn {
    hand_over(64)
}

/// So many are queued, then the shard takes all.
fn hand_over(count: u64) -> Turn {
    let address = address();
    let batch: Vec<_> = (1..=count).map(|offset| published(&address, offset)).collect();
    let inbox: Inbox = Inbox::default();
    Box::new(move || {
        for published in &batch {
            black_box(inbox.publish(Arc::clone(published)));
        }
        black_box(inbox.take_controls());
        black_box(inbox.take_items());
    })
}
