//! Panics told to an error tracker. Compiled with the feature `sentry` only.
#![cfg(feature = "sentry")]
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use serde_json::{Value, json};
use wigwag_core::chaos::POISON_SESSION;
use wigwag_tests::client::{Client, Manners, Way};
use wigwag_tests::collector::talker::Talker;
use wigwag_tests::collector::{Collector, Manner};
use wigwag_tests::patience::until;

const SETTINGS: &str = "[client]\ninsecure = true\n[channel]\nallow_subscribe_for_client = true\n";

#[tokio::test]
async fn panics_are_told_in_an_envelope_with_release_and_place() {
    let tracker = Collector::start(Manner::Takes).await;
    let talker = Talker::start(&settings(&tracker), &[]).await;

    poison(&talker).await;

    until("an envelope", || !tracker.received().is_empty()).await;
    let envelope = &tracker.received()[0];
    assert!(envelope.head.starts_with("post /api/7/envelope/ "), "{}", envelope.head);
    assert!(envelope.head.contains("sentry_key=abc"), "{}", envelope.head);
    let lines: Vec<Value> = envelope
        .body
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let [head, kind, event] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(head["event_id"], event["event_id"]);
    assert_eq!((&kind["type"], &event["level"]), (&json!("event"), &json!("fatal")));
    assert!(event["release"].as_str().unwrap().starts_with("wigwag@"), "{event}");
    let exception = &event["exception"]["values"][0];
    assert_eq!(exception["value"], "poisonous session");
    assert!(exception["module"].as_str().unwrap().contains("commands.rs"), "{event}");
    let lines = talker.stop().await;
    assert!(
        lines.iter().any(|line| line.contains("code panicked")),
        "the line in the log is written all the same"
    );
}

#[tokio::test]
async fn tracker_that_refuses_harms_nobody() {
    let tracker = Collector::start(Manner::Refuses).await;
    let talker = Talker::start(&settings(&tracker), &[]).await;

    poison(&talker).await;
    talker.says("errors cannot be told").await;
    poison(&talker).await;

    let lines = talker.stop().await;
    assert_eq!(lines.iter().filter(|line| line.contains("errors cannot be told")).count(), 1);
}

#[tokio::test]
async fn tracker_that_sends_elsewhere_is_not_followed() {
    let tracker = Collector::start(Manner::SendsOn).await;
    let talker = Talker::start(&settings(&tracker), &[]).await;

    poison(&talker).await;
    talker.says("errors cannot be told").await;

    assert_eq!(tracker.received().len(), 1);
    talker.stop().await;
}

fn settings(tracker: &Collector) -> String {
    format!("{SETTINGS}[telemetry]\nsentry_dsn = \"http://abc@{}/7\"\n", tracker.address)
}

async fn poison(talker: &Talker) {
    let mut eve = Client::open_in(Way::Json, talker.address, Manners::Answers).await;
    eve.connect("").await.unwrap();
    eve.subscribe("room").await;
    let data: Value = serde_json::from_slice(POISON_SESSION).unwrap();
    eve.say("publish", json!({ "channel": "room", "data": data }));
    assert_eq!(eve.close_code().await, 3004);
}
