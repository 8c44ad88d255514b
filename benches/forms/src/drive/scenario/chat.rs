//! Many channels with few members, all of whom publish. With one member it is an echo.

use clap::Args;
use serde_json::{Map, Value};

use crate::drive::course::{Course, Pace, Source, Timing};
use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;

const SETTLE_NS: u64 = 300_000_000;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Channels.
    #[arg(long, default_value_t = 100)]
    channels: u32,
    /// Members of each, who hear everything that is said there.
    #[arg(long, default_value_t = 10)]
    members: u32,
    /// Messages that each of them publishes in a second.
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    #[command(flatten)]
    timing: Timing,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        let Self { channels, members, .. } = *self;
        let all = channels * members;
        // Neighbours are of different channels, so that turns go round the channels.
        let guests = (0..all).map(|who| Guest { who, channels: who % channels..who % channels + 1 });
        let places = gather(engine, guests.collect())?;
        rest(engine, SETTLE_NS)?;
        let sources = (0..all).zip(&places);
        let course = Course {
            sources: sources
                .map(|(who, &place)| Source { place, channel: who % channels, sent: 0 })
                .collect(),
            hearers: members.into(),
            streams: (0..all * members)
                .map(|stream| stream / members % channels + stream % members * channels)
                .collect(),
            stream: Box::new(move |who, publisher| (who * members + publisher / channels) as usize),
            pace: Pace::Rate(self.rate * f64::from(all)),
        };
        course.run(engine, &self.timing, server)
    }
}
