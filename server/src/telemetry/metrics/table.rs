//! The table.

use super::*;

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down; read when somebody asks.
    Gauge,
    /// Goes up.
    Counter,
    /// Goes up; read when somebody asks.
    Reading,
    /// Counts by size.
    Histogram,
}

impl Kind {
    /// As the text format calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter | Self::Reading => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// A label and what its value may be.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Every value it may have, if they can be listed.
    pub values: &'static [&'static str],
    /// What bounds it otherwise.
    pub about: &'static str,
}

/// What is known of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, with its unit.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// What it says.
    pub help: &'static str,
    /// Upper bounds, if it is a histogram.
    pub buckets: &'static [f64],
}

const fn listed(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values, about: "" }
}

const fn bounded(name: &'static str, about: &'static str) -> Label {
    Label { name, values: &[], about }
}

const fn row(name: &'static str, kind: Kind, labels: &'static [Label], help: &'static str) -> Row {
    Row { name, kind, labels, help, buckets: &[] }
}

const fn times(
    name: &'static str,
    labels: &'static [Label],
    buckets: &'static [f64],
    help: &'static str,
) -> Row {
    Row { name, kind: Kind::Histogram, labels, help, buckets }
}

/// For what takes a request or a handshake.
const REQUEST_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// For what takes no longer than memory and a system call, if all is well.
const SHORT_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// The codes that have a value of their own in the label `code`.
pub(super) const CLOSE_CODES: &[(u16, &str)] = &[
    (3000, "3000"),
    (3001, "3001"),
    (3004, "3004"),
    (3005, "3005"),
    (3006, "3006"),
    (3008, "3008"),
    (3009, "3009"),
    (3010, "3010"),
    (3011, "3011"),
    (3012, "3012"),
    (3013, "3013"),
    (3500, "3500"),
    (3501, "3501"),
    (3502, "3502"),
    (3503, "3503"),
    (3504, "3504"),
    (3505, "3505"),
    (3506, "3506"),
    (3507, "3507"),
    (3508, "3508"),
    (3509, "3509"),
];

const REASONS: &[&str] = &[
    "handshake",
    "origin",
    "draining",
    "connections",
    "address",
    "tls",
    "overload",
    "malformed",
    "too_large",
    "node",
    "session",
];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
const STATUSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx"];
const ROUTE: Label =
    bounded("route", "the template of the path, such as `/api/{method}`; `other` if none matched");
/// What is asked of a broker.
pub(in crate::telemetry) const OPERATIONS: &[&str] =
    &["publish", "announce", "order", "history", "forget", "attach", "detach"];

const HOOKS: &[&str] = &["connect", "refresh", "subscribe", "sub_refresh", "publish", "rpc"];

