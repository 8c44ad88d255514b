//! Metrics: what is in the table is there, equals what was counted elsewhere, and does not grow with its users.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use ports::access::ConnectionGrant;
use ports::time::Timestamp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wigwag::telemetry::metrics::{self as names, Kind, Row, TABLE};
use wigwag_tests::client::Way;
use wigwag_tests::collector::exposition::Exposition;
use wigwag_tests::house::{House, grant};
use wigwag_tests::patience::{until, within};

#[test]
fn page_about_metrics_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if std::env::var_os("WIGWAG_WRITE_DOCS").is_some() {
        fs::write(&path, names::page()).unwrap();
    }

    assert!(fs::read_to_string(&path).unwrap() == names::page(), "write it anew with WIGWAG_WRITE_DOCS=1");
}

#[tokio::test]
async fn every_metric_is_there_and_equals_what_was_counted() {
    let house = House::binary("[server]\naddress_rate_max = 40\n").await;
    let load = Load::run(&house).await;

    let read = scrape(house.address).await;
    let value = |name, labels: &[(&str, &str)]| read.value(name, labels).unwrap_or(-1.0);
    assert_eq!(value(names::SESSIONS, &[]), load.listeners as f64);
    assert_eq!(value(names::CONNECTIONS, &[]), load.listeners as f64);
    assert_eq!(value(names::USERS, &[]), 5.0);
    assert_eq!(value(names::SUBSCRIPTIONS, &[]), load.listeners as f64);
    assert_eq!(value(names::CHANNELS, &[]), 1.0);
    assert_eq!(value(names::OPENED, &[("transport", "websocket")]), load.websockets as f64);
    assert_eq!(value(names::OPENED, &[("transport", "http_stream")]), 1.0);
    assert_eq!(value(names::OPENED, &[("transport", "sse")]), 1.0);
    assert_eq!(value("wigwag_connect_duration_seconds_count", &[]), load.connected as f64);
    assert_eq!(value(names::CLOSED, &[("code", "3500")]), 2.0);
    assert_eq!(value(names::CLOSED, &[("code", "application")]), 1.0);
    assert_eq!(value(names::TOKENS_REFUSED, &[("kind", "connection"), ("reason", "invalid")]), 2.0);
    assert_eq!(value(names::TOKENS_REFUSED, &[("kind", "connection"), ("reason", "expired")]), 1.0);
    assert_eq!(value(names::TOKENS_REFUSED, &[("kind", "subscription"), ("reason", "invalid")]), 1.0);
    assert_eq!(value(names::RECONNECTS, &[]), 2.0);
    assert_eq!(value(names::RECOVERIES, &[("recovered", "true")]), 1.0);
    assert_eq!(value(names::RECOVERIES, &[("recovered", "false")]), 1.0);
    assert_eq!(value(names::PUBLICATIONS, &[("by", "backend"), ("outcome", "ok")]), load.by_backend as f64);
    assert_eq!(value(names::PUBLICATIONS, &[("by", "backend"), ("outcome", "skipped")]), 1.0);
    assert_eq!(value(names::PUBLICATIONS, &[("by", "client"), ("outcome", "ok")]), load.by_client as f64);
    assert_eq!(
        value(names::API_CALLS, &[("method", "publish"), ("outcome", "ok")]),
        load.by_backend as f64 + 1.0
    );
    assert_eq!(value(names::API_CALLS, &[("method", "publish"), ("outcome", "error")]), 1.0);
    assert_eq!(value(names::REFUSED, &[("reason", "origin")]), 1.0);
    assert_eq!(value(names::REFUSED, &[("reason", "address")]), load.limited as f64);
    let knocks = [("route", "/connection/websocket"), ("method", "GET")];
    assert_eq!(value(names::RATE_LIMITED, &[("route", "/connection/websocket")]), load.limited as f64);
    assert_eq!(value(names::REQUESTS, &[&knocks[..], &[("status", "1xx")]].concat()), load.websockets as f64);
    assert_eq!(
        value(names::REQUESTS, &[&knocks[..], &[("status", "4xx")]].concat()),
        1.0 + load.limited as f64
    );
    assert_eq!(value(names::REQUESTS, &[("route", "other"), ("status", "4xx")]), 1.0);
    let posts = [("route", "/api/{method}"), ("method", "POST")];
    assert_eq!(value(names::REQUESTS, &posts), value("wigwag_http_request_duration_seconds_count", &posts),);
    assert!(value("wigwag_delivery_duration_seconds_count", &[]) >= 1.0);
    assert!(value("wigwag_broker_duration_seconds_count", &[("operation", "attach")]) >= 1.0);
    let sent = value(names::FRAMES_SENT, &[]);
    let deliveries = load.listeners * (load.by_backend + load.by_client);
    assert!(sent >= deliveries as f64 && sent < deliveries as f64 + 200.0, "{sent} for {deliveries}");
    for row in TABLE {
        assert!(is_there(&read, row), "{} is missing", row.name);
        assert_eq!(read.kinds().get(row.name).map(String::as_str), Some(row.kind.name()), "{}", row.name);
    }
    let known: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
    for name in read.kinds().keys() {
        assert!(known.contains(name.as_str()), "{name} is not in the table");
    }
    check_labels(&read);
    drop(load);
}

