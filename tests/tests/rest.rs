//! The server API, probes and metrics, over HTTP.

use serde_json::{Value, json};
use wigwag::telemetry::metrics::{self, TABLE};
use wigwag_tests::house::{API_KEY, House};
use wigwag_tests::patience::until;

#[tokio::test]
async fn published_messages_reach_subscribers_and_have_a_position() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    let first = house.api("publish", json!({ "channel": "room", "data": { "n": 1 } })).await.unwrap();

    assert_eq!(first["offset"], 1);
    assert_eq!(first["epoch"].as_str().map(str::is_empty), Some(false));
    let publication = bob.publication().await;
    assert_eq!((&publication["data"], publication.get("info")), (&json!({ "n": 1 }), None));
    let live = house.api("publish", json!({ "channel": "live:x", "data": 1 })).await;
    assert_eq!(live, Ok(json!({})));
}

#[tokio::test]
async fn message_may_skip_history_carry_tags_or_be_base64() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    let skipped = json!({ "channel": "room", "data": 1, "skip_history": true });
    assert_eq!(house.api("publish", skipped).await, Ok(json!({})));
    assert_eq!(bob.publication().await, json!({ "data": 1 }));

    let tagged = json!({ "channel": "room", "data": 2, "tags": { "kind": "test" } });
    house.api("publish", tagged).await.unwrap();
    assert_eq!(bob.publication().await["tags"], json!({ "kind": "test" }));

    let encoded = json!({ "channel": "room", "data": 3, "b64data": "InRleHQi" });
    house.api("publish", encoded).await.unwrap();
    bob.expects("text").await;
}

#[tokio::test]
async fn null_is_as_good_as_left_out_but_for_data() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    let empty = json!({ "channel": "room", "data": 1, "b64data": "" });
    house.api("publish", empty).await.unwrap();
    bob.expects(1).await;
    let nulls = json!({
        "channel": "room", "data": 2, "b64data": null, "tags": null, "skip_history": null,
        "idempotency_key": null, "version": null, "version_epoch": null,
    });
    assert_eq!(house.api("publish", nulls).await.unwrap()["offset"], 2);
    bob.expects(2).await;
    house.publish("room", Value::Null).await;
    assert_eq!(bob.publication().await, json!({ "data": null, "offset": 3 }));

    let nulls = json!({ "channel": "room", "limit": null, "since": null, "reverse": null });
    let answer = house.api("history", nulls).await.unwrap();
    assert_eq!((&answer["offset"], &answer["publications"]), (&json!(3), &json!([])));
    let nulls = json!({ "channel": "room", "limit": -1, "since": { "offset": null, "epoch": null } });
    let answer = house.api("history", nulls).await.unwrap();
    assert_eq!(answer["publications"].as_array().map(Vec::len), Some(3));
    for (method, params) in [
        ("publish", json!({ "channel": null, "data": 1 })),
        ("publish", json!({ "channel": "room", "b64data": "" })),
        ("publish", json!({ "channel": "room", "data": "" , "b64data": "!" })),
        ("history", json!({ "channel": null })),
        ("presence", json!({ "channel": null })),
    ] {
        assert_eq!(house.api(method, params.clone()).await, Err(107), "{method} {params}");
    }
}

#[tokio::test]
async fn history_before_an_offset_that_is_not_even_the_next_one_is_empty() {
    let house = House::start().await;
    for data in 1..=3 {
        house.publish("room", json!(data)).await;
    }
    let newest_before = async |offset: u64| {
        let since = json!({ "offset": offset });
        let params = json!({ "channel": "room", "limit": -1, "reverse": true, "since": since });
        let answer = house.api("history", params).await.unwrap();
        assert_eq!(answer["offset"], 3);
        answer["publications"].as_array().unwrap().iter().map(|item| item["data"].clone()).collect::<Vec<_>>()
    };

    assert_eq!(newest_before(3).await, [2, 1]);
    assert_eq!(newest_before(4).await, [3, 2, 1]);
    assert_eq!(newest_before(5).await, [] as [Value; 0]);
}

#[tokio::test]
async fn repeated_idempotency_key_publishes_once_and_tells_the_same_position() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let keyed = || house.api("publish", json!({ "channel": "room", "data": 1, "idempotency_key": "k" }));

    let (first, second, third) = tokio::join!(keyed(), keyed(), keyed());
    let late = keyed().await;

    for repeated in [&second, &third, &late] {
        assert_eq!(repeated, &first);
    }
    bob.expects(1).await;
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
    assert_eq!(house.publish("room", json!(2)).await.0, 2);
}

#[tokio::test]
async fn version_that_is_not_newer_is_skipped() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let versions = [(5, "a"), (4, "a"), (5, "a"), (6, "a"), (1, "b")];

    for (version, epoch) in versions {
        let data = format!("{epoch}{version}");
        let params = json!({ "channel": "room", "data": data, "version": version, "version_epoch": epoch });
        house.api("publish", params).await.unwrap();
    }

    for expected in ["a5", "a6", "b1"] {
        bob.expects(expected).await;
    }
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

#[tokio::test]
async fn presence_and_counts_are_read_by_back_ends() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let there = json!({ "channel": "room" });

    let presence = house.api("presence", there.clone()).await.unwrap();
    assert_eq!(presence["presence"][bob.id()]["user"], "bob");
    assert_eq!(house.api("presence_stats", there).await, Ok(json!({ "num_clients": 1, "num_users": 1 })));
    assert_eq!(house.api("presence", json!({ "channel": "live:x" })).await, Err(108));
}

