//! Every metric there is, in one table. Counters end in `_total`; labels are bounded: never a user, never a channel.

mod exposition;
mod recorder;
mod reference;
mod table;
mod times;

pub use self::exposition::Exposition;
pub use self::recorder::recorder;
pub use self::reference::page;
pub(super) use self::table::OPERATIONS;
pub use self::table::{Kind, Label, Row, TABLE};

/// Sessions that have not ended.
pub const SESSIONS: &str = "wigwag_sessions";
/// Connections that have introduced themselves.
pub const CONNECTIONS: &str = "wigwag_connections";
/// Most connections at a time.
pub const CONNECTIONS_MAX: &str = "wigwag_connections_max";
/// Different users among those connections.
pub const USERS: &str = "wigwag_users";
/// Subscriptions of all sessions.
pub const SUBSCRIPTIONS: &str = "wigwag_subscriptions";
/// Channels with subscribers on this node.
pub const CHANNELS: &str = "wigwag_channels";
/// Bytes queued for connections that read slowly.
pub const PENDING: &str = "wigwag_pending_bytes";
/// The bound of those.
pub const PENDING_MAX: &str = "wigwag_pending_bytes_max";
/// Publications' bytes waiting for shards.
pub const INBOX: &str = "wigwag_inbox_bytes";
/// The longest time since a shard's clock ticked.
pub const SHARD_LAG: &str = "wigwag_shard_lag_seconds";
/// Whether new connections are welcome.
pub const READY: &str = "wigwag_ready";
/// What runs.
pub const BUILD: &str = "wigwag_build_info";
/// Connections handed to shards, by transport.
pub const OPENED: &str = "wigwag_connections_opened_total";
/// Connections closed by the server, by close code.
pub const CLOSED: &str = "wigwag_connections_closed_total";
/// Connections and upstream requests refused, by reason.
pub const REFUSED: &str = "wigwag_connections_refused_total";
/// From the opened socket to the connect reply.
pub const CONNECT_TIME: &str = "wigwag_connect_duration_seconds";
/// Connections that asked to recover.
pub const RECONNECTS: &str = "wigwag_reconnects_total";
/// Subscriptions that asked to recover.
pub const RECOVERIES: &str = "wigwag_recoveries_total";
/// Tokens refused.
pub const TOKENS_REFUSED: &str = "wigwag_tokens_refused_total";
/// Publications given to the broker.
pub const PUBLICATIONS: &str = "wigwag_publications_total";
/// Messages given to connections or their queues.
pub const FRAMES_SENT: &str = "wigwag_frames_sent_total";
/// Publications dropped because a shard was too slow; streams heal from history.
pub const DROPPED: &str = "wigwag_publications_dropped_total";
/// From the broker's append to the write to the last socket.
pub const DELIVERY_TIME: &str = "wigwag_delivery_duration_seconds";
/// How long the broker takes.
pub const BROKER_TIME: &str = "wigwag_broker_duration_seconds";
/// What the broker could not do.
pub const BROKER_ERRORS: &str = "wigwag_broker_errors_total";
/// How long the application's back end took over a question.
pub const HOOK_TIME: &str = "wigwag_hook_duration_seconds";
/// What it answered.
pub const HOOK_ANSWERS: &str = "wigwag_hook_answers_total";
/// Requests answered over HTTP.
pub const REQUESTS: &str = "wigwag_http_requests_total";
/// How long their answers took to begin.
pub const REQUEST_TIME: &str = "wigwag_http_request_duration_seconds";
/// Requests refused with 429.
pub const RATE_LIMITED: &str = "wigwag_rate_limited_total";
/// Calls of the server API, by method and outcome.
pub const API_CALLS: &str = "wigwag_api_calls_total";
/// Lines written to the log.
pub const LOG_LINES: &str = "wigwag_log_lines_total";
/// Spans handed to the collector.
pub const SPANS: &str = "wigwag_trace_spans_total";
/// Processor time.
pub const PROCESS_CPU: &str = "process_cpu_seconds_total";
/// Resident memory.
pub const PROCESS_RSS: &str = "process_resident_memory_bytes";
/// Address space.
pub const PROCESS_VIRTUAL: &str = "process_virtual_memory_bytes";
/// Open files.
pub const PROCESS_FDS: &str = "process_open_fds";
/// Most open files.
pub const PROCESS_FDS_MAX: &str = "process_max_fds";
/// Threads.
pub const PROCESS_THREADS: &str = "process_threads";
/// When the node started.
pub const PROCESS_START: &str = "process_start_time_seconds";

/// How connections come: the values of the label `transport`.
pub const TRANSPORTS: [&str; 3] = ["websocket", "http_stream", "sse"];

/// A close code as the label `code` has it. What applications close with may be any of a thousand, and is one.
pub fn close_code(code: u16) -> &'static str {
    table::CLOSE_CODES.iter().find(|(known, _)| *known == code).map_or_else(
        || if (4_000..5_000).contains(&code) { "application" } else { "other" },
        |(_, text)| *text,
    )
}

#[cfg(test)]
mod tests;