#[tokio::test]
async fn sessions_are_as_many_as_the_kernel_counts_sockets() {
    let house = House::binary("").await;
    let mut clients = Vec::new();
    for _ in 0..25 {
        clients.push(house.client("bob").await);
    }

    let read = scrape(house.address).await;

    assert_eq!(read.value(names::SESSIONS, &[]), Some(25.0));
    until("the scrape's own socket is gone", || established(house.address) == 25).await;
    clients.truncate(10);
    until("fifteen sockets are gone", || established(house.address) == 10).await;
    let read = scrape(house.address).await;
    assert_eq!(read.value(names::SESSIONS, &[]), Some(10.0));
}

#[tokio::test]
async fn ten_thousand_channels_add_no_series() {
    let house = House::binary("").await;
    let mut bob = house.client("bob").await;
    bob.subscribe("live:first").await;
    broadcast(&house, 0..1).await;
    bob.publication().await;
    scrape(house.address).await;
    let before = scrape(house.address).await.series();

    for thousand in 0..10 {
        broadcast(&house, thousand * 1_000..(thousand + 1) * 1_000).await;
    }
    for number in 0..100 {
        bob.subscribe(&format!("room{number}")).await;
    }

    let after = scrape(house.address).await.series();
    let added: Vec<_> = after.difference(&before).collect();
    assert!(added.is_empty(), "{added:?}");
    assert!(after.len() < 1_000, "{}", after.len());
}

#[tokio::test]
async fn every_part_tells_how_it_does() {
    let house = House::with("[server]\nshards = 3\nconnections_max = 2\n").await;
    let bob = house.client("bob").await;

    let (status, text) = house.get("/healthz?verbose").await;

    let parts: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &parts["status"]), (200, &json!("ok")));
    assert_eq!(parts["shards"].as_array().map(Vec::len), Some(3));
    assert!(parts["shards"][0]["lag_seconds"].as_f64().unwrap() < 2.0, "{text}");
    assert_eq!(parts["broker"], json!({ "status": "ok", "failures": 0, "crowded": false }));
    assert_eq!(parts["connections"], json!({ "used": 1, "max": 2 }));
    assert_eq!(parts["pending"]["used"], 0);
    assert!(parts["files"]["used"].as_u64().unwrap() < parts["files"]["max"].as_u64().unwrap());
    for (path, expected) in [("/livez", 200), ("/readyz", 200), ("/healthz", 200)] {
        assert_eq!(house.get(path).await.0, expected, "{path}");
    }

    let ann = house.client("ann").await;
    assert_eq!((house.get("/readyz").await.0, house.get("/livez").await.0), (503, 200));
    let (status, text) = house.get("/healthz?verbose").await;
    assert_eq!(status, 503);
    assert!(text.contains("\"status\":\"too_many_connections\""), "{text}");
    drop((bob, ann));
}

/// What was done to a house, as counted by those who did it.
struct Load {
    listeners: usize,
    websockets: usize,
    connected: usize,
    by_backend: usize,
    by_client: usize,
    limited: usize,
    _clients: Vec<wigwag_tests::client::Client>,
}

