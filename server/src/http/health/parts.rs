//! How each part of a node does.

use std::time::Duration;

use serde::Serialize;

use crate::http::Edge;
use crate::telemetry::process::Reading;

/// How a node does.
#[derive(Debug, Serialize)]
pub(super) struct Parts {
    /// `ok`, or why new connections should go elsewhere.
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
    shards: Vec<Shard>,
    broker: Broker,
    pending: Share,
    connections: Share,
    /// Nothing where the system does not tell.
    files: Option<Share>,
}

#[derive(Debug, Serialize)]
struct Shard {
    shard: u16,
    /// Time since its clock ticked.
    lag_seconds: f64,
    sessions: usize,
    inbox_bytes: usize,
    /// So much waits that newcomers go elsewhere.
    overloaded: bool,
}

#[derive(Debug, Serialize)]
struct Broker {
    status: &'static str,
    /// Failures since it last did something.
    failures: u32,
    /// Publishers wait until deliveries have caught up.
    crowded: bool,
}

#[derive(Debug, Serialize)]
struct Share {
    used: u64,
    max: u64,
}

impl Parts {
    /// How they do at present.
    pub(super) fn of(edge: &Edge, process: &Reading, trouble: Option<&'static str>) -> Self {
        let services = &edge.services;
        let failures = services.witness.failures();
        let connections = edge.connections_max.saturating_sub(edge.connections.available_permits());
        let files = process.open_files.zip(process.open_files_max);
        let hub = services.hub();
        let shards = hub.shards().iter().map(|shard| Shard {
            shard: shard.index(),
            lag_seconds: shard.lag().as_secs_f64(),
            sessions: shard.counts().sessions,
            inbox_bytes: shard.waiting_bytes(),
            overloaded: shard.is_overloaded(),
        });
        Self {
            status: trouble.unwrap_or("ok"),
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: services.now().since(services.started_at).as_secs(),
            shards: shards.collect(),
            broker: Broker {
                status: if failures == 0 { "ok" } else { "failing" },
                failures,
                crowded: services.crowding.is_any(),
            },
            pending: Share {
                used: services.pending.bytes() as u64,
                max: services.pending.bytes_max() as u64,
            },
            connections: Share { used: connections as u64, max: edge.connections_max as u64 },
            files: files.map(|(used, max)| Share { used, max }),
        }
    }
}

/// The longest time since the clock of a shard ticked.
pub(super) fn lag(edge: &Edge) -> Duration {
    edge.services.hub().shards().iter().map(|shard| shard.lag()).max().unwrap_or_default()
}
