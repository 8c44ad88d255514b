//! The page about metrics.

use std::fmt::Write as _;

use super::table::{Kind, Label, Row, TABLE};

const HEAD: &str = "# Metrics

`GET /metrics` answers in the Prometheus text format. Counters end in `_total`, times are in seconds and sizes in bytes;
labels are bounded: never a user, never a channel. This page is made from the table in
`server/src/telemetry/metrics/table.rs`; a test fails when they differ, and `WIGWAG_WRITE_DOCS=1 cargo test -p
wigwag-tests --test telemetry` writes it anew.

A session counts from the opened socket to the end of its clean-up; a connection counts from the connect reply. A series
whose labels are known is there from the start, with the value 0. Dashboards and alerts that use these names are in
`deploy/grafana` and `deploy/prometheus`.

| name | kind | meaning |
|---|---|---|
";

const FOOT: &str = "
## What follows from them

| question | query |
|---|---|
| connections closed for reading too slowly, a second | `rate(wigwag_connections_closed_total{code=\"3008\"}[5m])` |
| pings that were not answered, a second | `rate(wigwag_connections_closed_total{code=\"3012\"}[5m])` |
| answers with a server's error, as a share | `sum(rate(wigwag_http_requests_total{status=\"5xx\"}[5m])) / sum(rate(wigwag_http_requests_total[5m]))` |
| time from publish to the last socket, 99 of 100 batches | `histogram_quantile(0.99, sum by (le) (rate(wigwag_delivery_duration_seconds_bucket[5m])))` |
| recoveries that found everything, as a share | `rate(wigwag_recoveries_total{recovered=\"true\"}[5m]) / ignoring(recovered) sum(rate(wigwag_recoveries_total[5m]))` |

A batch of `/api` counts among the calls, and so does each of its commands. A publication counts once, however many get
it; a message sent counts once for each connection.
";

/// `docs/metrics.md`.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for row in TABLE {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {} |", row.name, row.kind.name(), meaning(row));
    }
    page + FOOT
}

fn meaning(row: &Row) -> String {
    let labels: Vec<String> = row.labels.iter().map(told).collect();
    let labels = match labels.as_slice() {
        [] => String::new(),
        [one] => format!(" Label {one}."),
        _ => format!(" Labels {}.", labels.join("; ")),
    };
    let buckets = match (row.kind, row.buckets) {
        (Kind::Histogram, [first, .., last]) => format!(" Buckets from {first} to {last} s."),
        _ => String::new(),
    };
    format!("{}{labels}{buckets}", row.help)
}

fn told(label: &Label) -> String {
    let values: Vec<String> = label.values.iter().map(|value| format!("`{value}`")).collect();
    if values.is_empty() {
        return format!("`{}`: {}", label.name, label.about);
    }
    format!("`{}`: {}", label.name, values.join(", "))
}
