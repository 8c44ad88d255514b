//! Streams, positions and what comes back after an absence, over real sockets.

use serde_json::{Value, json};
use wigwag_tests::house::House;
use wigwag_tests::patience::until;

#[tokio::test]
async fn first_subscription_says_where_the_stream_is() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    let empty = bob.subscribe("room").await;
    let (offset, epoch) = house.publish("room", json!(1)).await;
    let mut ann = house.client("ann").await;
    let later = ann.subscribe("room").await;

    assert_eq!(offset, 1);
    assert_eq!(empty, json!({ "recoverable": true, "positioned": true, "epoch": epoch }));
    assert_eq!(later, json!({ "recoverable": true, "positioned": true, "epoch": epoch, "offset": 1 }));
}

#[tokio::test]
async fn everything_missed_comes_with_the_reply_in_order() {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 5).await;
    let cases = [(5, vec![]), (4, vec![5]), (2, vec![3, 4, 5]), (0, vec![1, 2, 3, 4, 5])];

    for (offset, missed) in cases {
        let mut bob = house.client("bob").await;
        let reply = bob.recover("room", &epoch, offset).await;

        assert_eq!((&reply["was_recovering"], &reply["recovered"]), (&json!(true), &json!(true)), "{offset}");
        assert_eq!(reply.get("offset").and_then(Value::as_u64).unwrap_or_default(), offset);
        assert_eq!(offsets(&reply), missed);
        assert_eq!(reply["epoch"], epoch);
    }
}

#[tokio::test]
async fn position_that_the_stream_never_had_is_not_recovered() {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 5).await;
    let cases = [(6, epoch.as_str()), (1_000_000, &epoch), (5, "elsewhen"), (3, "elsewhen"), (0, "_")];

    for (offset, claimed) in cases {
        let mut bob = house.client("bob").await;
        let reply = bob.recover("room", claimed, offset).await;

        assert_eq!(is_recovered(&reply), Some(false), "{offset} {claimed}");
        assert_eq!((&reply["offset"], &reply["epoch"]), (&json!(5), &json!(epoch)));
        assert_eq!(reply.get("publications"), None);
    }
}

#[tokio::test]
async fn lost_position_is_still_a_subscription() {
    let house = House::start().await;
    publish_many(&house, "room", 1).await;
    let mut bob = house.client("bob").await;
    bob.recover("room", "elsewhen", 1).await;

    house.publish("room", json!("on")).await;

    bob.expects("on").await;
}

#[tokio::test]
async fn empty_epoch_is_not_compared() {
    let house = House::start().await;
    publish_many(&house, "room", 3).await;
    let mut bob = house.client("bob").await;

    let reply = bob.recover("room", "", 1).await;

    assert_eq!((is_recovered(&reply), offsets(&reply)), (Some(true), vec![2, 3]));
}

#[tokio::test]
async fn trimmed_history_recovers_only_those_who_missed_no_more_than_it_holds() {
    let house = House::start().await;
    let epoch = publish_many(&house, "few:x", 10).await;

    for (offset, recovered) in [(6, false), (0, false), (7, true), (10, true)] {
        let mut bob = house.client("bob").await;
        let reply = bob.recover("few:x", &epoch, offset).await;

        assert_eq!(is_recovered(&reply), Some(recovered), "{offset}");
    }
}

#[tokio::test]
async fn three_hundred_missed_come_back_and_one_more_does_not() {
    let house = House::start().await;
    let epoch = publish_many(&house, "room", 301).await;

    let mut near = house.client("ann").await;
    let reply = near.recover("room", &epoch, 1).await;
    assert_eq!((is_recovered(&reply), offsets(&reply)), (Some(true), (2..=301).collect()));

    let mut far = house.client("bob").await;
    assert_eq!(is_recovered(&far.recover("room", &epoch, 0).await), Some(false));
}

#[tokio::test]
async fn backlog_larger_than_half_the_queue_is_not_recovered() {
    let house = House::with("[client]\nqueue_bytes_max = \"64 KiB\"").await;
    let mut epoch = String::new();
    for _ in 0..40 {
        (_, epoch) = house.publish("room", json!("x".repeat(1_024))).await;
    }

    let mut far = house.client("ann").await;
    assert_eq!(is_recovered(&far.recover("room", &epoch, 0).await), Some(false));
    let mut near = house.client("bob").await;
    assert_eq!(is_recovered(&near.recover("room", &epoch, 20).await), Some(true));
}

