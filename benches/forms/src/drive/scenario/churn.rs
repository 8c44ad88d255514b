//! Connections that come, are let in, and go again.

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::drive::engine::{Engine, Event};
use crate::drive::host::{Cpu, Memory, round};
use crate::drive::latency::Latency;

const SECOND_NS: f64 = 1e9;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Connections on their way at a time.
    #[arg(long, default_value_t = 64)]
    window: usize,
    /// Channels that each subscribes to: its own and no others.
    #[arg(long, default_value_t = 0)]
    subscribe: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 3.0)]
    duration: f64,
    /// Seconds before that.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
}

#[derive(Default)]
struct Turnstile {
    opened: u32,
    under_way: usize,
    gone: u64,
    latency: Latency,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        let begun = engine.now();
        let from = begun + (self.warmup * SECOND_NS) as u64;
        let end = from + (self.duration * SECOND_NS) as u64;
        let mut turnstile = Turnstile::default();
        self.go(engine, from, &mut turnstile)?;
        turnstile.latency = Latency::default();
        let (at, cpu, gone) = (engine.now(), Cpu::of(server), turnstile.gone);
        self.go(engine, end, &mut turnstile)?;
        let (seconds, cpu) = ((engine.now() - at) as f64 / SECOND_NS, Cpu::of(server).since(cpu));
        let connections = turnstile.gone - gone;
        let mut report = Map::new();
        report.insert("connections".into(), json!(connections));
        report.insert("connects_per_s".into(), json!(round(connections as f64 / seconds, 0)));
        report.insert("connects_per_cpu_s".into(), json!(round(connections as f64 / cpu.seconds(), 0)));
        report.insert("latency_us".into(), turnstile.latency.report());
        cpu.report(connections, "connect", &mut report);
        Memory::of(server).report(&mut report);
        Ok(report)
    }

    fn go(&self, engine: &mut Engine, until: u64, turnstile: &mut Turnstile) -> anyhow::Result<()> {
        while engine.now() < until {
            while turnstile.under_way < self.window {
                let who = turnstile.opened;
                let first = who.wrapping_mul(self.subscribe);
                engine.open(who, first..first.wrapping_add(self.subscribe).max(first))?;
                turnstile.opened = who.wrapping_add(1);
                turnstile.under_way += 1;
            }
            let (mut ready, mut broken) = (Vec::new(), None);
            engine.turn(until, &mut |event| match event {
                Event::Ready { place, took_ns } => {
                    turnstile.latency.record(took_ns);
                    ready.push(place);
                }
                Event::Closed { fault } => {
                    turnstile.under_way -= 1;
                    turnstile.gone += 1;
                    broken = broken.take().or(fault);
                }
                Event::Delivery { .. } | Event::Answer | Event::Ping => {}
            })?;
            ready.into_iter().for_each(|place| engine.close(place));
            if let Some(why) = broken {
                bail!(why.context("a connection broke"));
            }
        }
        Ok(())
    }
}
