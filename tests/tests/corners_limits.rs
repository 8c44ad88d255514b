//! Corners of payloads, slow readers, histories and back ends that repeat themselves or go too far (8, 9, 31, 32, 34,
//! 35, 38).
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use serde_json::{Value, json};
use wigwag_tests::client::{Client, Farewell, Way};
use wigwag_tests::house::{API_KEY, House};
use wigwag_tests::patience::until;
use wigwag_tests::raw::Raw;
use wigwag_tests::wire::{Dialect, payloads};
use wigwag_tests::{in_both, in_every};

in_every!(
    corner_32_history_reads_both_ways_within_bounds,
    corner_38_reason_that_cannot_be_told_is_refused,
    corner_38_application_says_why_it_disconnects,
);
in_both!(
    corner_08_payload_arrives_as_it_was_published_but_for_line_breaks,
    corner_31_slow_reader_is_closed_and_its_neighbours_miss_nothing,
    corner_34_repeated_idempotency_key_publishes_once,
    corner_35_version_that_is_not_newer_is_skipped,
    too_many_refused_commands_end_the_connection,
);

async fn corner_08_payload_arrives_as_it_was_published_but_for_line_breaks(way: Way) {
    let house = House::start().await;
    let mut bob = Raw::open_in(way.dialect(), house.address).await;
    let connect = json!({ "id": 1, "connect": { "token": house.token("bob") } });
    bob.tell(way.dialect(), &[connect, json!({ "id": 2, "subscribe": { "channel": "room" } })]).await;
    until("bob listens", || house.node().counts().subscriptions == 1).await;
    let odd = "{\"b\":1,\n\r\n \"a\":1.10,\"b\":123456789012345678901234567890,\"e\":1e400,\
        \"s\":\"\\u00e9 \u{2028}\u{2029}\u{7f}é\\n\\u0000\",\n\"null\" : null }";
    let odd_on_one_line: String = odd.split(['\n', '\r']).collect();

    let body = format!("{{\"channel\":\"room\",\"data\":{odd}}}");
    assert_eq!(house.post("publish", Some(API_KEY), body).await.0, 200);
    let pushed = publication_frame(&mut bob, way.dialect()).await;
    let mut back = Raw::open_in(way.dialect(), house.address).await;
    let connect = json!({ "id": 1, "connect": { "token": house.token("bob") } });
    let recover = json!({ "id": 2, "subscribe": { "channel": "room", "recover": true } });
    back.tell(way.dialect(), &[connect, recover]).await;
    let recovered = publication_frame(&mut back, way.dialect()).await;

    for frame in [pushed, recovered] {
        match way.dialect() {
            Dialect::Json => {
                let text = String::from_utf8(frame).unwrap();
                assert!(text.contains(&format!("{{\"data\":{odd_on_one_line},\"offset\":1")), "{text}");
            }
            Dialect::Protobuf => {
                let [payload] = payloads(&frame).try_into().unwrap();
                let text = String::from_utf8(payload).unwrap();
                assert_eq!(text.split(['\n', '\r']).collect::<String>(), odd_on_one_line);
            }
        }
    }
}

/// The next frame with a publication.
async fn publication_frame(guest: &mut Raw, dialect: Dialect) -> Vec<u8> {
    loop {
        let (_, frame) = guest.next_frame().await.unwrap();
        let is_it = match dialect {
            Dialect::Json => String::from_utf8_lossy(&frame).contains("\"data\":"),
            Dialect::Protobuf => !payloads(&frame).is_empty(),
        };
        if is_it {
            return frame;
        }
    }
}

