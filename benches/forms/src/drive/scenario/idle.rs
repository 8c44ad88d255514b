//! Connections that do nothing: what they take in memory, as the slope between the first and the last size.

use anyhow::ensure;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;
use crate::drive::host::Memory;

/// Time for the server to come to rest.
const SETTLE_NS: u64 = 2_000_000_000;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// How many connections to stop at, smallest first.
    #[arg(long, short = 'n', value_delimiter = ',', default_value = "5000,10000,18000")]
    sizes: Vec<u32>,
    /// Each connection has a channel of its own; otherwise all share one.
    #[arg(long, conflicts_with = "shared")]
    own: bool,
    /// All share one channel, as they do anyway.
    #[arg(long)]
    shared: bool,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        ensure!(self.sizes.is_sorted_by(|one, next| one < next), "sizes must rise");
        let empty = Memory::of(server);
        let mut measured = vec![(0, empty)];
        let mut connected = 0;
        for &size in &self.sizes {
            let guests = (connected..size).map(|who| {
                let channel = if self.own { who } else { 0 };
                Guest { who, channels: channel..channel + 1 }
            });
            gather(engine, guests.collect())?;
            connected = size;
            rest(engine, SETTLE_NS)?;
            measured.push((size, Memory::of(server)));
        }
        Ok(report(&measured))
    }
}

fn report(measured: &[(u32, Memory)]) -> Map<String, Value> {
    let mut report = Map::new();
    for (size, memory) in measured {
        report.insert(format!("rss_at_{size}"), json!(memory.rss));
        report.insert(format!("pss_at_{size}"), json!(memory.pss));
    }
    // Without the empty server, unless there is nothing else to compare with.
    let from = usize::from(measured.len() > 2);
    if let (Some((few, before)), Some((many, after))) = (measured.get(from), measured.last()) {
        let grown = after.rss as f64 - before.rss as f64;
        report.insert("rss_per_connection".into(), json!((grown / f64::from(many - few)).round()));
        after.report(&mut report);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_leaves_the_empty_server_out_when_there_are_two_sizes() {
        let memory = |rss| Memory { rss, pss: rss };

        let two = report(&[(0, memory(7_000)), (10, memory(20_000)), (30, memory(60_000))]);
        let one = report(&[(0, memory(7_000)), (10, memory(20_000))]);

        assert_eq!(two["rss_per_connection"], 2_000.0);
        assert_eq!(one["rss_per_connection"], 1_300.0);
        assert_eq!((&two["rss_at_10"], &two["server_rss"]), (&json!(20_000), &json!(60_000)));
    }
}
