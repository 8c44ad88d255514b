//! Corners of streams and positions: what comes back, what is lost, and who is told (11 to 17, 29).
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::time::Duration;

use ports::access::ChannelGrant;
use serde_json::{Value, json};
use tokio::time::sleep;
use wigwag_tests::client::{Client, Way};
use wigwag_tests::house::rooms::{CACHES, FLEETING};
use wigwag_tests::house::{House, grant};
use wigwag_tests::patience::within;
use wigwag_tests::{in_both, in_every};

/// Positions are compared so often that a test can wait for it.
const WATCHFUL: &str = "[client]\nposition_check_interval = \"1s\"";

in_every!(
    corner_11_recovery_says_what_the_table_says,
    corner_11_position_of_a_first_subscription_is_the_top,
    corner_12_empty_epoch_is_not_compared,
    corner_29_cache_hands_out_the_newest_value,
    corner_29_cache_is_handed_out_with_every_subscription_where_it_is_configured,
    server_side_subscriptions_recover_with_connect,
);
in_both!(
    corner_11_three_hundred_missed_come_back_and_one_more_does_not,
    corner_13_expired_history_recovers_the_top_only,
    corner_14_removed_history_recovers_the_top_only,
    corner_15_new_stream_has_a_new_epoch_and_live_subscribers_are_told,
    corner_15_restarted_broker_claims_nothing,
    corner_16_lost_message_is_healed_unseen_at_the_next_publication,
    corner_16_lost_message_is_healed_unseen_at_the_next_check,
    corner_16_loss_beyond_history_ends_the_subscription,
    corner_17_loss_beyond_history_ends_connections_with_server_side_subscriptions,
);

async fn corner_11_recovery_says_what_the_table_says(way: Way) {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 5).await;
    let trimmed = publish_many(&house, "few:x", 10).await;
    let cases = [
        ("room", &*epoch, 5, Some(vec![])),
        ("room", &epoch, 4, Some(vec![5])),
        ("room", &epoch, 0, Some(vec![1, 2, 3, 4, 5])),
        ("room", &epoch, 6, None),
        ("room", &epoch, 1_000_000, None),
        ("room", "elsewhen", 5, None),
        ("room", "elsewhen", 3, None),
        ("room", "_", 0, None),
        ("few:x", &trimmed, 10, Some(vec![])),
        ("few:x", &trimmed, 7, Some(vec![8, 9, 10])),
        ("few:x", &trimmed, 6, None),
        ("few:x", &trimmed, 0, None),
    ];

    for (channel, claimed, offset, expected) in cases {
        let mut bob = house.client_by(way, "bob").await;
        let reply = bob.recover(channel, claimed, offset).await;

        let (top, epoch) = if channel == "room" { (5, &epoch) } else { (10, &trimmed) };
        let said = if expected.is_some() { offset } else { top };
        let what = format!("{channel} from {offset} in {claimed}: {reply}");
        assert_eq!((&reply["recoverable"], &reply["positioned"]), (&json!(true), &json!(true)), "{what}");
        assert_eq!((&reply["epoch"], offset_of(&reply)), (&json!(epoch), said), "{what}");
        assert_eq!((&reply["was_recovering"], recovered(&reply)), (&json!(true), expected), "{what}");

        house.publish("live:x", json!("elsewhere")).await;
        assert_eq!(bob.pushes_so_far().await, [] as [Value; 0], "{what}");
    }
}

async fn corner_11_position_of_a_first_subscription_is_the_top(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    let empty = bob.subscribe("room").await;
    let (_, epoch) = house.publish("room", json!(1)).await;
    let later = house.client_by(way, "ann").await.subscribe("room").await;

    assert_eq!(empty, json!({ "recoverable": true, "positioned": true, "epoch": epoch }));
    assert_eq!(later, json!({ "recoverable": true, "positioned": true, "epoch": epoch, "offset": 1 }));
}

async fn corner_11_three_hundred_missed_come_back_and_one_more_does_not(way: Way) {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 301).await;

    let near = house.client_by(way, "ann").await.recover("room", &epoch, 1).await;
    let far = house.client_by(way, "bob").await.recover("room", &epoch, 0).await;

    assert_eq!(recovered(&near), Some((2..=301).collect()));
    assert_eq!((recovered(&far), offset_of(&far)), (None, 301));
}

