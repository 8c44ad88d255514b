//! Panics in a shard's own code: the first is healed with nothing lost, the second costs its connections a reconnect,
//! the third ends the node, so that whoever watches the process starts another.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use wigwag_core::chaos::POISON_SHARD;
use wigwag_tests::client::Client;
use wigwag_tests::house::House;
use wigwag_tests::patience::within;

const ONE_SHARD: &str = "[server]\nshards = 1";

#[tokio::test]
async fn shard_that_panics_once_goes_on_with_all_its_connections() {
    let house = House::with(ONE_SHARD).await;
    let mut other = house.client("other").await;
    other.subscribe("room").await;
    let mut eve = house.client("eve").await;

    let asked = poison(&mut eve).await;
    house.publish("room", json!("after")).await;

    other.expects("after").await;
    assert_eq!(eve.answer(asked).await.unwrap_err(), 100);
    assert_eq!((eve.closed(), other.closed()), (None, None));
    house.publish("room", json!("later")).await;
    eve.expects("after").await;
    eve.expects("later").await;
    other.expects("later").await;
}

#[tokio::test]
async fn shard_that_panics_twice_asks_its_connections_to_come_again() {
    let house = House::with(ONE_SHARD).await;
    let mut other = house.client("other").await;
    other.subscribe("room").await;
    let (offset, epoch) = house.publish("room", json!("before")).await;
    other.expects("before").await;

    let mut eve = house.client("eve").await;
    poison(&mut eve).await;
    let mut mallory = house.client("mallory").await;
    poison(&mut mallory).await;

    assert_eq!(other.close_code().await, 3011);
    assert_eq!(eve.close_code().await, 3011);
    house.publish("room", json!("meanwhile")).await;
    let mut again = house.client("other").await;
    let reply = again.recover("room", &epoch, offset).await;
    assert_eq!((&reply["recovered"], &reply["publications"][0]["data"]), (&json!(true), &json!("meanwhile")));
    // Those whose command was lost with the panic are cleaned up after once it is overdue.
    within("the presence of the newcomer alone", async {
        while house.api("presence_stats", json!({ "channel": "room" })).await.unwrap()["num_clients"] != 1 {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn shard_that_panics_three_times_ends_the_node() {
    let house = House::with(ONE_SHARD).await;

    let mut first = house.client("first").await;
    poison(&mut first).await;
    let mut second = house.client("second").await;
    poison(&mut second).await;
    assert_eq!((first.close_code().await, second.close_code().await), (3011, 3011));
    let mut third = house.client("third").await;
    poison(&mut third).await;

    within("the node to give up", house.node().failed()).await;
}

async fn poison(client: &mut Client) -> u32 {
    client.subscribe("room").await;
    let data: Value = serde_json::from_slice(POISON_SHARD).unwrap();
    client.say("publish", json!({ "channel": "room", "data": data }))
}
