//! Traces, from the call of a back end to the delivery, at a collector that takes, refuses, is silent or absent.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wigwag_tests::collector::otlp::Span;
use wigwag_tests::collector::talker::Talker;
use wigwag_tests::collector::{Collector, Manner};
use wigwag_tests::house::{API_KEY, House};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SENDER: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn one_trace_leads_from_the_call_of_a_back_end_to_the_delivery() {
    let collector = Collector::start(Manner::Takes).await;
    let house = house(&collector, "0").await;
    let mut bob = house.client("bob").await;
    let mut ann = house.client("ann").await;
    bob.subscribe("room").await;
    ann.subscribe("room").await;

    let answer = publish(&house, "01").await;
    bob.expects("hello").await;
    ann.expects("hello").await;

    let spans = collector.spans_until("a delivery", |spans| delivered_to(spans) == 2).await;
    let request = named(&spans, "POST /api/{method}");
    let publication = named(&spans, "publish");
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.into(), SENDER.into()));
    assert_eq!(publication.parent_span_id, request.span_id);
    for delivery in spans.iter().filter(|span| span.name == "deliver") {
        assert_eq!(delivery.parent_span_id, publication.span_id);
        assert!(delivery.start_time_unix_nano <= delivery.end_time_unix_nano);
    }
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE), "{spans:?}");
    assert_eq!(request.number("http.response.status_code"), Some(200));
    assert_eq!(answer.unwrap(), format!("00-{TRACE}-{}-01", hex(&request.span_id)));
    let head = &collector.received()[0].head;
    assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
}

#[tokio::test]
async fn what_its_sender_does_not_record_is_not_recorded() {
    let collector = Collector::start(Manner::Takes).await;
    let house = house(&collector, "1").await;

    assert_eq!(publish(&house, "00").await, None);
    assert!(publish(&house, "01").await.is_some());

    let spans = collector.spans_until("the recorded one", |spans| spans.len() >= 2).await;
    assert_eq!(spans.len(), 2, "{spans:?}");
}

#[tokio::test]
async fn strangers_cannot_have_their_requests_recorded() {
    let collector = Collector::start(Manner::Takes).await;
    let house = house(&collector, "0").await;
    let parent = format!("00-{TRACE}-{SENDER}-01");
    for path in ["/api/publish", "/api/x", "/v1/publish"] {
        for key in [None, Some(("x-api-key", "guessed"))] {
            let headers: Vec<_> = key.into_iter().chain([("traceparent", parent.as_str())]).collect();
            let answer = house.post_to(path, &headers, "{}").await;
            assert_eq!(answer.status().as_u16(), 401, "{path}");
            assert!(answer.headers().get("traceresponse").is_none(), "{path} {key:?}");
        }
    }

    assert!(publish(&house, "01").await.is_some());
    let spans = collector.spans_until("the known one", |spans| spans.len() >= 2).await;
    assert_eq!(spans.len(), 2, "{spans:?}");
}

#[tokio::test]
async fn node_begins_traces_of_its_own_as_often_as_configured() {
    let collector = Collector::start(Manner::Takes).await;
    let (always, never) = (house(&collector, "1").await, house(&collector, "0").await);
    let key = [("x-api-key", API_KEY)];
    let call = json!({ "channels": ["a", "b"], "data": 1 }).to_string();

    let answer = always.post_to("/api/broadcast", &key, call.clone()).await;
    let other = never.post_to("/api/broadcast", &key, call).await;

    assert!(other.headers().get("traceresponse").is_none());
    let spans = collector.spans_until("both publications", |spans| spans.len() >= 3).await;
    let request = named(&spans, "POST /api/{method}");
    assert!(request.parent_span_id.is_empty());
    let publications: Vec<&Span> = spans.iter().filter(|span| span.name == "publish").collect();
    assert_eq!(publications.len(), 2);
    assert!(publications.iter().all(|one| one.parent_span_id == request.span_id));
    let told = answer.headers()["traceresponse"].to_str().unwrap();
    assert!(told.contains(&hex(&request.trace_id)), "{told}");
}

