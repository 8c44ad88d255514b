//! What a back end does with living connections, in the order in which it does it.

use serde_json::{Value, json};
use wigwag_tests::house::House;

async fn order(house: &House, method: &str, params: Value) {
    assert_eq!(house.api(method, params).await, Ok(json!({})), "{method}");
}

#[tokio::test]
async fn what_is_published_after_a_subscription_was_ordered_arrives() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    let room = json!({ "user": "bob", "channel": "live:room" });

    for round in 0..100 {
        order(&house, "subscribe", room.clone()).await;
        house.publish("live:room", json!(round)).await;
        order(&house, "unsubscribe", room.clone()).await;
    }

    for round in 0..100 {
        assert!(bob.next_push().await.get("subscribe").is_some(), "round {round}");
        assert_eq!(bob.next_push().await["pub"]["data"], json!(round));
        assert_eq!(bob.next_push().await["unsubscribe"]["code"], 2000);
    }
}

#[tokio::test]
async fn last_word_arrives_before_the_disconnection() {
    let house = House::start().await;
    for round in 0..20 {
        let mut bob = house.client("bob").await;
        bob.subscribe("live:room").await;

        house.publish("live:room", json!("bye")).await;
        order(&house, "disconnect", json!({ "user": "bob" })).await;

        bob.expects("bye").await;
        assert_eq!(bob.close_code().await, 3503, "round {round}");
    }
}

#[tokio::test]
async fn order_for_one_connection_leaves_the_others() {
    let house = House::start().await;
    let (mut one, mut other) = (house.client("bob").await, house.client("bob").await);
    let mut ann = house.client("ann").await;

    order(&house, "disconnect", json!({ "user": "bob", "client": one.id() })).await;
    assert_eq!(one.close_code().await, 3503);
    let spared = json!([other.id()]);
    order(&house, "disconnect", json!({ "user": "bob", "whitelist": spared })).await;
    order(&house, "disconnect", json!({ "user": "" })).await;

    other.subscribe("live:room").await;
    ann.subscribe("live:room").await;
}

#[tokio::test]
async fn ordered_subscription_recovers_what_the_back_end_names() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    let (_, epoch) = house.publish("room", json!(1)).await;
    for number in 2..=4 {
        house.publish("room", json!(number)).await;
    }

    let since = json!({ "offset": 2, "epoch": epoch });
    let wish = json!({ "user": "bob", "channel": "room", "data": { "by": "us" }, "recover_since": since });
    order(&house, "subscribe", wish).await;
    house.publish("room", json!(5)).await;

    let told = bob.next_push().await;
    assert_eq!(told["channel"], "room");
    assert_eq!(
        (&told["subscribe"]["recoverable"], &told["subscribe"]["data"]),
        (&json!(true), &json!({ "by": "us" }))
    );
    for number in 3..=5 {
        bob.expects(number).await;
    }
}
