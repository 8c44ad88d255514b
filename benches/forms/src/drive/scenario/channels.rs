//! A number of sockets that hold many channels among them and publish to each in turn: what a channel costs that is only
//! there.

use clap::Args;
use serde_json::{Map, Value};

use crate::drive::course::{Course, Pace, Source, Timing};
use crate::drive::crowd::{Guest, gather, rest};
use crate::drive::engine::Engine;

const SETTLE_NS: u64 = 1_000_000_000;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Channels in all.
    #[arg(long, default_value_t = 1_000)]
    channels: u32,
    /// Sockets, each with its share of the channels.
    #[arg(long, default_value_t = 1_000)]
    sockets: u32,
    /// Publications in flight.
    #[arg(long, default_value_t = 16)]
    window: u64,
    #[command(flatten)]
    timing: Timing,
}

impl Options {
    pub(super) fn run(&self, engine: &mut Engine, server: u32) -> anyhow::Result<Map<String, Value>> {
        let each = (self.channels / self.sockets).max(1);
        let guests = (0..self.sockets).map(|who| Guest { who, channels: who * each..(who + 1) * each });
        let places = gather(engine, guests.collect())?;
        rest(engine, SETTLE_NS)?;
        // One channel of every socket, then the next of every socket.
        let turns = (0..each).flat_map(|nth| (0..self.sockets).map(move |who| (who, who * each + nth)));
        let sources = turns.map(|(who, channel)| Source { place: places[who as usize], channel, sent: 0 });
        let course = Course {
            sources: sources.collect(),
            hearers: 1,
            streams: (0..each * self.sockets).collect(),
            stream: Box::new(|_, publisher| publisher as usize),
            pace: Pace::Window(self.window),
        };
        course.run(engine, &self.timing, server)
    }
}
