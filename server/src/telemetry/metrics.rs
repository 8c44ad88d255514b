//! Every metric there is, in one table. Counters end in `_total`; labels are bounded: never a user, never a channel.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Sessions that have not ended.
pub const SESSIONS: &str = "wigwag_sessions";
/// Connections that have introduced themselves.
pub const CONNECTIONS: &str = "wigwag_connections";
/// Subscriptions of all sessions.
pub const SUBSCRIPTIONS: &str = "wigwag_subscriptions";
/// Channels with subscribers on this node.
pub const CHANNELS: &str = "wigwag_channels";
/// Bytes queued for connections that read slowly.
pub const PENDING: &str = "wigwag_pending_bytes";
/// Connections handed to shards, by transport.
pub const OPENED: &str = "wigwag_connections_opened_total";
/// Connections closed by the server, by close code.
pub const CLOSED: &str = "wigwag_connections_closed_total";
/// Connections and upstream requests refused, by reason.
pub const REFUSED: &str = "wigwag_connections_refused_total";
/// Messages given to connections or their queues.
pub const FRAMES_SENT: &str = "wigwag_frames_sent_total";
/// Publications dropped because a shard was too slow; streams heal from history.
pub const DROPPED: &str = "wigwag_publications_dropped_total";
/// Calls of the server API, by method and outcome.
pub const API_CALLS: &str = "wigwag_api_calls_total";

/// How connections come: the values of the label `transport`.
pub const TRANSPORTS: [&str; 3] = ["websocket", "http_stream", "sse"];

/// Name, kind and help of all of them.
pub const TABLE: [(&str, Kind, &str); 11] = [
    (SESSIONS, Kind::Gauge, "Sessions that have not ended."),
    (CONNECTIONS, Kind::Gauge, "Connections that have introduced themselves."),
    (SUBSCRIPTIONS, Kind::Gauge, "Subscriptions of all sessions."),
    (CHANNELS, Kind::Gauge, "Channels with subscribers on this node."),
    (PENDING, Kind::Gauge, "Bytes queued for connections that read slowly."),
    (OPENED, Kind::Counter, "Connections handed to shards, by transport."),
    (CLOSED, Kind::Counter, "Connections closed by the server, by close code."),
    (REFUSED, Kind::Counter, "Connections and upstream requests refused, by reason."),
    (FRAMES_SENT, Kind::Counter, "Messages given to connections or their queues."),
    (DROPPED, Kind::Counter, "Publications dropped because a shard was too slow."),
    (API_CALLS, Kind::Counter, "Calls of the server API, by method and outcome."),
];

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Goes up.
    Counter,
}

/// The process's recorder. Metrics are the one thing that is global, because the crate that collects them is.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let handle = PrometheusBuilder::new().install_recorder().ok()?;
            for (name, kind, help) in TABLE {
                match kind {
                    Kind::Gauge => metrics::describe_gauge!(name, help),
                    Kind::Counter => metrics::describe_counter!(name, help),
                }
            }
            // A counter whose labels are known is shown from the start, before it has counted anything.
            for name in [FRAMES_SENT, DROPPED] {
                metrics::counter!(name).absolute(0);
            }
            for transport in TRANSPORTS {
                metrics::counter!(OPENED, "transport" => transport).absolute(0);
            }
            Some(handle)
        })
        .as_ref()
}
