//! Publications fan out to the thousand members of a channel.

use std::hint::black_box;

use wigwag_core::channels::feed::Input;

use crate::channel::{NOW, address, feed_with, published};
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 3] = [
    Path { name: "feed-fan-out-1", turns: 50, prepare: one },
    Path { name: "feed-fan-out-16", turns: 4, prepare: sixteen },
    Path { name: "feed-fan-out-64", turns: 1, prepare: sixty_four },
];

const MEMBERS: u32 = 1_000;

fn one() -> Turn {
    fan_out(1)
}

fn sixteen() -> Turn {
    fan_out(16)
}

fn sixty_four() -> Turn {
    fan_out(64)
}

/// So many publications arrive, then they are handed to all members.
fn fan_out(count: u64) -> Turn {
    let address = address();
    let mut feed = feed_with(MEMBERS, 0);
    let mut effects = Vec::new();
    let mut offset = 0;
    Box::new(move || {
        for _ in 0..count {
            offset += 1;
            feed.handle(NOW, Input::Arrived(published(&address, offset)), &mut effects);
        }
        while feed.has_run() {
            feed.handle(NOW, Input::HandOut(usize::MAX), &mut effects);
        }
        black_box(&effects);
        effects.clear();
    })
}
