//! A measured run of publications: who publishes when, who must get it, and what it cost.

use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value, json};

use super::engine::{Engine, Event};
use super::host::{Cpu, Memory, round};
use super::stamp::Stamp;
use super::tally::{Stream, Tally};

const SECOND_NS: u64 = 1_000_000_000;
/// How long after the end the last deliveries are waited for.
const PATIENCE_NS: u64 = 20 * SECOND_NS;
/// The longest that a run is drawn out, where it waits for something else than the clock.
const EXTENSION_NS: u64 = 80 * SECOND_NS;

/// How long, and with what.
#[derive(Args, Clone)]
pub struct Timing {
    /// Seconds that are measured.
    #[arg(long, default_value_t = 3.0)]
    duration: f64,
    /// Seconds before that; more if some publisher has not had its turn by then.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Goes on until the server has used so many seconds of processor time. User and system time are told apart by
    /// ticks, and few ticks say little.
    #[arg(long, default_value_t = 0.0)]
    cpu: f64,
    /// Nanoseconds that each delivery takes beyond what the driver needs for it. A client that is quicker than the server
    /// hands its window back message by message, and what the server could have gathered comes alone.
    #[arg(long, default_value_t = 0)]
    client_ns: u64,
    /// Bytes of a payload, a JSON string with its quotes.
    #[arg(long, default_value_t = 128)]
    payload: usize,
}

/// When publications are made.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many are under way at any time: delivered to some, but not to all.
    Window(u64),
    /// So many in a second, on time whatever the server does.
    Rate(f64),
}

/// A publisher.
pub struct Source {
    /// Where its connection is.
    pub place: usize,
    /// Where it publishes.
    pub channel: u32,
    /// Messages it has sent.
    pub sent: u32,
}

/// The run.
pub struct Course {
    /// The publishers, which take turns.
    pub sources: Vec<Source>,
    /// How many get each message.
    pub hearers: u64,
    /// For each stream of messages between a publisher and one who hears it, the publisher.
    pub streams: Vec<u32>,
    /// The stream between one who hears (first) and a publisher.
    pub stream: Box<dyn Fn(u32, u32) -> usize>,
    /// When.
    pub pace: Pace,
}

struct Progress {
    seen: Vec<Stream>,
    tally: Tally,
    published: u64,
    accepted: u64,
    client_ns: u64,
    broken: Option<anyhow::Error>,
}

struct Start {
    at: u64,
    cpu: Cpu,
    client: Cpu,
    delivered: u64,
    published: u64,
}

impl Course {
    /// Runs, waits for the last delivery and says what there is to say.
    pub fn run(
        mut self,
        engine: &mut Engine,
        timing: &Timing,
        server: u32,
    ) -> anyhow::Result<Map<String, Value>> {
        let begun = engine.now();
        let mut progress = Progress {
            seen: vec![Stream::default(); self.streams.len()],
            tally: Tally::default(),
            published: 0,
            accepted: 0,
            client_ns: timing.client_ns,
            broken: None,
        };
        let all = self.sources.len() as u64;
        let from = begun + nanos(timing.warmup);
        self.go_on(engine, timing, begun, from, &mut progress, |progress| progress.published >= all)?;
        progress.tally.latency = Default::default();
        let start = Start::now(engine, server, &progress);
        let (end, cpu) = (start.at + nanos(timing.duration), start.cpu);
        self.go_on(engine, timing, begun, end, &mut progress, |_| {
            Cpu::of(server).since(cpu).seconds() >= timing.cpu
        })?;
        let end = engine.now();
        let mut report = start.report(engine, server, &progress);
        while progress.tally.delivered < progress.published * self.hearers && engine.now() < end + PATIENCE_NS
        {
            self.listen(engine, engine.now() + SECOND_NS / 10, &mut progress)?;
        }
        let lost = |(stream, publisher): (&Stream, &u32)| stream.lost(self.sources[*publisher as usize].sent);
        let lost = progress.seen.iter().zip(&self.streams).map(lost).sum();
        progress.tally.report(lost, &mut report);
        report.insert("unanswered".into(), json!(progress.published.saturating_sub(progress.accepted)));
        Ok(report)
    }

    /// Goes until the time has come, and then on until enough has been done.
    fn go_on(
        &mut self,
        engine: &mut Engine,
        timing: &Timing,
        begun: u64,
        until: u64,
        progress: &mut Progress,
        enough: impl Fn(&Progress) -> bool,
    ) -> anyhow::Result<()> {
        self.go(engine, timing, begun, until, progress)?;
        while !enough(progress) && engine.now() < until + EXTENSION_NS {
            self.go(engine, timing, begun, engine.now() + SECOND_NS / 10, progress)?;
        }
        Ok(())
    }

