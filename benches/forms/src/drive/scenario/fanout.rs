//! One channel with many subscribers, and a publisher that does not listen.

use clap::Args;
use serde_json::{Map, Value};

use crate::drive::course::{Course, Pace, Source, Timing};
use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;

const SETTLE_NS: u64 = 300_000_000;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Subscribers.
    #[arg(short = 'n', long, default_value_t = 1_000)]
    subscribers: u32,
    /// Publications in flight.
    #[arg(long, default_value_t = 1)]
    window: u64,
    /// Publications a second, on time, instead of a window.
    #[arg(long)]
    rate: Option<f64>,
    #[command(flatten)]
    timing: Timing,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        let mut guests: Vec<Guest> = (0..self.subscribers).map(|who| Guest { who, channels: 0..1 }).collect();
        guests.push(Guest { who: self.subscribers, channels: 0..0 });
        let places = gather(engine, guests)?;
        rest(engine, SETTLE_NS)?;
        let publisher = places.last().copied().unwrap_or_default();
        let course = Course {
            sources: vec![Source { place: publisher, channel: 0, sent: 0 }],
            hearers: self.subscribers.into(),
            streams: vec![0; self.subscribers as usize],
            stream: Box::new(|who, _| who as usize),
            pace: self.rate.map_or(Pace::Window(self.window), Pace::Rate),
        };
        course.run(engine, &self.timing, server)
    }
}
