//! Connections that do nothing but answer pings.

use anyhow::ensure;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;
use crate::drive::host::{Cpu, round};

const SETTLE_NS: u64 = 3_000_000_000;
/// A million connections that are pinged every 25 seconds.
const PINGS_PER_SECOND: f64 = 1e6 / 25.0;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Connections.
    #[arg(short = 'n', long, default_value_t = 18_000)]
    connections: u32,
    /// Seconds that are measured: some intervals of the server's pings.
    #[arg(long, default_value_t = 6.0)]
    duration: f64,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        let guests = (0..self.connections).map(|who| Guest { who, channels: 0..1 });
        gather(engine, guests.collect())?;
        rest(engine, SETTLE_NS)?;
        let (at, cpu) = (engine.now(), Cpu::of(server));
        let pings = rest(engine, (self.duration * 1e9) as u64)?;
        let (seconds, cpu) = ((engine.now() - at) as f64 / 1e9, Cpu::of(server).since(cpu));
        ensure!(pings > 0, "no pings came");
        let mut report = Map::new();
        report.insert("pings".into(), json!(pings));
        report.insert("pings_per_s".into(), json!(round(pings as f64 / seconds, 0)));
        let cores = cpu.seconds() / pings as f64 * PINGS_PER_SECOND;
        report.insert("cores_for_a_million".into(), json!(round(cores, 4)));
        cpu.report(pings, "ping", &mut report);
        Ok(report)
    }
}
