//! From the upgrade to the end of a connection, over real sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use wigwag_tests::client::{ABNORMAL, Client, Manners};
use wigwag_tests::house::{House, grant, sub_grant};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn token_opens_a_connection_that_will_be_pinged() {
    let house = House::start().await;

    let bob = house.client("bob").await;

    assert_eq!(bob.id().len(), 36);
    assert_eq!(bob.connected["ping"], 25);
    assert_eq!(bob.connected["pong"], true);
    assert_eq!(bob.connected.get("expires"), None);
}

#[tokio::test]
async fn nobody_in_particular_may_connect_only_where_anonymous_connections_are_allowed() {
    let strict = House::with("[client]\nanonymous_tokens = false").await;
    let usual = House::start().await;
    let open = House::with("[client]\nanonymous = true\nanonymous_tokens = false").await;

    let mut refused = strict.stranger().await;
    refused.say("connect", json!({}));
    let mut nameless = strict.stranger().await;
    nameless.say("connect", json!({ "token": strict.token("") }));

    assert_eq!(refused.close_code().await, 3501);
    assert_eq!(nameless.close_code().await, 3507);
    assert!(usual.stranger().await.connect(&usual.token("")).await.is_ok());
    assert!(open.stranger().await.connect("").await.is_ok());
    assert!(open.stranger().await.connect(&open.token("")).await.is_ok());
}

#[tokio::test]
async fn forged_tokens_end_the_connection_for_good() {
    let house = House::start().await;
    let mut stale = grant("bob");
    stale.expire_at = Some(house.after(Duration::ZERO));
    let forged_and_stale = format!("{}x", house.sign(&stale));
    let tokens = [
        "nonsense".to_owned(),
        format!("{}x", house.token("bob")),
        forged_and_stale,
        house.sub_token("bob", "$x"),
    ];

    for token in tokens {
        let mut client = house.stranger().await;
        client.say("connect", json!({ "token": token }));

        assert_eq!(client.close_code().await, 3500, "{token}");
    }
}

#[tokio::test]
async fn expired_token_is_one_error_reply_and_the_rest_of_the_frame_is_dropped() {
    let house = House::start().await;
    let mut stale = grant("bob");
    stale.expire_at = Some(house.after(Duration::ZERO));
    let mut client = house.stranger().await;

    let token = house.sign(&stale);
    let [connect, _, _] = client.say_together([
        ("connect", json!({ "token": token })),
        ("subscribe", json!({ "channel": "a" })),
        ("subscribe", json!({ "channel": "b" })),
    ]);

    assert_eq!(
        client.next().await,
        json!({ "id": connect, "error": { "code": 109, "message": "token expired" } })
    );
    assert_eq!(client.close_code().await, ABNORMAL);
    house.is_empty().await;
}

#[tokio::test]
async fn first_frame_may_hold_connect_and_subscribes_of_which_one_is_forbidden() {
    let house = House::start().await;
    let mut bob = house.stranger().await;

    let [connect, first, forbidden, second] = bob.say_together([
        ("connect", json!({ "token": house.token("bob") })),
        ("subscribe", json!({ "channel": "a" })),
        ("subscribe", json!({ "channel": "closed:b" })),
        ("subscribe", json!({ "channel": "c" })),
    ]);

    let mut order = Vec::new();
    for _ in 0..4 {
        let reply = bob.next().await;
        order.push((reply["id"].clone(), reply.get("error").map(|error| error["code"].clone())));
    }
    let expected = [(connect, None), (first, None), (forbidden, Some(103)), (second, None)];
    assert_eq!(order, expected.map(|(id, code)| (id.into(), code.map(Value::from))));
    house.publish("a", json!(1)).await;
    bob.expects(1).await;
    house.publish("c", json!(2)).await;
    bob.expects(2).await;
}

#[tokio::test]
async fn what_is_out_of_order_ends_the_connection() {
    let house = House::start().await;

    let mut early = house.stranger().await;
    early.say("subscribe", json!({ "channel": "a" }));
    assert_eq!(early.close_code().await, 3501);

    let mut twice = house.client("bob").await;
    twice.say("connect", json!({ "token": house.token("bob") }));
    assert_eq!(twice.close_code().await, 3501);

    let mut eager = house.client("bob").await;
    eager.send_raw("{}");
    assert_eq!(eager.close_code().await, 3501);
}

#[tokio::test]
async fn unserved_commands_are_refused_or_end_the_connection() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    assert_eq!(bob.ask("rpc", json!({ "method": "x" })).await, Err(108));

    for (command, code) in [("ping", 3501), ("dance", 3501), ("send", 3508)]
        .map(|(method, code)| (json!({ "id": 9, method: {} }), code))
    {
        let mut bob = house.client("bob").await;
        bob.send_raw(command.to_string());

        assert_eq!(bob.close_code().await, code, "{command}");
    }
}

#[tokio::test]
async fn silent_socket_is_closed_as_stale() {
    let house = House::with("[client]\nstale_timeout = \"1s\"").await;

    assert_eq!(house.stranger().await.close_code().await, 3502);
    house.is_empty().await;
}

