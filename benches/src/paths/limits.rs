//! A client is counted and slowed down.

use std::hint::black_box;
use std::time::Duration;

use wigwag_core::limits::Bucket;

use crate::channel::NOW;
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 1] = [Path { name: "limits-take", turns: 10_000, prepare: take }];

/// One token is taken by somebody who wants ten for every seven there are.
fn take() -> Turn {
    let mut bucket = Bucket::per_second(100);
    let mut now = NOW;
    Box::new(move || {
        now = now.plus(Duration::from_millis(7));
        black_box(bucket.take(black_box(now), 1));
    })
}