async fn corner_12_empty_epoch_is_not_compared(way: Way) {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 3).await;

    let reply = house.client_by(way, "bob").await.recover("room", "", 1).await;

    assert_eq!((recovered(&reply), &reply["epoch"]), (Some(vec![2, 3]), &json!(epoch)));
}

async fn corner_13_expired_history_recovers_the_top_only(way: Way) {
    let house = House::start().await;
    let epoch = publish_many(&house, "brief:x", 3).await;
    within("the history to expire", async {
        let all = json!({ "channel": "brief:x", "limit": -1 });
        while house.api("history", all.clone()).await.unwrap()["publications"] != json!([]) {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;

    for (offset, expected) in [(3, Some(vec![])), (2, None), (0, None)] {
        let reply = house.client_by(way, "bob").await.recover("brief:x", &epoch, offset).await;
        assert_eq!((recovered(&reply), offset_of(&reply)), (expected, 3), "{offset}");
        assert_eq!(reply["epoch"], epoch);
    }
}

async fn corner_14_removed_history_recovers_the_top_only(way: Way) {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 3).await;

    house.api("history_remove", json!({ "channel": "room" })).await.unwrap();

    for (offset, expected) in [(3, Some(vec![])), (2, None), (0, None)] {
        let reply = house.client_by(way, "bob").await.recover("room", &epoch, offset).await;
        assert_eq!((recovered(&reply), offset_of(&reply)), (expected, 3), "{offset}");
    }
    assert_eq!(house.publish("room", json!("next")).await, (4, epoch));
}

async fn corner_15_new_stream_has_a_new_epoch_and_live_subscribers_are_told(way: Way) {
    // Between two checks nobody uses the stream, and it is over.
    let house = House::with(&format!("[client]\nposition_check_interval = \"3s\"\n{FLEETING}")).await;
    let mut bob = house.client_by(way, "bob").await;
    let before = bob.subscribe("fleeting:x").await;
    house.publish("fleeting:x", json!("old")).await;
    bob.expects("old").await;

    expects_insufficient(&mut bob, "fleeting:x").await;

    let after = bob.recover("fleeting:x", before["epoch"].as_str().unwrap(), 1).await;
    assert_eq!(recovered(&after), None);
    assert_ne!(after["epoch"], before["epoch"]);
}

async fn corner_15_restarted_broker_claims_nothing(way: Way) {
    let before = House::start().await;
    let epoch = publish_many(&before, "room", 3).await;
    before.stop().await;
    let after = House::start().await;
    publish_many(&after, "room", 3).await;

    let reply = after.client_by(way, "bob").await.recover("room", &epoch, 3).await;

    assert_eq!(recovered(&reply), None);
    assert_ne!(reply["epoch"], epoch);
}

async fn corner_16_lost_message_is_healed_unseen_at_the_next_publication(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;
    house.publish("room", json!("before")).await;

    house.loses("room", 2).await;
    house.publish("room", json!("after")).await;

    for (number, data) in ["before", "lost 1", "lost 2", "after"].into_iter().enumerate() {
        let publication = bob.publication().await;
        assert_eq!((&publication["data"], &publication["offset"]), (&json!(data), &json!(number + 1)));
    }
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn corner_16_lost_message_is_healed_unseen_at_the_next_check(way: Way) {
    let house = House::with(WATCHFUL).await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;

    house.loses("room", 2).await;

    bob.expects("lost 1").await;
    bob.expects("lost 2").await;
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn corner_16_loss_beyond_history_ends_the_subscription(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let epoch = bob.subscribe("few:x").await["epoch"].as_str().unwrap().to_owned();

    house.loses("few:x", 5).await;
    house.publish("few:x", json!("after")).await;

    expects_insufficient(&mut bob, "few:x").await;
    let reply = bob.recover("few:x", &epoch, 0).await;
    assert_eq!((recovered(&reply), offset_of(&reply)), (None, 6));
    house.publish("few:x", json!("again")).await;
    bob.expects("again").await;
}

async fn corner_17_loss_beyond_history_ends_connections_with_server_side_subscriptions(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by_with(way, &token_with(&house, "few:x")).await;

    house.loses("few:x", 5).await;
    house.publish("few:x", json!("after")).await;

    assert_eq!(bob.close_code().await, 3010);
}

async fn server_side_subscriptions_recover_with_connect(way: Way) {
    let house = House::start().await;
    let token = token_with(&house, "room");
    let mut bob = house.client_by_with(way, &token).await;
    let room = bob.connected["subs"]["room"].clone();
    assert_eq!(room["recoverable"], true);
    house.publish("room", json!("one")).await;
    bob.expects("one").await;
    drop(bob);

    house.publish("room", json!("two")).await;
    let mut back = house.stranger_by(way).await;
    let subs = json!({ "room": { "recover": true, "epoch": room["epoch"], "offset": 1 } });
    let answer = back.ask("connect", json!({ "token": token, "subs": subs })).await.unwrap();

    assert_eq!(recovered(&answer["subs"]["room"]), Some(vec![2]));
    house.publish("room", json!("three")).await;
    back.expects("three").await;
}

async fn corner_29_cache_hands_out_the_newest_value(way: Way) {
    let house = House::with(CACHES).await;
    let nothing = house.client_by(way, "bob").await.recover("cache:empty", "", 0).await;
    assert_eq!((recovered(&nothing), &nothing["was_recovering"]), (None, &json!(true)));

    let epoch = publish_many(&house, "cache:x", 3).await;
    let cases = [
        (3, &*epoch, vec![]),
        (2, &epoch, vec![3]),
        (1, &epoch, vec![3]),
        (0, &epoch, vec![3]),
        (0, "", vec![3]),
        (3, "elsewhen", vec![3]),
        (7, &epoch, vec![3]),
    ];
    for (offset, claimed, expected) in cases {
        let mut bob = house.client_by(way, "bob").await;
        let reply = bob.recover("cache:x", claimed, offset).await;
        assert_eq!(recovered(&reply), Some(expected), "{offset} in {claimed}: {reply}");
        assert_eq!((offset_of(&reply), &reply["epoch"]), (offset, &json!(epoch)), "{reply}");
    }

    let mut fresh = house.client_by(way, "ann").await;
    let reply = fresh.subscribe("cache:x").await;
    assert_eq!((reply.get("was_recovering"), reply.get("publications")), (None, None));
    house.api("history_remove", json!({ "channel": "cache:x" })).await.unwrap();
    for (offset, expected) in [(3, Some(vec![])), (1, None)] {
        let reply = house.client_by(way, "bob").await.recover("cache:x", &epoch, offset).await;
        assert_eq!(recovered(&reply), expected, "{reply}");
    }
    house.publish("cache:x", json!("next")).await;
    fresh.expects("next").await;
}

async fn corner_29_cache_is_handed_out_with_every_subscription_where_it_is_configured(way: Way) {
    let house = House::with(CACHES).await;
    publish_many(&house, "always:x", 3).await;
    let mut bob = house.client_by(way, "bob").await;

    let reply = bob.subscribe("always:x").await;

    assert_eq!((recovered(&reply), &reply["was_recovering"]), (Some(vec![3]), &json!(true)));
    for data in ["four", "five"] {
        house.publish("always:x", json!(data)).await;
        bob.expects(data).await;
    }
}

async fn expects_insufficient(client: &mut Client, channel: &str) {
    let unsubscribe = json!({ "code": 2500, "reason": "insufficient state" });
    assert_eq!(client.next_push().await, json!({ "channel": channel, "unsubscribe": unsubscribe }));
}

/// Publishes the numbers from 1 as a back end; returns the epoch.
async fn publish_many(house: &House, channel: &str, count: u64) -> String {
    let mut epoch = String::new();
    for number in 1..=count {
        (_, epoch) = house.publish(channel, json!(number)).await;
    }
    epoch
}

/// The offsets of what was recovered, if it was. Publications that come with anything else are a lie.
fn recovered(result: &Value) -> Option<Vec<u64>> {
    let publications = result.get("publications").and_then(Value::as_array);
    if result.get("recovered") != Some(&json!(true)) {
        assert_eq!(publications, None, "{result}");
        return None;
    }
    Some(publications.into_iter().flatten().filter_map(|one| one.get("offset")?.as_u64()).collect())
}

/// Zero may be left out.
fn offset_of(result: &Value) -> u64 {
    result.get("offset").and_then(Value::as_u64).unwrap_or_default()
}

fn token_with(house: &House, channel: &str) -> String {
    let mut granted = grant("bob");
    granted.channels.insert(channel.to_owned(), ChannelGrant::default());
    house.sign(&granted)
}
