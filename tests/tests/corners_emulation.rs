//! Corners of the emulated transports (37), and that they are as good as a socket.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use reqwest::Response;
use serde_json::{Value, json};
use wigwag_tests::client::{Client, Manners, Way, open_stream};
use wigwag_tests::house::{House, grant};
use wigwag_tests::patience::within;
use wigwag_tests::wire::Frame;
use wigwag_tests::{in_both, in_emulation};

in_emulation!(
    corner_37_post_to_a_session_that_is_not_here_changes_nothing,
    corner_37_only_the_secret_of_a_session_speaks_for_it,
    session_is_told_where_to_post,
    emulated_client_subscribes_publishes_and_hears,
    emulated_client_answers_pings_by_post,
    commands_of_one_post_keep_their_order,
    malformed_post_ends_its_session,
    forged_tokens_end_the_stream_with_their_code,
    stopping_node_says_so_in_the_stream,
    dropped_stream_leaves_nothing_behind,
    refused_origins_get_nothing,
    larger_posts_than_allowed_are_refused,
);
in_both!(sockets_have_no_session_to_post_to);

/// Pings that come soon.
const QUICK: &str = "[client]\nping_interval = \"1100ms\"\npong_timeout = \"1s\"";

async fn corner_37_post_to_a_session_that_is_not_here_changes_nothing(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let (session, node) = bearer(&bob);
    let unknown = "6f1c2b34-0000-4000-8000-000000000000";
    let subscribe = || way.dialect().frame(&[json!({ "id": 9, "subscribe": { "channel": "room" } })]);
    let gone = house.client_by(way, "gone").await;
    let (dead, _) = bearer(&gone);
    drop(gone);
    wigwag_tests::patience::until("it is gone", || house.node().counts().sessions == 1).await;

    assert_eq!(house.emulate(&session, unknown, subscribe()).await, 404, "another node");
    assert_eq!(house.emulate(unknown, &node, subscribe()).await, 500, "a session that never was");
    assert_eq!(house.emulate(&dead, &node, subscribe()).await, 500, "a dead session");
    assert_eq!(house.node().counts().subscriptions, 0);
    assert_eq!(house.emulate(&session, &node, subscribe()).await, 204);
    assert!(bob.answer(9).await.is_ok());
}

async fn corner_37_only_the_secret_of_a_session_speaks_for_it(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let eve = house.client_by(way, "eve").await;
    let (session, node) = bearer(&bob);
    let pong = || way.dialect().frame(&[json!({})]);
    assert_ne!(session, bearer(&eve).0);
    assert_ne!(session, bob.id(), "the id is known to others");

    // An unasked pong would end bob's connection, if it were taken for his.
    for guess in [bob.id(), eve.id(), "bob", "", &session[..35]] {
        let status = house.emulate(guess, &node, pong()).await;
        assert!(matches!(status, 400 | 500), "{guess}: {status}");
    }

    bob.subscribe("room").await;
    assert_eq!(bob.closed(), None);
    assert_eq!(house.emulate(&bearer(&eve).0, &node, pong()).await, 204);
    bob.pushes_so_far().await;
}

async fn session_is_told_where_to_post(way: Way) {
    let house = House::start().await;

    let bob = house.client_by(way, "bob").await;

    let (session, node) = bearer(&bob);
    assert_eq!(session.len(), 36);
    assert!(!node.is_empty());
    assert_eq!((&bob.connected["ping"], &bob.connected["pong"]), (&json!(25), &json!(true)));
}

async fn sockets_have_no_session_to_post_to(way: Way) {
    let house = House::start().await;

    let bob = house.client_by(way, "bob").await;

    assert_eq!((bob.connected.get("session"), bob.connected.get("node")), (None, None));
}

async fn emulated_client_subscribes_publishes_and_hears(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let mut socket = house.client_by(Way::Json, "ann").await;
    let reply = bob.subscribe("room").await;
    socket.subscribe("room").await;

    bob.publish("room", json!({ "text": "hi" })).await;
    socket.publish("room", json!("hello")).await;

    for client in [&mut bob, &mut socket] {
        let first = client.publication().await;
        assert_eq!((&first["data"], &first["offset"]), (&json!({ "text": "hi" }), &json!(1)));
        assert_eq!(first["info"]["user"], "bob");
        client.expects("hello").await;
    }
    let mut again = house.client_by(way, "bob").await;
    let reply = again.recover("room", reply["epoch"].as_str().unwrap(), 1).await;
    assert_eq!(reply["publications"][0]["data"], "hello");
}