#[tokio::test]
async fn spans_that_wait_are_sent_when_the_node_stops() {
    let collector = Collector::start(Manner::Takes).await;
    let house = house(&collector, "1").await;
    publish(&house, "01").await;

    house.stop().await;

    assert_eq!(collector.spans().len(), 2);
}

#[tokio::test]
async fn collector_that_never_answers_harms_nobody() {
    let collector = Collector::start(Manner::Silent).await;
    harms_nobody(house(&collector, "1").await).await;
}

#[tokio::test]
async fn collector_that_refuses_harms_nobody() {
    let collector = Collector::start(Manner::Refuses).await;
    harms_nobody(house(&collector, "1").await).await;
}

#[tokio::test]
async fn collector_that_is_absent_harms_nobody() {
    let collector = Collector::start(Manner::Takes).await;
    let house = house(&collector, "1").await;
    drop(collector);
    harms_nobody(house).await;
}

#[tokio::test]
async fn memory_is_bounded_while_nobody_takes_spans() {
    const CALLS: usize = 3_000;
    let collector = Collector::start(Manner::Silent).await;
    let house = House::binary(&settings(&collector, "1")).await;
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().to_owned();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1_024
    };
    // More than may wait.
    for _ in 0..CALLS / 2 {
        publish(&house, "01").await;
    }
    let before = resident();

    for _ in 0..CALLS {
        publish(&house, "01").await;
    }

    let after = resident();
    assert!(after < before + (6 << 20), "{before} B became {after} B");
}

#[tokio::test]
async fn failing_collector_is_told_once() {
    let collector = Collector::start(Manner::Refuses).await;
    let toml = format!("{}\n[client]\ninsecure = true\n[api]\ninsecure = true\n", settings(&collector, "1"));
    let talker = Talker::start(&toml, &[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/info", talker.address);

    let came = || collector.received().len();
    let began = Instant::now();
    while came() < 8 && began.elapsed() < Duration::from_secs(12) {
        let answer = client.post(&url).body("{}").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    talker.says("traces cannot be sent").await;
    let lines = talker.stop().await;
    let warnings = lines.iter().filter(|line| line.contains("traces cannot be sent")).count();
    assert_eq!(warnings, 1, "{lines:?}");
}

/// Users and back ends notice nothing.
async fn harms_nobody(house: House) {
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let began = Instant::now();
    for _ in 0..200 {
        assert!(publish(&house, "01").await.is_some());
        bob.expects("hello").await;
    }

    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    house.stop().await;
}

fn settings(collector: &Collector, ratio: &str) -> String {
    format!("[telemetry]\notlp_endpoint = \"http://{}\"\nsample_ratio = {ratio}\n", collector.address)
}

async fn house(collector: &Collector, ratio: &str) -> House {
    House::with(&settings(collector, ratio)).await
}

/// Publishes as part of a trace; returns what the answer says of it.
async fn publish(house: &House, flags: &str) -> Option<String> {
    let parent = format!("00-{TRACE}-{SENDER}-{flags}");
    let headers = [("x-api-key", API_KEY), ("traceparent", parent.as_str())];
    let call = json!({ "channel": "room", "data": "hello" }).to_string();
    let answer = house.post_to("/api/publish", &headers, call).await;
    assert_eq!(answer.status().as_u16(), 200);
    let told = answer.headers().get("traceresponse").map(|told| told.to_str().unwrap().to_owned());
    // So that the next one goes over the same connection.
    answer.bytes().await.unwrap();
    told
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:?}"))
}

fn delivered_to(spans: &[Span]) -> i64 {
    spans.iter().filter(|span| span.name == "deliver").filter_map(|span| span.number("wigwag.sessions")).sum()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
