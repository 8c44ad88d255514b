//! Connections that do nothing: what they take in memory, as the slope between the first and the last size.

use anyhow::ensure;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;
use crate::drive::host::{Kernel, Memory};

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
        let mut measured = vec![(0, Memory::of(server), Kernel::now())];
        let mut connected = 0;
        for &size in &self.sizes {
            let guests = (connected..size).map(|who| {
                let channel = if self.own { who } else { 0 };
                Guest { who, channels: channel..channel + 1 }
            });
            gather(engine, guests.collect())?;
            connected = size;
            rest(engine, SETTLE_NS)?;
            measured.push((size, Memory::of(server), Kernel::now()));
        }
        Ok(report(&measured))
    }
}

fn report(measured: &[(u32, Memory, Kernel)]) -> Map<String, Value> {
    let mut report = Map::new();
    for (size, memory, _) in measured {
        report.insert(format!("rss_at_{size}"), json!(memory.rss));
        report.insert(format!("pss_at_{size}"), json!(memory.pss));
    }
    // Without the empty server, unless there is nothing else to compare with.
    let from = usize::from(measured.len() > 2);
    if let (Some((few, before, kernel)), Some((many, after, kernel_after))) =
        (measured.get(from), measured.last())
    {
        let each =
            |before: u64, after: u64| json!(((after as f64 - before as f64) / f64::from(many - few)).round());
        report.insert("rss_per_connection".into(), each(before.rss, after.rss));
        if let (Some(before), Some(after)) = (kernel.objects, kernel_after.objects) {
            report.insert("kernel_per_connection_both_ends".into(), each(before, after));
        }
        let buffers = each(kernel.buffers, kernel_after.buffers);
        report.insert("kernel_buffers_per_connection_both_ends".into(), buffers);
        after.report(&mut report);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_leaves_the_empty_server_out_when_there_are_two_sizes() {
        let at = |size, rss| {
            let kernel = Kernel { objects: Some(rss * 4), buffers: 0 };
            (size, Memory { rss, pss: rss }, kernel)
        };

        let two = report(&[at(0, 7_000), at(10, 20_000), at(30, 60_000)]);
        let one = report(&[at(0, 7_000), at(10, 20_000)]);

        assert_eq!(two["rss_per_connection"], 2_000.0);
        assert_eq!(one["rss_per_connection"], 1_300.0);
        assert_eq!(two["kernel_per_connection_both_ends"], 8_000.0);
        assert_eq!((&two["rss_at_10"], &two["server_rss"]), (&json!(20_000), &json!(60_000)));
    }
}