#[tokio::test]
async fn when_history_has_expired_only_the_top_is_recovered() {
    let house = House::start().await;
    let epoch = publish_many(&house, "brief:x", 3).await;
    let mut bob = house.client("bob").await;
    let mut left = 3;
    let begin = tokio::time::Instant::now();
    while left > 0 {
        assert!(begin.elapsed().as_secs() < 15, "history does not expire");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let history = house.api("history", json!({ "channel": "brief:x", "limit": -1 })).await.unwrap();
        left = offsets(&history).len();
    }

    assert_eq!(is_recovered(&bob.recover("brief:x", &epoch, 3).await), Some(true));
    bob.ask("unsubscribe", json!({ "channel": "brief:x" })).await.unwrap();
    assert_eq!(is_recovered(&bob.recover("brief:x", &epoch, 2).await), Some(false));
}

#[tokio::test]
async fn client_may_rather_be_refused_than_told_that_it_lost_its_position() {
    let house = House::start().await;
    let epoch = publish_many(&house, "few:x", 10).await;
    let ask = |offset: u64| json!({ "channel": "few:x", "recover": true, "epoch": epoch, "offset": offset, "flag": 2 });
    let mut bob = house.client("bob").await;

    assert_eq!(bob.ask("subscribe", ask(1)).await, Err(112));
    let reply = bob.ask("subscribe", ask(9)).await.unwrap();
    assert_eq!(offsets(&reply), [10]);
}

#[tokio::test]
async fn recovery_on_request_is_given_to_those_who_ask() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    assert_eq!(bob.subscribe("asked:a").await.get("recoverable"), None);
    let recoverable = json!({ "channel": "asked:b", "recoverable": true });
    assert_eq!(bob.ask("subscribe", recoverable).await.unwrap()["recoverable"], true);
    let positioned = bob.ask("subscribe", json!({ "channel": "asked:c", "positioned": true })).await.unwrap();
    assert_eq!((&positioned["positioned"], positioned.get("recoverable")), (&json!(true), None));
}

#[tokio::test]
async fn restarted_node_has_a_new_epoch_and_claims_nothing() {
    let before = House::start().await;
    let epoch = publish_many(&before, "room", 3).await;
    before.stop().await;
    let after = House::start().await;
    let mut bob = after.client("bob").await;

    let reply = bob.recover("room", &epoch, 3).await;

    assert_eq!(is_recovered(&reply), Some(false));
    assert_ne!(reply["epoch"], epoch);
}

#[tokio::test]
async fn history_reads_both_ways_within_bounds() {
    let house = House::start().await;
    let epoch = publish_many(&house, "asked:x", 5).await;
    let mut bob = house.client("bob").await;
    let since = |offset: u64| json!({ "offset": offset, "epoch": epoch });
    let cases = [
        (json!({}), vec![]),
        (json!({ "limit": 0 }), vec![]),
        (json!({ "limit": -1 }), vec![1, 2, 3, 4, 5]),
        (json!({ "limit": 1000 }), vec![1, 2, 3, 4, 5]),
        (json!({ "limit": 2 }), vec![1, 2]),
        (json!({ "limit": 2, "reverse": true }), vec![5, 4]),
        (json!({ "limit": -1, "since": since(3) }), vec![4, 5]),
        (json!({ "limit": -1, "since": since(3), "reverse": true }), vec![2, 1]),
        (json!({ "limit": -1, "since": since(0) }), vec![1, 2, 3, 4, 5]),
        (json!({ "limit": -1, "since": since(5) }), vec![]),
        (json!({ "limit": -1, "since": since(50) }), vec![]),
    ];

    for (mut params, expected) in cases {
        params["channel"] = json!("asked:x");
        let mut by_client = bob.ask("history", params.clone()).await.unwrap();
        let by_back_end = house.api("history", params.clone()).await.unwrap();

        assert_eq!(offsets(&by_client), expected, "{params}");
        assert_eq!((&by_client["offset"], &by_client["epoch"]), (&json!(5), &json!(epoch)));
        assert_eq!(by_client.take(), by_back_end);
    }
}