#[tokio::test]
async fn client_that_never_pongs_is_closed_and_one_that_does_stays() {
    let house = House::with("[client]\nping_interval = \"2s\"\npong_timeout = \"1s\"").await;
    let mut polite = house.client("ann").await;
    let mut mute = Client::open(house.address, Manners::NeverAnswers).await;
    mute.connect(&house.token("bob")).await.unwrap();

    assert_eq!(mute.close_code().await, 3012);

    polite.subscribe("a").await;
    assert_eq!(polite.closed(), None);
}

#[tokio::test]
async fn expired_connection_is_closed_and_a_refreshed_one_stays() {
    let house = House::with("[client]\nexpiry_grace = \"100ms\"").await;
    let mut brief = grant("bob");
    brief.expire_at = Some(house.after(3 * SECOND));
    let brief = house.sign(&brief);
    let mut lasting = grant("bob");
    lasting.expire_at = Some(house.after(3_600 * SECOND));

    let mut left = house.client_with(&brief).await;
    let mut refreshed = house.client_with(&brief).await;
    assert_eq!(left.connected["expires"], true);
    assert!((1..=3).contains(&left.connected["ttl"].as_u64().unwrap()));
    let answer = refreshed.ask("refresh", json!({ "token": house.sign(&lasting) })).await.unwrap();

    assert_eq!(answer["expires"], true);
    assert!((3_590..=3_600).contains(&answer["ttl"].as_u64().unwrap()));
    assert_eq!(left.close_code().await, 3005);
    refreshed.subscribe("a").await;
}

#[tokio::test]
async fn token_without_expiry_makes_a_connection_permanent() {
    let house = House::start().await;
    let mut brief = grant("bob");
    brief.expire_at = Some(house.after(60 * SECOND));
    let mut bob = house.client_with(&house.sign(&brief)).await;

    let answer = bob.ask("refresh", json!({ "token": house.token("bob") })).await.unwrap();

    assert_eq!(answer.get("expires"), None);
    assert_eq!(answer.get("ttl"), None);
}

#[tokio::test]
async fn refresh_with_an_unfit_token_ends_the_connection() {
    let house = House::start().await;
    let mut stale = grant("bob");
    stale.expire_at = Some(house.after(Duration::ZERO));
    let cases = [
        (house.token("eve"), 3500),
        ("nonsense".to_owned(), 3500),
        (house.sub_token("bob", "a"), 3500),
        (house.sign(&stale), 3005),
        (String::new(), 3501),
    ];

    for (token, code) in cases {
        let mut bob = house.client("bob").await;
        bob.say("refresh", json!({ "token": token }));

        assert_eq!(bob.close_code().await, code, "{token}");
    }
}

#[tokio::test]
async fn token_subscribes_to_its_channels_and_recovers_them() {
    let house = House::start().await;
    let token = house.sign(&with_channels("bob", &["news", "live:x"]));
    let mut bob = house.client_with(&token).await;
    let news = bob.connected["subs"]["news"].clone();
    assert_eq!((&news["recoverable"], news.get("offset")), (&json!(true), None));
    assert!(bob.connected["subs"].get("live:x").is_some());
    house.publish("news", json!("one")).await;
    bob.expects("one").await;
    assert_eq!(bob.ask("subscribe", json!({ "channel": "news" })).await, Err(105));
    drop(bob);

    house.publish("news", json!("two")).await;
    let epoch = news["epoch"].as_str().unwrap();
    let mut back = house.stranger().await;
    let subs = json!({ "news": { "recover": true, "epoch": epoch, "offset": 1 } });
    let answer = back.ask("connect", json!({ "token": token, "subs": subs })).await.unwrap();

    let news = &answer["subs"]["news"];
    assert_eq!((&news["recovered"], &news["was_recovering"]), (&json!(true), &json!(true)));
    assert_eq!(news["publications"], json!([{ "data": "two", "offset": 2 }]));
    house.publish("news", json!("three")).await;
    back.expects("three").await;
}

#[tokio::test]
async fn token_with_unfit_channels_is_refused() {
    let house = House::with("[client]\nchannels_max = 2").await;
    let unknown = house.sign(&with_channels("bob", &["nowhere:x"]));
    let misnamed = house.sign(&with_channels("bob", &["räum"]));
    let many = house.sign(&with_channels("bob", &["a", "b", "c"]));

    assert_eq!(house.stranger().await.connect(&unknown).await, Err(102));
    assert_eq!(house.stranger().await.connect(&misnamed).await, Err(107));
    let mut greedy = house.stranger().await;
    greedy.say("connect", json!({ "token": many }));
    assert_eq!(greedy.close_code().await, 3505);
}

#[tokio::test]
async fn subscription_token_is_no_connection_token_whatever_else_it_says() {
    let house = House::start().await;
    for left in [60 * SECOND, Duration::ZERO] {
        let mut pass = sub_grant("bob", "$vault");
        pass.expire_at = Some(house.after(left));
        let mut bob = house.stranger().await;

        bob.say("connect", json!({ "token": house.sign_sub(&pass) }));

        assert_eq!(bob.close_code().await, 3500);
    }
}

