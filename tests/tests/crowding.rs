//! More is published at once than a node's queues may hold: publishers wait, and nothing that was acknowledged is lost.

use serde_json::json;
use tokio::task::JoinSet;
use wigwag_tests::house::House;
use wigwag_tests::raw::Raw;

const PUBLISHERS: usize = 250;
const EACH: usize = 40;
const PAYLOAD_BYTES: usize = 1_200;

/// Room for everything in the listener's queue, so that only the way to it is narrow.
const CONFIG: &str = "
server.shards = 1
server.address_rate_max = 0
server.pending_bytes_max = \"256MiB\"
client.insecure = true
client.queue_bytes_max = \"64MiB\"
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_also_when_everybody_publishes_at_once() {
    let house = House::binary(CONFIG).await;
    let mut listener = Raw::open(house.address).await;
    listener.connect("").await;
    listener.say(&json!({ "id": 2, "subscribe": { "channel": "busy" } }).to_string()).await;
    listener.next_frame().await;
    let mut crowd = Vec::new();
    for _ in 0..PUBLISHERS {
        let mut raw = Raw::open(house.address).await;
        raw.connect("").await;
        crowd.push(raw);
    }
    // It finds everything at once when it goes on.
    house.signal("STOP").await;
    for raw in &mut crowd {
        publish(raw).await;
    }
    house.signal("CONT").await;

    let heard = tokio::spawn(async move {
        let mut heard = 0;
        while heard < PUBLISHERS * EACH {
            let Some((_, line)) = listener.next_frame().await else { break };
            heard += usize::from(String::from_utf8_lossy(&line).contains("\"pub\""));
        }
        heard
    });
    let answers: JoinSet<usize> = crowd.into_iter().map(acknowledged).collect();
    let acknowledged: usize = answers.join_all().await.into_iter().sum();

    assert_eq!(acknowledged, PUBLISHERS * EACH);
    assert_eq!(heard.await.ok(), Some(acknowledged));
}

/// Says everything at once.
async fn publish(raw: &mut Raw) {
    let payload = "x".repeat(PAYLOAD_BYTES);
    let publish = |id| json!({ "id": id, "publish": { "channel": "busy", "data": payload } });
    let lines: Vec<String> = (0..EACH).map(|id| publish(id + 3).to_string()).collect();
    raw.say(&lines.join("\n")).await;
}

/// Hears all answers; returns how many of them say that it is published.
async fn acknowledged(mut raw: Raw) -> usize {
    let (mut answers, mut acknowledged) = (0, 0);
    while answers < EACH {
        let Some((_, line)) = raw.next_frame().await else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        answers += line.matches("\"id\"").count();
        acknowledged += line.matches("\"publish\"").count();
    }
    acknowledged
}