impl Load {
    async fn run(house: &House) -> Self {
        let mut clients = Vec::new();
        for (way, user) in [
            (Way::Json, "a"),
            (Way::Protobuf, "b"),
            (Way::Json, "c"),
            (Way::HttpStreamJson, "d"),
            (Way::Sse, "e"),
        ] {
            let mut client = house.client_by(way, user).await;
            client.subscribe("room").await;
            clients.push(client);
        }
        let (by_backend, by_client) = (7, 3);
        let mut epoch = String::new();
        for number in 0..by_backend {
            epoch = house.publish("room", json!(number)).await.1;
        }
        for number in 0..by_client {
            clients[0].publish("room", json!(number)).await;
        }
        for client in &mut clients {
            for _ in 0..by_backend + by_client {
                client.publication().await;
            }
        }
        let once = json!({ "channel": "live:once", "data": 1, "idempotency_key": "k" });
        for _ in 0..2 {
            house.api("publish", once.clone()).await.unwrap();
        }
        assert!(house.api("publish", json!({ "channel": "none:x", "data": 1 })).await.is_err());
        assert_eq!(house.get("/nothing/here").await.0, 404);

        for position in [(2, epoch.as_str()), (2, "elsewhen")] {
            house.client("back").await.recover("room", position.1, position.0).await;
        }
        for _ in 0..2 {
            assert_eq!(house.stranger().await.is_let_in("no token").await, Err(3500));
        }
        let expired = ConnectionGrant { expire_at: Some(Timestamp::from_secs(1)), ..grant("late") };
        assert!(house.stranger().await.connect(&house.sign(&expired)).await.is_err());
        let mut eve = house.client("eve").await;
        assert!(eve.ask("subscribe", json!({ "channel": "closed:x", "token": "no token" })).await.is_err());
        house
            .api("disconnect", json!({ "user": "eve", "disconnect": { "code": 4001, "reason": "go" } }))
            .await
            .unwrap();
        assert_eq!(eve.close_code().await, 4001);
        let foreign = house.knock("/connection/websocket", &[("Origin", "https://evil.example")]).await;
        assert_eq!(foreign.status().as_u16(), 403);
        let mut sockets = Vec::new();
        let (mut limited, mut accepted) = (0, 0);
        while limited < 2 {
            let answer = house.knock("/connection/websocket", &[]).await;
            if answer.status().as_u16() == 429 {
                limited += 1
            } else {
                accepted += 1
            }
            sockets.push(answer);
        }
        drop(sockets);
        let (live, connected) = (clients.len(), clients.len() + 3);
        let gone = |read: &Exposition| read.value(names::SESSIONS, &[]) == Some(live as f64);
        within("everybody else has left", async {
            while !gone(&scrape(house.address).await) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self {
            listeners: live,
            websockets: 3 + 2 + 2 + 1 + 1 + accepted,
            connected,
            by_backend: by_backend + 1,
            by_client,
            limited,
            _clients: clients,
        }
    }
}

/// Whether at least one series of a metric is there.
fn is_there(read: &Exposition, row: &Row) -> bool {
    let name = if row.kind == Kind::Histogram { format!("{}_count", row.name) } else { row.name.to_owned() };
    read.value(&name, &[]).is_some()
}

/// Each label is in the table, and so is its value if values are listed there.
fn check_labels(read: &Exposition) {
    for (name, labels) in read.series() {
        let row = TABLE.iter().find(|row| {
            let ends = ["", "_bucket", "_sum", "_count"];
            ends.iter().any(|end| name == format!("{}{end}", row.name))
        });
        let row = row.unwrap_or_else(|| panic!("{name} is not in the table"));
        for (label, value) in labels.iter().filter(|(label, _)| *label != "le") {
            let known = row.labels.iter().find(|known| known.name == label);
            let known = known.unwrap_or_else(|| panic!("{name}: {label} is not in the table"));
            let is_known = known.values.is_empty() || known.values.contains(&value.as_str());
            assert!(is_known, "{name}: {label}={value} is not in the table");
        }
    }
}

/// Metrics over a socket that is closed afterwards.
async fn scrape(address: SocketAddr) -> Exposition {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within("metrics", stream.read_to_string(&mut text)).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Exposition::parse(&body).unwrap_or_else(|problem| panic!("{problem}"))
}

fn unchunked(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&after[..size]);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// Sockets with this local address that the kernel has as established.
fn established(address: SocketAddr) -> usize {
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[1].ends_with(&port) && row[3] == "01").count()
}

async fn broadcast(house: &House, numbers: std::ops::Range<usize>) {
    let channels: Vec<String> = if numbers.len() == 1 {
        vec!["live:first".into()]
    } else {
        numbers.map(|number| format!("live:{number}")).collect()
    };
    house.api("broadcast", json!({ "channels": channels, "data": 1 })).await.unwrap();
}
