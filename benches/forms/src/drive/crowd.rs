//! Connecting many, and waiting with them.

use std::ops::Range;

use anyhow::bail;

use super::engine::{Engine, Event};

/// Connections being made at a time.
const AT_ONCE: usize = 200;
/// How long all of them together may take.
const PATIENCE_NS: u64 = 120_000_000_000;

/// One connection to be made.
pub struct Guest {
    /// Whose it is; with a token, the user's number.
    pub who: u32,
    /// What it is to hear.
    pub channels: Range<u32>,
}

/// Connects all, and says where each has its place, in the order of the guests.
pub fn gather(engine: &mut Engine, guests: Vec<Guest>) -> anyhow::Result<Vec<usize>> {
    let begun = engine.now();
    let mut places = Vec::with_capacity(guests.len());
    let mut waiting = guests.iter();
    let (mut under_way, mut ready, mut broken) = (0, 0, None);
    while ready < guests.len() {
        while under_way < AT_ONCE
            && let Some(guest) = waiting.next()
        {
            places.push(engine.open(guest.who, guest.channels.clone())?);
            under_way += 1;
        }
        engine.turn(engine.now() + 1_000_000_000, &mut |event| match event {
            Event::Ready { .. } => {
                under_way -= 1;
                ready += 1;
            }
            Event::Closed { fault } => broken = fault,
            Event::Delivery { .. } | Event::Answer | Event::Ping => {}
        })?;
        if let Some(why) = broken {
            bail!(why.context(format!("a connection came to nothing after {ready} others")));
        }
        if engine.now() > begun + PATIENCE_NS {
            bail!("only {ready} connections came about");
        }
    }
    Ok(places)
}

/// Lets time pass, and says how many pings came meanwhile.
pub fn rest(engine: &mut Engine, ns: u64) -> anyhow::Result<u64> {
    let until = engine.now() + ns;
    let (mut pings, mut broken) = (0, None);
    while engine.now() < until {
        engine.turn(until, &mut |event| match event {
            Event::Ping => pings += 1,
            Event::Closed { fault } => broken = fault,
            Event::Delivery { .. } | Event::Answer | Event::Ready { .. } => {}
        })?;
        if let Some(why) = broken {
            bail!(why.context("a connection broke"));
        }
    }
    Ok(pings)
}