#[tokio::test]
async fn info_counts_connections_users_channels_and_subscriptions() {
    let house = House::start().await;
    let mut clients = [house.client("ann").await, house.client("bob").await, house.client("bob").await];
    for client in &mut clients {
        client.subscribe("room").await;
    }
    clients[0].subscribe("live:x").await;
    let stranger = house.stranger().await;

    let info = house.api("info", json!({})).await.unwrap();

    let node = &info["nodes"][0];
    assert_eq!((&node["num_clients"], &node["num_users"]), (&json!(3), &json!(2)));
    assert_eq!((&node["num_channels"], &node["num_subs"]), (&json!(2), &json!(4)));
    assert_eq!(info["nodes"].as_array().map(Vec::len), Some(1));
    drop(stranger);
}

#[tokio::test]
async fn api_errors_have_their_codes() {
    let house = House::start().await;
    let cases = [
        ("publish", json!({ "channel": "nowhere:x", "data": 1 }), 102),
        ("publish", json!({ "channel": "", "data": 1 }), 107),
        ("publish", json!({ "channel": "room" }), 107),
        ("publish", json!({ "channel": "room", "b64data": "!" }), 107),
        ("history", json!({ "channel": "live:x" }), 108),
        ("history", json!({ "channel": "room", "since": { "offset": 1, "epoch": "elsewhen" } }), 112),
        ("history", json!({ "channel": "room", "reverse": true, "since": { "offset": 0 } }), 107),
        ("presence_stats", json!({ "channel": "nowhere:x" }), 102),
        ("dance", json!({}), 104),
    ];

    for (method, params, code) in cases {
        assert_eq!(house.api(method, params.clone()).await, Err(code), "{method} {params}");
    }
}

#[tokio::test]
async fn api_is_closed_to_those_without_the_key() {
    let house = House::start().await;
    let body = json!({ "channel": "room", "data": 1 }).to_string();

    for key in [None, Some(""), Some("wrong"), Some(&API_KEY[1..])] {
        let (status, problem) = house.post("publish", key, body.as_str()).await;
        assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")), "{key:?}");
    }
    assert_eq!(house.post("publish", Some(API_KEY), body).await.0, 200);
    assert_eq!(house.publish("room", json!(2)).await.0, 2);
}

#[tokio::test]
async fn key_may_come_in_either_header_or_in_the_query() {
    let house = House::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |query: &str| client.post(format!("http://{}/api/info{query}", house.address)).body("{}");
    let requests = [
        post("").header("X-API-Key", API_KEY),
        post("").header("Authorization", format!("apikey {API_KEY}")),
        post(&format!("?api_key={API_KEY}")),
    ];

    for request in requests {
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let bearer = post("").header("Authorization", format!("Bearer {API_KEY}"));
    assert_eq!(bearer.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn malformed_requests_are_refused_as_http() {
    let house = House::start().await;

    for body in ["", "{", "[]", "null", r#"{"channel":1,"data":1}"#, "{\"channel\":\"room\"}{}"] {
        let (status, problem) = house.post("publish", Some(API_KEY), body).await;
        assert_eq!((status, &problem["code"]), (400, &json!("malformed_request")), "{body:?}");
    }
    assert_eq!(house.post("publish", Some(API_KEY), "x".repeat((1 << 20) + 1)).await.0, 413);
    assert_eq!(house.get("/api/publish").await.0, 405);
    let (status, text) = house.get("/nothing/here").await;
    assert_eq!(status, 404);
    assert!(text.contains("\"not_found\""), "{text}");
}

#[tokio::test]
async fn probes_say_that_the_node_is_well() {
    let house = House::start().await;

    assert_eq!(house.get("/livez").await, (200, "ok".into()));
    assert_eq!(house.get("/readyz").await, (200, "ok".into()));
}

#[tokio::test]
async fn every_metric_is_there_and_the_gauges_are_right() {
    let house = House::start().await;
    let mut clients = Vec::new();
    for user in ["ann", "bob", "bob"] {
        let mut client = house.client(user).await;
        client.subscribe("room").await;
        clients.push(client);
    }
    clients[0].subscribe("live:x").await;
    let stranger = house.stranger().await;
    let mut unruly = house.client("eve").await;
    unruly.send_raw("{}");
    assert_eq!(unruly.close_code().await, 3501);
    assert_eq!(house.knock("/connection/websocket", &[("Origin", "null")]).await.status(), 403);
    house.publish("room", json!(1)).await;
    until("the unruly one has left", || house.node().counts().sessions == 4).await;

    let (status, text) = house.get("/metrics").await;

    assert_eq!(status, 200);
    for row in TABLE.iter().filter(|row| row.is_always_there()) {
        assert!(text.contains(&format!("# HELP {} {}", row.name, row.help)), "{} is missing", row.name);
    }
    assert_eq!(gauge(&text, metrics::SESSIONS), Some(4.0));
    assert_eq!(gauge(&text, metrics::CONNECTIONS), Some(3.0));
    assert_eq!(gauge(&text, metrics::SUBSCRIPTIONS), Some(4.0));
    assert_eq!(gauge(&text, metrics::CHANNELS), Some(2.0));
    drop(stranger);
}

fn gauge(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