#[tokio::test]
async fn corner_09_binary_payload_costs_json_subscribers_only() {
    let house = House::start().await;
    let mut in_json = house.client_by(Way::Json, "ann").await;
    let mut in_protobuf = house.client_by(Way::Protobuf, "bob").await;
    let mut publisher = house.client_by(Way::Protobuf, "eve").await;
    in_json.subscribe("live:x").await;
    in_protobuf.subscribe("live:x").await;

    house.api("publish", json!({ "channel": "live:x", "b64data": "AP8=" })).await.unwrap();
    in_protobuf.expects("b64:AP8=").await;
    assert_eq!(in_json.close_code().await, 3506);

    publisher.publish("live:x", json!("b64:/wA=")).await;
    in_protobuf.expects("b64:/wA=").await;
    let mut back = house.client_by(Way::Json, "ann").await;
    back.subscribe("live:x").await;
    house.publish("live:x", json!("words")).await;
    back.expects("words").await;
    in_protobuf.expects("words").await;
}

async fn corner_31_slow_reader_is_closed_and_its_neighbours_miss_nothing(way: Way) {
    const PAYLOAD_BYTES: usize = 32 << 10;
    const PUBLISHED_BYTES_MAX: usize = 64 << 20;
    let house = House::with("[client]\nqueue_bytes_max = \"64 KiB\"").await;
    let mut neighbour = house.client_by(way, "ann").await;
    neighbour.subscribe("live:flood").await;
    let mut deaf = Raw::open_narrow_in(way.dialect(), house.address).await;
    let connect = json!({ "id": 1, "connect": { "token": house.token("eve") } });
    let subscribe = json!({ "id": 2, "subscribe": { "channel": "live:flood" } });
    deaf.tell(way.dialect(), &[connect, subscribe]).await;
    until("both listen", || house.node().counts().subscriptions == 2).await;

    let filler = "x".repeat(PAYLOAD_BYTES);
    let mut published = 0;
    while house.node().counts().sessions == 2 {
        assert!(published * PAYLOAD_BYTES < PUBLISHED_BYTES_MAX, "the queue has no bound");
        let data = json!([published, filler]);
        house.publish("live:flood", data.clone()).await;
        neighbour.expects(data).await;
        published += 1;
    }

    assert_eq!(deaf.close_code().await, 3008);
    house.publish("live:flood", json!("after")).await;
    neighbour.expects("after").await;
}

