//! Dashboards and alerts: every query names metrics, labels and values that are in the table, and every alert has a page.
#![expect(clippy::panic, reason = "this is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wigwag::telemetry::metrics::{Kind, Row, TABLE};

/// What Prometheus itself adds.
const ADDED_METRICS: &[&str] = &["up"];
const ADDED_LABELS: &[&str] = &["instance", "job"];
const WORDS: &[&str] = &[
    "sum",
    "min",
    "max",
    "rate",
    "increase",
    "changes",
    "histogram_quantile",
    "by",
    "label_values",
    "ignoring",
    "__rate_interval",
];

#[test]
fn dashboard_asks_for_what_is_there() {
    let text = read("deploy/grafana/wigwag.json");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();

    assert!(queries.len() > 40, "{}", queries.len());
    let asked: BTreeSet<String> = queries.iter().flat_map(|query| check(query)).collect();
    let unused: Vec<&str> = TABLE.iter().map(|row| row.name).filter(|name| !asked.contains(*name)).collect();
    assert_eq!(unused, ["wigwag_sessions", "process_virtual_memory_bytes"], "shown nowhere");
    let titles: Vec<&str> = panels
        .iter()
        .filter(|panel| panel["type"] == "row")
        .map(|row| row["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Overview", "Realtime", "Recovery", "API", "Process"]);
}

#[test]
fn alerts_ask_for_what_is_there_and_lead_to_a_page() {
    let alerts = read("deploy/prometheus/alerts.yml");
    let page = read("docs/operations/alerts.md");
    let tests = read("deploy/prometheus/alerts_test.yml");
    let names: Vec<&str> = values(&alerts, "- alert: ");

    let queries = values(&alerts, "expr: ");
    assert_eq!(queries.len(), names.len());
    queries.iter().for_each(|query| assert!(!check(&unquoted(query)).is_empty(), "{query}"));
    let books = values(&alerts, "runbook_url: ");
    let expected: Vec<String> =
        names.iter().map(|name| format!("docs/operations/alerts.md#{}", name.to_lowercase())).collect();
    assert_eq!(books, expected);
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, names);
    for name in &names {
        assert!(tests.matches(&format!("alertname: {name}\n")).count() >= 2, "{name} has no tests");
    }
}

#[test]
fn queries_in_the_documents_ask_for_what_is_there() {
    for name in ["docs/metrics.md", "docs/operations/alerts.md"] {
        let text = read(name);
        let quoted = text.split('`').skip(1).step_by(2);
        for query in quoted.filter(|text| text.contains("wigwag_") && text.contains('(')) {
            check(query);
        }
    }
}

fn read(path: &str) -> String {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(key)).collect()
}

fn unquoted(text: &str) -> String {
    text.trim_matches('\'').replace("''", "'")
}

/// Looks at every name in a query; returns the metrics it asks for.
fn check(query: &str) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    let mut rest = query;
    let mut rows: Vec<&Row> = Vec::new();
    let mut labels: Vec<(String, Option<String>)> = Vec::new();
    while let Some(start) =
        rest.find(|letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == '"')
    {
        let from = &rest[start..];
        if let Some(text) = from.strip_prefix('"') {
            rest = text.split_once('"').unwrap_or_else(|| panic!("no end of a text: {query}")).1;
            continue;
        }
        let end = from
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let before = query[..query.len() - from.len()].chars().last();
        rest = after;
        if WORDS.contains(&word) || before.is_some_and(|letter| letter.is_ascii_digit() || letter == '$') {
            continue;
        }
        if ADDED_METRICS.contains(&word) {
            asked.insert(word.to_owned());
        } else if let Some(row) = row_of(word) {
            asked.insert(row.name.to_owned());
            rows.push(row);
        } else {
            let value =
                after.strip_prefix("=\"").and_then(|value| value.split_once('"')).map(|(value, _)| value);
            labels.push((word.to_owned(), value.map(str::to_owned)));
        }
    }
    for (label, value) in labels {
        let known = rows.iter().flat_map(|row| row.labels).find(|known| known.name == label);
        let is_bucket = label == "le" && rows.iter().any(|row| row.kind == Kind::Histogram);
        assert!(known.is_some() || is_bucket || ADDED_LABELS.contains(&label.as_str()), "{label} in {query}");
        if let (Some(known), Some(value)) = (known, value) {
            let is_known = known.values.is_empty() || known.values.contains(&value.as_str());
            assert!(is_known, "{label}={value} in {query}");
        }
    }
    asked
}

/// The metric that a word means, if it means one.
fn row_of(word: &str) -> Option<&'static Row> {
    let is_meant = |row: &&Row| match row.kind {
        Kind::Histogram => {
            ["_bucket", "_sum", "_count"].iter().any(|end| word == format!("{}{end}", row.name))
        }
        Kind::Gauge | Kind::Counter | Kind::Reading => word == row.name,
    };
    TABLE.iter().find(is_meant)
}
