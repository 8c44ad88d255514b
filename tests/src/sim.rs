//! The deterministic simulation: whole clusters made of the real machines and services, over ports that delay, fail,
//! lose and double, with clients that behave like the SDKs. One seed decides everything, time is a number, and a life
//! takes milliseconds.
//!
//! ```text
//!   Client ─frames─► Socket ─► Shard ─effects─► App over Wires ─► Cluster (streams, presence, time, chance)
//!      ▲                          ▲  ╲                                   │
//!      └────────── Ledger ────────┘   Hub ◄──────── lossy wire ──────────┘
//! ```
//!
//! What is checked are promises, never a second implementation: [`Failure`] names the broken one. A seed that once
//! failed is kept in `tests/seeds`.

mod agenda;
mod broker;
mod client;
mod cluster;
mod court;
mod failure;
mod house;
mod node;
mod socket;
mod taste;
mod trace;
mod weather;
mod wires;
mod words;
mod world;

use std::ops::Range;

pub use failure::{Failure, Story, Tally};
pub use weather::Flaw;
pub use world::World;

/// Runs the world of every seed; the first broken promise ends it.
pub fn run_seeds(seeds: Range<u64>) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally::default();
    for seed in seeds {
        tally.add(&World::new(seed).run()?.tally);
    }
    Ok(tally)
}
