//! Somebody comes back and gets what it missed.

use std::hint::black_box;
use std::sync::Arc;

use ports::channels::{Publication, StreamView};
use ports::protocol::Recovery;
use wigwag_core::channels::feed::{Effect, Input, Join};
use wigwag_core::channels::recovery::recover;

use crate::channel::{BOUNDS, NOW, at, epoch, feed_with, join, publication, published};
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 2] = [
    Path { name: "recovery-verdict", turns: 100, prepare: verdict },
    Path { name: "recovery-merge", turns: 100, prepare: merge },
];

/// What is judged whether it can be had: 250 of 300 publications.
fn verdict() -> Turn {
    let items: Vec<_> = (1..=300).map(publication).collect();
    let wish = Recovery { offset: 50, epoch: epoch() };
    let top = at(300);
    Box::new(move || {
        black_box(recover(black_box(&wish), &items, &top, true, BOUNDS, |_| true));
    })
}

/// A feed takes a newcomer in that missed 100 publications, while eight more arrive.
fn merge() -> Turn {
    const MISSED: u64 = 100;
    const MEANWHILE: u64 = 8;
    const NEWCOMER: u32 = 7;

    let wish = Join { recover: Some(Recovery { offset: 0, epoch: epoch() }), ..join() };
    let stream: Vec<Arc<Publication>> = (1..=MISSED).map(publication).collect();
    let arrivals: Vec<_> =
        (MISSED + 1..=MISSED + MEANWHILE).map(|offset| published(&wish.address, offset)).collect();
    let mut effects = Vec::new();
    Box::new(move || {
        let mut feed = feed_with(1, MISSED);
        feed.handle(NOW, Input::Join(NEWCOMER, wish.clone()), &mut effects);
        let Some(Effect::Read { read, .. }) = effects.last() else { unreachable!("a newcomer needs a read") };
        let read = *read;
        for published in &arrivals {
            feed.handle(NOW, Input::Arrived(Arc::clone(published)), &mut effects);
        }
        let view = StreamView { publications: stream.clone(), top: at(MISSED) };
        feed.handle(NOW, Input::Read { read, result: Ok(view) }, &mut effects);
        while feed.has_run() {
            feed.handle(NOW, Input::HandOut(usize::MAX), &mut effects);
        }
        black_box((&feed, &effects));
        effects.clear();
    })
}
