//! Hostile bytes for everything that reads bytes of strangers. A target is a function that panics if a promise is
//! broken, whatever it is given, so that any fuzzer can call it; the engine here needs none but the stable compiler.
#![expect(clippy::panic, reason = "this is how a test fails")]

mod config;
mod delta;
mod dice;
mod emulation;
mod filters;
mod frames;
mod json;
mod jwt;
pub mod memory;
mod mutation;
mod protobuf;
mod speech;

use std::panic::catch_unwind;

pub use self::config::config;
pub use self::delta::delta;
pub use self::emulation::emulation;
pub use self::filters::filters;
pub use self::frames::frames;
pub use self::json::json;
pub use self::jwt::jwt;
use self::mutation::Mutator;
pub use self::protobuf::protobuf;

/// A promise about bytes, and where to begin looking for bytes that break it.
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Panics if the promise is broken.
    pub check: fn(&[u8]),
    /// Good inputs.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces that mean something in such inputs.
    words: &'static [&'static [u8]],
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target { name: "config", check: config, seeds: config::seeds, words: config::WORDS },
    Target { name: "delta", check: delta, seeds: delta::seeds, words: delta::WORDS },
    Target { name: "emulation", check: emulation, seeds: emulation::seeds, words: json::WORDS },
    Target { name: "filters", check: filters, seeds: filters::seeds, words: filters::WORDS },
    Target { name: "frames", check: frames, seeds: frames::seeds, words: frames::WORDS },
    Target { name: "json", check: json, seeds: json::seeds, words: json::WORDS },
    Target { name: "jwt", check: jwt, seeds: jwt::seeds, words: jwt::WORDS },
    Target { name: "protobuf", check: protobuf, seeds: protobuf::seeds, words: protobuf::WORDS },
];

impl Target {
    /// The target with this name.
    pub fn named(name: &str) -> &'static Self {
        let found = TARGETS.iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("no target {name}"))
    }

    /// Tries the good inputs and then their mutations, for as long as it is told to go on. The seed decides everything:
    /// the same one tries the same inputs.
    pub fn run(&self, seed: u64, mut goes_on: impl FnMut(u64) -> bool) {
        let seeds = (self.seeds)();
        for input in &seeds {
            self.attempt(input, seed);
        }
        let mut mutator = Mutator::new(seed, seeds, self.words);
        let mut round = 0;
        while goes_on(round) {
            self.attempt(&mutator.next(), seed);
            round += 1;
        }
    }

    fn attempt(&self, input: &[u8], seed: u64) {
        let check = self.check;
        if catch_unwind(|| check(input)).is_err() {
            panic!("{} with seed {seed} broke its promise for b\"{}\"", self.name, input.escape_ascii());
        }
    }
}