async fn emulated_client_answers_pings_by_post(way: Way) {
    let house = House::with(QUICK).await;
    let mut bob = house.client_by(way, "bob").await;

    bob.hears_pings(2).await;

    bob.subscribe("room").await;
    house.publish("room", json!("still here")).await;
    bob.expects("still here").await;
}

async fn commands_of_one_post_keep_their_order(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("room").await;
    let publish = |number: u32| ("publish", json!({ "channel": "room", "data": number }));

    bob.say_together([1, 2, 3, 4, 5].map(publish));

    for number in 1..=5 {
        bob.expects(number).await;
    }
}

async fn malformed_post_ends_its_session(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let (session, node) = bearer(&bob);
    let garbage = match way.dialect().frame(&[]) {
        Frame::Text(_) => Frame::Text("garbage".into()),
        Frame::Bytes(_) => Frame::Bytes(vec![0x02, 0x0f, 0x00]),
    };

    assert!(matches!(house.emulate(&session, &node, garbage).await, 204 | 400));

    assert_eq!(bob.close_code().await, 3501);
    for (kind, body) in
        [("application/json", "{"), ("application/json", ""), ("application/octet-stream", "\u{7}")]
    {
        let response = house.post_to("/emulation", &[("content-type", kind)], body).await;
        assert_eq!(response.status(), 400, "{kind} {body}");
    }
}

async fn forged_tokens_end_the_stream_with_their_code(way: Way) {
    let house = House::start().await;
    let mut eve = house.stranger_by(way).await;

    eve.say("connect", json!({ "token": "forged" }));

    assert_eq!(eve.close_code().await, 3500);
    let mut early = house.stranger_by(way).await;
    early.say("subscribe", json!({ "channel": "a" }));
    assert_eq!(early.close_code().await, 3501);
    let mut clumsy = house.stranger_by(way).await;
    clumsy.send_raw("{");
    assert_eq!(clumsy.close_code().await, 3501);
    let mut late = grant("bob");
    late.expire_at = Some(house.after(std::time::Duration::ZERO));
    assert_eq!(house.stranger_by(way).await.connect(&house.sign(&late)).await, Err(109));
}

async fn stopping_node_says_so_in_the_stream(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("live:x").await;
    house.publish("live:x", json!("last words")).await;

    let (last_words, ()) = tokio::join!(bob.last_words(), house.stop());

    assert_eq!(last_words, [json!({ "push": { "channel": "live:x", "pub": { "data": "last words" } } })]);
    assert_eq!(bob.close_code().await, 3001);
}

async fn dropped_stream_leaves_nothing_behind(way: Way) {
    let house = House::start().await;
    let mut watcher = house.client("ann").await;
    watcher.subscribe("hall:x").await;
    watcher.next_push().await;
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("hall:x").await;
    assert_eq!(watcher.next_push().await["join"]["info"]["user"], "bob");

    drop(bob);

    assert_eq!(watcher.next_push().await["leave"]["info"]["user"], "bob");
    drop(watcher);
    house.is_empty().await;
}

async fn refused_origins_get_nothing(way: Way) {
    const FRIEND: &str = "https://app.example.com";
    let house = House::with("[server]\nallowed_origins = [\"https://app.example.com\"]").await;
    let path = path(way);

    let welcome = house.preflight(path, FRIEND).await;
    assert_eq!(welcome.status(), 204);
    assert_eq!(header(&welcome, "access-control-allow-origin"), FRIEND);
    assert_eq!(header(&welcome, "access-control-allow-credentials"), "true");
    let emulation = house.preflight("/emulation", FRIEND).await;
    assert_eq!(
        (emulation.status().as_u16(), header(&emulation, "access-control-allow-origin")),
        (204, FRIEND)
    );

    let evil = house.preflight(path, "https://example.org").await;
    assert_ne!(header(&evil, "access-control-allow-origin"), "https://example.org");
    let body = format!("{{\"id\":1,\"connect\":{{\"token\":\"{}\"}}}}", house.token("bob"));
    let evil = house.post_to(path, &[("Origin", "https://example.org")], body).await;
    assert_eq!(evil.status(), 403);
}