async fn corner_32_history_reads_both_ways_within_bounds(way: Way) {
    let house = House::start().await;
    let mut epoch = String::new();
    for number in 1..=305 {
        (_, epoch) = house.publish("asked:x", json!(number)).await;
        house.publish("room", json!(number)).await;
    }
    // The stream of `asked:` keeps the newest hundred.
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;
    let since = |offset: u64| json!({ "offset": offset, "epoch": epoch });
    let cases = [
        ("asked:x", json!({}), vec![]),
        ("asked:x", json!({ "limit": 0 }), vec![]),
        ("asked:x", json!({ "limit": -1 }), (206..=305).collect()),
        ("asked:x", json!({ "limit": 2 }), vec![206, 207]),
        ("asked:x", json!({ "limit": 2, "reverse": true }), vec![305, 304]),
        ("asked:x", json!({ "limit": -1, "since": since(303) }), vec![304, 305]),
        ("asked:x", json!({ "limit": -1, "since": since(208), "reverse": true }), vec![207, 206]),
        ("asked:x", json!({ "limit": -1, "since": since(305) }), vec![]),
        ("asked:x", json!({ "limit": -1, "since": since(3_000) }), vec![]),
        ("room", json!({ "limit": -1 }), (1..=300).collect()),
        ("room", json!({ "limit": 1_000 }), (1..=300).collect()),
    ];

    for (channel, mut params, expected) in cases {
        params["channel"] = json!(channel);
        let history = bob.ask("history", params.clone()).await.unwrap();
        let offsets =
            history["publications"].as_array().unwrap().iter().map(|one| one["offset"].as_u64().unwrap());
        assert_eq!(Vec::from_iter(offsets), expected, "{params}");
        assert_eq!(history["offset"], 305);
        assert!(history["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()));
    }

    let elsewhen = json!({ "offset": 1, "epoch": "elsewhen" });
    let refusals = [
        (json!({ "channel": "asked:x", "limit": 1, "since": elsewhen }), 112),
        (json!({ "channel": "asked:x", "limit": 1, "since": { "offset": 0 }, "reverse": true }), 107),
        (json!({ "channel": "live:x" }), 108),
        (json!({ "channel": "another room" }), 103),
        (json!({ "channel": "nowhere:x" }), 102),
    ];
    for (params, code) in refusals {
        assert_eq!(bob.ask("history", params.clone()).await, Err(code), "{params}");
    }
}

async fn corner_34_repeated_idempotency_key_publishes_once(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;
    let keyed =
        |key: &str| house.api("publish", json!({ "channel": "room", "data": key, "idempotency_key": key }));

    let (first, second, third) = tokio::join!(keyed("a"), keyed("a"), keyed("a"));
    let late = keyed("a").await;
    let other = keyed("b").await.unwrap();

    assert_eq!((&second, &third, &late), (&first, &first, &first));
    assert_eq!((&first.unwrap()["offset"], &other["offset"]), (&json!(1), &json!(2)));
    bob.expects("a").await;
    bob.expects("b").await;
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn corner_35_version_that_is_not_newer_is_skipped(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;

    for (version, epoch) in [(5, "a"), (4, "a"), (5, "a"), (6, "a"), (1, "b"), (6, "b"), (2, "b")] {
        let data = format!("{epoch}{version}");
        let params = json!({ "channel": "room", "data": data, "version": version, "version_epoch": epoch });
        house.api("publish", params).await.unwrap();
    }

    for (data, offset) in [("a5", 1), ("a6", 2), ("b1", 3), ("b6", 4)] {
        let publication = bob.publication().await;
        assert_eq!((&publication["data"], &publication["offset"]), (&json!(data), &json!(offset)));
    }
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn corner_38_reason_that_cannot_be_told_is_refused(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let reasons = [r#"{"reconnect":false}"#.to_owned(), "x".repeat(124), "é".repeat(62)];

    for reason in reasons {
        let disconnect = json!({ "code": 4500, "reason": reason });
        let order = json!({ "user": "bob", "disconnect": disconnect });
        assert_eq!(house.api("disconnect", order).await, Err(107), "{reason}");
    }

    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
    assert_eq!(bob.closed(), None);
}

async fn corner_38_application_says_why_it_disconnects(way: Way) {
    let house = House::start().await;
    let mut bystander = house.client_by(way, "ann").await;
    let cases = [
        (json!({ "code": 4500, "reason": "see you" }), (4500, "see you")),
        (Value::Null, (3503, "force disconnect")),
    ];

    for (disconnect, (code, reason)) in cases {
        let mut bob = house.client_by(way, "bob").await;
        let order = json!({ "user": "bob", "disconnect": disconnect });
        assert_eq!(house.api("disconnect", order).await, Ok(json!({})));
        assert_eq!(bob.farewell().await, Farewell { code, reason: reason.to_owned() });
    }

    bystander.subscribe("a").await;
}

async fn too_many_refused_commands_end_the_connection(way: Way) {
    const ERRORS_MAX: usize = 5;
    let house = House::with("[client]\nerrors_max = 5").await;
    let mut clumsy = house.client_by(way, "bob").await;
    let mut others = house.client_by(way, "ann").await;

    for _ in 0..ERRORS_MAX {
        assert_eq!(refused(&mut others).await, Err(103));
        clumsy.say("subscribe", json!({ "channel": "$closed" }));
    }
    clumsy.say("subscribe", json!({ "channel": "$closed" }));

    assert_eq!(clumsy.close_code().await, 3509);
    assert_eq!(others.closed(), None);
}

async fn refused(client: &mut Client) -> Result<Value, u64> {
    client.ask("subscribe", json!({ "channel": "$closed" })).await
}
