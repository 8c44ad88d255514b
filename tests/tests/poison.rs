//! Panics on request: each costs one connection or one channel's subscriptions, and nobody else notices.

use serde_json::{Value, json};
use wigwag_core::chaos::{POISON_CHANNEL, POISON_SESSION, POISON_TIMER};
use wigwag_tests::client::Client;
use wigwag_tests::house::House;

#[tokio::test]
async fn session_that_panics_costs_its_own_connection_only() {
    let house = House::start().await;
    let mut others = listeners(&house, "room").await;
    let mut victim = house.client("eve").await;
    victim.subscribe("room").await;
    house.publish("room", json!("before")).await;

    victim.say("publish", json!({ "channel": "room", "data": poison(POISON_SESSION) }));

    assert_eq!(victim.close_code().await, 3004);
    house.publish("room", json!("after")).await;
    for other in &mut others {
        other.expects("before").await;
        other.expects("after").await;
    }
    let stats = house.api("presence_stats", json!({ "channel": "room" })).await.unwrap();
    assert_eq!(stats["num_clients"], others.len());
    comes_back(&house, "eve", "room").await;
}

#[tokio::test]
async fn timer_that_panics_costs_its_own_connection_only() {
    let house = House::with("[client]\nping_interval = \"2s\"\npong_timeout = \"1s\"").await;
    let mut others = listeners(&house, "room").await;
    let mut victim = house.client("eve").await;
    victim.subscribe("room").await;

    victim.publish("room", poison(POISON_TIMER)).await;

    assert_eq!(victim.close_code().await, 3004);
    house.publish("room", json!("after")).await;
    for other in &mut others {
        other.expects(poison(POISON_TIMER)).await;
        other.expects("after").await;
    }
    comes_back(&house, "eve", "room").await;
}

#[tokio::test]
async fn channel_that_panics_sends_its_own_subscribers_to_recover_only() {
    let house = House::start().await;
    let mut inside = listeners(&house, "room").await;
    let mut outside = listeners(&house, "garden").await;
    let (offset, epoch) = house.publish("room", json!("before")).await;

    house.publish("room", poison(POISON_CHANNEL)).await;

    for client in &mut inside {
        client.expects("before").await;
        let push = client.next_push().await;
        assert_eq!((&push["channel"], &push["unsubscribe"]["code"]), (&json!("room"), &json!(2500)));
        let reply = client.recover("room", &epoch, offset).await;
        assert_eq!((&reply["recovered"], &reply["epoch"]), (&json!(true), &json!(epoch)));
        assert_eq!(reply["publications"][0]["data"], poison(POISON_CHANNEL));
    }
    house.publish("room", json!("after")).await;
    house.publish("garden", json!("rose")).await;
    for client in &mut inside {
        client.expects("after").await;
        assert_eq!(client.closed(), None);
    }
    for client in &mut outside {
        client.expects("rose").await;
    }
    let stats = house.api("presence_stats", json!({ "channel": "room" })).await.unwrap();
    assert_eq!(stats["num_clients"], inside.len());
}

#[tokio::test]
async fn poison_leaves_nothing_behind() {
    let house = House::start().await;
    for _ in 0..10 {
        let mut victim = house.client("eve").await;
        victim.subscribe("hall:x").await;
        victim.subscribe("room").await;
        victim.say("publish", json!({ "channel": "room", "data": poison(POISON_SESSION) }));
        assert_eq!(victim.close_code().await, 3004);
    }

    house.is_empty().await;

    for channel in ["hall:x", "room"] {
        let stats = house.api("presence_stats", json!({ "channel": channel })).await.unwrap();
        assert_eq!(stats, json!({ "num_clients": 0, "num_users": 0 }));
    }
    assert_eq!(house.get("/readyz").await.0, 200);
}

/// Enough clients that each shard has some.
async fn listeners(house: &House, channel: &str) -> Vec<Client> {
    let mut clients = Vec::new();
    for number in 0..6 {
        let mut client = house.client(&format!("listener-{number}")).await;
        client.subscribe(channel).await;
        clients.push(client);
    }
    clients
}

async fn comes_back(house: &House, user: &str, channel: &str) {
    let mut client = house.client(user).await;
    client.subscribe(channel).await;
    house.publish(channel, json!("welcome back")).await;
    client.expects("welcome back").await;
}

/// The payload as JSON.
fn poison(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_default()
}