/// All metrics.
pub const TABLE: &[Row] = &[
    row(SESSIONS, Kind::Gauge, &[], "Sessions that have not ended."),
    row(CONNECTIONS, Kind::Gauge, &[], "Connections that have introduced themselves."),
    row(CONNECTIONS_MAX, Kind::Gauge, &[], "Most connections at a time, as configured."),
    row(USERS, Kind::Gauge, &[], "Different users among the connections."),
    row(SUBSCRIPTIONS, Kind::Gauge, &[], "Subscriptions of all sessions."),
    row(CHANNELS, Kind::Gauge, &[], "Channels with subscribers on this node."),
    row(PENDING, Kind::Gauge, &[], "Bytes queued for connections that read slowly."),
    row(PENDING_MAX, Kind::Gauge, &[], "Most bytes queued for all connections, as configured."),
    row(INBOX, Kind::Gauge, &[], "Bytes of publications that wait for shards."),
    row(SHARD_LAG, Kind::Gauge, &[], "Longest time since the clock of a shard ticked."),
    row(READY, Kind::Gauge, &[], "Whether new connections are welcome: 1 or 0."),
    row(BUILD, Kind::Gauge, &[bounded("version", "the version that runs")], "What runs; always 1."),
    row(
        OPENED,
        Kind::Counter,
        &[listed("transport", &TRANSPORTS)],
        "Connections handed to shards, by transport.",
    ),
    row(
        CLOSED,
        Kind::Counter,
        &[bounded(
            "code",
            "a close code of the protocol, `application` for those from 4000 on, or `other`; 3000 are those whose client had left, 3008 slow readers, 3012 unanswered pings",
        )],
        "Connections closed by the server, by close code.",
    ),
    row(
        REFUSED,
        Kind::Counter,
        &[listed("reason", REASONS)],
        "Connections and upstream requests refused, by reason.",
    ),
    times(CONNECT_TIME, &[], REQUEST_SECONDS, "Time from the opened socket to the connect reply."),
    row(RECONNECTS, Kind::Counter, &[], "Connections that asked to recover: clients that came back."),
    row(
        RECOVERIES,
        Kind::Counter,
        &[listed("recovered", &["true", "false"])],
        "Subscriptions that asked to recover, by whether everything missed was there.",
    ),
    row(
        TOKENS_REFUSED,
        Kind::Counter,
        &[
            listed("kind", &["connection", "subscription"]),
            listed("reason", &["invalid", "expired", "unavailable"]),
        ],
        "Tokens refused, by kind and reason.",
    ),
    row(
        PUBLICATIONS,
        Kind::Counter,
        &[listed("by", &["backend", "client"]), listed("outcome", &["ok", "skipped", "error"])],
        "Publications given to the broker, by publisher and outcome.",
    ),
    row(FRAMES_SENT, Kind::Counter, &[], "Messages given to connections or their queues."),
    row(DROPPED, Kind::Counter, &[], "Publications dropped because a shard was too slow."),
    times(
        DELIVERY_TIME,
        &[],
        SHORT_SECONDS,
        "Time from the broker's append of a batch's first publication to the write to its last socket.",
    ),
    times(
        BROKER_TIME,
        &[listed("operation", OPERATIONS)],
        SHORT_SECONDS,
        "Time that the broker took, by operation; of publications one in sixteen is timed.",
    ),
    row(
        BROKER_ERRORS,
        Kind::Counter,
        &[listed("operation", OPERATIONS)],
        "What the broker could not do, by operation.",
    ),
    times(
        HOOK_TIME,
        &[listed("hook", HOOKS)],
        REQUEST_SECONDS,
        "Time that the application's back end took to answer questions, or to fail at it.",
    ),
    row(
        HOOK_ANSWERS,
        Kind::Counter,
        &[listed("hook", HOOKS), listed("outcome", &["granted", "refused", "dismissed", "failed"])],
        "What the application's back end answered; `failed` are questions without an answer that can be believed.",
    ),
    row(
        REQUESTS,
        Kind::Counter,
        &[ROUTE, listed("method", METHODS), listed("status", STATUSES)],
        "Requests answered over HTTP, by route, method and class of status.",
    ),
    times(
        REQUEST_TIME,
        &[ROUTE, listed("method", METHODS)],
        REQUEST_SECONDS,
        "Time from a request's head to the head of its answer.",
    ),
    row(RATE_LIMITED, Kind::Counter, &[ROUTE], "Requests refused with 429, by route."),
    row(
        API_CALLS,
        Kind::Counter,
        &[
            bounded("method", "a method of `/api`, `unknown`, or method and route of `/v1`"),
            listed("outcome", &["ok", "error"]),
        ],
        "Calls of the server API, by method and outcome.",
    ),
    row(
        LOG_LINES,
        Kind::Counter,
        &[listed("level", &["error", "warn", "info", "debug", "trace"])],
        "Lines written to the log, by level.",
    ),
    row(
        SPANS,
        Kind::Counter,
        &[listed("outcome", &["exported", "failed"])],
        "Spans of traces handed to the collector, by outcome.",
    ),
    row(PROCESS_CPU, Kind::Reading, &[], "Processor time of the process, in user and system mode."),
    row(PROCESS_RSS, Kind::Gauge, &[], "Resident memory of the process."),
    row(PROCESS_VIRTUAL, Kind::Gauge, &[], "Address space of the process."),
    row(PROCESS_FDS, Kind::Gauge, &[], "Open files and sockets of the process."),
    row(PROCESS_FDS_MAX, Kind::Gauge, &[], "Most files and sockets that the process may have open."),
    row(PROCESS_THREADS, Kind::Gauge, &[], "Threads of the process."),
    row(PROCESS_START, Kind::Gauge, &[], "When the node started, in seconds since the Unix epoch."),
];

impl Row {
    /// The row of a metric.
    pub fn of(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.name == name)
    }

    /// Whether it has all of its series from the start; others come with the first that is counted.
    pub fn is_always_there(&self) -> bool {
        self.labels.iter().all(|label| !label.values.is_empty()) || self.kind == Kind::Gauge
    }

    /// Every combination of label values, if each can be listed.
    pub(super) fn combinations(&self) -> Vec<Vec<(&'static str, &'static str)>> {
        let mut all = vec![Vec::new()];
        for label in self.labels {
            let extended = all.iter().flat_map(|begun| {
                let with = |value: &&'static str| [begun.as_slice(), &[(label.name, *value)]].concat();
                label.values.iter().map(with)
            });
            all = extended.collect();
        }
        all
    }
}
