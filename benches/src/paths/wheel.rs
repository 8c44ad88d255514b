//! Ten thousand heartbeats on a timer wheel.

use std::hint::black_box;
use std::time::Duration;

use wigwag_core::wheel::{TICK, Wheel};

use crate::channel::NOW;
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 2] = [
    Path { name: "wheel-file", turns: 10_000, prepare: file },
    Path { name: "wheel-due", turns: 500, prepare: due },
];

const SESSIONS: u32 = 10_000;
const INTERVAL: Duration = Duration::from_secs(25);

/// One deadline moves.
fn file() -> Turn {
    let mut wheel = filled();
    let mut turn = 0;
    Box::new(move || {
        let deadline = NOW.plus(Duration::from_millis(u64::from(turn % 25_000)));
        wheel.file(black_box(turn % SESSIONS), Some(deadline));
        turn = turn.wrapping_add(7_919);
    })
}

/// A tick passes; who is due gets a new deadline.
fn due() -> Turn {
    let mut wheel = filled();
    let mut now = NOW;
    let mut due = Vec::new();
    Box::new(move || {
        now = now.plus(TICK);
        wheel.due(now, &mut due);
        for key in black_box(due.drain(..)) {
            wheel.file(key, Some(now.plus(INTERVAL)));
        }
    })
}

/// Deadlines spread evenly over the interval.
fn filled() -> Wheel {
    let mut wheel = Wheel::new(NOW);
    for key in 0..SESSIONS {
        wheel.file(key, Some(NOW.plus(INTERVAL * (key + 1) / SESSIONS)));
    }
    wheel
}