    fn go(
        &mut self,
        engine: &mut Engine,
        timing: &Timing,
        begun: u64,
        until: u64,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        while engine.now() < until {
            let next = match self.pace {
                Pace::Window(window) => {
                    let due = progress.published * self.hearers - progress.tally.delivered;
                    let room = (window * self.hearers).saturating_sub(due) / self.hearers;
                    let now = engine.now();
                    (0..room).for_each(|_| self.publish(engine, timing, now, progress));
                    until
                }
                Pace::Rate(rate) => {
                    let due_at = |published: u64| begun + (published as f64 * SECOND_NS as f64 / rate) as u64;
                    let now = engine.now();
                    while due_at(progress.published) <= now {
                        let due = due_at(progress.published);
                        self.publish(engine, timing, due, progress);
                    }
                    until.min(due_at(progress.published))
                }
            };
            if let [only] = &self.sources[..] {
                engine.flush(only.place);
            }
            self.listen(engine, next, progress)?;
        }
        Ok(())
    }

    fn publish(&mut self, engine: &mut Engine, timing: &Timing, due: u64, progress: &mut Progress) {
        let turn = (progress.published % self.sources.len() as u64) as u32;
        let several = self.sources.len() > 1;
        let source = &mut self.sources[turn as usize];
        let mut payload = Vec::with_capacity(timing.payload);
        Stamp { due, publisher: turn, number: source.sent }.write(&mut payload, timing.payload);
        engine.publish(source.place, source.channel, &payload);
        source.sent += 1;
        progress.published += 1;
        // A lone publisher gathers what is due; many are people of their own.
        if several {
            engine.flush(source.place);
        }
    }

    fn listen(&self, engine: &mut Engine, until: u64, progress: &mut Progress) -> anyhow::Result<()> {
        let Progress { seen, tally, accepted, client_ns, broken, .. } = progress;
        engine.turn(until, &mut |event| match event {
            Event::Delivery { who, stamp, at } => {
                if let Some(stream) = seen.get_mut((self.stream)(who, stamp.publisher)) {
                    tally.count(stream, stamp.number, at.saturating_sub(stamp.due));
                }
                work(*client_ns);
            }
            Event::Closed { fault } => *broken = fault,
            Event::Answer => *accepted += 1,
            Event::Ready { .. } | Event::Ping => {}
        })?;
        match broken.take() {
            Some(why) => bail!(why.context("a connection broke")),
            None => Ok(()),
        }
    }
}

impl Start {
    fn now(engine: &Engine, server: u32, progress: &Progress) -> Self {
        Self {
            cpu: Cpu::of(server),
            client: Cpu::of(std::process::id()),
            delivered: progress.tally.delivered,
            published: progress.published,
            at: engine.now(),
        }
    }

    fn report(&self, engine: &Engine, server: u32, progress: &Progress) -> Map<String, Value> {
        let seconds = (engine.now() - self.at) as f64 / 1e9;
        let cpu = Cpu::of(server).since(self.cpu);
        let client = Cpu::of(std::process::id()).since(self.client);
        let delivered = progress.tally.delivered - self.delivered;
        let published = progress.published - self.published;
        let mut report = Map::new();
        let mut put =
            |name: &str, value: f64, digits| report.insert(name.into(), json!(round(value, digits)));
        put("seconds", seconds, 3);
        put("deliveries_per_s", delivered as f64 / seconds, 0);
        put("deliveries_per_cpu_s", delivered as f64 / cpu.seconds().max(1e-9), 0);
        put("publications_per_s", published as f64 / seconds, 1);
        put("client_cpu_share", client.seconds() / seconds, 3);
        cpu.report(delivered, "delivery", &mut report);
        cpu.report(published, "publication", &mut report);
        report.insert("latency_us".into(), progress.tally.latency.report());
        Memory::of(server).report(&mut report);
        report
    }
}

/// Keeps the core busy for so long.
fn work(nanos: u64) {
    if nanos > 0 {
        let until = Instant::now() + Duration::from_nanos(nanos);
        while Instant::now() < until {}
    }
}

fn nanos(seconds: f64) -> u64 {
    (seconds * SECOND_NS as f64) as u64
}
