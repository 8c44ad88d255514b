//! Walks one hot path so many times and nothing else, for `scripts/instructions`.
//!
//! `paths` prints the names of all paths and how many turns are to be counted. `paths NAME TURNS` walks;
//! `paths NAME TURNS SPINS` wastes so many spins of an empty loop per hundred turns on the way, which a gate must notice.

use std::hint::black_box;
use std::io::{Write as _, stdout};

use anyhow::Context as _;
use wigwag_benches::path::{self, Turn};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else { return list() };
    let path = path::named(&name).with_context(|| format!("there is no path {name}"))?;
    let turns: u32 = arguments.next().context("how many turns?")?.parse().context("turns")?;
    let spins: Option<u64> = arguments.next().map(|spins| spins.parse()).transpose().context("spins")?;

    let mut turn = (path.prepare)();
    match spins {
        None => walk(&mut turn, turns),
        Some(spins) => walk_wastefully(&mut turn, turns, spins),
    }
    Ok(())
}

fn list() -> anyhow::Result<()> {
    let mut out = stdout().lock();
    for path in path::all() {
        writeln!(out, "{} {}", path.name, path.turns)?;
    }
    Ok(())
}

fn walk(turn: &mut Turn, turns: u32) {
    for _ in 0..turns {
        turn();
    }
}

/// Wastes after every hundred turns what is due for them, so that nothing else than the spins adds to a turn.
fn walk_wastefully(turn: &mut Turn, turns: u32, spins_per_hundred: u64) {
    let mut left = turns;
    while left > 0 {
        let now = left.min(100);
        walk(turn, now);
        for spin in 0..spins_per_hundred * u64::from(now) / 100 {
            black_box(spin);
        }
        left -= now;
    }
}