#[tokio::test]
async fn commands_before_garbage_are_carried_out_and_those_behind_it_are_not() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("live:x").await;
    let token = house.sign(&with_channels("bob", &["room", "hall:x"]));
    let mut bob = house.stranger().await;
    let publish = |id: u32, data: &str| json!({ "id": id, "publish": { "channel": "live:x", "data": data } });
    let lines = [
        json!({ "id": 1, "connect": { "token": token } }).to_string(),
        publish(2, "before").to_string(),
        "garbage".to_owned(),
        publish(3, "behind").to_string(),
    ];

    bob.send_raw(lines.join("\n"));
    bob.send_raw(publish(4, "later").to_string());

    assert!(bob.answer(1).await.is_ok());
    assert_eq!(bob.answer(2).await, Ok(json!({})));
    assert_eq!(bob.close_code().await, 3501);
    ann.expects("before").await;
    assert_eq!(ann.pushes_so_far().await, [] as [Value; 0]);
}

#[tokio::test]
async fn refreshed_info_is_seen_in_presence_and_publications() {
    let house = House::start().await;
    let with_info = |info: &str| {
        let mut bob = grant("bob");
        bob.info = Some(info.to_owned().into());
        house.sign(&bob)
    };
    let mut bob = house.client_with(&with_info(r#"{"mood":"fine"}"#)).await;
    let mut ann = house.client("ann").await;
    ann.subscribe("hall:x").await;
    ann.subscribe("room").await;
    bob.subscribe("hall:x").await;
    bob.subscribe("room").await;
    bob.pushes_so_far().await;
    ann.pushes_so_far().await;

    bob.ask("refresh", json!({ "token": with_info(r#"{"mood":"tired"}"#) })).await.unwrap();

    let info = json!({ "user": "bob", "client": bob.id(), "conn_info": { "mood": "tired" } });
    let presence = bob.ask("presence", json!({ "channel": "hall:x" })).await.unwrap();
    assert_eq!(presence["presence"][bob.id()], info);
    assert_eq!(ann.pushes_so_far().await, [] as [Value; 0]);
    bob.publish("room", json!(1)).await;
    assert_eq!(ann.publication().await["info"], info);
}

#[tokio::test]
async fn upgrade_without_websocket_is_refused_with_426() {
    let house = House::start().await;

    let response = house.get_with("/connection/websocket", &[]).await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(house.knock("/connection/websocket", &[]).await.status(), 101);
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect_unless_they_are_listed() {
    let house = House::with("[server]\nallowed_origins = [\"https://*.example.com\"]").await;
    let own = format!("http://{}", house.address);
    let cases = [
        ("https://app.example.com", 101),
        (own.as_str(), 101),
        ("https://example.org", 403),
        ("https://app.example.com.evil.org", 403),
        ("null", 403),
    ];

    for (origin, status) in cases {
        let response = house.knock("/connection/websocket", &[("Origin", origin)]).await;
        assert_eq!(response.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn sub_protocol_is_echoed_only_if_it_was_offered_and_is_known() {
    let house = House::start().await;
    let path = "/connection/websocket";
    let offered = |name| [("Sec-WebSocket-Protocol", name)];

    let json = house.knock(path, &offered("centrifuge-json")).await;
    assert_eq!(json.headers()["sec-websocket-protocol"], "centrifuge-json");
    let among_others = house.knock(path, &offered("chat, centrifuge-json")).await;
    assert_eq!(among_others.headers()["sec-websocket-protocol"], "centrifuge-json");
    for response in [house.knock(path, &[]).await, house.knock(path, &offered("chat")).await] {
        assert_eq!(response.status(), 101);
        assert!(response.headers().get("sec-websocket-protocol").is_none());
    }
    let protobuf = house.knock(path, &offered("centrifuge-protobuf")).await;
    assert_eq!(protobuf.headers()["sec-websocket-protocol"], "centrifuge-protobuf");
    let unknown_parameters = house.knock(&format!("{path}?cf_protocol_version=v2&x=1"), &[]).await;
    assert_eq!(unknown_parameters.status(), 101);
}

#[tokio::test]
async fn node_takes_no_more_connections_than_it_may() {
    let house = House::with("[server]\nconnections_max = 1").await;
    let bob = house.client("bob").await;

    let refused = house.knock("/connection/websocket", &[]).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));

    drop(bob);
    house.is_empty().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("a").await;
}

#[tokio::test]
async fn stopping_node_closes_its_connections_with_shutdown() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    let (code, ()) = tokio::join!(bob.close_code(), house.stop());

    assert_eq!(code, 3001);
}

fn with_channels(user: &str, channels: &[&str]) -> ports::access::ConnectionGrant {
    let mut granted = grant(user);
    let channels = channels.iter().map(|name| ((*name).to_owned(), ports::access::ChannelGrant::default()));
    granted.channels = BTreeMap::from_iter(channels);
    granted
}