async fn larger_posts_than_allowed_are_refused(way: Way) {
    let house = House::with("[client]\nframe_bytes_max = \"4 KiB\"").await;
    let mut bob = house.client_by(way, "bob").await;
    let (session, node) = bearer(&bob);
    let data = "x".repeat(64 << 10);
    let publish = json!({ "id": 9, "publish": { "channel": "live:x", "data": data } });

    let status = house.emulate(&session, &node, way.dialect().frame(&[publish])).await;

    assert_eq!(status, 413);
    bob.subscribe("room").await;
}

#[tokio::test]
async fn streams_flush_their_head_at_once_and_are_not_buffered_on_the_way() {
    let house = House::start().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for way in [Way::HttpStreamJson, Way::HttpStreamProtobuf, Way::Sse] {
        let connect = json!({ "id": 1, "connect": { "token": house.token("bob") } });
        let mut response = open_stream(&http, house.address, way, way.dialect().frame(&[connect])).await;

        assert_eq!(response.status(), 200, "{way:?}");
        assert_eq!(header(&response, "x-accel-buffering"), "no");
        assert!(header(&response, "cache-control").contains("no-"), "{way:?}");
        let first = within("the first bytes", response.chunk()).await.unwrap().unwrap();
        if way == Way::Sse {
            assert!(header(&response, "content-type").starts_with("text/event-stream"));
            assert!(first.starts_with(b"\r\n"), "{first:?}");
        }
    }
}

#[tokio::test]
async fn requests_that_open_no_stream_are_refused() {
    let house = House::start().await;

    assert_eq!(house.get("/connection/sse").await.0, 400);
    assert_eq!(house.get("/connection/http_stream").await.0, 405);
    assert_eq!(house.get("/emulation").await.0, 405);
    assert_eq!(house.post_to("/connection/http_stream", &[], "").await.status(), 400);
    for path in ["/connection/http_stream", "/connection/sse", "/emulation"] {
        assert_eq!(house.post_to(path, &[], "x".repeat(2 << 20)).await.status(), 413, "{path}");
    }
}

#[tokio::test]
async fn event_stream_may_be_opened_by_post_as_well() {
    let house = House::start().await;
    let connect = json!({ "id": 1, "connect": { "token": house.token("bob") } });

    let mut response = house.post_to("/connection/sse", &[], connect.to_string()).await;

    let mut heard = String::new();
    while !heard.contains("\"connect\"") {
        let chunk = within("the connect reply", response.chunk()).await.unwrap();
        let chunk = chunk.unwrap_or_else(|| panic!("ended after {heard}"));
        heard += str::from_utf8(&chunk).unwrap();
    }
    assert!(heard.contains("data: {\"id\":1,\"connect\":{"), "{heard}");
}

#[tokio::test]
async fn mute_listener_of_a_stream_is_closed_like_any_other() {
    let house = House::with(QUICK).await;
    let mut mute = Client::open_in(Way::Sse, house.address, Manners::NeverAnswers).await;
    mute.connect(&house.token("bob")).await.unwrap();

    assert_eq!(mute.close_code().await, 3012);

    house.is_empty().await;
}

/// Session and node of a connection.
fn bearer(client: &Client) -> (String, String) {
    let text = |key: &str| client.connected[key].as_str().unwrap_or_else(|| panic!("no {key}")).to_owned();
    (text("session"), text("node"))
}

fn path(way: Way) -> &'static str {
    if way == Way::Sse { "/connection/sse" } else { "/connection/http_stream" }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What `commands_of_one_post_keep_their_order` relies on.
#[test]
fn frames_hold_commands_in_order() {
    let commands = [json!({ "id": 1, "rpc": {} }), json!({ "id": 2, "rpc": {} })];

    let Frame::Text(text) = Way::Sse.dialect().frame(&commands) else { panic!("not a text") };

    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, commands);
}
