//! What happened, for those who must understand a failure.

use std::collections::VecDeque;
use std::fmt::{Arguments, Write};

/// The last lines of a world's log, and a hash over all of them.
#[derive(Debug)]
pub(super) struct Trace {
    lines: VecDeque<String>,
    lines_max: usize,
    hash: u64,
    count: u64,
}

/// As many lines as a failure shows, unless asked for more.
pub(super) const LINES_MAX: usize = 60;

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

impl Trace {
    pub(super) fn new(lines_max: usize) -> Self {
        Self { lines: VecDeque::new(), lines_max, hash: FNV_OFFSET, count: 0 }
    }

    pub(super) fn note(&mut self, now: u64, what: Arguments<'_>) {
        let mut line = String::new();
        if self.lines.len() >= self.lines_max
            && let Some(oldest) = self.lines.pop_front()
        {
            line = oldest;
            line.clear();
        }
        let written = write!(line, "{:>3}.{:03} {what}", now / 1_000, now % 1_000);
        if written.is_err() {
            line.push_str("(unspeakable)");
        }
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        self.count += 1;
        self.lines.push_back(line);
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