#[tokio::test]
async fn clients_read_at_most_three_hundred_at_a_time_and_back_ends_all() {
    let house = House::start().await;
    publish_many(&house, "room", 310).await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    for limit in [-1, 1000] {
        let params = json!({ "channel": "room", "limit": limit });
        assert_eq!(offsets(&bob.ask("history", params.clone()).await.unwrap()), Vec::from_iter(1..=300));
        assert_eq!(offsets(&house.api("history", params).await.unwrap()), Vec::from_iter(1..=310));
    }
}

#[tokio::test]
async fn history_is_refused_for_one_reason_each() {
    let house = House::start().await;
    publish_many(&house, "asked:x", 1).await;
    let mut bob = house.client("bob").await;
    let elsewhen = json!({ "offset": 1, "epoch": "elsewhen" });
    let cases = [
        (json!({ "channel": "live:x" }), 108),
        (json!({ "channel": "room" }), 103),
        (json!({ "channel": "nowhere:x" }), 102),
        (json!({ "channel": "asked:x", "limit": 1, "since": elsewhen }), 112),
        (json!({ "channel": "asked:x", "limit": 1, "since": { "offset": 0 }, "reverse": true }), 107),
    ];

    for (params, code) in cases {
        assert_eq!(bob.ask("history", params.clone()).await, Err(code), "{params}");
    }
    bob.say("history", json!({ "channel": "" }));
    assert_eq!(bob.close_code().await, 3501);
}

#[tokio::test]
async fn publications_that_race_a_subscription_come_exactly_once_and_in_order() {
    const ROUNDS: usize = 60;
    const PUBLICATIONS: u64 = 8;
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    let mut caught = 0;

    for round in 0..ROUNDS {
        let channel = format!("race-{round}");
        let publishing = publish_many(&house, &channel, PUBLICATIONS);
        let subscribing = async {
            for _ in 0..round % 20 {
                tokio::task::yield_now().await;
            }
            bob.subscribe(&channel).await
        };
        let (epoch, reply) = tokio::join!(publishing, subscribing);

        assert_eq!(reply["epoch"], epoch);
        let from = reply.get("offset").and_then(Value::as_u64).unwrap_or_default();
        for offset in from + 1..=PUBLICATIONS {
            assert_eq!(bob.publication().await["offset"], offset, "round {round}");
            caught += 1;
        }
        assert_eq!(bob.pushes_so_far().await, [] as [Value; 0], "round {round}");
    }
    assert!(caught > 0, "no publication came after a reply");
}

#[tokio::test]
async fn publications_that_race_a_recovery_come_exactly_once_and_in_order() {
    const ROUNDS: usize = 60;
    const PUBLICATIONS: u64 = 8;
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    for round in 0..ROUNDS {
        let channel = format!("race-{round}");
        let epoch = bob.subscribe(&channel).await["epoch"].as_str().unwrap().to_owned();
        bob.ask("unsubscribe", json!({ "channel": channel })).await.unwrap();
        let publishing = publish_many(&house, &channel, PUBLICATIONS);
        let (_, reply) = tokio::join!(publishing, bob.recover(&channel, &epoch, 0));

        assert_eq!(is_recovered(&reply), Some(true));
        let mut heard = offsets(&reply);
        while heard.len() < 8 {
            heard.extend(bob.publication().await["offset"].as_u64());
        }
        assert_eq!(heard, Vec::from_iter(1..=PUBLICATIONS), "round {round}");
        assert_eq!(bob.pushes_so_far().await, [] as [Value; 0], "round {round}");
    }
}

#[tokio::test]
async fn lingering_channel_is_let_go_and_taken_up_again() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    bob.ask("unsubscribe", json!({ "channel": "room" })).await.unwrap();
    until("the channel is let go", || house.node().counts().channels == 0).await;

    bob.subscribe("room").await;
    house.publish("room", json!("again")).await;

    bob.expects("again").await;
}

/// Publishes the numbers from 1 as a back end; returns the epoch.
async fn publish_many(house: &House, channel: &str, count: u64) -> String {
    let mut epoch = String::new();
    for number in 1..=count {
        (_, epoch) = house.publish(channel, json!(number)).await;
    }
    epoch
}

fn offsets(result: &Value) -> Vec<u64> {
    let publications = result.get("publications").and_then(Value::as_array).into_iter().flatten();
    publications.filter_map(|publication| publication.get("offset")?.as_u64()).collect()
}

/// False may be left out.
fn is_recovered(result: &Value) -> Option<bool> {
    result.get("was_recovering")?;
    Some(result.get("recovered").and_then(Value::as_bool).unwrap_or(false))
}
